"""Mechanisms that are wrong on purpose: what an audit is for.

Each claims `epsilon` and says in `leaks` what its reports really cost, by a closed form.
`caught_by` names what must find it: "check" is ``ldpaudit.testing.check_mechanism``,
"audit" is the verdict of ``ldpaudit.audit``. Where `honest`, the likelihood is that of
the reports, so that the closed form can be checked by enumeration. They fit the command
line as well: ``ldpaudit audit tests/broken.py:StickyBit --k 8 --epsilon 1``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ldpaudit._validate import values as checked

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bits = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Response:
    """Randomized response over k values, correct as it stands; the wrong ones derive from it."""

    k: int
    epsilon: float
    honest: ClassVar[bool] = True
    caught_by: ClassVar[frozenset[str]] = frozenset()

    @property
    def leaks(self) -> float:
        """Exact epsilon of the reports."""
        return self.epsilon

    @property
    def keep(self) -> float:
        """Probability that a report is the truth."""
        return 1 / (1 + (self.k - 1) * math.exp(-self.leaks))

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Ints:
        own = checked(values, self.k)
        lie = rng.random(own.size) >= self.keep
        return (own + lie * rng.integers(1, self.k, own.size)) % self.k

    def log_likelihood(self, reports: Ints, values: npt.ArrayLike | None = None) -> Floats:
        asked = np.arange(self.k) if values is None else np.asarray(values)
        other = (1 - self.keep) / (self.k - 1)
        same = np.asarray(reports)[:, None] == asked
        out: Floats = np.log(np.where(same, self.keep, other))
        return out

    def aggregate(self, reports: Ints) -> Ints:
        return np.bincount(reports, minlength=self.k)

    def estimate(self, counts: Ints) -> Floats:
        other = (1 - self.keep) / (self.k - 1)
        out: Floats = (counts / counts.sum() - other) / (self.keep - other)
        return out

    def every_report(self) -> Ints:
        """All possible reports, for enumeration."""
        return np.arange(self.k)


@dataclass(frozen=True)
class LouderThanClaimed(Response):
    """Runs at 1.5 times the epsilon it claims, and its likelihood says so."""

    caught_by: ClassVar[frozenset[str]] = frozenset({"check", "audit"})

    @property
    def leaks(self) -> float:
        return 1.5 * self.epsilon


@dataclass(frozen=True)
class Whitewashed(LouderThanClaimed):
    """The same, with the likelihood of the claim: only the reports can tell."""

    honest: ClassVar[bool] = False

    def log_likelihood(self, reports: Ints, values: npt.ArrayLike | None = None) -> Floats:
        return Response(self.k, self.epsilon).log_likelihood(reports, values)


@dataclass(frozen=True)
class Uncorrected(Response):
    """Private as claimed, but the server forgets to take off what lies contribute."""

    caught_by: ClassVar[frozenset[str]] = frozenset({"check"})

    def estimate(self, counts: Ints) -> Floats:
        out: Floats = counts / counts.sum() / (self.keep - (1 - self.keep) / (self.k - 1))
        return out


@dataclass(frozen=True)
class OffByOne(Response):
    """Values are shifted by one on the way in: no leak, but the likelihood is another's."""

    honest: ClassVar[bool] = False
    caught_by: ClassVar[frozenset[str]] = frozenset({"check"})

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Ints:
        return super().privatize((checked(values, self.k) + 1) % self.k, rng=rng)


@dataclass(frozen=True)
class FixedSeed(Response):
    """Draws the same noise for every batch: whoever knows it undoes it."""

    honest: ClassVar[bool] = False
    caught_by: ClassVar[frozenset[str]] = frozenset({"check"})

    @property
    def leaks(self) -> float:
        return math.inf

    @property
    def keep(self) -> float:
        return Response(self.k, self.epsilon).keep

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Ints:  # noqa: ARG002
        return super().privatize(values, rng=np.random.default_rng(42))


class _Bitwise:
    """What mechanisms whose reports are rows of bits share."""

    honest: ClassVar[bool] = True
    caught_by: ClassVar[frozenset[str]] = frozenset({"check", "audit"})


@dataclass(frozen=True)
class StickyBit(_Bitwise):
    """Unary encoding (OUE) that sets the own bit half of the time but never clears it.

    Seen in a public package: the noise is drawn for every bit and the own bit is then
    switched on, so it is on with (1 + q) / 2 instead of 1 / 2 and epsilon grows to
    ln(e^epsilon + 2).
    """

    k: int
    epsilon: float

    @property
    def leaks(self) -> float:
        return math.log(math.exp(self.epsilon) + 2)

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Bits:
        own = checked(values, self.k)
        bits = rng.random((own.size, self.k)) < 1 / (math.exp(self.epsilon) + 1)
        bits[np.arange(own.size), own] |= rng.random(own.size) < 0.5
        return bits

    def log_likelihood(self, reports: Bits, values: npt.ArrayLike | None = None) -> Floats:
        asked = np.arange(self.k) if values is None else np.asarray(values)
        q = 1 / (math.exp(self.epsilon) + 1)
        p = (1 + q) / 2
        noise = np.log(np.where(reports, q, 1 - q))
        own = np.log(np.where(reports, p, 1 - p))
        swapped = own - noise
        out: Floats = noise.sum(axis=1, keepdims=True) + swapped[:, asked]
        return out

    def every_report(self) -> Bits:
        return (np.arange(2**self.k)[:, None] >> np.arange(self.k) & 1).astype(bool)


@dataclass(frozen=True)
class RefilledSubset(_Bitwise):
    """Subset selection that draws the rest from all values, the own one among them.

    Where the own value was left out, the refill may bring it back: a subset that holds it
    has ratio 1 + e k / (k - w) to one that does not.
    """

    k: int
    epsilon: float

    @property
    def size(self) -> int:
        return max(1, round(self.k / (math.exp(self.epsilon) + 1)))

    @property
    def _keep(self) -> float:
        weight = self.size * math.exp(self.epsilon)
        return weight / (weight + self.k - self.size)

    @property
    def leaks(self) -> float:
        return math.log1p(math.exp(self.epsilon) * self.k / (self.k - self.size))

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Bits:
        own = checked(values, self.k)
        order = rng.random((own.size, self.k))
        kept = rng.random(own.size) < self._keep
        order[kept, own[kept]] = -1.0
        bits = np.zeros(order.shape, dtype=bool)
        np.put_along_axis(bits, np.argsort(order, axis=1)[:, : self.size], True, axis=1)
        return bits

    def log_likelihood(self, reports: Bits, values: npt.ArrayLike | None = None) -> Floats:
        asked = np.arange(self.k) if values is None else np.asarray(values)
        refill = (1 - self._keep) / math.comb(self.k, self.size)
        kept = self._keep / math.comb(self.k - 1, self.size - 1)
        out: Floats = np.log(refill + kept * reports[:, asked])
        return out

    def every_report(self) -> Bits:
        subsets = list(combinations(range(self.k), self.size))
        bits = np.zeros((len(subsets), self.k), dtype=bool)
        np.put_along_axis(bits, np.array(subsets), True, axis=1)
        return bits


WRONG = (
    LouderThanClaimed,
    Whitewashed,
    Uncorrected,
    OffByOne,
    FixedSeed,
    StickyBit,
    RefilledSubset,
)
