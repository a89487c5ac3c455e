"""Scrambled residues pi_j(x) mod m_j: decoded by conjugate gradients on gathers.

Below half the domain, plain residue classes all agree on slow waves and no
number of blocks separates them. A public pseudorandom permutation of the domain
for each block removes that structure: the normal matrix then has the spectrum
of a random design, condition about ((1 + 1/sqrt c) / (1 - 1/sqrt c))^2 for
c = sum m_j / k, whatever the moduli. It is no longer Toeplitz.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints
from ldpaudit.protocols._kernels._compiled import Loops, compiled
from ldpaudit.protocols._kernels._hashing import mix

from ._decoder import Decoder, Moments, conjugate_gradients

#: Relative residual of a decode: far below the noise of any number of users.
_RESIDUAL = 1e-8
#: Steps of conjugate gradients in a decode, about.
_ROUNDS = 16
#: Largest domain whose error is computed from the dense inverse; above it, by random probes.
DENSE_LIMIT = 2048
#: Random probes behind an estimated error (standard error about 1% / sqrt of it).
PROBES = 8


@dataclass(frozen=True)
class ScrambledDecoder(Decoder):
    """Solver for moduli m_j (any, coprime or not) behind permutations keyed by `seed`."""

    k: int
    moduli: tuple[int, ...]
    weights: tuple[float, ...]
    seed: int = 0
    ridge: float = 0.0

    @cached_property
    def _positions(self) -> npt.NDArray[np.intp]:
        """Values of each block in the order of their scrambled position, shape (l, k).

        The permutation sorts a keyed 64-bit mix of (seed, block, value): the same on
        every platform and for every version of the random generators.
        """
        keys = mix(np.arange(self.k, dtype=np.uint64), mix(np.uint64(self.seed), 0))
        blocks = np.arange(len(self.moduli), dtype=np.uint64)[:, None]
        return np.asarray(np.argsort(mix(keys, blocks), axis=1, kind="stable"))

    @cached_property
    def _orders(self) -> npt.NDArray[np.intp]:
        """The same with the values of each residue, m_j apart, in rising order.

        So a residue's entries are added up in the order of the domain.
        """
        orders = np.empty_like(self._positions)
        for block, modulus in enumerate(self.moduli):
            rows = np.full((-(-self.k // modulus), modulus), self.k)
            rows.reshape(-1)[: self.k] = self._positions[block]
            orders[block] = np.sort(rows, axis=0).reshape(-1)[: self.k]
        return orders

    @cached_property
    def _labels(self) -> npt.NDArray[np.intp]:
        """Residue of each value in each block, shape (l, k)."""
        labels = np.empty_like(self._positions)
        positions = np.arange(self.k)
        for block, modulus in enumerate(self.moduli):
            labels[block, self._positions[block]] = positions % modulus
        return labels

    def residues_of(self, block: int, values: Ints) -> Ints:
        """Residues pi_j(x) mod m_j."""
        return np.asarray(self._labels[block, values])

    def fold(self, block: int, vector: Floats) -> Floats:
        """Sum over residue classes: gather in their order, then fold."""
        modulus = self.moduli[block]
        rows = -(-self.k // modulus)
        lead = vector.shape[:-1]
        padded = np.zeros((*lead, rows * modulus))
        # mode="clip" spares the bounds check; the indices are a permutation.
        padded[..., : self.k] = np.take(vector, self._orders[block], axis=-1, mode="clip")
        return np.asarray(np.add.reduce(padded.reshape(*lead, rows, modulus), axis=-2))

    def tile(self, block: int, residues: Floats) -> Floats:
        """Residue entry of every value."""
        return np.asarray(np.take(residues, self._labels[block], axis=-1, mode="clip"))

    def normal(self, vector: Floats) -> Floats:
        """The normal matrix times a vector: two gathers per block, in scratch kept in cache."""
        if vector.ndim > 1:
            return np.stack([self.normal(row) for row in vector])
        steps = self.k * len(self.moduli)
        if loops := compiled(_ROUNDS * steps):
            return self._normal(loops, vector)
        scratch = {m: np.zeros(-(-self.k // m) * m) for m in set(self.moduli)}
        total, gathered = self.ridge * vector, np.empty(self.k)
        blocks = zip(self._orders, self._labels, self.moduli, self.weights, strict=True)
        for order, labels, modulus, weight in blocks:
            padded = scratch[modulus]
            np.take(vector, order, out=padded[: self.k], mode="clip")
            sums = np.add.reduce(padded.reshape(-1, modulus), axis=0)
            sums *= weight
            np.take(sums, labels, out=gathered, mode="clip")
            total += gathered
        return total

    def _normal(self, loops: Loops, vector: Floats) -> Floats:
        """The same, compiled."""
        total = self.ridge * vector
        loops.add_folded(vector, *self._short, total)
        return total

    @cached_property
    def _short(self) -> tuple[npt.NDArray[Any], ...]:
        """Labels, in as few bytes as they need, moduli and weights."""
        dtype = np.uint16 if self.k <= 2**16 else np.uint32
        return self._labels.astype(dtype), np.array(self.moduli), np.array(self.weights)

    def solve(self, right: Floats) -> Floats:
        """The inverse of the normal matrix times a vector, to a relative residual of 1e-8."""
        return conjugate_gradients(self.normal, right, _RESIDUAL)

    def approximate_mse(self) -> float:
        """Trace of the constrained inverse over k: exact to k = 2048, else by probes."""
        if self.k <= DENSE_LIMIT:
            return float(np.trace(self._dense)) / self.k
        rng = np.random.default_rng(self.seed)
        probes = rng.choice([-1.0, 1.0], (PROBES, self.k))
        return float(np.mean(np.sum(probes * self.constrained(probes), axis=1))) / self.k

    def exact_mse(self, moments: Moments, frequencies: Floats) -> float:
        """Per-user mean squared error per item: exact to k = 2048, else estimated by probes."""
        return self.mse_with_error(moments, frequencies)[0]

    def mse_with_error(self, moments: Moments, frequencies: Floats) -> tuple[float, float]:
        """`exact_mse` and its standard error, 0 where it is exact.

        With signs s_j(r) drawn at random and v = sum_j A_j^T (D_j^(1/2) s_j),
        E ||Q v||^2 = sum_j sum_r D_j(r) ||Q 1_r||^2 (Hutchinson 1990), which is the
        sum wanted for D_j(r) = u_j^2 (a_j + d_j F_j(r)).
        """
        diagonals = [
            weight**2 * (isotropic + own * self.fold(block, frequencies))
            for block, (weight, (isotropic, own)) in enumerate(
                zip(self.weights, moments, strict=True)
            )
        ]
        if self.k <= DENSE_LIMIT:
            total, error = self._dense_sum(diagonals), 0.0
        else:
            rng = np.random.default_rng(self.seed)
            probes = np.zeros((PROBES, self.k))
            for block, diagonal in enumerate(diagonals):
                signs = rng.choice([-1.0, 1.0], (PROBES, diagonal.size))
                probes += self.tile(block, np.sqrt(diagonal) * signs)
            squares = np.sum(self.constrained(probes) ** 2, axis=1)
            total = float(squares.mean())
            error = float(squares.std(ddof=1)) / math.sqrt(PROBES)
        return (total - self._own_means(frequencies)) / self.k, error / self.k

    def constrained(self, vectors: Floats) -> Floats:
        """As `Decoder.constrained`, of many rows by the table where there is one."""
        if self.k <= DENSE_LIMIT and len(vectors) > 1:
            return np.asarray(vectors @ self._dense)
        return super().constrained(vectors)

    @cached_property
    def _dense(self) -> Floats:
        """Q as a table, for small domains only."""
        normal = self.ridge * np.eye(self.k)
        for weight, label in zip(self.weights, self._labels, strict=True):
            normal += weight * (label[:, None] == label[None, :])
        inverse = np.linalg.inv(normal)
        flat = inverse.sum(axis=1)
        return np.asarray(inverse - np.outer(flat, flat) / flat.sum())

    def _dense_sum(self, diagonals: list[Floats]) -> float:
        squared = self._dense @ self._dense
        total = 0.0
        for order, modulus, diagonal in zip(self._orders, self.moduli, diagonals, strict=True):
            rows = -(-self.k // modulus)
            padded = np.zeros((rows * modulus, self.k))
            padded[: self.k] = squared[order]
            sums = padded.reshape(rows, modulus, self.k).sum(axis=0)  # class r against every value
            classes = np.zeros(modulus)
            positions = np.arange(self.k) % modulus
            np.add.at(classes, positions, sums[positions, order])
            total += float(diagonal @ classes)
        return total
