"""Interactive sparse regression: private gradients, one a person, and hard thresholding."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats
from ldpaudit.collecting.estimands import VectorMean
from ldpaudit.parameters import budget, integer, parameters, positive
from ldpaudit.protocols.vectors._on_ball import VectorSums
from ldpaudit.protocols.vectors.priv_unit import PrivUnit
from ldpaudit.validate import check_floats, check_generator, check_integer, check_positive

from ._labelled import LabelledPoints


def _coefficients(name: str, given: Any, made: Any) -> tuple[float, ...] | None:
    """Coefficients of the round, no longer than 1 and no more than the sparsity; None is 0."""
    if given is None:
        return None
    theta = check_floats(name, given)
    if theta.shape != (made.dimension,):
        raise ValueError(f"{name} must have shape ({made.dimension},), got {theta.shape}.")
    if not np.linalg.norm(theta) <= 1 + 1e-9:
        raise ValueError(f"{name} must have length at most 1, got {np.linalg.norm(theta):.6g}.")
    if np.count_nonzero(theta) > made.sparsity:
        raise ValueError(
            f"{name} must have at most {made.sparsity} coefficients that are not 0, "
            f"got {np.count_nonzero(theta)}."
        )
    return tuple(theta.tolist())


@dataclass(frozen=True)
@parameters(
    dimension=integer(2, 10_000),
    epsilon=budget(),
    sparsity=integer(1, lambda made: made.dimension),
    point_clip=positive(),
    label_clip=positive(),
    theta=_coefficients,
)
class GradientReport:
    """IHT regression, one round: a person's gradient at public coefficients, by PrivUnit.

    Parameters
    ----------
    dimension : int
        Number d of coordinates of x, 2 to 10,000.
    epsilon : float
        Privacy budget of a person, who reports in one round alone.
    sparsity : int, default 1
        Most coefficients k' that the server keeps.
    point_clip, label_clip : float, default 1.0
        tau1 and tau2: coordinates of x, and y, are cut off there.
    theta : tuple of float, optional
        Coefficients that the server has come to: at most `sparsity` that are not 0, of length
        at most 1; None is 0, those of the first round.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    The gradient x (<theta, x> - y) of clipped x and y is at most
    `radius` = sqrt(d) tau1 (sqrt(k') tau1 + tau2) long, whatever theta is, and `PrivUnit` reports
    it: an input inside the ball is rounded to one of the two vectors of full length along it.
    Rounds are interactive, but each person sends one report, so that the guarantee of one
    report, for every theta, is that of the protocol.

    *Exact epsilon at a theta.* Let l be the longest gradient over `radius`,
    l = sqrt(d) tau1 (|theta|_1 tau1 + tau2) / radius. In units of the density outside both caps,
    a report in the cap of a gradient of length l has (e (1 + l) + 1 - l) / 2, and of the person
    with x = 0, whose direction is a fair coin, 1 where it is in neither of their caps. No
    density is larger or smaller, so epsilon is ln(1 + (e - 1) (1 + l) / 2): below the claim where
    theta does not use the whole ball.

    Do not deploy as is: reports are rounded sums of doubles, and what their last digits still tell
    has not been bounded.

    Source: Zhu, Ding, Aggarwal, Xu and Wang, ICLR 2024 (arXiv 2310.07367), after Wang and Xu, *On
    sparse linear regression in the local differential privacy model*, ICML 2019. The form of
    the gradient's bound is recalled and was derived again; they name another randomizer.

    Examples
    --------
    >>> m = GradientReport(dimension=4, epsilon=1.0, theta=(1.0, 0.0, 0.0, 0.0))
    >>> round(m.exact_epsilon(), 6), round(GradientReport(dimension=4, epsilon=1.0).radius, 3)
    (1.0, 4.0)
    >>> round(GradientReport(dimension=4, epsilon=1.0).exact_epsilon(), 4)  # at 0, half the ball
    0.828
    >>> m.privatize(np.ones((3, 5)), rng=np.random.default_rng(0)).shape
    (3, 4)
    """

    dimension: int
    epsilon: float
    sparsity: int = 1
    point_clip: float = 1.0
    label_clip: float = 1.0
    theta: tuple[float, ...] | None = None

    @property
    def _theta(self) -> Floats:
        return np.zeros(self.dimension) if self.theta is None else np.array(self.theta)

    @property
    def radius(self) -> float:
        """Length that no gradient exceeds."""
        reach = math.sqrt(self.sparsity) * self.point_clip + self.label_clip
        return math.sqrt(self.dimension) * self.point_clip * reach

    @property
    def domain(self) -> LabelledPoints:
        """Points with labels, all real numbers; the longest gradient and none first."""
        signs = np.where(self._theta < 0, -1.0, 1.0) * self.point_clip
        longest = (*signs.tolist(), -self.label_clip)
        return LabelledPoints(self.dimension, (longest, (0.0,) * (self.dimension + 1)))

    @property
    def estimand(self) -> VectorMean:
        """The server estimates the mean gradient; `sparse_descent` makes a regression of it."""
        return VectorMean()

    @cached_property
    def mechanism(self) -> PrivUnit:
        """The randomizer of gradients."""
        return PrivUnit(self.dimension, self.epsilon, self.radius)

    @property
    def bits(self) -> int:
        """Bits per report."""
        return self.mechanism.bits

    def gradients(self, values: npt.ArrayLike) -> Floats:
        """The clipped gradient of each row (x, y), shape (n, dimension)."""
        own = self.domain.check(values)
        points = np.clip(own[:, :-1], -self.point_clip, self.point_clip)
        labels = np.clip(own[:, -1], -self.label_clip, self.label_clip)
        return np.asarray(points * (points @ self._theta - labels)[:, None])

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Floats:
        """Draw one report a row (x, y): float64 of shape (n, dimension)."""
        return self.mechanism.privatize(self.gradients(values), rng=rng)

    def log_likelihood(self, reports: npt.ArrayLike, values: npt.ArrayLike) -> Floats:
        """Log density of report given (x, y), shape (n, len(values)); its differences matter."""
        return self.mechanism.log_likelihood(reports, self.gradients(values))

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio at these coefficients, by the proof in the notes."""
        reach = float(np.abs(self._theta).sum()) * self.point_clip + self.label_clip
        share = min(1.0, math.sqrt(self.dimension) * self.point_clip * reach / self.radius)
        return math.log1p(math.expm1(self.epsilon) * (1 + share) / 2)


def sparse_descent(
    values: npt.ArrayLike,
    *,
    epsilon: float,
    sparsity: int,
    rounds: int,
    step: float,
    point_clip: float,
    label_clip: float,
    rng: np.random.Generator,
) -> Floats:
    """Fit sparse coefficients in rounds, each from the private gradients of other people.

    Parameters
    ----------
    values : array of shape (n, d + 1)
        Rows (x, y), one a person, in random order; round t asks the t-th group of n / rounds.
    epsilon : float
        Privacy budget of each person.
    sparsity, rounds : int
        Coefficients that are kept, and number of groups.
    step : float
        By how much of a mean gradient the coefficients move.
    point_clip, label_clip : float
        As of `GradientReport`.
    rng : numpy.random.Generator
        Draws the reports.

    Returns
    -------
    array of shape (d,)
        At most `sparsity` coefficients that are not 0, of length at most 1.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or there are fewer people than rounds.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.choice([-1.0, 1.0], (40_000, 2))
    >>> people = np.column_stack([x, 0.8 * x[:, 0]])
    >>> found = sparse_descent(people, epsilon=4.0, sparsity=1, rounds=4, step=0.7,
    ...                        point_clip=1.0, label_clip=1.0, rng=rng)
    >>> found.round(1)
    array([0.8, 0. ])
    """
    own = check_floats("values", values)
    if own.ndim != 2 or own.shape[1] < 3:
        raise ValueError(f"values must have shape (n, d + 1) with d >= 2, got {own.shape}.")
    groups = check_integer("rounds", rounds, 1, len(own))
    check_positive("step", step)
    check_generator(rng)
    theta = np.zeros(own.shape[1] - 1)
    for group in np.array_split(own, groups):
        client = GradientReport(
            theta.size, epsilon, sparsity, point_clip, label_clip, tuple(theta.tolist())
        )
        counts: VectorSums | None = None
        for start in range(0, len(group), 2**16):
            reports = client.privatize(group[start : start + 2**16], rng=rng)
            part = client.mechanism.aggregate(reports)
            counts = part if counts is None else counts + part
        theta = theta - step * client.mechanism.estimate(counts)  # type: ignore[arg-type]
        theta[np.argsort(np.abs(theta))[: theta.size - sparsity]] = 0.0
        theta /= max(1.0, float(np.linalg.norm(theta)))
    return np.asarray(theta)
