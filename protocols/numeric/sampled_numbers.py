"""Several numbers a person: some of them, chosen at random, each by a mechanism for one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints, Rows
from ldpaudit.collecting.directions import check_direction
from ldpaudit.collecting.estimands import VectorMean
from ldpaudit.domains import Ball
from ldpaudit.parameters import budget, integer, one_of, optional, parameters, positive
from ldpaudit.protocols._kernels._messages import sized
from ldpaudit.validate import (
    check_floats,
    check_generator,
    check_integer,
    check_nonnegative,
    check_table_size,
)

from .dithered import Dithered
from .duchi import Duchi
from .hybrid import Hybrid
from .piecewise import Piecewise
from .rounded import Rounded
from .square_wave import SquareWave

_BASES = {
    "dithered": Dithered,
    "duchi": Duchi,
    "hm": Hybrid,
    "pm": Piecewise,
    "rounded": Rounded,
    "sw": SquareWave,
}
#: Whole units to the half width of a number's interval, in which estimates are added up.
_UNITS = 2.0**24


@dataclass(frozen=True, eq=False)
class AttributeSums:
    """Sums of estimates of each attribute from `num_users`, in whole units; they add up."""

    num_users: int
    sums: Ints

    def __add__(self, other: AttributeSums) -> AttributeSums:
        if not isinstance(other, AttributeSums):
            return NotImplemented
        if self.sums.shape != other.sums.shape:
            raise ValueError(
                "counts of different mechanisms cannot be added, got "
                f"{self.sums.size} and {other.sums.size} attributes."
            )
        return AttributeSums(self.num_users + other.num_users, self.sums + other.sums)


@dataclass(frozen=True)
@parameters(
    dimension=integer(1, 10**6),
    epsilon=budget(),
    radius=positive(),
    base=one_of(_BASES),
    sample=optional(integer(1, lambda made: made.dimension)),
)
class SampledNumbers:
    """Several numbers: send k of d, chosen at random, with epsilon / k each.

    Parameters
    ----------
    dimension : int
        Number d of attributes, 1 to 1,000,000.
    epsilon : float
        Privacy budget of all that a person sends, in natural-log units.
    radius : float, default 1.0
        Every attribute lies in [-radius, radius].
    base : {"hm", "pm", "duchi", "dithered", "rounded", "sw"}, default "hm"
        Mechanism of a number that is sent, by its registered name.
    sample : int, optional
        Number k of attributes that are sent; None takes the published
        max(1, min(d, floor(epsilon / 2.5))).

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports are a structured vector with the fields ``attribute`` and ``report``, both of shape
    (n, k): different attributes in increasing order, and the base mechanism's report of
    each. An estimate is d / k times the base's for attributes that were sent, 0 for others.

    The variance of an attribute is d / k (v(x) + x^2) - x^2, v the base's at epsilon / k. With
    "duchi" and k = 1 it is Harmony (Nguyen et al., arXiv 1606.05053). Exact delta is the
    trinomial law of k privacy losses, each epsilon / k, 0 or - epsilon / k.

    Source: Wang et al., *Collecting and analyzing multidimensional data with local
    differential privacy*, ICDE 2019, Algorithm 4.

    Examples
    --------
    >>> m = SampledNumbers(dimension=10, epsilon=5.0)
    >>> m.sampled, m.mechanism.epsilon
    (2, 2.5)
    >>> reports = m.privatize(np.zeros((3, 10)), rng=np.random.default_rng(0))
    >>> reports["attribute"].shape, m.estimate(m.aggregate(reports)).shape
    ((3, 2), (10,))
    """

    dimension: int
    epsilon: float
    radius: float = 1.0
    base: str = "hm"
    sample: int | None = None

    #: No two inputs are told apart better than opposite ones, the first two of a grid.
    pairs_alike: ClassVar[bool] = True

    @property
    def sampled(self) -> int:
        """k, the number of attributes that are sent."""
        if self.sample is not None:
            return self.sample
        return max(1, min(self.dimension, math.floor(self.epsilon / 2.5)))

    @cached_property
    def mechanism(self) -> Any:
        """The mechanism of one number, with its share of epsilon."""
        return _BASES[self.base](self.epsilon / self.sampled, -self.radius, self.radius)

    @property
    def domain(self) -> Ball:
        """The cube of inputs: the ball of the largest coordinate."""
        return Ball(self.dimension, self.radius, math.inf)

    @property
    def estimand(self) -> VectorMean:
        """The server estimates the mean of each attribute."""
        return VectorMean()

    @property
    def bits(self) -> int:
        """Bits per report: which attributes, as a number below C(d, k), and their reports."""
        which = (math.comb(self.dimension, self.sampled) - 1).bit_length()
        return which + self.sampled * int(self.mechanism.bits)

    @property
    def _dtype(self) -> np.dtype[np.void]:
        return np.dtype([(name, np.uint32, (self.sampled,)) for name in ("attribute", "report")])

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Rows:
        """Draw one report a person: a structured vector of shape (n,)."""
        own = self.domain.check(values)
        reports = np.zeros(len(own), dtype=self._dtype)
        chosen = _subsets(len(own), self.dimension, self.sampled, check_generator(rng))
        reports["attribute"] = chosen
        numbers = np.clip(np.take_along_axis(own, chosen, axis=1), -self.radius, self.radius)
        drawn = self.mechanism.privatize(numbers.ravel(), rng=rng)
        reports["report"] = drawn.reshape(numbers.shape)
        return reports

    def _checked(self, reports: Rows) -> Rows:
        rows = np.asarray(reports)
        if rows.dtype != self._dtype or rows.ndim != 1:
            raise ValueError(
                f"reports must be a vector of dtype {self._dtype}, "
                f"got {rows.dtype} of shape {rows.shape}."
            )
        if rows.size and rows["attribute"].max() >= self.dimension:
            raise ValueError(
                f"reports must name attributes below {self.dimension}, "
                f"got {rows['attribute'].max()}."
            )
        if (rows["attribute"][:, 1:] <= rows["attribute"][:, :-1]).any():
            raise ValueError("reports must name different attributes in increasing order.")
        return rows

    def mean_influence(self) -> float:
        """Most that one report adds to the estimate of any attribute, in radii: exact.

        d / k times the base's. On average an honest report adds at most 1 to each attribute.
        """
        return self.dimension / self.sampled * float(self.mechanism.mean_influence())

    def false_mean_reports(
        self, num_reports: int, *, rng: np.random.Generator, towards: npt.ArrayLike
    ) -> Rows:
        """Reports that each move the mean as far along `towards` as any can.

        They name the attributes in which it is largest, and say the most of each.
        """
        many = check_integer("num_reports", num_reports, 0)
        aim = check_direction(towards, self.dimension)
        named = np.sort(np.argsort(-np.abs(aim), kind="stable")[: self.sampled])
        report = np.zeros(1, dtype=self._dtype)
        report["attribute"] = named
        report["report"] = [
            self.mechanism.false_mean_reports(1, rng=rng, towards=1.0 if up else -1.0)[0]
            for up in aim[named] >= 0
        ]
        return np.repeat(report, many)

    def random_reports(self, num_reports: int, *, rng: np.random.Generator) -> Rows:
        """Reports drawn uniformly from all that the server adds up."""
        many = check_integer("num_reports", num_reports, 0)
        reports = np.zeros(many, dtype=self._dtype)
        reports["attribute"] = _subsets(many, self.dimension, self.sampled, check_generator(rng))
        drawn = self.mechanism.random_reports(many * self.sampled, rng=rng)
        reports["report"] = drawn.reshape(many, self.sampled)
        return reports

    def log_likelihood(self, reports: Rows, values: npt.ArrayLike) -> Floats:
        """Log P(report | value), shape (n, len(values))."""
        rows, asked = self._checked(reports), self.domain.check(values)
        check_table_size(len(rows), len(asked))
        table = np.full((len(rows), len(asked)), -math.log(math.comb(self.dimension, self.sampled)))
        for slot in range(self.sampled):
            attributes, numbers = rows["attribute"][:, slot], rows["report"][:, slot]
            for attribute in np.unique(attributes).tolist():
                users = np.flatnonzero(attributes == attribute)
                column = np.clip(asked[:, attribute], -self.radius, self.radius)
                table[users] += self.mechanism.log_likelihood(numbers[users], column)
        return table

    def report_estimates(self, reports: Rows) -> Floats:
        """Unbiased estimate of its person's numbers from each report, shape (n, dimension)."""
        rows = self._checked(reports)
        check_table_size(len(rows), self.dimension)
        out = np.zeros((len(rows), self.dimension))
        ours = self.mechanism.report_estimates(rows["report"].ravel()).reshape(len(rows), -1)
        scale = self.dimension / self.sampled
        np.put_along_axis(out, rows["attribute"].astype(np.int64), scale * ours, axis=1)
        return out

    def aggregate(self, reports: Rows) -> AttributeSums:
        """Add up the estimates of each attribute; summaries of a stream add up."""
        rows = self._checked(reports)
        ours = self.mechanism.report_estimates(rows["report"].ravel())
        units = np.rint(ours * (_UNITS / self.radius))
        sums = np.zeros(self.dimension, dtype=np.int64)
        np.add.at(sums, rows["attribute"].ravel(), units.astype(np.int64))
        return AttributeSums(len(rows), sums)

    def estimate(self, counts: AttributeSums) -> Floats:
        """Unbiased mean of each attribute, shape (dimension,), not clipped."""
        num_users = check_integer("num_users of counts", counts.num_users, 1)
        scale = self.radius / _UNITS * self.dimension / self.sampled
        return np.asarray(counts.sums * (scale / num_users))

    def variance(self, x: npt.ArrayLike) -> Floats:
        """E||report's estimate - x||^2 at each x of shape (n, dimension): exact."""
        own = self.domain.check(check_floats("x", x))
        squares = own**2
        one = self.mechanism.variance(np.clip(own, -self.radius, self.radius)) + squares
        return np.asarray((self.dimension / self.sampled * one - squares).sum(axis=1))

    def mean_variance(self, prior: None = None) -> float:
        """E||report's estimate - x||^2 for numbers uniform on the cube."""
        _only_uniform(prior)
        scale, square = self.dimension / self.sampled, self.radius**2 / 3
        return float(self.dimension * (scale * (self.mechanism.mean_variance() + square) - square))

    def mse(self, num_users: int) -> float:
        """E||estimate - mean||^2 of fixed users, uniform on the cube, over all attributes."""
        return self.mean_variance() / check_integer("num_users", num_users, 1)

    def posterior_mean_share(self, prior: None = None) -> float:
        """R2 for numbers uniform on the cube: k / d of what a report of one explains."""
        _only_uniform(prior)
        return float(self.sampled / self.dimension * self.mechanism.posterior_mean_share())

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio: opposite corners differ in all that is sent."""
        return float(self.sampled * self.mechanism.exact_epsilon())

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of opposite corners, the worst pair: a sum over losses."""
        claim, k = check_nonnegative("epsilon", epsilon), self.sampled
        step = self.mechanism.exact_epsilon()
        # One report's loss is step with probability `up`, - step with exp(-step) of it, else 0.
        up = self.mechanism.exact_delta(0.0) / -math.expm1(-step)
        law = [up * math.exp(-step), max(0.0, 1 - up * (1 + math.exp(-step))), up]
        losses = np.ones(1)
        for _ in range(k):
            losses = np.convolve(losses, law)
        gaps = claim - step * np.arange(-k, k + 1)
        return float(losses @ -np.expm1(np.minimum(gaps, 0.0)))

    def pack(self, reports: Rows) -> list[bytes]:
        """Reports in whole bytes: k attributes and k reports, 4 bytes each."""
        rows = self._checked(reports)
        table = np.concatenate([rows["attribute"], rows["report"]], axis=1).astype(">u4")
        return [row.tobytes() for row in table]

    def unpack(self, messages: Iterable[bytes]) -> Rows:
        """Reports from the messages that `pack` makes; anything else is refused."""
        rows = []
        for index, message in sized(messages, 8 * self.sampled):
            row = np.frombuffer(message, dtype=">u4").astype(np.int64)
            chosen, numbers = row[: self.sampled], row[self.sampled :]
            if (np.diff(chosen) <= 0).any() or chosen[-1] >= self.dimension:
                raise ValueError(
                    f"message {index} must name increasing attributes below {self.dimension}."
                )
            self.mechanism.report_estimates(numbers)  # refuses what is no report
            rows.append(row)
        reports = np.zeros(len(rows), dtype=self._dtype)
        if rows:
            table = np.array(rows)
            reports["attribute"], reports["report"] = np.split(table, 2, axis=1)
        return reports


def _only_uniform(prior: object) -> None:
    """Refuse any prior but the uniform one, None."""
    if prior is not None:
        raise ValueError("prior must be None, for numbers uniform on the cube.")


def _subsets(many: int, dimension: int, size: int, rng: np.random.Generator) -> Ints:
    """Uniform subsets of so many attributes in increasing order, shape (many, size)."""
    if size == dimension:
        return np.tile(np.arange(dimension), (many, 1))
    if size * size > dimension:
        order = np.empty((many, size), dtype=np.int64)
        step = max(1, 2**22 // dimension)
        for start in range(0, many, step):
            rows = slice(start, min(start + step, many))
            keys = rng.random((rows.stop - start, dimension))
            order[rows] = np.argpartition(keys, size, axis=1)[:, :size]
        return np.sort(order, axis=1)
    chosen = np.sort(rng.integers(0, dimension, (many, size)), axis=1)
    while (again := (np.diff(chosen, axis=1) == 0).any(axis=1)).any():
        fresh = rng.integers(0, dimension, (int(again.sum()), size))
        chosen[again] = np.sort(fresh, axis=1)
    return chosen
