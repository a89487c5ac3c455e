"""Histogram encoding: a one-hot vector with Laplace noise. THE reports which entries pass a bar."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from ldpaudit._validate import epsilon as checked_epsilon
from ldpaudit._validate import integer

from .unary_encoding import UnaryEncoding


@dataclass(frozen=True)
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

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", integer("k", self.k, 2))
        object.__setattr__(self, "epsilon", checked_epsilon(self.epsilon))

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
