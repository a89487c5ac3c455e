"""A modular design: blocks of residues, a subset randomizer on each, and their decoder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.protocols._kernels._subsets import SubsetRandomizer

from ._decoder import Decoder
from ._scrambled import ScrambledDecoder
from ._toeplitz import ResidueDecoder


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
        """Per-user mean squared error an item for fixed users."""
        return self.decoder.exact_mse(self.moments, frequencies)

    def mse_error(self, frequencies: Floats) -> float:
        """Standard error of `mse`, 0 where it is exact."""
        if isinstance(self.decoder, ScrambledDecoder):
            return self.decoder.mse_with_error(self.moments, frequencies)[1]
        return 0.0

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
