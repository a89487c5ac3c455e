"""Plain residues x mod m_j: a Toeplitz normal matrix, decoded directly by six FFTs.

The entries of G depend on x - x' alone. So one solve G x = e_0, done once by
conjugate gradients, gives the whole inverse by the Gohberg-Semencul formula,

    G^-1 = (L(x) L(x)^T - L(y) L(y)^T) / x_0,   y = (0, x_{k-1}, ..., x_1),

with L(.) lower-triangular Toeplitz. The identity design is one block of modulus k.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints

from ._decoder import RESIDUAL, Decoder, Moments, conjugate_gradients, fold, tile

Spectrum = npt.NDArray[np.complex128]

#: Steps of the fallback: enough up to a condition of some thousands. A design that needs
#: more would answer within the residual and still be wrong, so it is refused.
_FALLBACK_STEPS = 500


@dataclass(frozen=True)
class ResidueDecoder(Decoder):
    """Solver for one design: `moduli` m_j and `weights` u_j over the domain [0, k).

    `ridge` adds a multiple of the identity to the normal matrix (the paper's
    lambda; above 0 the estimate is biased). Built once; the set-up runs at the
    first use and is kept. Conjugate gradients step in where the direct inverse
    misses the stated residual; where they miss it too, ``ArithmeticError``.
    """

    k: int
    moduli: tuple[int, ...]
    weights: tuple[float, ...]
    ridge: float = 0.0

    def residues_of(self, block: int, values: Ints) -> Ints:
        """Residues x mod m_j."""
        return np.asarray(values % self.moduli[block])

    def fold(self, block: int, vector: Floats) -> Floats:
        """Sum over residue classes."""
        return fold(vector, self.moduli[block])

    def tile(self, block: int, residues: Floats) -> Floats:  # noqa: ARG002
        """Repeat over the domain."""
        return tile(residues, self.k)

    def normal(self, vector: Floats) -> Floats:
        """The normal matrix times a vector, by folds and tiles in O(k l)."""
        return super().normal(vector) + self.ridge * vector

    def solve(self, right: Floats) -> Floats:
        """The inverse of the normal matrix times a vector, by six FFTs.

        Where the direct inverse is not accurate (`direct`), by conjugate gradients.
        """
        if not self.direct:
            return conjugate_gradients(self.normal, right, RESIDUAL, _FALLBACK_STEPS)
        return self._apply_inverse(right)

    @cached_property
    def direct(self) -> bool:
        """Whether the direct inverse meets the stated residual beyond its own first column."""
        try:
            ones = np.ones(self.k)
            off = self.normal(self._apply_inverse(ones)) - ones
        except ArithmeticError:
            return False
        return bool(np.linalg.norm(off) <= RESIDUAL * np.sqrt(self.k))

    def _apply_inverse(self, right: Floats) -> Floats:
        first, spectrum_x, spectrum_y, length = self._inverse
        spectrum = _rfft(right, length)
        head_x = self._irfft(np.conj(spectrum_x) * spectrum, length)
        head_y = self._irfft(np.conj(spectrum_y) * spectrum, length)
        spectrum = spectrum_x * _rfft(head_x, length)
        spectrum -= spectrum_y * _rfft(head_y, length)
        return np.asarray(self._irfft(spectrum, length) / first[0])

    def approximate_mse(self) -> float:
        """Trace of the constrained inverse over k: the per-user error at f = 0.

        trace(G^-1) = sum_i (k - 2 i) x_i^2 / x_0; the sum constraint takes away
        h^T h / 1^T h with h = G^-1 1.
        """
        x = self._column
        trace = float((self.k - 2 * np.arange(self.k)) @ (x * x) / x[0])
        return (trace - float(self.flat @ self.flat) / self.flat_sum) / self.k

    def exact_mse(self, moments: Moments, frequencies: Floats) -> float:
        """Per-user mean squared error per item, exact in O(k l) (see `Decoder.exact_mse`).

        ||Q 1_r||^2 adds up the entries of Q^2 over pairs in class r: its main
        diagonal and those at multiples of m_j.
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
        return float(total - self._own_means(frequencies)) / self.k

    @cached_property
    def _inverse(self) -> tuple[Floats, Spectrum, Spectrum, int]:
        """First column x of the inverse, the spectra of x and y, and the FFT length."""
        from scipy.fft import next_fast_len

        unit = np.zeros(self.k)
        unit[0] = 1.0
        x = conjugate_gradients(self.normal, unit, 1e-14)
        residual = float(np.linalg.norm(self.normal(x) - unit))
        if not residual <= RESIDUAL:
            raise ArithmeticError(
                f"the moduli {self.moduli} cannot be decoded over k = {self.k}: "
                f"relative residual {residual:.1e} above {RESIDUAL:.0e}."
            )
        length = next_fast_len(2 * self.k, real=True)
        y = np.concatenate(([0.0], x[:0:-1]))
        return x, _rfft(x, length), _rfft(y, length), length

    @property
    def _column(self) -> Floats:
        """First column of the inverse, where the whole inverse may be built on it."""
        column = self._inverse[0]
        if not self.direct:
            raise ArithmeticError(
                f"the moduli {self.moduli} have no error formula over k = {self.k}: the direct "
                f"inverse misses the relative residual {RESIDUAL:.0e}."
            )
        return column

    @property
    def generators(self) -> tuple[Floats, Floats]:
        """The vectors x and y behind the whole inverse."""
        x = self._column
        return x, np.concatenate(([0.0], x[:0:-1]))

    @cached_property
    def _square_generators(self) -> tuple[Floats, ...]:
        """The vectors x, y, G^-1 x, G^-1 y and G^-1 h behind the diagonals of Q^2."""
        x, y = self.generators
        return x, y, self.solve(x), self.solve(y), self.solve(self.flat)

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
        flat, total = self.flat, self.flat_sum
        diagonal -= (nh[left] * flat[right] + flat[left] * nh[right]) / total
        diagonal += float(flat @ flat) / total**2 * (flat[left] * flat[right])
        return diagonal

    def _irfft(self, spectrum: Spectrum, length: int) -> Floats:
        from scipy.fft import irfft

        return np.asarray(irfft(spectrum, length, axis=-1)[..., : self.k])


def _rfft(vector: Floats, length: int) -> Spectrum:
    from scipy.fft import rfft

    return np.asarray(rfft(vector, length, axis=-1))
