"""Any (r, lambda) design, given as a table of blocks, as a mechanism."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bools, Floats, Ints
from ldpaudit.divergence import hockey_stick
from ldpaudit.parameters import budget, domain_size, parameters
from ldpaudit.protocols._kernels._checks import checked_targets
from ldpaudit.protocols._kernels._counts import users_per_value
from ldpaudit.protocols._kernels._message_counts import split_evenly
from ldpaudit.protocols._kernels._pure import PureProtocol, SupportCounts
from ldpaudit.supports import PackedSupports
from ldpaudit.validate import (
    check_distribution,
    check_generator,
    check_integer,
    check_table_size,
    check_values,
    shown,
)


@dataclass(frozen=True)
@parameters(
    k=domain_size(),
    epsilon=budget(),
    blocks=lambda _, blocks, made: _checked_blocks(blocks, made.k),
)
class BlockDesignResponse(PureProtocol):
    """Report a block of a design, e times as likely if it holds the own value.

    In an (r, lambda) design every value is in r blocks and every two values are
    together in lambda of them; blocks need not be of one size. That is all a
    mechanism needs for an unbiased estimate with one coefficient: single values
    make randomized response, all subsets of size w subset selection, the lines of
    a projective plane projective geometry response.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    blocks : sequence of sequences of int
        The members of each block, values in [0, k), none twice.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number, or the blocks are no design
        with r above lambda: the message names a value or a pair that differs.

    Notes
    -----
    Reports have shape (n,), dtype int64: numbers of blocks. Of all mechanisms
    with one budget those of block designs with one block size have the least error;
    source: Park, Nam and Lee, arXiv:2305.01261; Gentle, arXiv:2508.05110.

    Examples
    --------
    >>> import numpy as np
    >>> plane = [(0, 1, 3), (1, 2, 4), (2, 3, 5), (3, 4, 6), (4, 5, 0), (5, 6, 1), (6, 0, 2)]
    >>> m = BlockDesignResponse(k=7, epsilon=1.0, blocks=plane)
    >>> m.replication, m.concurrence, m.bits, round(m.mse(1), 4), round(m.vulnerability(), 4)
    (3, 1, 3, 2.971, 0.2236)
    """

    k: int
    epsilon: float
    blocks: tuple[tuple[int, ...], ...]

    def _check_together(self) -> None:
        _ = self._design

    @cached_property
    def _members(self) -> Bools:
        """Which values each block holds, shape (blocks, k)."""
        check_table_size(len(self.blocks), self.k)
        table = np.zeros((len(self.blocks), self.k), dtype=np.bool_)
        for row, block in zip(table, self.blocks, strict=True):
            row[list(block)] = True
        return table

    @cached_property
    def _design(self) -> tuple[int, int]:
        """The numbers r and lambda, if the blocks have them."""
        table = self._members.astype(np.float64)
        together = np.rint(table.T @ table).astype(np.int64)
        single = np.diag(together)
        r, pair = int(single[0]), int(together[0, 1])
        if (single != r).any():
            value = int(np.flatnonzero(single != r)[0])
            raise ValueError(
                f"blocks must hold every value equally often, got value 0 in {r} "
                f"and value {value} in {single[value]}."
            )
        odd = together != pair
        np.fill_diagonal(odd, False)
        if odd.any():
            x, y = (int(place[0]) for place in np.nonzero(odd))
            raise ValueError(
                f"blocks must hold every two values together equally often, got 0 and 1 in {pair} "
                f"and {x} and {y} in {together[x, y]}."
            )
        if r <= pair:
            raise ValueError(f"blocks must tell values apart, got every value in all {r} of them.")
        return r, pair

    @property
    def replication(self) -> int:
        """Number r of blocks that hold a value."""
        return self._design[0]

    @property
    def concurrence(self) -> int:
        """Number lambda of blocks that hold two given values."""
        return self._design[1]

    @property
    def num_blocks(self) -> int:
        """Number of blocks, hence of reports."""
        return len(self.blocks)

    @property
    def _levels(self) -> tuple[float, float]:
        """Probability of one block that holds the value, and of one that does not."""
        small = math.exp(-self.epsilon)
        high = 1 / (self.replication + (self.num_blocks - self.replication) * small)
        return high, high * small

    @property
    def p_star(self) -> float:
        """Probability that the block holds the own value."""
        return self.replication * self._levels[0]

    @property
    def own_missed(self) -> float:
        """Probability that the block does not hold the own value, without cancellation."""
        return (self.num_blocks - self.replication) * self._levels[1]

    @property
    def q_star(self) -> float:
        """Probability that the block holds one given other value."""
        high, low = self._levels
        return self.concurrence * high + (self.replication - self.concurrence) * low

    @property
    def bits(self) -> int:
        """Bits per report, ceil(log2) of the number of blocks."""
        return (self.num_blocks - 1).bit_length()

    @cached_property
    def _by_value(self) -> Ints:
        """The r blocks that hold each value, then the others, shape (k, blocks)."""
        return np.argsort(~self._members.T, axis=1, kind="stable")

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Ints:
        """Draw one report per value: numbers of blocks, shape (n,)."""
        own, source = check_values(values, self.k), check_generator(rng)
        missed, r = source.random(own.size) >= self.p_star, self.replication
        places = source.integers(np.where(missed, r, 0), np.where(missed, self.num_blocks, r))
        return self._by_value[own, places]

    def log_likelihood(self, reports: npt.ArrayLike, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(report | value), shape (n, len(values)); None means all k values."""
        seen = check_values(reports, self.num_blocks)
        asked = np.arange(self.k) if values is None else check_values(values, self.k)
        check_table_size(seen.size, asked.size)
        high, low = (math.log(level) for level in self._levels)
        return np.where(self._members[seen[:, None], asked], high, low)

    @property
    def support_gain(self) -> float:
        """Log-likelihood ratio of a value in the block and another one."""
        return self.epsilon

    def supports(self, reports: npt.ArrayLike) -> PackedSupports:
        """The values in each block."""
        seen = check_values(reports, self.num_blocks)
        return PackedSupports(np.packbits(self._members, axis=1, bitorder="little")[seen])

    def aggregate(self, reports: npt.ArrayLike) -> SupportCounts:
        """Count the blocks that hold each value; summaries of a stream add up."""
        seen = check_values(reports, self.num_blocks)
        return SupportCounts(
            seen.size, self._supports(np.bincount(seen, minlength=self.num_blocks))
        )

    def _supports(self, tallies: Ints) -> Ints:
        return np.asarray(tallies @ self._members, dtype=np.int64)

    def every_report(self) -> Ints:
        """All blocks."""
        return np.arange(self.num_blocks)

    def sample_counts(self, histogram: npt.ArrayLike, *, rng: np.random.Generator) -> SupportCounts:
        """Draw the counts of histogram[v] users of each value v from their exact joint law.

        At most 2**40 users; k r draws, however many users there are.
        """
        users, source = users_per_value(histogram, self.k), check_generator(rng)
        free = source.binomial(users, min(1.0, self.num_blocks * self._levels[1]))
        freely = np.array([[int(free.sum())]])
        tallies = split_evenly(freely, self.num_blocks, source)[0]
        kept = split_evenly((users - free)[:, None], self.replication, source)
        np.add.at(tallies, self._by_value[:, : self.replication], kept)
        return SupportCounts(int(users.sum()), self._supports(tallies))

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Exact success of the best single guess from one report, for users drawn from `prior`."""
        weights = check_distribution("prior", prior, self.k)
        high, low = self._levels
        best = np.where(self._members, high * weights, low * weights).max(axis=1)
        return float(best.sum())

    def largest_support(self, targets: Ints) -> int:
        """Most of the targets that one block holds."""
        return int(self._members[:, targets].sum(axis=1).max(initial=0))

    def false_reports(
        self, targets: npt.ArrayLike, num_reports: int, *, rng: np.random.Generator
    ) -> Ints:
        """Reports of largest `influence`: uniform among the blocks that hold most targets."""
        held = self._members[:, checked_targets(targets, self.k)].sum(axis=1)
        return check_generator(rng).choice(np.flatnonzero(held == held.max()), num_reports)

    def random_reports(self, num_reports: int, *, rng: np.random.Generator) -> Ints:
        """Uniform blocks."""
        return check_generator(rng).integers(0, self.num_blocks, num_reports)

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio over reports and pairs of values."""
        high, low = self._levels
        return math.log(high) - math.log(low)

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of any two values: of the blocks that hold the first alone."""
        apart = self.replication - self.concurrence
        return hockey_stick(apart * self._levels[0], epsilon, self.exact_epsilon())


def _checked_blocks(blocks: Iterable[Sequence[int]], k: int) -> tuple[tuple[int, ...], ...]:
    """Blocks as tuples of values in [0, k), none twice."""
    try:
        given = [list(block) for block in blocks]
    except TypeError:
        raise TypeError(f"blocks must be sequences of values, got {shown(blocks)}.") from None
    if not given:
        raise ValueError("blocks must hold at least one block, got none.")
    found = []
    for number, block in enumerate(given):
        members = tuple(check_integer(f"block {number}", value, 0, k - 1) for value in block)
        if len(set(members)) < len(members):
            raise ValueError(f"block {number} must hold no value twice, got {shown(block)}.")
        found.append(members)
    return tuple(found)
