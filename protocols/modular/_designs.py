"""A modular design: blocks of residues, a subset randomizer on each, and their decoder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ldpaudit.arrays import Floats, Ints
from ldpaudit.protocols._kernels._subsets import SubsetRandomizer

from ._decoder import Decoder
from ._scrambled import ScrambledDecoder
from ._singles import residue_influences
from ._toeplitz import ResidueDecoder

_TABLE = 2**20  # entries of a table of functionals
#: Most work at which all values are looked at for the worst one: values times residues of plain
#: ones, values of scrambled ones, where every value takes a solution of its own.
_PLAIN, _SCRAMBLED = 2**32, 2048
#: How many are looked at otherwise; values of scrambled ones differ little.
_SOME = {False: 129, True: 9}


@dataclass(frozen=True)
class Design:
    """Moduli, subset sizes (0: the published size) and whether the domain is scrambled."""

    k: int
    epsilon: float
    moduli: tuple[int, ...]
    sizes: tuple[int, ...] = ()
    scrambled: bool = False
    seed: int = 0

    @cached_property
    def blocks(self) -> tuple[SubsetRandomizer, ...]:
        """The randomizer of each block."""
        sizes = self.sizes or (0,) * len(self.moduli)
        return tuple(
            SubsetRandomizer(m, self.epsilon, size)
            for m, size in zip(self.moduli, sizes, strict=True)
        )

    @cached_property
    def decoder(self) -> Decoder:
        """Solver with the expected block weights, 1 / v_j up to a factor, known before any data."""
        return self.decoder_with()

    def decoder_with(self, ridge: float = 0.0) -> Decoder:
        """The solver with a multiple of the identity added to the normal matrix."""
        weights = tuple(self._least_variance / block.variance for block in self.blocks)
        if self.scrambled:
            return ScrambledDecoder(self.k, self.moduli, weights, self.seed, ridge)
        return ResidueDecoder(self.k, self.moduli, weights, ridge)

    @property
    def _least_variance(self) -> float:
        return min(block.variance for block in self.blocks)

    def approximate_mse(self) -> float:
        """Per-user error at f = 0: trace of the constrained inverse for weights 1 / (l v_j)."""
        return self.decoder.approximate_mse() * len(self.moduli) * self._least_variance

    @property
    def moments(self) -> list[tuple[float, float]]:
        """Second-moment coefficients of one user's contribution to each block's estimate."""
        found = []
        for block in self.blocks:
            scale = len(self.moduli) / (block.p - block.q) ** 2
            isotropic, own = block.second_moment
            found.append((scale * isotropic, scale * own))
        return found

    def mse(self, frequencies: Floats) -> float:
        """Per-user mean squared error per item for fixed users."""
        return self.decoder.exact_mse(self.moments, frequencies)

    def mse_error(self, frequencies: Floats) -> float:
        """Standard error of `mse`, 0 where it is exact."""
        if isinstance(self.decoder, ScrambledDecoder):
            return self.decoder.mse_with_error(self.moments, frequencies)[1]
        return 0.0

    def influence(self, targets: Ints) -> float:
        """Most that one report adds to the summed estimate of targets, times the users."""
        return float(self.influences(self._indicator(targets)[None])[0])

    def single_influences(self) -> Floats:
        """The same of each value alone, shape (k,)."""
        return self._singles.copy()

    @cached_property
    def _singles(self) -> Floats:
        decoder = self.decoder
        if isinstance(decoder, ResidueDecoder) and decoder.direct:
            sizes = [block.size for block in self.blocks]
            return residue_influences(decoder, sizes, list(map(self._scale, range(len(sizes)))))
        return self._influences_of(np.arange(self.k))

    def worst_influence(self) -> tuple[float, bool]:
        """The largest of them, and whether all values were looked at."""
        work = self.k if self.scrambled else self.k * sum(self.moduli)
        if work <= (_SCRAMBLED if self.scrambled else _PLAIN):
            return float(self._singles.max()), True
        some = np.linspace(0, self.k - 1, _SOME[self.scrambled]).round().astype(np.int64)
        return float(self._influences_of(some).max()), False

    def _influences_of(self, values: Ints) -> Floats:
        """Influence of each of these values alone."""
        found, rows = np.empty(values.size), max(1, _TABLE // self.k)
        for first in range(0, values.size, rows):
            asked = values[first : first + rows, None]
            some = self.influences((np.arange(self.k) == asked).astype(float))
            found[first : first + rows] = some
        return found

    def influences(self, functionals: Floats) -> Floats:
        """Most that one report adds to each linear functional of the estimate, rows (n, k).

        A functional t has the value t h / 1 h + v R of the right-hand side R of the normal
        equations, v = Q t (`Decoder.constrained`). A report of block j with the residues Z adds
        l u_j / (p_j - q_j) times (sum over Z of A_j v, less q_j times the sum over all):
        most with the largest w_j entries.
        """
        share, tilted = self._tilted(functionals)
        best = np.full(len(functionals), -np.inf)
        for index in range(len(self.blocks)):
            scores, q, size = self._scores(index, tilted)
            most = np.partition(scores, -size, axis=-1)[:, -size:].sum(axis=-1)
            best = np.maximum(best, most - q * scores.sum(axis=-1))
        return np.asarray(share + best)

    def worst_subset(self, targets: Ints) -> tuple[int, Ints]:
        """Block and residues of a report that adds `influence(targets)`."""
        _, tilted = self._tilted(self._indicator(targets)[None])
        best, found = -np.inf, (0, targets)
        for index in range(len(self.blocks)):
            scores, q, size = self._scores(index, tilted)
            chosen = np.argsort(-scores[0], kind="stable")[:size]
            worth = float(scores[0, chosen].sum() - q * scores.sum())
            if worth > best:
                best, found = worth, (index, chosen)
        return found

    def _indicator(self, targets: Ints) -> Floats:
        indicator = np.zeros(self.k)
        indicator[targets] = 1
        return indicator

    def _tilted(self, functionals: Floats) -> tuple[Floats, Floats]:
        """What every report adds, t h / 1 h, and v."""
        decoder = self.decoder
        share = functionals @ decoder.flat / decoder.flat_sum
        return share, decoder.constrained(functionals)

    def _scores(self, index: int, tilted: Floats) -> tuple[Floats, float, int]:
        """What each residue of a block adds if it is in a report; q and the subset size."""
        block = self.blocks[index]
        return self._scale(index) * self.decoder.fold(index, tilted), block.q, block.size

    def _scale(self, index: int) -> float:
        """What a residue of a block adds over its entry of A_j v, l u_j / (p_j - q_j)."""
        block = self.blocks[index]
        return len(self.blocks) * self.decoder.weights[index] / (block.p - block.q)

    @property
    def block_bits(self) -> int:
        """Bits that name a block, ceil(log2 l)."""
        return (len(self.moduli) - 1).bit_length()

    @property
    def bits(self) -> int:
        """Bits of the largest report."""
        return self.block_bits + max(block.bits for block in self.blocks)

    def success(self, prior: Floats) -> float:
        """Bayes vulnerability: inside a residue class only the best prior counts."""
        total = 0.0
        values = np.arange(self.k)
        for index, block in enumerate(self.blocks):
            best = np.zeros(block.num_values)
            np.maximum.at(best, self.decoder.residues_of(index, values), prior)
            total += block.vulnerability(best)
        return total / len(self.blocks)

    @property
    def uniform_success(self) -> float:
        """Bayes vulnerability under a uniform prior, mean of (m_j / k)(p_j / w_j)."""
        parts = [b.num_values / self.k * b.p / b.size for b in self.blocks]
        return sum(parts) / len(parts)

    def with_sizes(self, scale: float) -> Design:
        """The same blocks with subsets `scale` times as large, at most half a block."""
        published = (SubsetRandomizer(m, self.epsilon) for m in self.moduli)
        sizes = (max(b.size, min(round(scale * b.size), b.num_values // 2)) for b in published)
        return replace(self, sizes=tuple(sizes))
