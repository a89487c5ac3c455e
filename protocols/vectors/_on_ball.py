"""What all mechanisms for vectors share: the ball, chunks, sums, the mean."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints
from ldpaudit.collecting.directions import check_direction
from ldpaudit.collecting.estimands import VectorMean
from ldpaudit.domains import Ball
from ldpaudit.parameters import budget, integer, parameters, positive
from ldpaudit.protocols._kernels._messages import sized
from ldpaudit.validate import (
    check_floats,
    check_generator,
    check_integer,
    check_table_size,
)

#: Sums are kept in whole units, so many to the size of a usual coordinate: exact, whatever
#: the order of the reports, and 1e-8 of a report's error is all that a unit rounds.
_UNITS = 2.0**24
#: Share by which rounding to units may lengthen the square of a report, and more.
_ROUNDED = 2.0**-22
#: Usual sizes by which a coordinate may differ from 0.
_FARTHEST = 2.0**14
#: Numbers of a block of reports: scratch stays in a near cache.
_BLOCK = 2**15


@dataclass(frozen=True, eq=False)
class VectorSums:
    """Sums of the reports of `num_users`, a coordinate each, in whole units; they add up."""

    num_users: int
    sums: Ints

    def __add__(self, other: VectorSums) -> VectorSums:
        if not isinstance(other, VectorSums):
            return NotImplemented
        if self.sums.shape != other.sums.shape:
            raise ValueError(
                "counts of different mechanisms cannot be added, got "
                f"{self.sums.size} and {other.sums.size} coordinates."
            )
        return VectorSums(self.num_users + other.num_users, self.sums + other.sums)


@parameters(dimension=integer(2, 10**6), epsilon=budget(), radius=positive())
class OnBall(ABC):
    """A mechanism on the ball of a radius whose report is its unbiased estimate."""

    dimension: int
    epsilon: float
    radius: float
    #: No two inputs are told apart better than opposite ones, the first two of a grid.
    pairs_alike: ClassVar[bool] = True

    #: Whether all honest reports have the same length, so that longer ones are shortened.
    _one_length: ClassVar[bool] = False

    @abstractmethod
    def _fill(self, block: Floats, own: Floats, rng: np.random.Generator) -> None:
        """Overwrite a block with reports of inputs in the unit ball."""

    @abstractmethod
    def _log_density(self, reports: Floats, own: Floats) -> Floats:
        """Log density of reports given inputs, both in units of the radius."""

    @property
    @abstractmethod
    def _square(self) -> float:
        """Mean of ||report||^2 where the input is 0 or, if it is the same, of any length."""

    @abstractmethod
    def variance(self, x: npt.ArrayLike) -> Floats:
        """E||report - x||^2 at each x, shape (n,) for x of shape (n, dimension)."""

    @abstractmethod
    def posterior_mean_share(self, prior: None = None) -> float:
        """R2: the share of E||u||^2 that the mean given one report explains, u uniform."""

    @property
    def domain(self) -> Ball:
        """The ball of inputs."""
        return Ball(self.dimension, self.radius, 2)

    @property
    def estimand(self) -> VectorMean:
        """The server estimates the mean of the users' vectors."""
        return VectorMean()

    @property
    def bits(self) -> int:
        """Bits per report: a float of 64 for each coordinate."""
        return 64 * self.dimension

    def _blocks(self, many: int) -> Iterable[slice]:
        step = max(1, _BLOCK // self.dimension)
        return (slice(start, start + step) for start in range(0, many, step))

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Floats:
        """Draw one report a vector: float64 of shape (n, dimension).

        Coordinates are rounded to the unit in which the server sums, 2**-24 of a usual
        coordinate: the last digits of a sum of doubles depend on what was added.
        """
        own = self.domain.check(values)
        check_generator(rng)
        reports = np.empty(own.shape)
        for rows in self._blocks(len(own)):
            block = reports[rows]
            self._fill(block, own[rows] / self.radius, rng)
            block *= self.radius / self._unit
            np.rint(block, out=block)
            block *= self._unit
        return reports

    def log_likelihood(self, reports: npt.ArrayLike, values: npt.ArrayLike) -> Floats:
        """Log density of report given value, shape (n, len(values)); its differences matter."""
        rows, asked = self._checked(reports), self.domain.check(values)
        check_table_size(len(rows), len(asked))
        return self._log_density(rows / self.radius, asked / self.radius)

    def report_estimates(self, reports: npt.ArrayLike) -> Floats:
        """Unbiased estimate of its user's vector from each report: the report.

        Where honest reports have one length, what is longer is shortened to it.
        """
        return self._shortened(self._checked(reports), self.radius * math.sqrt(self._square))

    def _shortened(self, rows: Floats, length: float) -> Floats:
        """Rows of at most this length, but for rounding, where all honest ones have it."""
        if not self._one_length:
            return rows
        with np.errstate(over="ignore"):
            squares = np.einsum("ij,ij->i", rows, rows)
        long = np.flatnonzero((squares > length**2 * (1 + _ROUNDED)) & np.isfinite(squares))
        if long.size:
            rows = rows.copy()
            rows[long] *= (length / np.sqrt(squares[long]))[:, None]
        return rows

    def mean_influence(self) -> float:
        """Length of the longest report that the server adds up, in radii: exact.

        An honest report adds a vector of length at most 1 on average. Where honest reports
        have one length, it is that length, for longer ones are shortened. Where they have
        no end, it is that of a report whose coordinates are all the largest that are not
        refused, 2**14 times the usual.
        """
        return math.sqrt(self._square) * (1.0 if self._one_length else _FARTHEST)

    def false_mean_reports(
        self, num_reports: int, *, rng: np.random.Generator, towards: npt.ArrayLike
    ) -> Floats:
        """Reports that each move the mean as far along the vector `towards` as any can.

        The longest one of that direction; where noise has no end, the corner of what is not
        refused on its side. Nothing is drawn.
        """
        check_generator(rng)
        aim = check_direction(towards, self.dimension)
        if self._one_length:
            report = aim * (self.radius * math.sqrt(self._square) / np.linalg.norm(aim))
        else:
            report = np.sign(aim) * self._farthest
        return np.tile(report, (check_integer("num_reports", num_reports, 0), 1))

    def random_reports(self, num_reports: int, *, rng: np.random.Generator) -> Floats:
        """Reports drawn uniformly from all that honest users send, or that are not refused."""
        shape = (check_integer("num_reports", num_reports, 0), self.dimension)
        if not self._one_length:
            return check_generator(rng).uniform(-self._farthest, self._farthest, shape)
        drawn = check_generator(rng).standard_normal(shape)
        lengths = np.linalg.norm(drawn, axis=1, keepdims=True)
        return np.asarray(drawn * (self.radius * math.sqrt(self._square) / lengths))

    @property
    def _farthest(self) -> float:
        """Largest coordinate of a report that is not refused, but for rounding."""
        return _FARTHEST * _UNITS * self._unit * (1 - 1e-12)

    def _checked(self, reports: npt.ArrayLike) -> Floats:
        rows = np.asarray(reports)
        if rows.dtype != np.float64 or rows.ndim != 2 or rows.shape[1] != self.dimension:
            raise ValueError(
                f"reports must be float64 of shape (n, {self.dimension}), "
                f"got {rows.dtype} of shape {rows.shape}."
            )
        return rows

    @cached_property
    def _unit(self) -> float:
        """Unit of the sums and of reports."""
        return self.radius * math.sqrt(self._square / self.dimension) / _UNITS

    def aggregate(self, reports: npt.ArrayLike) -> VectorSums:
        """Add the reports up, each rounded to a unit; summaries of a stream add up.

        Where honest reports have one length, what is longer is shortened to it.
        """
        rows = self._checked(reports)
        sums = np.zeros(self.dimension, dtype=np.int64)
        for part in self._blocks(len(rows)):
            units = rows[part] / self._unit
            farthest = max(units.max(initial=0.0), -units.min(initial=0.0))
            if not farthest <= _FARTHEST * _UNITS:  # nan is not
                raise ValueError(
                    f"reports must lie within {_FARTHEST * _UNITS * self._unit:.6g} of 0, "
                    f"got a coordinate of {farthest * self._unit}."
                )
            units = self._shortened(units, _UNITS * math.sqrt(self.dimension))
            sums += np.rint(units, out=units).sum(axis=0).astype(np.int64)
        return VectorSums(len(rows), sums)

    def estimate(self, counts: VectorSums) -> Floats:
        """Unbiased mean of the users' vectors, shape (dimension,), not clipped."""
        num_users = check_integer("num_users of counts", counts.num_users, 1)
        return np.asarray(counts.sums * (self._unit / num_users))

    def mean_variance(self, prior: None = None) -> float:
        """E||report - u||^2 for vectors of full length, which is the same for all of them."""
        only_uniform(prior)
        return float(self.variance(self.radius * np.eye(1, self.dimension))[0])

    def worst_variance(self) -> float:
        """Largest E||report - x||^2 over the ball, at its centre."""
        return float(self.variance(np.zeros((1, self.dimension)))[0])

    def mse(self, num_users: int) -> float:
        """E||estimate - mean||^2 of fixed users whose vectors have full length."""
        return self.mean_variance() / check_integer("num_users", num_users, 1)

    def _square_lengths(self, x: npt.ArrayLike) -> Floats:
        """Squared lengths of inputs."""
        own = self.domain.check(check_floats("x", x))
        return np.asarray(np.einsum("ij,ij->i", own, own))

    def pack(self, reports: npt.ArrayLike) -> list[bytes]:
        """Reports as 8 bytes per coordinate, floats with the most significant byte first."""
        return [row.tobytes() for row in self._checked(reports).astype(">f8")]

    def unpack(self, messages: Iterable[bytes]) -> Floats:
        """Reports from the messages that `pack` makes; anything else is refused."""
        rows = []
        for index, message in sized(messages, 8 * self.dimension):
            row = np.frombuffer(message, dtype=">f8").astype(np.float64)
            if not np.isfinite(row).all():
                raise ValueError(f"message {index} must hold finite numbers.")
            rows.append(row)
        return np.array(rows, dtype=np.float64).reshape(len(rows), self.dimension)


def only_uniform(prior: object) -> None:
    """Refuse any prior but the uniform one, None."""
    if prior is not None:
        raise ValueError("prior must be None, for vectors uniform on the sphere.")
