"""Generalized randomized response (GRR, k-RR): tell the truth or any other value."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints
from ldpaudit.divergence import hockey_stick
from ldpaudit.parameters import budget, domain_size, parameters
from ldpaudit.protocols._kernels._checks import checked_targets
from ldpaudit.protocols._kernels._counts import multinomial, users_per_value
from ldpaudit.protocols._kernels._pure import PureProtocol, SupportCounts
from ldpaudit.supports import OwnSupports
from ldpaudit.validate import (
    check_distribution,
    check_generator,
    check_listable,
    check_table_size,
    check_values,
)

_CHUNK = 2**16  # users a pass: scratch stays in cache


def randomize(own: Ints, num_values: int, lie: float, rng: np.random.Generator) -> Ints:
    """Replace each value by each other one with probability `lie`, in one pass."""
    return displaced(own, num_values, lie, rng.random(own.size))


def displaced(own: Ints, num_values: int, lie: float, uniforms: Floats) -> Ints:
    """As `randomize` with one given uniform number a value, which is overwritten."""
    # It decides both: each of the first num_values - 1 intervals of length `lie`
    # is one other value, and what is left is the truth. (A lie below 1e-300 never happens.)
    place = uniforms
    place *= 1 / max(lie, 1e-300)
    np.minimum(place, num_values - 1, out=place)
    reports = place.astype(np.int64)
    reports += own
    reports -= num_values - 1
    # Negative numbers are the largest unsigned ones, and num_values more wraps them round.
    unsigned, wrapped = reports.view(np.uint64), place.view(np.uint64)
    np.add(unsigned, np.uint64(num_values), out=wrapped)
    np.minimum(unsigned, wrapped, out=unsigned)
    return reports


class RandomizedResponse(PureProtocol):
    """Everything randomized response does, given p_star (the truth) and q_star (each lie)."""

    reports_values = True

    @property
    def own_missed(self) -> float:
        """Probability of a lie, 1 - p without cancellation."""
        return (self.k - 1) * self.q_star

    @property
    def bits(self) -> int:
        """Bits per report, ceil(log2 k)."""
        return (self.k - 1).bit_length()

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Ints:
        """Draw one report per value: reports of shape (n,) in [0, k)."""
        own = check_values(values, self.k)
        check_generator(rng)
        reports = np.empty(own.size, dtype=np.int64)
        for start in range(0, own.size, _CHUNK):
            rows = slice(start, start + _CHUNK)
            reports[rows] = randomize(own[rows], self.k, self.q_star, rng)
        return reports

    def log_likelihood(self, reports: npt.ArrayLike, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(report | value), shape (n, len(values)); None means all k values."""
        seen = check_values(reports, self.k)
        asked = np.arange(self.k) if values is None else check_values(values, self.k)
        check_table_size(seen.size, asked.size)
        levels = np.array([math.log(self.q_star), math.log(self.p_star)])
        if values is None:
            return np.asarray(levels.take(seen[:, None] == asked))
        return np.asarray(levels.take(asked[:, None] == seen).T)

    @property
    def support_gain(self) -> float:
        """Log-likelihood ratio of the value that is reported and another one."""
        return self.exact_epsilon()

    def supports(self, reports: npt.ArrayLike) -> OwnSupports:
        """The reports, which are values."""
        return OwnSupports(check_values(reports, self.k))

    def aggregate(self, reports: npt.ArrayLike) -> SupportCounts:
        """Count the reports of each value; summaries of a stream add up."""
        seen = check_values(reports, self.k)
        return SupportCounts(seen.size, np.bincount(seen, minlength=self.k).astype(np.int64))

    def sample_counts(self, histogram: npt.ArrayLike, *, rng: np.random.Generator) -> SupportCounts:
        """Draw the counts of histogram[v] users of each value v from their exact law, in O(k)."""
        users = users_per_value(histogram, self.k)
        # With probability k q report any of the k values alike, else the truth: each other
        # value then has probability q, and the own one 1 - k q + q, which is p.
        blind = check_generator(rng).binomial(users, min(1.0, self.k * self.q_star))
        anywhere = multinomial(blind.sum(keepdims=True), np.ones((1, self.k)), rng)[0]
        return SupportCounts(int(users.sum()), users - blind + anywhere)

    def pair_classes(self) -> tuple[Floats, Floats]:
        """Each of three values and the rest: P(class | value), and the mass that all send."""
        named = min(self.k, 3)
        table = np.full((named, named + 1), min(self.p_star, self.q_star))
        table[:, -1] *= self.k - named
        least = table[0].copy()
        np.fill_diagonal(table, self.p_star)
        table[:, :named][~np.eye(named, dtype=bool)] = self.q_star
        table[:, -1] = (self.k - named) * self.q_star
        return table[[0, 1, -1]], least

    def every_report(self) -> Ints:
        """List all k reports; k up to 2**20."""
        check_listable(self.k)
        return np.arange(self.k)

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Exact success of the best single guess from one report, for users drawn from `prior`."""
        weights = check_distribution("prior", prior, self.k)
        return float(np.maximum(self.p_star * weights, self.q_star * weights.max()).sum())

    def largest_support(self, targets: Ints) -> int:
        """Number of targets that one report supports: 1."""
        return min(1, targets.size)

    def false_reports(
        self, targets: npt.ArrayLike, num_reports: int, *, rng: np.random.Generator
    ) -> Ints:
        """Reports of largest `influence`: one of the targets each."""
        return check_generator(rng).choice(checked_targets(targets, self.k), num_reports)

    def random_reports(self, num_reports: int, *, rng: np.random.Generator) -> Ints:
        """Uniform values."""
        return check_generator(rng).integers(0, self.k, num_reports)

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio over reports and pairs of values, ln(p / q)."""
        return math.log(self.p_star) - math.log(self.q_star)

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of the worst pair, max(0, p - exp(epsilon) q)."""
        return hockey_stick(self.p_star, epsilon, self.exact_epsilon())


@dataclass(frozen=True)
@parameters(k=domain_size(), epsilon=budget())
class GeneralizedRandomizedResponse(RandomizedResponse):
    """GRR: the own value with probability p, each other value with q = p / exp(epsilon).

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports have shape (n,), dtype int64, in [0, k). Source: Kairouz, Bonawitz
    and Ramage, *Discrete distribution estimation under local privacy*, ICML
    2016; estimator and variance: Wang et al., USENIX Security 2017, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> m = GeneralizedRandomizedResponse(k=4, epsilon=1.0)
    >>> reports = m.privatize([0, 1, 2, 3], rng=np.random.default_rng(0))
    >>> reports.shape, m.bits, round(m.vulnerability(), 4)
    ((4,), 2, 0.4754)
    """

    k: int
    epsilon: float

    @property
    def p_star(self) -> float:
        """Probability of the own value, e / (e + k - 1)."""
        return 1 / (1 + (self.k - 1) * math.exp(-self.epsilon))

    @property
    def q_star(self) -> float:
        """Probability of each other value, 1 / (e + k - 1)."""
        return self.p_star * math.exp(-self.epsilon)
