"""What a server estimates: the truth about some users, and how far off an estimate is.

A mechanism says which one as its ``estimand``. Each has a squared error, so that errors of
repeated collections average to a mean squared error, and a unit that reports print.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.contracts import HasInputVariance, Values
from ldpaudit.outcomes.table import processed_name

__all__ = ["DealtFrequencies", "Distribution", "Frequencies", "Marginals", "Mean", "VectorMean"]

_INPUT = "squared input units"


@runtime_checkable
class Estimand(Protocol):
    """What is estimated. Prints as in "mean squared error of the ...", with its unit.

    One may also name the mechanism's method that is asked, ``estimator`` (else ``estimate``),
    be no ``unbiased`` one, know the error of fixed users, ``exact(mechanism, histogram)``, and
    the ``errors(estimate, truth)`` whose squares add up to the error, in one row.
    """

    @property
    def name(self) -> str:
        """Frequencies, mean."""

    @property
    def unit(self) -> str:
        """Unit of the error."""

    def truth(self, inputs: Any, histogram: Values) -> Any:
        """What histogram[i] users of inputs[i] each come to: an array, or a list of several."""

    def error(self, estimate: Any, truth: Any) -> float:
        """Squared error of an estimate of the same shape."""


@runtime_checkable
class HasEstimand(Protocol):
    """A server that says what it estimates; without it, the frequencies of its k values."""

    @property
    def estimand(self) -> Estimand:
        """One of these, or one's own."""


class _Printed:
    """Prints as name and unit; shares need no unit."""

    name: ClassVar[str]
    unit: ClassVar[str]

    def __str__(self) -> str:
        return f"{self.name} ({self.unit})"


@dataclass(frozen=True)
class Frequencies(_Printed):
    """The share of users that hold each of k values; error averaged over the values.

    Parameters
    ----------
    k : int
        Number of values.

    Examples
    --------
    >>> shares = Frequencies(2)
    >>> shares.truth(None, np.array([3, 1])), str(shares)
    (array([0.75, 0.25]), 'frequencies')
    """

    k: int
    name: ClassVar[str] = "frequencies"
    unit: ClassVar[str] = "squared shares, a value"

    def __str__(self) -> str:
        return self.name

    def truth(self, inputs: Any, histogram: Values) -> Floats:  # noqa: ARG002
        """Shares, shape (k,)."""
        return np.asarray(histogram / histogram.sum())

    def truth_of(self, values: Values) -> Floats:
        """The same from every user's value, for domains of any size."""
        return np.asarray(np.bincount(values, minlength=self.k) / values.size)

    def error(self, estimate: Floats, truth: Floats) -> float:
        """Mean over the values of the squared error."""
        return float(np.mean((estimate - truth) ** 2))

    def errors(self, estimate: Floats, truth: Floats) -> Floats:
        """The share of each value in the error, before squares, shape (k,)."""
        return np.asarray((estimate - truth) / math.sqrt(self.k))


@dataclass(frozen=True)
class DealtFrequencies(Frequencies):
    """Frequencies of buckets of values, which are dealt to the values of each alike.

    They are biased for values, so that no limit of unbiased estimates speaks of them, and they
    are compared with their like alone.

    Examples
    --------
    >>> str(DealtFrequencies(4))
    'frequencies, after dealing buckets out'
    """

    name: ClassVar[str] = processed_name(Frequencies.name, "dealing buckets out")
    unbiased: ClassVar[bool] = False


@dataclass(frozen=True)
class Marginals(_Printed):
    """The frequencies of each attribute of records; error averaged over the attributes.

    That is MSE_avg of the papers on records. The mechanism's ``estimate_marginals`` is asked.

    Parameters
    ----------
    sizes : tuple of int
        Number of values of each attribute. Records are numbered, the last running fastest.

    Examples
    --------
    >>> [part.tolist() for part in Marginals((2, 2)).truth(None, np.array([2, 1, 1, 0]))]
    [[0.75, 0.25], [0.75, 0.25]]
    """

    sizes: tuple[int, ...]
    name: ClassVar[str] = "marginals"
    unit: ClassVar[str] = "squared shares, a value"
    estimator: ClassVar[str] = "estimate_marginals"

    def __str__(self) -> str:
        return self.name

    def truth(self, inputs: Any, histogram: Values) -> list[Floats]:  # noqa: ARG002
        """Shares of each attribute."""
        shares = np.reshape(histogram / histogram.sum(), self.sizes)
        axes = range(shares.ndim)
        return [shares.sum(axis=tuple(a for a in axes if a != axis)) for axis in axes]

    def truth_of(self, values: Values) -> list[Floats]:
        """The same from every user's record, for domains of any size."""
        columns = np.unravel_index(values, self.sizes)
        pairs = zip(columns, self.sizes, strict=True)
        return [np.bincount(column, minlength=size) / values.size for column, size in pairs]

    def error(self, estimate: Sequence[Floats], truth: Sequence[Floats]) -> float:
        """Mean over the attributes of the mean squared error."""
        parts = zip(estimate, truth, strict=True)
        return float(np.mean([np.mean((found - right) ** 2) for found, right in parts]))

    def errors(self, estimate: Sequence[Floats], truth: Sequence[Floats]) -> Floats:
        """The share of each value of each attribute in the error, before squares, in one row."""
        parts = list(zip(estimate, truth, strict=True))
        scaled = [(found - right) / math.sqrt(right.size * len(parts)) for found, right in parts]
        return np.concatenate(scaled)


@dataclass(frozen=True)
class Mean(_Printed):
    """The mean of the users' numbers.

    Examples
    --------
    >>> mean = Mean()
    >>> truth = mean.truth(np.array([-1.0, 1.0]), np.array([1, 3]))
    >>> truth, mean.error(0.75, truth), str(mean)
    (array(0.5), 0.0625, 'mean (squared input units)')
    """

    name: ClassVar[str] = "mean"
    unit: ClassVar[str] = _INPUT

    def truth(self, inputs: Any, histogram: Values) -> Floats:
        """The mean, shape ()."""
        return _mean(inputs, histogram)

    def error(self, estimate: Floats | float, truth: Floats) -> float:
        """Squared error."""
        return float(np.sum((np.asarray(estimate) - truth) ** 2))

    def errors(self, estimate: Floats | float, truth: Floats) -> Floats:
        """The difference, shape (1,)."""
        return np.ravel(np.asarray(estimate) - truth)

    def exact(self, mechanism: Any, histogram: Values) -> float | None:
        """Mean squared error of n fixed users by the mechanism's own variance, if it has one."""
        return _mean_of_variances(mechanism, histogram)


@dataclass(frozen=True)
class VectorMean(_Printed):
    """The mean of the users' vectors; the error is the squared distance.

    Examples
    --------
    >>> corners = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> VectorMean().truth(corners, np.array([3, 1]))
    array([0.75, 0.25])
    """

    name: ClassVar[str] = "mean vector"
    unit: ClassVar[str] = _INPUT

    def truth(self, inputs: Any, histogram: Values) -> Floats:
        """The mean vector, shape (dimension,)."""
        return _mean(inputs, histogram)

    def error(self, estimate: Floats, truth: Floats) -> float:
        """Squared length of the difference."""
        return float(np.sum((estimate - truth) ** 2))

    def errors(self, estimate: Floats, truth: Floats) -> Floats:
        """The difference, shape (dimension,)."""
        return np.ravel(estimate - truth)

    def exact(self, mechanism: Any, histogram: Values) -> float | None:
        """Mean squared error of n fixed users by the mechanism's own variance, if it has one."""
        return _mean_of_variances(mechanism, histogram)


@dataclass(frozen=True)
class Distribution(_Printed):
    """How the users' numbers are spread over an interval, in bins of one width.

    The error is the square of the Wasserstein distance: how far the users' numbers would have to
    be moved on average to be spread as estimated. The mechanism's ``estimate_distribution`` is
    asked for the shares of the bins.

    Parameters
    ----------
    low, high : float
        Ends of the interval.
    bins : int
        Number of bins; the last one holds `high`.

    Examples
    --------
    >>> spread = Distribution(0.0, 1.0, 4)
    >>> truth = spread.truth(np.array([0.0, 0.3, 1.0]), np.array([2, 1, 1]))
    >>> truth, spread.error(np.array([0.5, 0.5, 0.0, 0.0]), truth) ** 0.5
    (array([0.5 , 0.25, 0.  , 0.25]), 0.125)
    """

    low: float
    high: float
    bins: int
    name: ClassVar[str] = "distribution"
    unit: ClassVar[str] = "squared Wasserstein distance"
    estimator: ClassVar[str] = "estimate_distribution"
    #: Shares that are fitted to be a distribution are not right on average.
    unbiased: ClassVar[bool] = False

    def __post_init__(self) -> None:
        validate.check_integer("bins", self.bins, 2, validate.MAX_DOMAIN)
        if not self.low < self.high:
            raise ValueError(f"low must be below high, got {self.low!r} and {self.high!r}.")

    def truth(self, inputs: Any, histogram: Values) -> Floats:
        """Shares of the bins, shape (bins,)."""
        ends = (self.low, self.high)
        counts, _ = np.histogram(inputs, self.bins, ends, weights=histogram)
        return np.asarray(counts / histogram.sum())

    def error(self, estimate: Floats, truth: Floats) -> float:
        """Squared Wasserstein distance of the two, every bin's share at its middle."""
        width = (self.high - self.low) / self.bins
        return float(width * np.abs(np.cumsum(estimate - truth)[:-1]).sum()) ** 2


def _mean(inputs: Any, histogram: Values) -> Floats:
    return np.asarray(np.tensordot(histogram / histogram.sum(), np.asarray(inputs), 1))


def _mean_of_variances(mechanism: Any, histogram: Values) -> float | None:
    """Users are independent and fixed: the variances of their reports add up."""
    if not isinstance(mechanism, HasInputVariance):
        return None
    variances = mechanism.variance(np.arange(histogram.size))
    return float(histogram @ variances) / float(histogram.sum()) ** 2
