"""One attribute among fake reports: how it is reported, how its fakes are, what both cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.protocols._kernels._bits import bernoulli_rows, unpack
from ldpaudit.protocols._kernels._pure import PureProtocol
from ldpaudit.protocols.categorical.generalized_randomized_response import (
    GeneralizedRandomizedResponse,
)
from ldpaudit.protocols.categorical.unary_encoding import (
    OptimizedUnaryEncoding,
    SymmetricUnaryEncoding,
)

#: Protocol of an attribute, and whether its fake reports encode no value at all.
VARIANTS: dict[str, tuple[Callable[[int, float], PureProtocol], bool]] = {
    "grr": (GeneralizedRandomizedResponse, False),
    "oue-r": (OptimizedUnaryEncoding, False),
    "oue-z": (OptimizedUnaryEncoding, True),
    "sue-r": (SymmetricUnaryEncoding, False),
    "sue-z": (SymmetricUnaryEncoding, True),
}


@dataclass(frozen=True)
class FakedAttribute:
    """One attribute: its protocol, and the law F of its fake reports.

    P(y | x) / F(y) has one level for the values x that y supports, and another, e' = exp(epsilon')
    times smaller, for all others.
    """

    oracle: Any
    prior: Floats
    empty: bool

    @property
    def is_response(self) -> bool:
        """Whether its reports are single values (GRR), not rows of bits."""
        return isinstance(self.oracle, GeneralizedRandomizedResponse)

    def fakes(self, size: int, rng: np.random.Generator) -> Any:
        """Fake reports: a value (GRR), the report of nobody, or that of a drawn value."""
        if self.empty:
            return bernoulli_rows(size, self.oracle.k, self.oracle.q_star, rng)
        own = rng.choice(self.oracle.k, size, p=self.prior)
        return own if self.is_response else self.oracle.privatize(own, rng=rng)

    @cached_property
    def fake_support(self) -> Floats:
        """Probability that a fake report supports each value."""
        p, q = self.oracle.p_star, self.oracle.q_star
        if self.empty:
            return np.full(self.oracle.k, q)
        return self.prior if self.is_response else np.asarray(q + self.prior * (p - q))

    def log_fake(self, reports: Any) -> Floats:
        """Log F of each report."""
        if self.is_response:
            return np.asarray(np.log(self.prior)[reports])
        if self.empty:
            q, k = self.oracle.q_star, self.oracle.k
            ones = unpack(reports, k).sum(axis=1, dtype=np.int64)
            return np.asarray(ones * math.log(q) + (k - ones) * math.log1p(-q))
        table = self.oracle.log_likelihood(reports)
        top = table.max(axis=1)
        return np.asarray(top + np.log(np.exp(table - top[:, None]) @ self.prior))

    @property
    def unsupported(self) -> tuple[float, float]:
        """Least and largest P(y | x) / F(y) of a value that y does not support.

        The largest of a y that supports another value, as the pair of inputs needs it.
        """
        rarest = float(self.prior.min())
        if self.is_response:
            return self.oracle.q_star / float(self.prior.max()), self.oracle.q_star / rarest
        p, q = self.oracle.p_star, self.oracle.q_star
        level = self.oracle.own_missed / (1 - q)
        if self.empty:
            return level, level
        # F(y) is the law of noise times this much: e' to 1 for the share of values that y supports.
        extra = p / q - level
        return level / (level + extra * (1 - rarest)), level / (level + extra * rarest)


def variance(attribute: FakedAttribute, d: int, frequencies: Floats | None) -> float:
    """Variance of one user's estimate, averaged over the values; f = 0 where none are given."""
    p, q = attribute.oracle.p_star, attribute.oracle.q_star
    base = (q + (d - 1) * attribute.fake_support) / d
    own = base + (p - q) / d
    f = np.zeros(base.size) if frequencies is None else frequencies
    spread = f * own * (1 - own) + (1 - f) * base * (1 - base)
    return float(np.mean(spread) * d**2 / (p - q) ** 2)


def largest_ratio(attributes: Sequence[FakedAttribute], differing: int, budget: float) -> float:
    """Largest log ratio where `differing` attributes differ, see `RandomSamplingFakeData`.

    It grows with t = sum_D A_max / sum_rest A_min. By Dinkelbach's method the best D takes the
    largest A_max + t A_min, for the t that this gives.
    """
    least, most = np.array([attribute.unsupported for attribute in attributes]).T
    if differing == len(attributes):
        return budget
    share = 0.0
    for _ in range(100):
        chosen = np.argsort(-(most + share * least), kind="stable")[:differing]
        rest = np.delete(least, chosen).sum()
        before, share = share, float(most[chosen].sum() / rest)
        if share <= before * (1 + 1e-15):
            break
    small = math.exp(-budget)  # everything divided by e'
    return budget + math.log((share + small) / (share + 1))
