"""PrivUnit: a point of a cap around the direction, or of the rest of the sphere."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats
from ldpaudit.validate import check_nonnegative, check_positive

from ._directions import directions, rounded_directions, spread_around, two_sided
from ._on_ball import OnBall, only_uniform
from ._sphere import best_angle, cap_moment, cap_share, place_in_cap


class Cap(OnBall):
    """Everything a mechanism with a cap does, given the angle of the cap."""

    _one_length: ClassVar[bool] = True

    @property
    @abstractmethod
    def angle(self) -> float:
        """Angle of the cap; its threshold is the cosine of it."""

    @property
    def threshold(self) -> float:
        """g: the cap holds the points whose product with the direction is at least g."""
        return math.cos(self.angle)

    @cached_property
    def cap_share(self) -> float:
        """q, the share of the sphere that lies in the cap."""
        return float(cap_share(self.dimension, self.angle))

    @property
    def _excess(self) -> float:
        """(1 - q) / e + q: the law's total weight where the cap has weight 1."""
        q = self.cap_share
        return q + (1 - q) * math.exp(-self.epsilon)

    @property
    def cap_probability(self) -> float:
        """p, the probability of the cap, e q / (1 - q + e q)."""
        return self.cap_share / self._excess

    @cached_property
    def mean_length(self) -> float:
        """The mean m = E<V, u>, by which a point V of the sphere is divided."""
        moment = float(cap_moment(self.dimension, self.angle))
        return moment * -math.expm1(-self.epsilon) / self._excess

    @property
    def _square(self) -> float:
        return 1 / self.mean_length**2

    def _fill(self, block: Floats, own: Floats, rng: np.random.Generator) -> None:
        unit = rounded_directions(own, rng)
        inside = rng.random(len(own)) < self.cap_probability
        place = place_in_cap(self.dimension, self.cap_share, inside, rng.random(len(own)))
        along, across = 1 - 2 * place, 2 * np.sqrt(place * (1 - place))
        spread_around(block, unit, along / self.mean_length, across / self.mean_length, rng)

    @property
    def _levels(self) -> tuple[float, float]:
        """Log density, against the uniform law of the sphere, outside the cap and in it."""
        inside = -math.log(self._excess)
        return inside - self.epsilon, inside

    def _log_density(self, reports: Floats, own: Floats) -> Floats:
        unit, lengths = directions(own)
        along = reports @ unit.T
        along *= self.mean_length
        outside, inside = self._levels
        laws = [np.where(t >= self.threshold, inside, outside) for t in (along, -along)]
        area = math.log(2) + self.dimension / 2 * math.log(math.pi)
        area -= math.lgamma(self.dimension / 2) + (self.dimension - 1) * math.log(self.mean_length)
        return two_sided(laws[0], laws[1], lengths) - area

    def variance(self, x: npt.ArrayLike) -> Floats:
        """E||report - x||^2 at each x, (radius / m)^2 - ||x||^2: exact."""
        return np.asarray(self.radius**2 * self._square - self._square_lengths(x))

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio over reports and pairs: that of the cap and the rest."""
        outside, inside = self._levels
        return inside - outside

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of the worst pair, two opposite vectors: disjoint caps."""
        beyond = min(check_nonnegative("epsilon", epsilon) - self.epsilon, 700.0)
        return max(0.0, -self.cap_probability * math.expm1(beyond))

    def posterior_mean_share(self, prior: None = None) -> float:
        """R2 for vectors uniform on the sphere, m^2: one report's mean has length m."""
        only_uniform(prior)
        return self.mean_length**2

    def expected_cosine(self) -> float:
        """E of the cosine between a uniform vector and the best guess, the report: m."""
        return self.mean_length

    def nearby_success(self, tau: float) -> float:
        """V_tau: probability that the best guess is within `tau`, vectors uniform on the sphere.

        The guess is a point whose neighbourhood lies in the cap around the report, if there
        is one, else the report itself. `tau` is in units of the input.
        """
        chord = min(check_positive("tau", tau) / self.radius, 2.0)
        near = float(cap_share(self.dimension, 2 * math.asin(chord / 2)))
        outside, inside = (math.exp(level) for level in self._levels)
        both = min(near, self.cap_share)
        return min(1.0, inside * both + outside * (near - both))


@dataclass(frozen=True)
class PrivUnit(Cap):
    """PrivUnit with the best cap: the unbiased randomizer of least error for unit vectors.

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
    Reports are float64 of shape (n, dimension): V / m, times the radius, where V is uniform
    on the cap {v : <v, u> >= g} with probability p = e q / (1 - q + e q), q the cap's share of
    the sphere, and uniform on the rest otherwise. An input inside the ball is first rounded
    to one of the two unit vectors along it, at random with mean x.

    *The best cap has g = m*, the mean m = E<V, u>: the derivative of
    m(g) = (e-1) int_g t f / (1 + (e-1) q) vanishes there. *No unbiased estimate has less error*: a
    report's posterior mean of a uniform u is longest where its likelihood is e on a cap and
    1 elsewhere, and then at most m long; so one report explains at most m^2 of the
    variance, and no unbiased estimate has an error below 1/m^2 - 1 (`frontier_mean` has the
    proof), which is PrivUnit's. Asi, Feldman and Talwar (ICML 2022) prove it otherwise.

    Do not deploy as is: reports are rounded sums of doubles, and what their last digits still
    tell has not been bounded. The figures here are those of real numbers.

    Source: Bhowmick, Duchi, Freudiger, Kapoor and Rogers, *Protection against
    reconstruction and its applications in private federated learning*, arXiv 1812.00984.

    Examples
    --------
    >>> m = PrivUnit(dimension=100, epsilon=1.0)
    >>> round(m.mse(1), 3), round(m.threshold, 5), round(m.mean_length, 5)
    (629.348, 0.03983, 0.03983)
    >>> reports = m.privatize(np.eye(3, 100), rng=np.random.default_rng(0))
    >>> reports.shape, round(m.posterior_mean_share(), 5)
    ((3, 100), 0.00159)
    """

    dimension: int
    epsilon: float
    radius: float = 1.0

    @cached_property
    def angle(self) -> float:
        """Angle of the best cap."""
        return best_angle(self.dimension, self.epsilon)


@dataclass(frozen=True)
class DuchiVector(Cap):
    """Duchi's mechanism for vectors: a point of the half sphere around the direction, or opposite.

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
    As `PrivUnit` with g = 0. Do not deploy as is: reports are rounded sums of doubles,
    and what their last digits still tell has not been bounded. Source: Duchi, Jordan and
    Wainwright, *Minimax optimal procedures for locally private estimation*, JASA 2018, the
    mechanism for the l2 ball.

    Examples
    --------
    >>> m = DuchiVector(dimension=100, epsilon=1.0)
    >>> round(m.mse(1) / PrivUnit(dimension=100, epsilon=1.0).mse(1), 3)
    1.161
    """

    dimension: int
    epsilon: float
    radius: float = 1.0
    angle = math.pi / 2
