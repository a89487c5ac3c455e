"""Noise on every coordinate of a vector: Laplace in the l2 norm, and normal."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats
from ldpaudit.parameters import fraction, parameters
from ldpaudit.validate import check_nonnegative

from ._on_ball import OnBall, only_uniform
from ._radial import angles, of_distance, panels, told


class Noise(OnBall):
    """Everything additive noise of a spherical law does; the sensitivity is 2 radii."""

    def variance(self, x: npt.ArrayLike) -> Floats:
        """E||report - x||^2 at each x, the same everywhere: exact."""
        noise = self.radius**2 * (self._square - 1)
        return np.full(self._square_lengths(x).shape, noise)

    def _squares(self, reports: Floats, own: Floats) -> Floats:
        """Squared distances of reports and inputs."""
        gaps = np.einsum("ij,ij->i", reports, reports)[:, None] - 2 * (reports @ own.T)
        return np.asarray(np.maximum(gaps + np.einsum("ij,ij->i", own, own), 0))

    @property
    @abstractmethod
    def _told(self) -> tuple[float, float]:
        """R2 and expected cosine."""

    def posterior_mean_share(self, prior: None = None) -> float:
        """R2 for vectors uniform on the sphere, by quadrature."""
        only_uniform(prior)
        return self._told[0]

    def expected_cosine(self) -> float:
        """E of the cosine between a uniform vector and the best guess, by quadrature."""
        return self._told[1]


@dataclass(frozen=True)
class LaplaceVector(Noise):
    """Laplace noise in the l2 norm: density proportional to exp(-epsilon ||z|| / (2 radius)).

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
    Reports are float64 of shape (n, dimension). The error is d (d+1) (2 radius / epsilon)^2. R2,
    the expected cosine and delta are by quadrature, exact to about 1e-8. Do not deploy as is: the
    noise comes from floating-point samplers, and such noise is known to leak (Mironov, CCS
    2012). The figures here are those of real-valued noise.

    Source: Dwork, McSherry, Nissim and Smith, TCC 2006, in the l2 norm (as in Chaudhuri,
    Monteleoni and Sarwate, JMLR 2011).

    Examples
    --------
    >>> m = LaplaceVector(dimension=10, epsilon=1.0)
    >>> m.mse(1), m.privatize(np.eye(3, 10), rng=np.random.default_rng(0)).shape
    (440.0, (3, 10))
    """

    dimension: int
    epsilon: float
    radius: float = 1.0

    @property
    def _square(self) -> float:
        return 1 + self.dimension * (self.dimension + 1) * (2 / self.epsilon) ** 2

    def _fill(self, block: Floats, own: Floats, rng: np.random.Generator) -> None:
        rng.standard_normal(out=block)
        lengths = np.sqrt(np.einsum("ij,ij->i", block, block))
        sizes = rng.gamma(self.dimension, 2 / self.epsilon, len(own))
        block *= (sizes / lengths)[:, None]
        block += own

    def _log_density(self, reports: Floats, own: Floats) -> Floats:
        d = self.dimension
        area = math.log(2) + d / 2 * math.log(math.pi) - math.lgamma(d / 2)
        total = area + math.lgamma(d) + d * math.log(2 / self.epsilon)
        return np.asarray(-self.epsilon / 2 * np.sqrt(self._squares(reports, own)) - total)

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio, of two opposite vectors along their line."""
        return self.epsilon

    @property
    def distance_metric(self) -> str:
        """The metric of `epsilon_per_distance`."""
        return "l2"

    @property
    def epsilon_per_distance(self) -> float:
        """Largest log ratio of two vectors over their distance: exact for every pair.

        In two dimensions this is planar Laplace noise, and geo-indistinguishability its claim.
        """
        return self.epsilon / (2 * self.radius)

    def _sizes(self) -> tuple[Floats, Floats]:
        """Nodes and log weights of the length of the noise, which is a gamma variable."""
        scale, d = 2 / self.epsilon, self.dimension
        wide = 45 + 12 * math.sqrt(d)
        nodes, weights = panels(scale * max(0.0, d - wide), scale * (d + wide), 40)
        logs = (d - 1) * np.log(nodes / scale) - nodes / scale - math.lgamma(d)
        return nodes, np.log(weights / scale) + logs

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of two opposite vectors, the worst pair, by quadrature."""
        claim = check_nonnegative("epsilon", epsilon)
        if claim >= self.epsilon:
            return 0.0
        gap = 2 * claim / self.epsilon  # the other vector must be so much farther away
        sizes, log_weights = self._sizes()
        cosines = (4 - gap * gap - 2 * sizes * gap) / (4 * sizes)
        nodes, logs = angles(self.dimension, np.arccos(np.clip(cosines, -1.0, 1.0)))
        squares = sizes[:, None] ** 2 - 4 * sizes[:, None] * np.cos(nodes) + 4
        loss = self.epsilon / 2 * (np.sqrt(squares) - sizes[:, None])
        logs += log_weights[:, None] - np.logaddexp.reduce(
            angles(self.dimension, np.zeros(1))[1][0]
        )
        return float((np.exp(logs) * -np.expm1(np.minimum(claim - loss, 0.0))).sum())

    @cached_property
    def _told(self) -> tuple[float, float]:
        scale, d = 2 / self.epsilon, self.dimension
        wide = 45 + 12 * math.sqrt(d)
        low = max(0.0, scale * max(0.0, d - wide) - 1)
        lengths = panels(low, scale * (d + wide) + 1, 12)
        law = of_distance(d, lambda squares: -np.sqrt(np.maximum(squares, 0)) / scale)
        return told(lengths, law)


@dataclass(frozen=True)
@parameters(delta=fraction())
class GaussianVector(Noise):
    """Normal noise of the least size that keeps (epsilon, delta)-LDP on the ball.

    Parameters
    ----------
    dimension : int
        Number of coordinates, 2 to 1,000,000.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    delta : float
        Probability by which the guarantee may fail, strictly between 0 and 1.
    radius : float, default 1.0
        Radius of the ball of inputs.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports are float64 of shape (n, dimension). Two vectors lie at most 2 radii apart, and
    delta is that of two normal laws so far apart, in closed form. R2 and the expected cosine
    are by quadrature, exact to about 1e-8. Do not deploy as is: the noise comes from
    floating-point samplers, and such noise is known to leak (Mironov, CCS 2012).

    Source: Balle and Wang, *Improving the Gaussian mechanism for differential privacy*,
    ICML 2018, Theorem 8; here by bisection.

    Examples
    --------
    >>> m = GaussianVector(dimension=10, epsilon=1.0, delta=1e-5)
    >>> round(m.scale, 3), m.exact_delta(1.0) <= 1e-5, m.exact_epsilon()
    (7.461, True, inf)
    """

    dimension: int
    epsilon: float
    delta: float
    radius: float = 1.0

    @cached_property
    def scale(self) -> float:
        """Standard deviation of the noise on each coordinate, in radii."""
        claim = self.delta * (1 - 1e-9)  # rounding must not break it
        low, high = 1e-6, 1e6
        while low < (middle := math.sqrt(low * high)) < high:
            if _delta(self.epsilon, 2 / middle) <= claim:
                high = middle
            else:
                low = middle
        return high

    @property
    def _square(self) -> float:
        return 1 + self.dimension * self.scale**2

    def _fill(self, block: Floats, own: Floats, rng: np.random.Generator) -> None:
        rng.standard_normal(out=block)
        block *= self.scale
        block += own

    def _log_density(self, reports: Floats, own: Floats) -> Floats:
        total = self.dimension * math.log(math.sqrt(2 * math.pi) * self.scale)
        return np.asarray(-self._squares(reports, own) / (2 * self.scale**2) - total)

    def exact_epsilon(self) -> float:
        """Infinite: the log ratio of two vectors is a normal variable."""
        return math.inf

    def exact_delta(self, epsilon: float) -> float:
        """Least delta such that the mechanism is (epsilon, delta)-LDP: that of opposite vectors."""
        return _delta(check_nonnegative("epsilon", epsilon), 2 / self.scale)

    @cached_property
    def _told(self) -> tuple[float, float]:
        d, scale = self.dimension, self.scale
        middle = scale * math.sqrt(d)
        wide = 12 * scale + 1
        lengths = panels(max(0.0, middle - wide), math.hypot(middle, 1) + wide, 12)
        law = of_distance(d, lambda squares: -squares / (2 * scale**2))
        return told(lengths, law)


def _delta(epsilon: float, distance: float) -> float:
    """Delta of two normal laws whose means lie `distance` standard deviations apart."""
    from scipy.special import log_ndtr

    near = float(log_ndtr(distance / 2 - epsilon / distance))
    far = float(log_ndtr(-distance / 2 - epsilon / distance))
    return math.exp(near) * -math.expm1(min(0.0, epsilon + far - near))
