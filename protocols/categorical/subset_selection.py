"""Subset selection (SS): report a random subset that tends to hold the own value."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bytes, Floats, Ints
from ldpaudit.parameters import budget, domain_size, parameters
from ldpaudit.protocols._kernels._bits import column_counts
from ldpaudit.protocols._kernels._checks import checked_targets, packed_rows
from ldpaudit.protocols._kernels._counts import users_per_value
from ldpaudit.protocols._kernels._levels import bit_factors
from ldpaudit.protocols._kernels._pure import PureProtocol, SupportCounts
from ldpaudit.protocols._kernels._subsets import SubsetRandomizer
from ldpaudit.supports import PackedSupports
from ldpaudit.validate import (
    check_distribution,
    check_generator,
    check_listable,
    check_table_size,
    check_values,
)


@dataclass(frozen=True)
@parameters(k=domain_size(), epsilon=budget())
class SubsetSelection(PureProtocol):
    """SS: a random subset of w = max(1, rint(k / (e + 1))) values that tends to hold the own one.

    The own value is in it with probability p = w e / (w e + k - w); the others
    are a uniform subset of the values that are left. w = 1 is GRR.

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
    Reports have shape (n, ceil(k / 8)), dtype uint8: value j is in the subset
    where bit j % 8 of byte j // 8 is set. Source: Ye and Barg, *Optimal schemes
    for discrete distribution estimation under locally differential privacy*,
    IEEE Trans. Inf. Theory 2018; Wang et al., arXiv:1607.08025.

    Examples
    --------
    >>> import numpy as np
    >>> m = SubsetSelection(k=100, epsilon=1.0)
    >>> m.subset_size, m.bits, round(m.vulnerability(), 6)
    (27, 81, 0.018568)
    >>> m.privatize([7, 8], rng=np.random.default_rng(0)).shape
    (2, 13)
    """

    k: int
    epsilon: float

    @cached_property
    def _randomizer(self) -> SubsetRandomizer:
        return SubsetRandomizer(self.k, self.epsilon)

    @property
    def subset_size(self) -> int:
        """Number of values in a report."""
        return self._randomizer.size

    @property
    def p_star(self) -> float:
        """Probability that the own value is in the report."""
        return self._randomizer.p

    @property
    def q_star(self) -> float:
        """Probability that one given other value is in the report."""
        return self._randomizer.q

    @property
    def own_missed(self) -> float:
        """Probability that the own value is not in the report, without cancellation."""
        return self._randomizer.out

    @property
    def bits(self) -> int:
        """Bits per report, ceil(log2 C(k, w))."""
        return self._randomizer.bits

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Bytes:
        """Draw one report per value: packed subsets of shape (n, ceil(k / 8))."""
        return self._randomizer.privatize(check_values(values, self.k), check_generator(rng))

    def log_likelihood(self, reports: Bytes, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(report | value), shape (n, len(values)); None means all k values."""
        rows = packed_rows(reports, self.k)
        asked = np.arange(self.k) if values is None else check_values(values, self.k)
        check_table_size(len(rows), asked.size)
        high, low = self._randomizer.log_levels
        return bit_factors(rows, asked, (low, high))

    @property
    def support_gain(self) -> float:
        """Log-likelihood ratio of a value in the report and another one."""
        high, low = self._randomizer.log_levels
        return high - low

    def supports(self, reports: Bytes) -> PackedSupports:
        """The values in each report."""
        return PackedSupports(packed_rows(reports, self.k))

    def aggregate(self, reports: Bytes) -> SupportCounts:
        """Count the reports that hold each value; summaries of a stream add up."""
        rows = packed_rows(reports, self.k)
        return SupportCounts(len(rows), column_counts(rows, self.k))

    def sample_counts(self, histogram: npt.ArrayLike, *, rng: np.random.Generator) -> SupportCounts:
        """Draw the counts of histogram[v] users of each value v from their exact joint law.

        At most 2**40 users; the cost is some dozens of log2(k) draws per value, however many.
        """
        users = users_per_value(histogram, self.k)
        supports = self._randomizer.supports(users, check_generator(rng))
        return SupportCounts(int(users.sum()), supports)

    def pair_classes(self) -> tuple[Floats, Floats]:
        """Which of three values are in: P(class | value), and the mass that all send."""
        named, w = min(self.k, 3), self.subset_size
        bits = np.array(list(itertools.product((False, True), repeat=named)))
        ways = [math.comb(self.k - named, w - b) if b <= w else 0 for b in bits.sum(axis=1)]
        with_own = np.array([n / math.comb(self.k - 1, w - 1) for n in ways])
        without = np.array([n / math.comb(self.k - 1, w) for n in ways])
        table = np.where(bits.T, self.p_star * with_own, self.own_missed * without)
        return table[[0, 1, -1]], self.own_missed * without

    def every_report(self) -> Bytes:
        """List all C(k, w) subsets as packed rows; up to 2**20 of them."""
        total = math.comb(self.k, self.subset_size)
        check_listable(total)
        check_table_size(total, self.k)
        return self._randomizer.every_subset()

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Exact success of the best single guess from one report, for users drawn from `prior`."""
        return self._randomizer.vulnerability(check_distribution("prior", prior, self.k))

    def largest_support(self, targets: Ints) -> int:
        """Most of the targets that one subset holds."""
        return min(self.subset_size, targets.size)

    def false_reports(
        self, targets: npt.ArrayLike, num_reports: int, *, rng: np.random.Generator
    ) -> Bytes:
        """Reports of largest `influence`: as many targets as fit, then any other values."""
        chosen = checked_targets(targets, self.k)
        return self._randomizer.holding(chosen, num_reports, check_generator(rng))

    def random_reports(self, num_reports: int, *, rng: np.random.Generator) -> Bytes:
        """Uniform subsets."""
        return self._randomizer.holding(
            np.empty(0, dtype=np.int64), num_reports, check_generator(rng)
        )

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio over reports and pairs of values."""
        return self._randomizer.exact_epsilon()

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of any two values: of the own one in and the other not."""
        return self._randomizer.exact_delta(epsilon)
