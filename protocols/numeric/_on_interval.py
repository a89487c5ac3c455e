"""What all mechanisms for one number share: the interval, chunks, means, summed errors."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints
from ldpaudit.collecting.directions import check_direction
from ldpaudit.collecting.estimands import Mean
from ldpaudit.domains import Interval
from ldpaudit.parameters import budget, parameters
from ldpaudit.protocols._kernels._messages import packed, unpacked
from ldpaudit.validate import (
    check_floats,
    check_generator,
    check_integer,
    check_positive,
    check_table_size,
)

from ._priors import Nodes, Points, PriorLike, explained, nodes, points

#: Users a pass: scratch stays in a near cache.
CHUNK = 2**13


@parameters(
    low=lambda _, low, made: Interval(low, made.high).low,
    high=lambda _, high, made: Interval(made.low, high).high,
    epsilon=budget(),
)
class OnInterval(ABC):
    """A mechanism on [low, high] that rounds to the nodes 0..`_steps` of a grid at random.

    Rounding at random keeps the mean, and its law is linear between two nodes, so that
    nothing that holds for the nodes is lost between them.
    """

    low: float
    high: float
    epsilon: float
    #: No two inputs are told apart better than the ends, the first two of a grid.
    pairs_alike: ClassVar[bool] = True
    #: Users a pass.
    _chunk: ClassVar[int] = CHUNK

    @property
    @abstractmethod
    def _steps(self) -> int:
        """Number of steps of the grid."""

    @property
    @abstractmethod
    def _dtype(self) -> type[np.generic]:
        """Type of a report, which is a whole number."""

    @abstractmethod
    def _draw(self, position: Floats, rng: np.random.Generator) -> npt.NDArray[Any]:
        """One report a position in [0, steps]."""

    @abstractmethod
    def _checked(self, reports: npt.ArrayLike) -> Ints:
        """Reports as int64, or an error that says what they should be."""

    @abstractmethod
    def _log_law(self, reports: Ints, position: Floats) -> Floats:
        """Log P(report | position), shape (n, number of positions)."""

    @abstractmethod
    def _mixed(self, weights: Floats) -> Floats:
        """Weights of nodes to weights of reports."""

    @abstractmethod
    def _near_uniform(self, window: float) -> float:
        """Success of the best window of so many steps, for a uniform prior."""

    @abstractmethod
    def _near(self, prior: Points, tau: float) -> float:
        """Success within tau for a prior of points."""

    @abstractmethod
    def variance(self, x: npt.ArrayLike) -> Floats:
        """Variance of one report's estimate at each x."""

    @abstractmethod
    def report_estimates(self, reports: npt.ArrayLike) -> Floats:
        """Unbiased estimate of its user's number from each report."""

    @abstractmethod
    def mean_influence(self) -> float:
        """Most that any one report's estimate lies from the middle, in half widths: exact.

        An honest user's lies at most 1 from it on average, so that one false report moves
        the estimated mean as far as so many users at an end can, and replacing a user by it
        moves n times the mean by at most 1 more. Every report is meant that the server adds up.
        """

    @property
    @abstractmethod
    def _ends(self) -> tuple[int, int]:
        """A report of the least estimate and one of the largest, of those that are added up."""

    @property
    @abstractmethod
    def _sent(self) -> tuple[int, int]:
        """First report that is added up, and the one after the last."""

    def false_mean_reports(
        self, num_reports: int, *, rng: np.random.Generator, towards: npt.ArrayLike = 1.0
    ) -> npt.NDArray[Any]:
        """Reports that each move the mean as far up as any can, or down where `towards` is below 0.

        There is one of them for each direction; nothing is drawn.
        """
        check_generator(rng)
        aim = check_direction(np.ravel(towards), 1)[0]
        report = self._ends[int(aim > 0)]
        return np.full(check_integer("num_reports", num_reports, 0), report, dtype=self._dtype)

    def random_reports(self, num_reports: int, *, rng: np.random.Generator) -> npt.NDArray[Any]:
        """Reports drawn uniformly from all that the server adds up."""
        many = check_integer("num_reports", num_reports, 0)
        return check_generator(rng).integers(*self._sent, many).astype(self._dtype)

    @property
    def domain(self) -> Interval:
        """The interval of inputs."""
        return Interval(self.low, self.high)

    @property
    def estimand(self) -> Mean:
        """The server estimates the mean of the users' numbers."""
        return Mean()

    @property
    def _unit(self) -> float:
        """Length of a step, in units of the input."""
        return (self.high - self.low) / self._steps

    def _position(self, values: Floats) -> Floats:
        """Inputs as positions in [0, steps]; what rounding adds beyond the ends is cut off."""
        position = values - self.low
        position *= self._steps / (self.high - self.low)
        return np.minimum(position, self._steps, out=position)  # not below 0: rounding is monotone

    def _drawn_from(self, values: Floats) -> Floats:
        """Inputs as `_draw` takes them: positions, unless a mechanism says otherwise."""
        return self._position(values)

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> npt.NDArray[Any]:
        """Draw one report per value: whole numbers, shape (n,)."""
        own = self.domain.check(values)
        check_generator(rng)
        reports = np.empty(own.size, dtype=self._dtype)
        for start in range(0, own.size, self._chunk):
            rows = slice(start, start + self._chunk)
            reports[rows] = self._draw(self._drawn_from(own[rows]), rng)
        return reports

    def log_likelihood(self, reports: npt.ArrayLike, values: npt.ArrayLike) -> Floats:
        """Log P(report | value), shape (n, len(values))."""
        seen, asked = self._checked(reports), self.domain.check(values)
        check_table_size(seen.size, asked.size)
        return self._log_law(seen, self._position(asked))

    def posterior_mean_share(self, prior: PriorLike = None) -> float:
        """R2: the share of a person's variance that the mean given one report explains.

        `prior` is None for uniform on [low, high], an array of equally likely numbers, or a
        pair (numbers, probabilities). The attacker's mean squared error is (1 - R2) times
        the variance of the prior. Exact: a sum over all reports.
        """
        return min(1.0, explained(self._nodes(prior), self._mixed))

    def _nodes(self, prior: PriorLike) -> Nodes:
        return nodes(points(prior, self.domain), self.domain, self._steps)

    def nearby_success(self, tau: float, prior: PriorLike = None) -> float:
        """V_tau: probability that the best guess from one report is within `tau` of the truth.

        `tau` is in units of the input, `prior` as in `posterior_mean_share`. Exact to
        rounding and to the width of a step.
        """
        reach = check_positive("tau", tau)
        expected = points(prior, self.domain)
        if expected is None:
            return min(1.0, self._near_uniform(min(2 * reach / self._unit, float(self._steps))))
        return self._near(expected, reach)

    def mean_variance(self, prior: PriorLike = None) -> float:
        """Variance of one report's estimate, averaged over the prior (None: uniform)."""
        expected = points(prior, self.domain)
        if expected is None:
            return self._uniform_variance()
        return float(expected.weights @ self.variance(expected.values))

    @abstractmethod
    def _uniform_variance(self) -> float:
        """Average of `variance` over the interval."""

    @abstractmethod
    def worst_variance(self) -> float:
        """Largest variance of one report's estimate."""

    def mse(self, num_users: int, prior: PriorLike = None) -> float:
        """Mean squared error of the estimated mean of fixed users, spread as `prior`.

        The users' own numbers as `prior` give their exact error; None stands for numbers
        spread evenly over the interval.
        """
        return self.mean_variance(prior) / check_integer("num_users", num_users, 1)

    def _inputs(self, x: npt.ArrayLike) -> tuple[Floats, tuple[int, ...]]:
        """Positions of inputs of any shape, flat, and the shape."""
        given = check_floats("x", x)
        return self._position(self.domain.check(given.reshape(-1))), given.shape


class FixedWire:
    """Reports below a known number as bytes and back."""

    _outputs: int

    @property
    def bits(self) -> int:
        """Bits per report, fixed length."""
        return max(1, (self._outputs - 1).bit_length())

    def pack(self, reports: npt.ArrayLike) -> list[bytes]:
        """Reports in whole bytes: the number, most significant bit first, zero padded."""
        seen = self._checked(reports)  # type: ignore[attr-defined]
        return packed(seen.tolist(), self.bits)

    def unpack(self, messages: Iterable[bytes]) -> npt.NDArray[Any]:
        """Reports from the messages that `pack` makes; anything else is refused."""
        numbers: list[int] = []
        for index, number in unpacked(messages, self.bits):
            if number >= self._outputs:
                raise ValueError(
                    f"message {index} must be a report below {self._outputs}, got {number}."
                )
            numbers.append(number)
        return np.asarray(numbers, dtype=np.uint32)


def whole_reports(reports: npt.ArrayLike, outputs: int) -> Ints:
    """Reports as int64 in [0, outputs), or an error that says what they should be."""
    return known_reports(reports, outputs).astype(np.int64)


def known_reports(reports: npt.ArrayLike, outputs: int) -> npt.NDArray[Any]:
    """Reports of any whole type in [0, outputs), or an error that says what they should be."""
    seen = np.asarray(reports)
    if seen.ndim != 1:
        raise ValueError(f"reports must be one-dimensional, got shape {seen.shape}.")
    if seen.size == 0:
        return np.empty(0, dtype=np.int64)
    if not np.issubdtype(seen.dtype, np.integer):
        raise TypeError(f"reports must be integers, got dtype {seen.dtype}.")
    low, high = int(seen.min()), int(seen.max())
    if low < 0 or high >= outputs:
        raise ValueError(f"reports must lie in [0, {outputs}), got {low if low < 0 else high}.")
    return seen


def standard_error(first: float, second: float, num_users: int) -> float:
    """Standard error of a mean from the mean of estimates and of their squares."""
    if num_users < 2:
        return math.inf
    return math.sqrt(max(0.0, second - first * first) / (num_users - 1))
