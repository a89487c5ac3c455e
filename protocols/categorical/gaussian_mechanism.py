"""The Gaussian mechanism on a one-hot vector: the classical noise (GM) and the least one (AGM)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ldpaudit.arrays import Ints
from ldpaudit.parameters import budget, domain_size, fraction, parameters
from ldpaudit.protocols._kernels._grid_noise import MOST_REACH, GridNoise
from ldpaudit.protocols._kernels._noisy_histogram import NoisyHistogram

#: Steps of the grid in a noise scale, at least, and noise scales that it reaches.
_FINE, _SCALES = 64, 10.0
#: Least scale: the noise has to reach well beyond 1.
_LEAST = 0.125
#: Users whose noises are drawn one by one for their sum.
_SUMMED = 64
#: Length of the difference of two one-hot vectors.
_SENSITIVITY = math.sqrt(2)


class GaussianNoise(NoisyHistogram):
    """Everything a Gaussian mechanism does, given the standard deviation `scale`.

    Noise z has probability proportional to e^(-z^2 / (2 scale^2)) on a grid of at most 1/64
    of the scale, out to 10 scales: the discrete Gaussian, drawn exactly from random
    words. What its rounding does to the law is 2**-43 of each probability. The two
    entries that tell two values apart differ by a whole number of steps, and `exact_delta`
    is a sum over the grid, not the integral. Source of the law: Canonne, Kamath and Steinke,
    NeurIPS 2020.
    """

    delta: float

    @property
    def steps(self) -> int:
        """Steps of the grid from 0 to 1: a power of two, 64 of them in a scale or more."""
        return _steps(self.scale)

    @cached_property
    def _noise(self) -> GridNoise:
        return _noise(self.scale)

    def _noise_sums(self, num_users: int, rng: np.random.Generator) -> Ints:
        if num_users <= _SUMMED:
            noise = self._noise.draw((num_users, self.k), rng)
            return np.asarray(noise.sum(axis=0, dtype=np.int64))
        # A sum of discrete Gaussians is one; rounded normals of its variance, from here on,
        # are within 1e-9 of it in total variation.
        variance = num_users * (self.scale * self.steps) ** 2
        rounded = np.rint(math.sqrt(variance - 1 / 12) * rng.standard_normal(self.k))
        return np.asarray(rounded.astype(np.int64))


@dataclass(frozen=True)
@parameters(k=domain_size(), epsilon=budget(), delta=fraction())
class GaussianMechanism(GaussianNoise):
    """GM: normal noise of the classical size, sqrt(2) / epsilon sqrt(2 ln(1.25 / delta)).

    The classical size is proven for epsilon up to 1 only. It is used at any
    epsilon, as published; beyond 1 the claim may fail, and `exact_delta` tells
    by how much: at epsilon = 10 and delta = 1e-5 the true delta is 2.27e-5.
    The noise lies on a grid and is drawn exactly, see `GaussianNoise`.

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
        return max(_LEAST, _SENSITIVITY / self.epsilon * math.sqrt(2 * log_term))


@dataclass(frozen=True)
@parameters(k=domain_size(), epsilon=budget(), delta=fraction())
class AnalyticGaussianMechanism(GaussianNoise):
    """AGM: the least normal noise that keeps (epsilon, delta)-LDP, at any epsilon.

    The noise lies on a grid and is drawn exactly, see `GaussianNoise`; the scale is the
    least of the discrete law.

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
    privacy*, ICML 2018, Theorem 8; here by bisection, on the grid.

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
        claim = self.delta * (1 - 1e-10)  # rounding must not break it
        guess = max(_LEAST, _SENSITIVITY / _distance(self.epsilon, self.delta))

        def kept(scale: float) -> bool:
            return _OnGrid(self.epsilon, self.delta, scale).exact_delta(self.epsilon) <= claim

        # The grid moves the least scale of the integral by little.
        low = high = guess
        step = 1e-6
        while not kept(high):
            low, high, step = high, high * (1 + step), 4 * step
        while kept(low):
            if low <= _LEAST:
                return low
            low, high, step = max(_LEAST, low * (1 - step)), low, 4 * step
        while low < (middle := (low + high) / 2) < high and high - low > 1e-12 * high:
            if kept(middle):
                high = middle
            else:
                low = middle
        return high


class _OnGrid(GaussianNoise):
    """Gaussian noise of any scale, on two values."""

    def __init__(self, epsilon: float, delta: float, scale: float) -> None:
        self.k, self.epsilon, self.delta, self._scale = 2, epsilon, delta, scale

    @property
    def scale(self) -> float:
        return self._scale


def _steps(scale: float) -> int:
    return int(2 ** max(0, math.ceil(math.log2(_FINE / scale))))


def _noise(scale: float) -> GridNoise:
    steps = _steps(scale)
    reach = math.ceil(_SCALES * scale * steps)
    if reach > MOST_REACH:
        raise ValueError(f"the scale of noise on a grid must be at most 2**18, got {scale:.6g}.")
    return GridNoise.near(np.exp(-((np.arange(-reach, reach + 1) / (scale * steps)) ** 2) / 2))


def _distance(epsilon: float, delta: float) -> float:
    """How many standard deviations apart two normal laws of this (epsilon, delta) are at most."""
    low = high = 1.0
    while _gaussian_delta(epsilon, high) <= delta:
        high *= 2
    while _gaussian_delta(epsilon, low) > delta:
        low /= 2
    while low < (middle := (low + high) / 2) < high:
        if _gaussian_delta(epsilon, middle) <= delta:
            low = middle
        else:
            high = middle
    return low


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
