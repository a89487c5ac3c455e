"""Histogram encoding: a one-hot vector with Laplace noise.

SHE reports the noisy vector, THE which of its entries pass a bar.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.parameters import budget, domain_size, parameters
from ldpaudit.protocols._kernels._noisy_histogram import NoisyHistogram
from ldpaudit.validate import check_nonnegative

from .unary_encoding import UnaryEncoding


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

    Do not deploy as is: the noise comes from ordinary floating-point samplers,
    whose lowest bits are known to give the noiseless value away (Mironov, CCS
    2012). The figures here are those of real-valued noise.

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
    Reports have shape (n, k), dtype float64. Summaries keep the sums in whole
    units of 2**-24 noise scales, so that they do not depend on the order of the
    reports. The error, 8 / (n epsilon^2), is exact for any users. Source: Dwork,
    McSherry, Nissim and Smith, TCC 2006; Wang, Blocki, Li and Jha, USENIX
    Security 2017, section 4.2.

    Examples
    --------
    >>> import numpy as np
    >>> m = SummationHistogramEncoding(k=10, epsilon=1.0)
    >>> m.mse(1), round(m.vulnerability(), 6), round(m.exact_delta(0.5), 6)
    (8.0, 0.163666, 0.123849)
    >>> m.privatize([7, 8], rng=np.random.default_rng(0)).shape
    (2, 10)
    """

    k: int
    epsilon: float

    @property
    def scale(self) -> float:
        """Scale b of the Laplace noise, 2 / epsilon."""
        return 2 / self.epsilon

    @property
    def noise_variance(self) -> float:
        """Variance of the noise on each entry, 2 b^2."""
        return 2 * self.scale**2

    def _fill(self, block: Floats, rng: np.random.Generator) -> None:
        rng.standard_exponential(out=block)
        words = rng.integers(0, 2**64, -(-block.size // 64), dtype=np.uint64)
        negative = np.unpackbits(words.view(np.uint8), count=block.size).reshape(block.shape)
        block *= np.int8(1) - np.int8(2) * negative.view(np.int8)

    def _noise_sums(self, num_users: int, rng: np.random.Generator) -> Floats:
        # A Laplace variable is the difference of two exponential ones.
        gained, lost = rng.standard_gamma(num_users, (2, self.k))
        return np.asarray(gained - lost)

    def _log_noise(self, rows: Floats) -> Floats:
        sizes = np.einsum("ij->i", np.abs(rows))
        return np.asarray(-self.k * math.log(2 * self.scale) - sizes / self.scale)

    def _log_ratio(self, entries: Floats) -> Floats:
        return np.asarray(np.clip(2 * entries - 1, -1, 1) / self.scale)

    def _success(self, levels: Floats, copies: Floats) -> float:
        return _laplace_success(self.epsilon, levels, copies)

    def exact_epsilon(self) -> float:
        """Largest log ratio, reached where the own entry is >= 1 and the other's <= 0."""
        return 2 / self.scale

    def exact_delta(self, epsilon: float) -> float:
        """Least delta such that the mechanism is (epsilon, delta)-LDP.

        With h half of what `epsilon` leaves of the claim, 1 - e^-h (1 + h / 2).
        For the loss is the claim less two independent terms, each 0 or, as
        likely, twice a standard exponential variable (capped beyond h).
        """
        half = max(0.0, self.exact_epsilon() - check_nonnegative("epsilon", epsilon)) / 2
        return -math.expm1(-half) - half / 2 * math.exp(-half)


def _laplace_success(epsilon: float, levels: Floats, copies: Floats) -> float:
    """Mean, over noise alone, of the largest prior x r: the integral of P(largest > t) over t.

    P(r <= t) is 0 below t = e^(-epsilon / 2), 1 - e^(-epsilon / 4) / (2 sqrt(t)) up to
    e^(epsilon / 2), and 1 from there on. With t = w e^(2 y - epsilon / 2), w the largest
    prior, a value whose prior is w s^2 has the factor 1 - s e^-y / 2 while
    y < epsilon / 2 + ln s, and 1 later. The logarithm of the product of the
    factors is a power series in e^-y / 2 whose coefficients are sums of powers
    of s, so that a stretch of y costs the same however many values it holds.
    """
    shares = np.sqrt(levels / levels[0])
    ends = epsilon / 2 + np.log(shares)  # decreasing
    inside = np.arange(1.0, epsilon / 2)
    cuts = np.unique(np.concatenate(([0.0], ends[ends > 0], inside)))
    last = np.searchsorted(-ends, -cuts[1:], side="right") - 1
    nodes, weights = np.polynomial.legendre.leggauss(16)
    lengths = np.diff(cuts)[:, None]
    y = cuts[:-1, None] + lengths * (nodes + 1) / 2
    base, log_product = np.exp(-y) / 2, np.zeros_like(y)
    series, powers = np.ones_like(y), copies.copy()
    for order in range(1, 54):  # base is at most 1 / 2
        series *= base
        powers *= shares
        log_product -= series * (np.cumsum(powers)[last] / order)[:, None]
    integrand = -np.expm1(log_product) * np.exp(2 * y - epsilon / 2)
    above = float((integrand * weights * lengths).sum())
    return float(levels[0]) * (math.exp(-epsilon / 2) + above)
