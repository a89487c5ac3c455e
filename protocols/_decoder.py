"""The decoder of residue designs: weighted least squares without a matrix.

A design asks every value x for its residues x mod m_j, j = 1..l. Given noisy
residue frequencies s_j of weights u_j, the decoder solves

    minimise  sum_j u_j ||A_j z - s_j||^2   subject to  sum z = 1,

where A_j z adds up z over residue classes (a fold) and A_j^T repeats a residue
vector over the domain (a tile). The normal matrix G = sum_j u_j A_j^T A_j has
entries that depend on x - x' alone: it is symmetric Toeplitz. So one solve
G x = e_0 gives the whole inverse by the Gohberg-Semencul formula,

    G^-1 = (L(x) L(x)^T - L(y) L(y)^T) / x_0,   y = (0, x_{k-1}, ..., x_1),

with L(.) lower-triangular Toeplitz, and a decode is six FFTs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Largest relative residual at which a set-up or a decode counts as solved.
RESIDUAL = 1e-9


def fold(vector: npt.NDArray[np.float64], modulus: int) -> Floats:
    """Sum of a vector over each residue class, shape (modulus,)."""
    rows = -(-vector.size // modulus)
    padded = np.zeros(rows * modulus)
    padded[: vector.size] = vector
    return np.asarray(padded.reshape(rows, modulus).sum(axis=0))


def tile(residues: Floats, length: int) -> Floats:
    """Each position's residue entry, shape (length,): the transpose of `fold`."""
    return np.tile(residues, -(-length // residues.size))[:length]


@dataclass(frozen=True)
class ResidueDecoder:
    """Solver for one design: `moduli` m_j and `weights` u_j over the domain [0, k).

    Built once; the set-up (one solve) runs at the first use and is kept. Raises
    ``ArithmeticError`` instead of returning an answer above the stated residual.
    """

    k: int
    moduli: tuple[int, ...]
    weights: tuple[float, ...]

    def decode(self, residues: Sequence[Floats]) -> Floats:
        """Frequencies of shape (k,) from one residue vector a block, each summing to about 1."""
        free = self.solve(self.adjoint(residues))
        return np.asarray(free + self._flat * ((1 - free.sum()) / self._flat_sum))

    def adjoint(self, residues: Sequence[Floats]) -> Floats:
        """Right-hand side of the normal equations, sum_j u_j A_j^T s_j."""
        total = np.zeros(self.k)
        for weight, block in zip(self.weights, residues, strict=True):
            total += tile(weight * block, self.k)
        return total

    def normal(self, vector: Floats) -> Floats:
        """The normal matrix times a vector, by folds and tiles in O(k l)."""
        return self.adjoint([fold(vector, modulus) for modulus in self.moduli])

    def solve(self, right: Floats) -> Floats:
        """The inverse of the normal matrix times a vector, by six FFTs."""
        first, spectrum_x, spectrum_y, length = self._inverse
        spectrum = self._rfft(right, length)
        head_x = self._irfft(np.conj(spectrum_x) * spectrum, length)
        head_y = self._irfft(np.conj(spectrum_y) * spectrum, length)
        spectrum = spectrum_x * self._rfft(head_x, length)
        spectrum -= spectrum_y * self._rfft(head_y, length)
        return np.asarray(self._irfft(spectrum, length) / first[0])

    def approximate_mse(self) -> float:
        """Trace of the constrained inverse over k: the per-user error at f = 0.

        trace(G^-1) = sum_i (k - 2 i) x_i^2 / x_0; the sum constraint takes away
        h^T h / 1^T h with h = G^-1 1.
        """
        x = self._inverse[0]
        trace = float((self.k - 2 * np.arange(self.k)) @ (x * x) / x[0])
        return (trace - float(self._flat @ self._flat) / self._flat_sum) / self.k

    def exact_mse(self, moments: Sequence[tuple[float, float]], frequencies: Floats) -> float:
        """Per-user mean squared error an item for fixed users with these frequencies.

        ``moments[j] = (a_j, d_j)`` are the second-moment coefficients of one
        user's contribution to s_j on the sum-zero subspace: a_j I + d_j e_r e_r^T,
        r the user's residue. With Q = G^-1 - h h^T / 1^T h (which kills constants)
        the error is a sum of u_j^2 (a_j tr + d_j sum_r F_j(r)) over B_j(r), the sum
        of Q^2 over pairs in class r, less the users' own means: every user's
        estimate has mean e_x - h / 1^T h on that subspace.
        """
        total = 0.0
        for modulus, weight, (isotropic, own) in zip(
            self.moduli, self.weights, moments, strict=True
        ):
            classes = fold(self._square_diagonal(0), modulus)
            for offset in range(modulus, self.k, modulus):
                classes += 2 * fold(self._square_diagonal(offset), modulus)
            shares = fold(frequencies, modulus)
            total += weight**2 * (isotropic * classes.sum() + own * float(shares @ classes))
        flat, flat_sum = self._flat, self._flat_sum
        mean = 1 - 2 * float(flat @ frequencies) / flat_sum + float(flat @ flat) / flat_sum**2
        return float(total - mean) / self.k

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
    def _inverse(
        self,
    ) -> tuple[Floats, npt.NDArray[np.complex128], npt.NDArray[np.complex128], int]:
        """First column x of the inverse, the spectra of x and y, and the FFT length."""
        from scipy.fft import next_fast_len
        from scipy.sparse.linalg import LinearOperator, cg

        unit = np.zeros(self.k)
        unit[0] = 1.0
        operator = LinearOperator((self.k, self.k), matvec=self.normal, dtype=np.float64)
        x, _ = cg(operator, unit, rtol=1e-14, atol=0.0, maxiter=4000)
        residual = float(np.linalg.norm(self.normal(x) - unit))
        if not residual <= RESIDUAL:
            raise ArithmeticError(
                f"the moduli {self.moduli} cannot be decoded over k = {self.k}: "
                f"relative residual {residual:.1e} above {RESIDUAL:.0e}."
            )
        length = next_fast_len(2 * self.k, real=True)
        y = np.concatenate(([0.0], x[:0:-1]))
        return x, self._rfft(x, length), self._rfft(y, length), length

    @cached_property
    def _flat(self) -> Floats:
        """H = G^-1 1, the direction along which the sum constraint corrects."""
        ones = np.ones(self.k)
        flat = self.solve(ones)
        residual = float(np.linalg.norm(self.normal(flat) - ones)) / math.sqrt(self.k)
        if not residual <= RESIDUAL:
            raise ArithmeticError(f"decoding left a relative residual of {residual:.1e}.")
        return flat

    @cached_property
    def _flat_sum(self) -> float:
        return float(self._flat.sum())

    @cached_property
    def _square_generators(self) -> tuple[Floats, ...]:
        """The vectors x, y, G^-1 x, G^-1 y and G^-1 h behind the diagonals of Q^2."""
        x = self._inverse[0]
        y = np.concatenate(([0.0], x[:0:-1]))
        return x, y, self.solve(x), self.solve(y), self.solve(self._flat)

    def _square_diagonal(self, offset: int) -> Floats:
        """Entries (i, i + offset) of Q^2, Q = G^-1 - h h^T / 1^T h, in O(k).

        With N = G^-1, Z the down-shift and D = N - Z N Z^T = (x x^T - y y^T) / x_0:
        N^2 - Z N^2 Z^T = N D + D N - D^2 - y y^T, as Z N (last column) = y. So a
        diagonal of N^2 is a running sum of products of four vectors.
        """
        x, y, nx, ny, nh = self._square_generators
        left, right = slice(0, self.k - offset), slice(offset, self.k)
        x0, xx, xy, yy = x[0], float(x @ x), float(x @ y), float(y @ y)
        steps = (nx[left] * x[right] + x[left] * nx[right]) / x0
        steps -= (ny[left] * y[right] + y[left] * ny[right]) / x0
        steps -= (xx / x0**2) * (x[left] * x[right])
        steps += (xy / x0**2) * (x[left] * y[right] + y[left] * x[right])
        steps -= (yy / x0**2 + 1) * (y[left] * y[right])
        diagonal = np.cumsum(steps)
        flat, total = self._flat, self._flat_sum
        diagonal -= (nh[left] * flat[right] + flat[left] * nh[right]) / total
        diagonal += float(flat @ flat) / total**2 * (flat[left] * flat[right])
        return diagonal

    def _rfft(self, vector: Floats, length: int) -> npt.NDArray[np.complex128]:
        from scipy.fft import rfft

        return np.asarray(rfft(vector, length))

    def _irfft(self, spectrum: npt.NDArray[np.complex128], length: int) -> Floats:
        from scipy.fft import irfft

        return np.asarray(irfft(spectrum, length)[: self.k])
