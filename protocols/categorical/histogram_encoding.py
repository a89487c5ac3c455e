"""Histogram encoding: a one-hot vector with Laplace noise.

SHE reports the noisy vector, THE which of its entries pass a bar.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ldpaudit.arrays import Ints
from ldpaudit.parameters import budget, domain_size, parameters
from ldpaudit.protocols._kernels._grid_noise import GridNoise
from ldpaudit.protocols._kernels._noisy_histogram import NoisyHistogram

from .unary_encoding import UnaryEncoding

#: Steps of the grid in a noise scale, at least.
_FINE = 64
#: The least probability of a noise has so many bits: of its 2^144 parts, 2^43 are left to it
#: where all cells are spare.
_BITS = 84
#: Part of the budget of an entry that is kept back for the rounding of probabilities.
_KEPT = 2.0**-40
#: Claims below which the noise has too many outcomes, and beyond which none is less than this.
_LEAST_EPSILON, _MOST_EPSILON = 2.0**-15, 64.0


@dataclass(frozen=True)
@parameters(k=domain_size(), epsilon=budget())
class ThresholdingHistogramEncoding(UnaryEncoding):
    """THE: Laplace noise of scale 2 / epsilon on every entry, then one bit, above theta or not.

    The noisy entries never leave the user, so the report is a unary encoding
    with p = 1 - e^(epsilon (theta - 1) / 2) / 2 and q = e^(-epsilon theta / 2) / 2, and is
    drawn as one. Its own epsilon, `exact_epsilon`, is well below the claim.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports are packed bits of shape (n, ceil(k / 8)), dtype uint8. theta is the
    least of q (1 - q) / (p - q)^2 on [1/2, 1]. Source: Wang, Blocki, Li and Jha,
    USENIX Security 2017, section 4.2.

    Examples
    --------
    >>> m = ThresholdingHistogramEncoding(k=10, epsilon=1.0)
    >>> round(m.theta, 5), round(m.mse(1), 5), round(m.exact_epsilon(), 3)
    (0.61855, 4.80715, 0.896)
    """

    k: int
    epsilon: float

    @cached_property
    def theta(self) -> float:
        """Threshold of least published variance, in [1/2, 1]."""
        from scipy.optimize import minimize_scalar

        def variance(theta: float) -> float:
            p, q = self._set(theta)
            return q * (1 - q) / (p - q) ** 2

        found = minimize_scalar(variance, bounds=(0.5, 1.0), method="bounded",
                                options={"xatol": 1e-10})  # fmt: skip
        return float(found.x)

    def _set(self, theta: float) -> tuple[float, float]:
        """Probabilities that the own bit and another bit are set."""
        own = 1 - math.exp(self.epsilon * (theta - 1) / 2) / 2
        return own, math.exp(-self.epsilon * theta / 2) / 2

    @property
    def p_star(self) -> float:
        """Probability that the own bit is set."""
        return self._set(self.theta)[0]

    @property
    def q_star(self) -> float:
        """Probability that one given other bit is set."""
        return self._set(self.theta)[1]

    @property
    def own_missed(self) -> float:
        """Probability that the own bit is not set."""
        return math.exp(self.epsilon * (self.theta - 1) / 2) / 2


@dataclass(frozen=True)
@parameters(k=domain_size(), epsilon=budget())
class SummationHistogramEncoding(NoisyHistogram):
    """SHE: Laplace noise of scale 2 / epsilon on every entry; the server adds the reports up.

    Entries lie on a grid: the noise is the discrete Laplace law, drawn exactly from random
    words, so that neither its low bits nor its rounding give a value away, as those of
    floating-point samplers do (Mironov, CCS 2012; `TextbookHistogramEncoding`).

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite; at least 2**-15.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports have shape (n, k), dtype float64; entries are whole multiples of 1 / `steps`,
    a power of two, of at most 1/64 of the scale, and end some 50 scales outside [0, 1]. Noise z has
    probability proportional to e^(-|z| / scale), so that the laws of one entry that is the
    user's own and of one that is not differ by e^(epsilon / 2) at most: two entries tell two
    values apart, hence epsilon-LDP. A share of 2**-40 of a nat is kept back, against which
    the rounding of the probabilities (to 2**-43 of each) is nothing, so `exact_epsilon`
    is the claim less that. The error, 8 / (n epsilon^2) less 2e-5 of it, is exact for any
    users. Source: Dwork, McSherry, Nissim and Smith, TCC 2006; Ghosh, Roughgarden and
    Sundararajan, STOC 2009 (the law); Wang, Blocki, Li and Jha, USENIX Security 2017,
    section 4.2.

    Examples
    --------
    >>> import numpy as np
    >>> m = SummationHistogramEncoding(k=10, epsilon=1.0)
    >>> round(m.mse(1), 3), round(m.vulnerability(), 4), round(m.exact_delta(0.5), 4)
    (8.0, 0.1637, 0.1239)
    >>> m.steps, m.bits, 1 - m.exact_epsilon() < 1e-11
    (32, 130, True)
    >>> m.privatize([7, 8], rng=np.random.default_rng(0)).shape
    (2, 10)
    """

    k: int
    epsilon: float

    def _check_together(self) -> None:
        if self.epsilon < _LEAST_EPSILON:
            raise ValueError(
                f"epsilon must be at least 2**-15 for noise on a grid, got {self.epsilon}."
            )

    @property
    def scale(self) -> float:
        """Scale b of the Laplace noise, 2 / epsilon, and no less beyond epsilon = 64."""
        return 2 / min(self.epsilon, _MOST_EPSILON)

    @property
    def steps(self) -> int:
        """Steps of the grid from 0 to 1: a power of two, 64 of them in a scale or more."""
        return int(2 ** max(0, math.ceil(math.log2(_FINE / self.scale))))

    @property
    def _decay(self) -> float:
        """Log ratio of the probabilities of neighbouring noises."""
        return (1 / self.scale - _KEPT) / self.steps

    @cached_property
    def _noise(self) -> GridNoise:
        scales = math.log(2) * (_BITS - math.log2(2 / self._decay))
        reach = math.ceil(scales / self._decay)
        weights = np.exp(-self._decay * np.abs(np.arange(-reach, reach + 1)))
        weights[[0, -1]] /= -math.expm1(-self._decay)  # and all that is farther out
        return GridNoise.near(weights)

    def _noise_sums(self, num_users: int, rng: np.random.Generator) -> Ints:
        # The difference of two geometric variables; sums of those are negative binomial.
        if not num_users:
            return np.zeros(self.k, dtype=np.int64)
        stops = -math.expm1(-self._decay)
        gained, lost = rng.negative_binomial(num_users, stops, (2, self.k))
        return np.asarray(gained - lost)
