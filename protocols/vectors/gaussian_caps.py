"""PrivUnitG: PrivUnit with normal coordinates in place of the sphere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats
from ldpaudit.validate import check_nonnegative

from ._directions import directions, rounded_directions, spread_around, two_sided
from ._on_ball import OnBall, only_uniform
from ._radial import panels, told
from ._sphere import cap_moment, cap_share


@dataclass(frozen=True)
class PrivUnitG(OnBall):
    """PrivUnitG: a normal number along the direction, above a threshold with probability p.

    Parameters
    ----------
    dimension : int
        Number of coordinates, 2 to 1,000,000.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    radius : float, default 1.0
        Radius of the ball of inputs.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports are float64 of shape (n, dimension): (a u + z) / E a, times the radius, where z is
    standard normal across u, and a standard normal, given that it is above the threshold with
    probability p = e q / (1 - q + e q) and below it otherwise; q = P(normal > threshold). The
    threshold is that of least error. The error goes to that of `PrivUnit` with the
    dimension: 6% above it at ten dimensions and epsilon = 1, 0.6% at a hundred.

    R2 is by quadrature over the length of the report, exact to about 1e-9. An input inside
    the ball is first rounded to one of the two unit vectors along it. Do not deploy as is:
    reports are rounded sums of doubles, and what their last digits still tell has not been bounded.

    Source: Asi, Feldman and Talwar, *Optimal algorithms for mean estimation under local
    differential privacy*, ICML 2022 (arXiv 2205.02466), Section 4.

    Examples
    --------
    >>> m = PrivUnitG(dimension=10, epsilon=1.0)
    >>> round(m.mse(1), 2), round(m.posterior_mean_share(), 5)
    (63.28, 0.01631)
    """

    dimension: int
    epsilon: float
    radius: float = 1.0

    @cached_property
    def threshold(self) -> float:
        """The threshold of least error, at least 0."""
        from scipy.optimize import minimize_scalar

        found = minimize_scalar(
            lambda t: self._error(t),
            bounds=(0.0, math.sqrt(2 * self.epsilon) + 2),
            method="bounded",
            options={"xatol": 1e-10},
        )
        return float(found.x)

    def _law(self, threshold: float) -> tuple[float, float, float]:
        """q, the total weight where what is above has weight 1, and E a."""
        from scipy.special import ndtr

        q = float(ndtr(-threshold))
        weight = q + (1 - q) * math.exp(-self.epsilon)
        density = math.exp(-threshold * threshold / 2) / math.sqrt(2 * math.pi)
        return q, weight, density * -math.expm1(-self.epsilon) / weight

    def _moment(self, threshold: float) -> float:
        """E a^2 = 1 + threshold x E a, for x^2 phi integrates by parts."""
        return 1 + threshold * self._law(threshold)[2]

    def _error(self, threshold: float) -> float:
        mean = self._law(threshold)[2]
        return (self._moment(threshold) + self.dimension - 1) / mean**2

    @property
    def mean_along(self) -> float:
        """E a, by which a u + z is divided."""
        return self._law(self.threshold)[2]

    @property
    def upper_probability(self) -> float:
        """p, the probability that a is above the threshold."""
        q, weight, _ = self._law(self.threshold)
        return q / weight

    @property
    def _square(self) -> float:
        return self._error(self.threshold)

    def _fill(self, block: Floats, own: Floats, rng: np.random.Generator) -> None:
        from scipy.special import ndtri

        unit = rounded_directions(own, rng)
        q = self._law(self.threshold)[0]
        above = rng.random(len(own)) < self.upper_probability
        part = 1 - rng.random(len(own))  # never 0
        along = -ndtri(np.where(above, q * part, q + (1 - q) * part * (1 - 2.0**-53)))
        spread_around(block, unit, along, None, rng)
        block /= self.mean_along

    @property
    def _levels(self) -> tuple[float, float]:
        inside = -math.log(self._law(self.threshold)[1])
        return inside - self.epsilon, inside

    def _log_density(self, reports: Floats, own: Floats) -> Floats:
        unit, lengths = directions(own)
        scaled = reports * self.mean_along
        along = scaled @ unit.T
        outside, inside = self._levels
        laws = [np.where(t >= self.threshold, inside, outside) for t in (along, -along)]
        normal = -np.einsum("ij,ij->i", scaled, scaled) / 2
        normal += self.dimension * (math.log(self.mean_along) - math.log(2 * math.pi) / 2)
        return np.asarray(two_sided(laws[0], laws[1], lengths) + normal[:, None])

    def variance(self, x: npt.ArrayLike) -> Floats:
        """E||report - x||^2 at each x: exact."""
        return np.asarray(self.radius**2 * self._square - self._square_lengths(x))

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio over reports and pairs: above the threshold and below."""
        outside, inside = self._levels
        return inside - outside

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of the worst pair, two opposite vectors."""
        beyond = min(check_nonnegative("epsilon", epsilon) - self.epsilon, 700.0)
        return max(0.0, -self.upper_probability * math.expm1(beyond))

    @cached_property
    def _told(self) -> tuple[float, float]:
        d, threshold = self.dimension, self.threshold
        outside, inside = (math.exp(level) for level in self._levels)
        middle, wide = math.sqrt(d), 12.0 + threshold
        lengths = panels(max(0.0, middle - wide), middle + wide, 60)

        def both(r: Floats) -> tuple[Floats, Floats]:
            angle = np.arccos(np.minimum(threshold / r, 1.0))
            mixed = outside + (inside - outside) * cap_share(d, angle)
            moment = (inside - outside) * cap_moment(d, angle)
            return np.log(mixed) - r * r / 2 + (d - 1) * np.log(r), moment / mixed

        return told(lengths, both)

    def posterior_mean_share(self, prior: None = None) -> float:
        """R2 for vectors uniform on the sphere, by quadrature."""
        only_uniform(prior)
        return self._told[0]

    def expected_cosine(self) -> float:
        """E of the cosine between a uniform vector and the best guess, by quadrature."""
        return self._told[1]
