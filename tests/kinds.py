"""Two mechanisms of kinds of input that the project has no protocol for, and two that leak."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.collecting.estimands import Mean, VectorMean
from ldpaudit.domains import Ball, Interval

Floats = npt.NDArray[np.float64]


def check_epsilon(epsilon: float) -> None:
    """Refuse what is no privacy budget."""
    if isinstance(epsilon, str) or not 0 < epsilon < math.inf:
        raise ValueError(f"epsilon must be positive and finite, got {epsilon!r}.")


@dataclass(frozen=True)
class MeanCounts:
    """Sum of what reports say, and their number."""

    total: Any
    num_users: int

    def __add__(self, other: MeanCounts) -> MeanCounts:
        return MeanCounts(self.total + other.total, self.num_users + other.num_users)


@dataclass(frozen=True)
class OneBit:
    """Duchi's one-bit mechanism on [low, high], with everything that can be known of it.

    The centred and scaled number x in [-1, 1] is reported as 1 with probability
    1/2 + x tanh(epsilon / 2) / 2. The estimate is unbiased: E(2 report - 1) = x tanh(epsilon / 2).
    """

    epsilon: float
    low: float = -1.0
    high: float = 1.0

    def __post_init__(self) -> None:
        check_epsilon(self.epsilon)

    @property
    def domain(self) -> Interval:
        return Interval(self.low, self.high)

    @property
    def estimand(self) -> Mean:
        return Mean()

    @property
    def bits(self) -> int:
        return 1

    @property
    def _scale(self) -> float:
        """Half of the interval, over tanh(epsilon / 2)."""
        return (self.high - self.low) / 2 / math.tanh(self.epsilon / 2)

    def _ones(self, values: npt.ArrayLike) -> Floats:
        centred = self.domain.check(values) - (self.low + self.high) / 2
        return np.asarray(0.5 + centred / self._scale / 2)

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> npt.NDArray[Any]:
        ones = self._ones(values)
        return (rng.random(ones.size) < ones).astype(np.int64)

    def log_likelihood(self, reports: npt.ArrayLike, values: npt.ArrayLike) -> Floats:
        ones = self._ones(values)
        return np.log(np.where(np.asarray(reports)[:, None] == 1, ones, 1 - ones))

    def every_report(self) -> npt.NDArray[Any]:
        return np.array([0, 1])

    def exact_epsilon(self) -> float:
        return self.epsilon

    def aggregate(self, reports: npt.ArrayLike) -> MeanCounts:
        return MeanCounts(int(np.sum(reports)), len(np.asarray(reports)))

    def estimate(self, counts: MeanCounts) -> float:
        share = 2 * counts.total / counts.num_users - 1
        return float((self.low + self.high) / 2 + self._scale * share)

    def variance(self, values: npt.ArrayLike) -> Floats:
        ones = self._ones(values)
        return 4 * self._scale**2 * ones * (1 - ones)


@dataclass(frozen=True)
class LeakyBit(OneBit):
    """The same with twice the budget that it claims; it says nothing of itself."""

    def _ones(self, values: npt.ArrayLike) -> Floats:
        ones = super()._ones(values)
        return np.asarray(1 / (1 + (1 / ones - 1) ** 2))

    log_likelihood = None  # type: ignore[assignment]
    exact_epsilon = None  # type: ignore[assignment]
    every_report = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Silent(OneBit):
    """Does not say what it estimates."""

    estimand = None  # type: ignore[assignment]


@dataclass(frozen=True)
class HalfSpace:
    """PrivUnit with the cap g = 0 on the unit ball, without a likelihood.

    A vector of length r becomes one of +-u, u of length 1, the former with probability
    (1 + r) / 2; with probability p = e / (1 + e) the report's direction is uniform on the half
    of the sphere around it, else on the other half. The report is scaled to be unbiased.
    """

    dimension: int
    epsilon: float

    def __post_init__(self) -> None:
        check_epsilon(self.epsilon)

    @property
    def domain(self) -> Ball:
        return Ball(self.dimension)

    @property
    def estimand(self) -> VectorMean:
        return VectorMean()

    @property
    def _length(self) -> float:
        """Length of a report: 1 / E<V, u>, V uniform on the half sphere with probability p."""
        half = self.dimension / 2
        # E|<V, u>| of a uniform V is Gamma(d/2) / (sqrt(pi) Gamma((d+1)/2)).
        mean = math.exp(math.lgamma(half) - math.lgamma(half + 0.5)) / math.sqrt(math.pi)
        return 1 / (mean * math.tanh(self.epsilon / 2))

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Floats:
        own = self.domain.check(values)
        lengths = np.linalg.norm(own, axis=1)
        draws = rng.random((2, len(own)))
        towards = np.where(draws[0] < (1 + lengths) / 2, 1.0, -1.0)
        towards *= np.where(draws[1] < self._truth(), 1.0, -1.0)
        out: Floats = rng.standard_normal(own.shape)
        out /= np.linalg.norm(out, axis=1, keepdims=True)
        sides = np.einsum("ij,ij->i", out, own) >= 0
        return np.asarray(out * (self._length * towards * np.where(sides, 1.0, -1.0))[:, None])

    def _truth(self) -> float:
        return 1 / (1 + math.exp(-self.epsilon))

    def aggregate(self, reports: npt.ArrayLike) -> MeanCounts:
        rows = np.asarray(reports)
        return MeanCounts(rows.sum(axis=0), len(rows))

    def estimate(self, counts: MeanCounts) -> Floats:
        return np.asarray(counts.total / counts.num_users)

    def variance(self, values: npt.ArrayLike) -> Floats:
        return np.asarray(self._length**2 - (self.domain.check(values) ** 2).sum(axis=1))


@dataclass(frozen=True)
class LeakyHalfSpace(HalfSpace):
    """The same with twice the budget that it claims."""

    def _truth(self) -> float:
        return 1 / (1 + math.exp(-2 * self.epsilon))
