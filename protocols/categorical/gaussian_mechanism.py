"""The Gaussian mechanism on a one-hot vector: the classical noise (GM) and the least one (AGM)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.parameters import budget, domain_size, fraction, parameters
from ldpaudit.protocols._kernels._bits import row_chunks
from ldpaudit.protocols._kernels._noisy_histogram import NoisyHistogram
from ldpaudit.validate import check_nonnegative

#: Length of the difference of two one-hot vectors.
_SENSITIVITY = math.sqrt(2)


class GaussianNoise(NoisyHistogram):
    """Everything a Gaussian mechanism does, given the standard deviation `scale`."""

    delta: float

    @property
    def noise_variance(self) -> float:
        """Variance of the noise on each entry."""
        return self.scale**2

    def _fill(self, block: Floats, rng: np.random.Generator) -> None:
        rng.standard_normal(out=block)

    def _noise_sums(self, num_users: int, rng: np.random.Generator) -> Floats:
        return math.sqrt(num_users) * rng.standard_normal(self.k)

    def _log_noise(self, rows: Floats) -> Floats:
        squares = np.einsum("ij,ij->i", rows, rows)
        constant = self.k * math.log(math.sqrt(2 * math.pi) * self.scale)
        return np.asarray(-constant - squares / (2 * self.scale**2))

    def _log_ratio(self, entries: Floats) -> Floats:
        return np.asarray((entries - 0.5) / self.scale**2)

    def _success(self, levels: Floats, copies: Floats) -> float:
        return _gaussian_success(self.scale, levels, copies)

    def exact_epsilon(self) -> float:
        """Infinite: the log ratio of two values is a normal variable."""
        return math.inf

    def exact_delta(self, epsilon: float) -> float:
        """Least delta such that the mechanism is (epsilon, delta)-LDP."""
        return _gaussian_delta(check_nonnegative("epsilon", epsilon), _SENSITIVITY / self.scale)


@dataclass(frozen=True)
@parameters(k=domain_size(), epsilon=budget(), delta=fraction())
class GaussianMechanism(GaussianNoise):
    """GM: normal noise of the classical size, sqrt(2) / epsilon sqrt(2 ln(1.25 / delta)).

    The classical size is proven for epsilon up to 1 only. It is used at any
    epsilon, as published; beyond 1 the claim may fail, and `exact_delta` tells
    by how much: at epsilon = 10 and delta = 1e-5 the true delta is 2.27e-5.

    Do not deploy as is: the noise comes from ordinary floating-point samplers,
    and floating-point noise is known to leak (Mironov, CCS 2012). The figures
    here are those of real-valued noise.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    delta : float
        Probability by which the guarantee may fail, strictly between 0 and 1.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports and summaries as for `SummationHistogramEncoding`: float64 of shape
    (n, k). The error, the noise variance over n, is exact for any users.
    Source: Dwork and Roth, *The algorithmic foundations of differential
    privacy*, 2014, Theorem A.1; the true delta: Balle and Wang, ICML 2018,
    Theorem 8.

    Examples
    --------
    >>> import numpy as np
    >>> m = GaussianMechanism(k=10, epsilon=10.0, delta=1e-5)
    >>> round(m.scale, 4), f"{m.exact_delta(10.0):.2e}"
    (0.6852, '2.27e-05')
    >>> m.privatize([7, 8], rng=np.random.default_rng(0)).shape
    (2, 10)
    """

    k: int
    epsilon: float
    delta: float

    @property
    def scale(self) -> float:
        """Standard deviation of the noise on each entry."""
        log_term = math.log(1.25) - math.log(self.delta)
        return _SENSITIVITY / self.epsilon * math.sqrt(2 * log_term)


@dataclass(frozen=True)
@parameters(k=domain_size(), epsilon=budget(), delta=fraction())
class AnalyticGaussianMechanism(GaussianNoise):
    """AGM: the least normal noise that keeps (epsilon, delta)-LDP, at any epsilon.

    Do not deploy as is: the noise comes from ordinary floating-point samplers,
    and floating-point noise is known to leak (Mironov, CCS 2012). The figures
    here are those of real-valued noise.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    delta : float
        Probability by which the guarantee may fail, strictly between 0 and 1.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports and summaries as for `SummationHistogramEncoding`: float64 of shape
    (n, k). The error, the noise variance over n, is exact for any users.
    Source: Balle and Wang, *Improving the Gaussian mechanism for differential
    privacy*, ICML 2018, Theorem 8; here by bisection.

    Examples
    --------
    >>> m = AnalyticGaussianMechanism(k=10, epsilon=1.0, delta=1e-5)
    >>> round(m.scale, 4), m.exact_delta(1.0) <= m.delta
    (5.2759, True)
    """

    k: int
    epsilon: float
    delta: float

    @cached_property
    def scale(self) -> float:
        """Standard deviation of the noise on each entry."""
        claim = self.delta * (1 - 1e-12)  # rounding must not break it
        low = high = 1.0
        while _gaussian_delta(self.epsilon, high) <= claim:
            high *= 2
        while _gaussian_delta(self.epsilon, low) > claim:
            low /= 2
        while low < (middle := (low + high) / 2) < high:
            if _gaussian_delta(self.epsilon, middle) <= claim:
                low = middle
            else:
                high = middle
        return _SENSITIVITY / low


def _gaussian_delta(epsilon: float, distance: float) -> float:
    """Delta of two normal laws whose means lie `distance` standard deviations apart.

    It is Phi(a) - e^epsilon Phi(b), a and b the two arguments below, and
    e^epsilon phi(b) = phi(a). So it is also phi(a) times the increase of the
    ratio Phi / phi from b to a, which does not cancel where a and b are near.
    """
    from scipy.special import erfcx, ndtr

    a = distance / 2 - epsilon / distance
    b = -distance / 2 - epsilon / distance
    if a < -39:
        return 0.0  # below the smallest float
    if distance > 0.5:
        return float(ndtr(a) - math.exp(-a * a / 2) / 2 * erfcx(-b / math.sqrt(2)))
    nodes, weights = np.polynomial.legendre.leggauss(12)
    x = a - distance * (nodes + 1) / 2
    slope = math.sqrt(2 / math.pi) / 2 + x / 2 * erfcx(-x / math.sqrt(2))
    return math.exp(-a * a / 2) * distance / 2 * float(weights @ slope)


def _gaussian_success(scale: float, levels: Floats, copies: Floats) -> float:
    """Sum over values of prior x P(its prior x r is the largest), one integral over that score.

    As u = scale x log score, the score of a value of prior w is a normal
    variable of variance 1 around scale ln(w) - half, or + half if it is the
    user's own. The trapezoid rule errs below 1e-15 here: the integrand is entire
    and falls off as a normal density at both ends.
    """
    from scipy.special import log_ndtr

    half, step = 1 / (2 * scale), 1 / 32
    centres = scale * np.log(levels / levels[0])  # decreasing from 0
    # Farther out the own score, or the best other value's, is a tail of 10 standard deviations.
    low = max(-half, centres[-1] + half) - 10
    u = step * np.arange(math.floor(low / step), (half + 10) / step)
    total = 0.0
    for rows in row_chunks(u.size, 8 * levels.size):
        z = u[rows, None] - centres
        log_below = log_ndtr(z + half)
        log_others = (log_below @ copies)[:, None] - log_below
        total += float((np.exp(log_others - (z - half) ** 2 / 2) @ (copies * levels)).sum())
    return total * step / math.sqrt(2 * math.pi)
