"""What every modular protocol does, given its design: client, server, exact figures."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Rows
from ldpaudit.protocols._kernels._bits import column_counts, pack, width
from ldpaudit.protocols._kernels._checks import checked_targets, structured_rows
from ldpaudit.protocols._kernels._counts import users_per_value
from ldpaudit.protocols._kernels._levels import bit_factors
from ldpaudit.protocols._kernels._postprocessing import Postprocessing as General
from ldpaudit.protocols._kernels._postprocessing import named
from ldpaudit.protocols._kernels._pure import SupportCounts
from ldpaudit.protocols._kernels._subsets import supports_of_blocks
from ldpaudit.supports import PackedSupports
from ldpaudit.validate import (
    check_distribution,
    check_generator,
    check_integer,
    check_listable,
    check_table_size,
    check_values,
)

from ._decoder import Decoder
from ._postprocess import NonNegativeLikelihood, Postprocessing, SumConstraint
from ._supports import ResidueSupports
from ._wire import WireReports


class ModularProtocol(WireReports):
    """Draw a block at random; report a subset of its residues; fit the frequencies.

    Reports are a structured vector: ``block`` (uint16) and ``subset`` (packed
    bits of the residues, uint8). The linear form of the residue estimate,
    (l / n)(C - q n_j) / (p - q), replaces the paper's division by n_j, so that
    the estimate is unbiased for every number of users.
    """

    k: int
    epsilon: float

    @cached_property
    def _dtype(self) -> np.dtype[np.void]:
        largest = max(block.num_values for block in self._design.blocks)
        return np.dtype([("block", "<u2"), ("subset", "u1", (width(largest),))])

    @property
    def pairs_alike(self) -> bool:
        """Whether 0 and 1 differ in some block: no two values have a larger ratio then."""
        two = np.arange(2)
        blocks = range(len(self._design.blocks))
        return any(np.ptp(self.decoder.residues_of(block, two)) for block in blocks)

    @property
    def decoder(self) -> Decoder:
        """The solver from residue frequencies to frequencies, set up at first use."""
        return self._design.decoder

    @property
    def subset_sizes(self) -> tuple[int, ...]:
        """Number of residues in a report of each block."""
        return tuple(block.size for block in self._design.blocks)

    @property
    def bits(self) -> int:
        """Bits of the largest report: the block, ceil(log2 l), and its subset."""
        return self._design.bits

    @property
    def mean_bits(self) -> float:
        """Bits of a report, averaged over the blocks."""
        blocks = self._design.blocks
        return self._design.block_bits + sum(block.bits for block in blocks) / len(blocks)

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Rows:
        """Draw one report per value: a structured vector with fields block and subset."""
        own = check_values(values, self.k)
        blocks = self._design.blocks
        reports = np.zeros(own.size, dtype=self._dtype)
        reports["block"] = check_generator(rng).integers(0, len(blocks), own.size)
        for index, block in enumerate(blocks):
            users = np.flatnonzero(reports["block"] == index)
            residues = self.decoder.residues_of(index, own[users])
            block.privatize_into(reports["subset"], residues, users, rng)
        return reports

    def log_likelihood(self, reports: Rows, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(report | value), shape (n, len(values)); None means all k values."""
        rows = self._rows(reports)
        asked = None if values is None else check_values(values, self.k)
        check_table_size(rows.size, self.k if asked is None else asked.size)
        levels = np.array([block.log_levels[::-1] for block in self._design.blocks])
        levels -= math.log(len(levels))
        if asked is None:
            return self._all_likelihoods(rows, levels)
        table = np.empty((rows.size, asked.size), order="F")
        for index, (low, high) in enumerate(levels):
            users = np.flatnonzero(rows["block"] == index)
            columns = self.decoder.residues_of(index, asked)
            table[users] = bit_factors(rows["subset"][users], columns, (low, high))
        return table

    def _all_likelihoods(self, rows: Rows, levels: Floats) -> Floats:
        """Level of every residue of the block drawn, then that of every value's residue."""
        block = rows["block"].astype(np.intp)
        bits = np.unpackbits(rows["subset"], axis=1, bitorder="little")
        of_residues = levels.reshape(-1).take(bits + 2 * block[:, None])
        places = self._residues.take(block, axis=0)
        places += (np.arange(rows.size) * bits.shape[1])[:, None]
        return of_residues.reshape(-1).take(places)

    @property
    def support_gain(self) -> float:
        """Log-likelihood ratio of a value whose residue is in the subset and another one."""
        return self.epsilon

    def supports(self, reports: Rows) -> ResidueSupports | PackedSupports:
        """The values whose residues in the block are in the subset."""
        rows = self._rows(reports)
        block = rows["block"].astype(np.intp)
        if not self._design.scrambled:
            moduli = np.array(self._design.moduli)[block]
            return ResidueSupports(np.ascontiguousarray(rows["subset"]), moduli, self.k)
        bits = np.unpackbits(rows["subset"], axis=1, bitorder="little")
        packed = np.empty((rows.size, width(self.k)), dtype=np.uint8)
        for index, places in enumerate(self._residues):
            users = np.flatnonzero(block == index)
            packed[users] = pack(bits[users].take(places, axis=1))
        return PackedSupports(packed)

    @cached_property
    def _residues(self) -> npt.NDArray[np.intp]:
        """Residue of every value in every block, shape (l, k)."""
        values, blocks = np.arange(self.k), range(len(self._design.blocks))
        return np.stack([self.decoder.residues_of(index, values) for index in blocks])

    def _rows(self, reports: Rows) -> Rows:
        rows = structured_rows(reports, self._dtype)
        num_blocks = len(self._design.blocks)
        if rows.size and rows["block"].max() >= num_blocks:
            raise ValueError(
                f"reports must name a block in [0, {num_blocks}), got {rows['block'].max()}."
            )
        return rows

    def aggregate(self, reports: Rows) -> SupportCounts:
        """Count the reports of each block that hold each residue; summaries add up."""
        rows = self._rows(reports)
        supports = [
            column_counts(rows["subset"], block.num_values, np.flatnonzero(rows["block"] == index))
            for index, block in enumerate(self._design.blocks)
        ]
        return SupportCounts(rows.size, np.concatenate(supports))

    def sample_counts(self, histogram: npt.ArrayLike, *, rng: np.random.Generator) -> SupportCounts:
        """Draw the counts of histogram[v] users of each value v from their exact joint law.

        At most 2**40 users; the cost grows with the blocks and moduli, not with the users.
        """
        undecided = users_per_value(histogram, self.k)
        num_users, values = int(undecided.sum()), np.arange(self.k)
        blocks, dealt = self._design.blocks, []
        for index, block in enumerate(blocks):
            # Block by block, a user takes one of those still to come with equal probabilities.
            mine = check_generator(rng).binomial(undecided, 1 / (len(blocks) - index))
            undecided = undecided - mine
            users = np.zeros(block.num_values, dtype=np.int64)
            np.add.at(users, self.decoder.residues_of(index, values), mine)
            dealt.append(users)
        return SupportCounts(num_users, supports_of_blocks(blocks, dealt, rng))

    def every_report(self) -> Rows:
        """List all subsets of all blocks; up to 2**20 of them."""
        blocks = self._design.blocks
        totals = [math.comb(block.num_values, block.size) for block in blocks]
        check_listable(sum(totals))
        check_table_size(sum(totals), self.k)
        reports = np.zeros(sum(totals), dtype=self._dtype)
        reports["block"] = np.repeat(np.arange(len(blocks)), totals)
        for index, block in enumerate(blocks):
            packed = block.every_subset()
            reports["subset"][reports["block"] == index, : packed.shape[1]] = packed
        return reports

    def estimate(self, counts: SupportCounts) -> Floats:
        """Unbiased, unclipped frequencies that sum to 1, shape (k,)."""
        return self.decoder.decode(self.residues(counts))

    def decode(
        self,
        counts: SupportCounts,
        *,
        ridge: float = 0.0,
        post: Postprocessing | General | str | None = None,
    ) -> Floats:
        """Frequencies with the decoder's choices in hand; `estimate` is the default of all.

        Parameters
        ----------
        counts : SupportCounts
            Aggregated reports.
        ridge : float, default 0
            The paper's lambda, added to the normal matrix in units of its diagonal;
            above 0 the estimate is biased.
        post : str or object, optional
            ``Unconstrained()``, ``SumConstraint()`` (the default, unbiased),
            ``SimplexProjection()`` or ``NonNegativeLikelihood()`` (biased), or one for all
            protocols by its name or as an object, without a ridge;
            "em" is ``NonNegativeLikelihood()``.

        Returns
        -------
        array of shape (k,)
            Frequencies.

        Raises
        ------
        ValueError
            If `ridge` is negative or not finite, or given with a post-processing that
            takes the estimate alone.
        """
        if not (math.isfinite(ridge) and ridge >= 0):
            raise ValueError(f"ridge must be at least 0 and finite, got {ridge!r}.")
        chosen = SumConstraint() if post is None else post
        if chosen == "em":
            chosen = NonNegativeLikelihood()
        if not isinstance(chosen, Postprocessing):
            if ridge > 0:
                raise ValueError(
                    f"ridge must be 0 with the post-processing {post!r}, got {ridge!r}."
                )
            return named(chosen).frequencies(self, counts)
        decoder = self.decoder
        if ridge > 0:
            decoder = self._design.decoder_with(ridge * sum(decoder.weights))
        return chosen.apply(decoder, self.residues(counts), self._design)

    def residues(self, counts: SupportCounts) -> list[Floats]:
        """Unbiased residue frequencies of each block, shapes (m_j,): what the decoder fits."""
        num_users = check_integer("num_users of counts", counts.num_users, 1)
        blocks = self._design.blocks
        parts = np.split(counts.supports, np.cumsum([b.num_values for b in blocks])[:-1])
        scale = len(blocks) / num_users
        found = []
        for block, held in zip(blocks, parts, strict=True):
            block_users = held.sum() / block.size  # every subset has the same size
            found.append(scale * (held - block.q * block_users) / (block.p - block.q))
        return found

    def mse(self, num_users: int, frequencies: npt.ArrayLike | None = None) -> float:
        """Mean squared error of `estimate`, averaged over the k values.

        Parameters
        ----------
        num_users : int
            Number of reports, at least 1.
        frequencies : array of shape (k,), optional
            Frequencies of the fixed users, for the exact error. None gives the
            f = 0 approximation, the constrained trace of the inverse normal matrix.

        Returns
        -------
        float
            In squared frequency units.
        """
        n = check_integer("num_users", num_users, 1)
        if frequencies is None:
            return self._design.approximate_mse() / n
        return self._design.mse(check_distribution("frequencies", frequencies, self.k)) / n

    def mse_standard_error(self, num_users: int, frequencies: npt.ArrayLike) -> float:
        """Standard error of `mse(num_users, frequencies)`: 0 unless scrambled and k > 2048."""
        n = check_integer("num_users", num_users, 1)
        return self._design.mse_error(check_distribution("frequencies", frequencies, self.k)) / n

    def influence(self, targets: npt.ArrayLike) -> float:
        """Most that one report adds to the summed estimate of `targets`, times the users.

        Exact, of the worst block and the worst subset of its residues, from one decode.
        """
        return self._design.influence(checked_targets(targets, self.k))

    def single_influences(self) -> Floats:
        """`influence` of each value alone, shape (k,); values near the ends have the largest."""
        return self._design.single_influences()

    def worst_influence(self) -> tuple[float, bool]:
        """Largest of `single_influences`, and whether all values were looked at.

        Plain residues: all, as long as values times residues are at most 2**32 (22,000 values
        with eight blocks: some ten seconds). Scrambled ones: all of up to 2,048 values, for
        each takes a solution of the normal equations. Beyond, 129 (9) values spread evenly are
        looked at, and the figure is a lower bound.
        """
        return self._design.worst_influence()

    def false_reports(
        self, targets: npt.ArrayLike, num_reports: int, *, rng: np.random.Generator
    ) -> Rows:
        """Reports of largest `influence`: the worst subset of the worst block."""
        check_generator(rng)
        index, residues = self._design.worst_subset(checked_targets(targets, self.k))
        block = self._design.blocks[index]
        reports = np.zeros(num_reports, dtype=self._dtype)
        bits = np.isin(np.arange(block.num_values), residues).astype(np.uint8)
        reports["block"] = index
        reports["subset"][:, : width(block.num_values)] = pack(bits[None])
        return reports

    def random_reports(self, num_reports: int, *, rng: np.random.Generator) -> Rows:
        """Uniform subsets of uniform blocks."""
        blocks, none = self._design.blocks, np.empty(0, dtype=np.int64)
        reports = np.zeros(num_reports, dtype=self._dtype)
        reports["block"] = check_generator(rng).integers(0, len(blocks), num_reports)
        for index, block in enumerate(blocks):
            users = np.flatnonzero(reports["block"] == index)
            packed = block.holding(none, users.size, rng)
            reports["subset"][users, : packed.shape[1]] = packed
        return reports

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Exact success of the best single guess from one report, for users drawn from `prior`.

        Inside a residue class only the best prior counts, so each block is a
        subset randomizer over those. Uniform prior: mean of (m_j / k)(p_j / w_j).
        """
        if prior is None:
            return self._design.uniform_success
        return self._design.success(check_distribution("prior", prior, self.k))

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio over reports and pairs of values."""
        return max(block.exact_epsilon() for block in self._design.blocks)

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of the worst pair: one apart in every block, where there is."""
        blocks = self._design.blocks
        sticks = np.array([block.exact_delta(epsilon) for block in blocks]) / len(blocks)
        worst, most = 0.0, float(sticks.sum())
        residues = [self.decoder.residues_of(i, np.arange(self.k)) for i in range(len(blocks))]
        for value in range(self.k):
            apart = sum(s * (own != own[value]) for s, own in zip(sticks, residues, strict=True))
            worst = max(worst, float(np.max(apart)))
            if worst >= most * (1 - 1e-15 * len(blocks)):
                return most
        return worst
