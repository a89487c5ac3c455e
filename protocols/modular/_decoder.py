"""Decoders of residue designs: weighted least squares without a matrix.

A design asks every value x for one residue a block, j = 1..l. Given noisy
residue frequencies s_j of weights u_j, a decoder solves

    minimise  sum_j u_j ||A_j z - s_j||^2   subject to  sum z = 1,

where A_j z adds up z over the residue classes of block j (a fold) and A_j^T
repeats a residue vector over the domain (a tile). Nothing here is a matrix:
the normal matrix G = sum_j u_j A_j^T A_j is applied by folds and tiles, and
solved by what its design allows (`_toeplitz`, `_scrambled`). Vectors may carry
leading axes: a batch is decoded together.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from ldpaudit.arrays import Floats, Ints

#: Second-moment coefficients (a, d) of one user's contribution to a block, see `exact_mse`.
Moments = Sequence[tuple[float, float]]

#: Largest relative residual at which a set-up or a decode counts as solved.
RESIDUAL = 1e-9


def fold(vector: Floats, modulus: int) -> Floats:
    """Sum over the residue classes of the last axis, which becomes `modulus` long."""
    rows = -(-vector.shape[-1] // modulus)
    padded = np.zeros((*vector.shape[:-1], rows * modulus))
    padded[..., : vector.shape[-1]] = vector
    return np.asarray(padded.reshape(*vector.shape[:-1], rows, modulus).sum(axis=-2))


def tile(residues: Floats, length: int) -> Floats:
    """Each position's residue entry along a last axis of `length`: the transpose of `fold`."""
    repeats = (1,) * (residues.ndim - 1) + (-(-length // residues.shape[-1]),)
    return np.tile(residues, repeats)[..., :length]


def conjugate_gradients(
    product: Callable[[Floats], Floats], right: Floats, tolerance: float, limit: int = 4000
) -> Floats:
    """Solve product(z) = right along the last axis to a relative residual of `tolerance`.

    Raises ``ArithmeticError`` if `limit` steps do not reach it.
    """
    solution = np.zeros_like(right)
    residue = right.copy()
    direction = right.copy()
    squared = np.sum(residue**2, axis=-1, keepdims=True)
    goal = tolerance**2 * squared
    for _ in range(limit):
        if (squared <= goal).all():
            return solution
        image = product(direction)
        length = squared / np.maximum(np.sum(direction * image, axis=-1, keepdims=True), 1e-300)
        solution += length * direction
        residue -= length * image
        previous, squared = squared, np.sum(residue**2, axis=-1, keepdims=True)
        direction = residue + squared / np.maximum(previous, 1e-300) * direction
    left = float(np.sqrt((squared / np.maximum(goal, 1e-300)).max())) * tolerance
    raise ArithmeticError(
        f"the design cannot be decoded: relative residual {left:.1e} after {limit} steps, "
        f"{tolerance:.0e} wanted."
    )


class Decoder(ABC):
    """What every design's decoder does; subclasses fold, tile and solve."""

    k: int
    moduli: tuple[int, ...]
    weights: tuple[float, ...]

    @abstractmethod
    def residues_of(self, block: int, values: Ints) -> Ints:
        """Residues of values in one block."""

    @abstractmethod
    def fold(self, block: int, vector: Floats) -> Floats:
        """A_j z, shape (..., m_j)."""

    @abstractmethod
    def tile(self, block: int, residues: Floats) -> Floats:
        """A_j^T s, shape (..., k)."""

    @abstractmethod
    def solve(self, right: Floats) -> Floats:
        """The inverse of the normal matrix times a vector, shape (..., k)."""

    @abstractmethod
    def approximate_mse(self) -> float:
        """Trace of the constrained inverse over k: the per-user error at f = 0."""

    @abstractmethod
    def exact_mse(self, moments: Moments, frequencies: Floats) -> float:
        """Per-user mean squared error per item for fixed users with these frequencies.

        ``moments[j] = (a_j, d_j)`` are the second-moment coefficients of one
        user's contribution to s_j on the sum-zero subspace: a_j I + d_j e_r e_r^T,
        r the user's residue. With Q = G^-1 - h h^T / 1^T h (which kills constants)
        the error is sum_j u_j^2 sum_r (a_j + d_j F_j(r)) ||Q 1_r||^2 over residue
        classes r, F_j(r) their frequency, less the users' own means (`_own_means`).
        """

    def decode(self, residues: Sequence[Floats]) -> Floats:
        """Frequencies (..., k) that sum to 1, from one residue array (..., m_j) a block."""
        free = self.solve(self.adjoint(residues))
        missing = 1 - free.sum(axis=-1, keepdims=True)
        return np.asarray(free + self.flat * (missing / self.flat_sum))

    def adjoint(self, residues: Sequence[Floats]) -> Floats:
        """Right-hand side of the normal equations, sum_j u_j A_j^T s_j."""
        if len(residues) != len(self.moduli):
            raise ValueError(f"residues must have {len(self.moduli)} blocks, got {len(residues)}.")
        total = np.zeros((*np.shape(residues[0])[:-1], self.k))
        for block, (weight, part) in enumerate(zip(self.weights, residues, strict=True)):
            total += self.tile(block, weight * part)
        return total

    def normal(self, vector: Floats) -> Floats:
        """The normal matrix times a vector, by folds and tiles in O(k l)."""
        return self.adjoint([self.fold(block, vector) for block in range(len(self.moduli))])

    @cached_property
    def condition(self) -> float:
        """Ratio of the extreme eigenvalues of the normal matrix (Lanczos on G and on G^-1)."""
        if self.k < 3:
            return float(np.linalg.cond(np.array([self.normal(row) for row in np.eye(self.k)])))
        from scipy.sparse.linalg import LinearOperator, eigsh

        start = np.cos(np.arange(self.k))  # a fixed start: the answer must not vary
        largest = [
            eigsh(
                LinearOperator((self.k, self.k), matvec=product, dtype=np.float64),
                k=1,
                which="LA",
                v0=start,
                tol=1e-6,
                return_eigenvectors=False,
            )[0]
            for product in (self.normal, self.solve)
        ]
        return float(largest[0] * largest[1])

    @cached_property
    def flat(self) -> Floats:
        """The vector h = G^-1 1, the direction along which the sum constraint corrects."""
        return self.solve(np.ones(self.k))

    @cached_property
    def flat_sum(self) -> float:
        """Sum of `flat`."""
        return float(self.flat.sum())

    def constrained(self, vectors: Floats) -> Floats:
        """Q = G^-1 - h h^T / 1^T h times each row: the part of an estimate that data decide."""
        along = (vectors @ self.flat / self.flat_sum)[..., None]
        return np.asarray(self.solve(vectors) - along * self.flat)

    def _own_means(self, frequencies: Floats) -> float:
        """Squared length of the users' means, e_x - h / 1^T h, averaged over users."""
        flat, total = self.flat, self.flat_sum
        return 1 - 2 * float(flat @ frequencies) / total + float(flat @ flat) / total**2
