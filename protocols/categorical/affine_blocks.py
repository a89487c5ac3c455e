"""Affine blocks (PI-RAPPOR): subset selection whose subsets are arithmetic progressions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bools, Floats, Ints
from ldpaudit.parameters import budget, domain_size, parameters
from ldpaudit.protocols._kernels._affine_counts import (
    blocks_with_most,
    draw_supports,
    first_ranks,
    largest_overlap,
)
from ldpaudit.protocols._kernels._checks import checked_targets
from ldpaudit.protocols._kernels._counts import users_per_value
from ldpaudit.protocols._kernels._messages import packed, unpacked
from ldpaudit.protocols._kernels._progressions import count_progressions
from ldpaudit.protocols._kernels._projective import inverses, prime_from
from ldpaudit.protocols._kernels._pure import PureProtocol, SupportCounts
from ldpaudit.protocols._kernels._subsets import SubsetRandomizer
from ldpaudit.protocols._kernels._tried_supports import TriedSupports
from ldpaudit.validate import (
    MAX_DOMAIN,
    check_distribution,
    check_generator,
    check_listable,
    check_table_size,
    check_values,
)

#: Largest number of blocks that are gone through one by one for an uneven prior.
MAX_RANKED_BLOCKS = 2**28
#: Largest number of blocks whose counts are drawn without reports.
MAX_DRAWN_BLOCKS = 2**24

_TABLE_CHUNK = 2**18  # likelihood entries a pass


@dataclass(frozen=True)
@parameters(k=domain_size(MAX_DOMAIN), epsilon=budget())
class AffineBlockResponse(PureProtocol):
    """PI-RAPPOR on affine blocks: a progression of w residues that tends to hold the own value.

    Values are numbers modulo q, the least prime of at least k. The report names a
    block {b, b + a, ..., b + (w - 1) a} modulo q, w = max(1, rint(q / (e + 1))):
    one that holds the value is e times as likely as one that does not. Two values
    are together in equally many blocks, so that the blocks do what all subsets of
    size w do in subset selection: the estimate, its exact error and the success of
    one guess are those of subset selection over q values, and a report has 2 log2 q
    bits instead of log2 C(q, w).

    Parameters
    ----------
    k : int
        Number of values, from 2 to 10**7.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports have shape (n,), dtype int64, in [0, q (q - 1) / 2): (a - 1) q + b. A
    progression read backwards is the same block, so that a stays below q / 2 (for
    w = 1, where all a agree, it is 1 and this is randomized response over q values).
    The client draws a and its value's place in the block, two numbers whatever k
    is. `aggregate` counts without going through the blocks' members, see
    `_progressions`. `sample_counts` draws the exact joint law at a cost that does
    not depend on the number of users but grows with q**2: up to 2**24 blocks.

    Source: Feldman and Talwar, *Lossless compression of efficient private local
    randomizers*, ICML 2021, arXiv:2102.12099 (PI-RAPPOR, here without constant
    maps); block designs for this purpose: Park, Nam and Lee, arXiv:2305.01261.

    Examples
    --------
    >>> import numpy as np
    >>> m = AffineBlockResponse(k=100, epsilon=1.0)
    >>> m.q, m.block_size, m.bits, round(m.mse(1, np.full(100, 0.01)), 4)
    (101, 27, 13, 3.6005)
    >>> reports = m.privatize([7, 8], rng=np.random.default_rng(0))
    >>> reports.shape, round(m.vulnerability(), 6)
    ((2,), 0.018627)
    >>> wide = AffineBlockResponse(k=22_000, epsilon=1.0)
    >>> wide.q, wide.bits
    (22003, 28)
    """

    k: int
    epsilon: float

    @cached_property
    def q(self) -> int:
        """Size of the field, the least prime of at least k."""
        return 2 if self.k == 2 else prime_from(self.k)

    @cached_property
    def _subsets(self) -> SubsetRandomizer:
        return SubsetRandomizer(self.q, self.epsilon)

    @property
    def block_size(self) -> int:
        """Number w of residues in a block."""
        return self._subsets.size

    @property
    def num_steps(self) -> int:
        """Number of different a, (q - 1) / 2, or 1 where blocks are single values."""
        return 1 if self.block_size == 1 else (self.q - 1) // 2

    @property
    def num_blocks(self) -> int:
        """Number of different blocks, hence of reports."""
        return self.num_steps * self.q

    @property
    def p_star(self) -> float:
        """Probability that the own value is in the block."""
        return self._subsets.p

    @property
    def q_star(self) -> float:
        """Probability that one given other value is in the block."""
        return self._subsets.q

    @property
    def own_missed(self) -> float:
        """Probability that the own value is not in the block, without cancellation."""
        return self._subsets.out

    @property
    def bits(self) -> int:
        """Bits per report, ceil(log2) of the number of blocks, at most 2 ceil(log2 q) - 1."""
        return (self.num_blocks - 1).bit_length()

    @property
    def wire_bits(self) -> int:
        """Bits of a packed report before it is filled up to whole bytes: `bits`."""
        return self.bits

    @property
    def _levels(self) -> tuple[float, float]:
        """Probability of one block that holds the value, and of one that does not."""
        w, many = self.block_size, self.num_steps
        return self.p_star / (w * many), self.own_missed / ((self.q - w) * many)

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Ints:
        """Draw one report per value: numbers of blocks, shape (n,)."""
        own, source = check_values(values, self.k), check_generator(rng)
        steps = source.integers(0, self.num_steps, own.size)
        missed = source.random(own.size) >= self.p_star
        w = self.block_size
        places = source.integers(np.where(missed, w, 0), np.where(missed, self.q, w))
        return np.asarray(steps * self.q + (own - (steps + 1) * places) % self.q)

    def _blocks(self, reports: npt.ArrayLike) -> tuple[Ints, Ints]:
        """Steps a and starts b of reports."""
        seen = check_values(reports, self.num_blocks)
        steps = seen // self.q
        return steps + 1, seen - steps * self.q

    def log_likelihood(self, reports: npt.ArrayLike, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(report | value), shape (n, len(values)); None means all k values."""
        steps, starts = self._blocks(reports)
        asked = np.arange(self.k) if values is None else check_values(values, self.k)
        check_table_size(steps.size, asked.size)
        high, low = (math.log(level) for level in self._levels)
        scale = inverses(steps, self.q)
        out = np.empty((steps.size, asked.size))
        rows = max(1, _TABLE_CHUNK // max(1, asked.size))
        for first in range(0, steps.size, rows):
            here = slice(first, first + rows)
            # x = b + i a, so that i = (x - b) / a is the place of x.
            places = (asked - starts[here, None]) * scale[here, None] % self.q
            out[here] = np.where(places < self.block_size, high, low)
        return out

    @property
    def support_gain(self) -> float:
        """Log-likelihood ratio of a value in the block and another one."""
        high, low = (math.log(level) for level in self._levels)
        return high - low

    def supports(self, reports: npt.ArrayLike) -> TriedSupports:
        """The values in each block."""
        steps, starts = self._blocks(reports)
        scale = inverses(steps, self.q)

        def meet(rows: Ints, values: Ints) -> Bools:
            places = (values - starts[rows, None]) * scale[rows, None] % self.q
            return np.asarray(places < self.block_size)

        return TriedSupports(steps.size, self.k, meet)

    def aggregate(self, reports: npt.ArrayLike) -> SupportCounts:
        """Count the blocks that hold each value; summaries of a stream add up."""
        steps, starts = self._blocks(reports)
        counts = count_progressions(self.q, starts, steps, self.block_size)
        return SupportCounts(steps.size, counts[: self.k])

    def every_report(self) -> Ints:
        """All blocks; up to 2**20 of them."""
        check_listable(self.num_blocks)
        return np.arange(self.num_blocks)

    def sample_counts(self, histogram: npt.ArrayLike, *, rng: np.random.Generator) -> SupportCounts:
        """Draw the counts of histogram[v] users of each value v from their exact joint law.

        At most 2**40 users; some 2 log2(w) draws per block, however many users there
        are. The joint law of the counts is that of a sum over q**2 / 2 blocks and has
        no shorter form known to us: ValueError above 2**24 blocks (k of about 5,790).
        """
        users, source = users_per_value(histogram, self.k), check_generator(rng)
        if self.num_blocks > MAX_DRAWN_BLOCKS:
            raise ValueError(
                f"to draw whole counts there must be at most {MAX_DRAWN_BLOCKS} blocks, "
                f"got {self.num_blocks}."
            )
        # With this probability a user names any block, else one that holds the value.
        free = source.binomial(users, self.num_blocks * self._levels[1])
        supports = draw_supports(
            self.q, self.block_size, self.num_steps, users - free, int(free.sum()), source
        )
        return SupportCounts(int(users.sum()), supports[: self.k])

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Exact success of the best single guess from one report, for users drawn from `prior`.

        Parameters
        ----------
        prior : array of shape (k,), optional
            Probabilities of the values. None means uniform.

        Returns
        -------
        float
            Probability that the guess is right.

        Raises
        ------
        ValueError
            If the prior is no distribution, or is uneven while there are more than
            2**28 blocks (k of about 23,170): then each is looked at.
        """
        weights = check_distribution("prior", prior, self.k)
        high, low = self._levels
        order = np.argsort(-weights, kind="stable")
        ranked = weights[order]
        top = float(ranked[0])
        if ranked[-1] == top:
            empty = self._empty_blocks()
            return top * (high * (self.num_blocks - empty) + low * empty)
        if self.num_blocks > MAX_RANKED_BLOCKS:
            raise ValueError(
                f"for a prior that is not uniform there must be at most {MAX_RANKED_BLOCKS} "
                f"blocks, got {self.num_blocks}."
            )
        ranks = np.full(self.q, self.k)
        ranks[order] = np.arange(self.k)
        first = first_ranks(self.q, self.block_size, self.num_steps, ranks, self.k)
        worth = np.append(np.maximum(high * ranked, low * top), low * top)
        return float(first @ worth)

    def _empty_blocks(self) -> int:
        """Number of blocks without any of the k values: of the q - k numbers beyond them alone."""
        beyond, w = np.arange(self.k, self.q), self.block_size
        if w == 1:
            return int(beyond.size)
        if w > beyond.size:
            return 0
        found = 0
        for start in beyond.tolist():
            steps = (beyond - start)[beyond != start]
            places = (start + steps[:, None] * np.arange(w)) % self.q
            found += int((places >= self.k).all(axis=1).sum())
        return found // 2  # each was found from either end

    def largest_support(self, targets: Ints) -> int:
        """Most of the targets that one block holds."""
        return largest_overlap(self.q, self.block_size, self.num_steps, targets)

    def false_reports(
        self, targets: npt.ArrayLike, num_reports: int, *, rng: np.random.Generator
    ) -> Ints:
        """Reports of largest `influence`: uniform among the blocks that hold most targets."""
        chosen, source = checked_targets(targets, self.k), check_generator(rng)
        return source.choice(
            blocks_with_most(self.q, self.block_size, self.num_steps, chosen), num_reports
        )

    def random_reports(self, num_reports: int, *, rng: np.random.Generator) -> Ints:
        """Uniform blocks."""
        return check_generator(rng).integers(0, self.num_blocks, num_reports)

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio over reports and pairs of values."""
        return self._subsets.exact_epsilon()

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of any two values: of the own one in and the other not."""
        return self._subsets.exact_delta(epsilon)

    def pack(self, reports: npt.ArrayLike) -> list[bytes]:
        """Reports in their fewest whole bytes, ceil(wire_bits / 8) for each.

        Parameters
        ----------
        reports : array of shape (n,)
            Reports of this mechanism.

        Returns
        -------
        list of bytes
            The number of the block, most significant bit first, zero padded.

        Raises
        ------
        ValueError, TypeError
            If a report is none of this mechanism.

        Examples
        --------
        >>> m = AffineBlockResponse(k=22_000, epsilon=1.0)
        >>> messages = m.pack([0, 242_000_000])
        >>> m.wire_bits, [len(message) for message in messages], m.unpack(messages)
        (28, [4, 4], array([        0, 242000000]))
        """
        return packed(check_values(reports, self.num_blocks).tolist(), self.wire_bits)

    def unpack(self, messages: Iterable[bytes]) -> Ints:
        """Reports from the messages that `pack` makes.

        Parameters
        ----------
        messages : iterable of bytes
            One message a report.

        Returns
        -------
        array of shape (n,)
            The reports, equal to those that were packed.

        Raises
        ------
        TypeError
            If a message is no bytes object.
        ValueError
            If a message has a wrong length, padding that is not zero, or names no block.
        """
        found = []
        for index, block in unpacked(messages, self.wire_bits):
            if block >= self.num_blocks:
                raise ValueError(
                    f"message {index} must name a block below {self.num_blocks}, got {block}."
                )
            found.append(block)
        return np.array(found, dtype=np.int64)
