"""Kinds of input: what a person may hold.

A domain says which inputs there are, checks them, writes one as text, and names finitely many
of them. Reports may be anything already; inputs that are numbered (`ldpaudit.adapters.on_inputs`)
can be audited, whatever they are. A domain of somebody else's needs the members of `Domain` and
no base class.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.contracts import Domain, Inputs
from ldpaudit.parameters import integer, parameters, positive

__all__ = ["GRID_SIZE", "Ball", "Categories", "Domain", "Interval", "Records", "input_text"]

#: Inputs of a grid whose size nobody gives: the steps of an interval are sixteenths.
GRID_SIZE = 17
#: What rounding may add to the length of a vector, as a share of the radius.
_ROUNDING = 1e-9
#: Coordinates of a vector that are written out.
_WRITTEN = 4


def _how_many(_: str, given: int, made: Categories) -> int:  # noqa: ARG001
    """The number of categories, which stands in `labels` where there are no names."""
    number = made.labels if _names(made.labels) is None else len(made.labels)
    return validate.check_integer("number of categories", number, 2, validate.MAX_DOMAIN)


def _names(labels: Any) -> tuple[str, ...] | None:
    """The labels, all different, or None for a number of categories."""
    if isinstance(labels, str):
        raise TypeError(f"labels must be a sequence of texts, got {validate.shown(labels)}.")
    if not (isinstance(labels, Sequence) or (isinstance(labels, np.ndarray) and labels.ndim == 1)):
        return None
    names = tuple(labels)
    if set(map(type, names)) != {str}:
        names = tuple(str(validate.check_text("every label", name)) for name in names)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"labels must be different, got {validate.shown(twice)} twice.")
    return names


@dataclass(frozen=True, repr=False)
@parameters(k=_how_many, labels=lambda _, labels, __: _names(labels))
class Categories:
    """Kinds that have no order, numbered from 0.

    Parameters
    ----------
    labels : int or sequence of str
        The names of the categories, all different, or how many there are.

    Attributes
    ----------
    labels : tuple of str or None
        Names, if there are any.
    k : int
        Number of categories, 2 to 10,000,000.

    Raises
    ------
    TypeError, ValueError
        If a label is no text or occurs twice, or there are fewer than 2 categories.

    Examples
    --------
    >>> countries = Categories(("DE", "FR", "US"))
    >>> str(countries), countries.k, countries.text(1)
    ('3 categories', 3, 'FR')
    >>> countries.check(["US", "DE"])
    array([2, 0])
    >>> Categories(4).grid()
    array([0, 1, 2, 3])
    """

    labels: Any
    k: int = field(init=False, default=0)

    def __repr__(self) -> str:
        return f"Categories({self.k if self.labels is None else self.labels!r})"

    def __str__(self) -> str:
        return f"{self.k} categories"

    @property
    def parameters(self) -> dict[str, Any]:
        """``k``, and ``labels`` where the categories have names."""
        return {"k": self.k} | ({} if self.labels is None else {"labels": self.labels})

    def check(self, values: npt.ArrayLike) -> Inputs:
        """Numbers of categories, shape (n,), from numbers or labels."""
        given = np.asarray(values)
        if self.labels is not None and given.ndim == 1 and given.dtype.kind in "UO" and given.size:
            numbers = {label: number for number, label in enumerate(self.labels)}
            for value in set(given.tolist()) - set(numbers):
                validate.check_known("category", value, self.labels)
            return np.array([numbers[value] for value in given.tolist()], dtype=np.int64)
        return validate.check_values(values, self.k)

    def grid(self, size: int | None = None) -> Inputs:
        """The first `size` categories; None means all. Shape (size,)."""
        return np.arange(_size(self.k if size is None else size, self.k))

    def text(self, value: Any) -> str:
        """The label of a category, or its number."""
        number = int(self.check([value])[0])
        return str(number) if self.labels is None else str(self.labels[number])


def _sizes(_: str, given: Any, made: Records) -> tuple[int, ...]:  # noqa: ARG001
    """Numbers of values, whose product is no larger than a domain may be."""
    if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray):
        raise TypeError(f"sizes must be a sequence of whole numbers, got {validate.shown(given)}.")
    sizes = tuple(validate.check_integer("every size", size, 2) for size in given)
    if not sizes:
        raise ValueError("sizes must name at least one attribute, got ().")
    validate.check_integer("number of records", math.prod(sizes), 2, validate.MAX_DOMAIN)
    return sizes


@dataclass(frozen=True)
@parameters(sizes=_sizes)
class Records:
    """Records of several attributes, each of which has categories numbered from 0.

    Parameters
    ----------
    sizes : tuple of int
        Number of values of each attribute, at least 2; together at most 10,000,000 records.

    Raises
    ------
    TypeError, ValueError
        If a size is no whole number of at least 2, or there are too many records.

    Examples
    --------
    >>> records = Records((2, 3))
    >>> str(records), records.text((0, 2)), records.parameters
    ('records of 2 x 3 values', '(0, 2)', {'k': 6, 'sizes': (2, 3)})
    >>> records.grid(3)
    array([[0, 0],
           [1, 2],
           [0, 1]])
    """

    sizes: tuple[int, ...]

    def __str__(self) -> str:
        return f"records of {' x '.join(map(str, self.sizes))} values"

    @property
    def parameters(self) -> dict[str, Any]:
        """``sizes``, and ``k``, their product, for a mechanism that sees one domain."""
        return {"k": math.prod(self.sizes), "sizes": self.sizes}

    def check(self, values: npt.ArrayLike) -> Inputs:
        """Records, shape (n, number of attributes)."""
        given = np.asarray(values)
        width = len(self.sizes)
        if given.ndim != 2 or given.shape[1] != width:
            raise ValueError(f"values must have shape (n, {width}), got {given.shape}.")
        if not np.issubdtype(given.dtype, np.integer):
            raise TypeError(f"values must be integers, got dtype {given.dtype}.")
        wrong = ((given < 0) | (given >= np.array(self.sizes))).any(axis=1)
        if wrong.any():
            row = tuple(given[wrong][0].tolist())
            raise ValueError(f"values must be {self}, each from 0, got {validate.shown(row)}.")
        return given.astype(np.int64, copy=False)

    def grid(self, size: int | None = None) -> Inputs:
        """Records that differ in every attribute first, then in their order; None means all."""
        total = math.prod(self.sizes)
        size = _size(total if size is None else size, total)
        order = itertools.chain((0, total - 1), range(1, total - 1))
        numbers = np.fromiter(itertools.islice(order, size), dtype=np.int64, count=size)
        return np.stack(np.unravel_index(numbers, self.sizes), axis=1)

    def text(self, value: Any) -> str:
        """As ``(0, 2)``."""
        return f"({', '.join(map(str, self.check([value])[0].tolist()))})"


def _ends(low: float, high: float) -> tuple[float, float]:
    """Two finite numbers in order."""
    low, high = validate.check_floats("low and high", [low, high]).tolist()
    if not math.isfinite(high - low):
        raise ValueError(
            f"low and high must be finite and of a finite difference, got {low!r}, {high!r}."
        )
    if not high - low > 1e-9 * max(abs(low), abs(high)):
        raise ValueError(f"low must be below high by 1e-9 of their size, got {low!r} and {high!r}.")
    return low, high


@dataclass(frozen=True)
@parameters(
    low=lambda _, low, made: _ends(low, made.high)[0],
    high=lambda _, high, made: _ends(made.low, high)[1],
)
class Interval:
    """Numbers of an interval whose ends are public: given by the user, never taken from data.

    Parameters
    ----------
    low, high : float
        The ends, finite, with `low` below `high` by at least 1e-9 of the larger one's size.

    Raises
    ------
    TypeError, ValueError
        If an end is no finite number, or they are not in order.

    Examples
    --------
    >>> numbers = Interval(-1, 1)
    >>> str(numbers), numbers.text(-1), numbers.parameters
    ('[-1, 1]', '-1.0', {'low': -1.0, 'high': 1.0})
    >>> numbers.grid(5)
    array([-1. ,  1. , -0.5,  0. ,  0.5])
    >>> numbers.check([0.5, 1.5])
    Traceback (most recent call last):
    ...
    ValueError: values must lie in [-1, 1], got 1.5.
    """

    low: float
    high: float

    def __str__(self) -> str:
        return f"[{_short(self.low)}, {_short(self.high)}]"

    @property
    def parameters(self) -> dict[str, Any]:
        """``low`` and ``high``."""
        return {"low": self.low, "high": self.high}

    def check(self, values: npt.ArrayLike) -> Inputs:
        """Numbers in [low, high], shape (n,), as float64; an array of doubles is not copied."""
        given = validate.check_floats("values", values, copy=False)
        if given.ndim != 1:
            raise ValueError(f"values must be one-dimensional, got shape {given.shape}.")
        if given.size and not (given.min() >= self.low and given.max() <= self.high):
            inside = (given >= self.low) & (given <= self.high)  # nan lies nowhere
            raise ValueError(f"values must lie in {self}, got {float(given[~inside][0])!r}.")
        return given

    def grid(self, size: int | None = None) -> Inputs:
        """`low`, `high`, and the numbers that part the interval evenly; None means 17."""
        steps = np.linspace(self.low, self.high, _size(GRID_SIZE if size is None else size))
        return np.concatenate([steps[[0, -1]], steps[1:-1]])

    def text(self, value: Any) -> str:
        """The number, with all digits that tell it from others."""
        return repr(float(self.check([value])[0]))


def _norm(_: str, norm: Any, made: Ball) -> float:  # noqa: ARG001
    """1, 2 or infinity."""
    if norm not in (1, 2, math.inf) or isinstance(norm, bool):
        raise ValueError(f"norm must be 1, 2 or inf, got {validate.shown(norm)}.")
    return math.inf if norm == math.inf else int(norm)


@dataclass(frozen=True)
@parameters(dimension=integer(1, validate.MAX_DOMAIN), radius=positive(), norm=_norm)
class Ball:
    """Vectors of bounded length.

    Parameters
    ----------
    dimension : int
        Number of coordinates, 1 to 10,000,000.
    radius : float, default 1.0
        Largest length.
    norm : {2, 1, inf}, default 2
        How length is measured: sum of squares, of sizes, or the largest coordinate.

    Raises
    ------
    TypeError, ValueError
        If `dimension` or `radius` is out of range or the norm is another one.

    Examples
    --------
    >>> ball = Ball(3)
    >>> str(ball), ball.text([0, -1, 0])
    ('unit ball in 3 dimensions (l2)', '(0.0, -1.0, 0.0)')
    >>> ball.grid(4)
    array([[ 1.,  0.,  0.],
           [-1.,  0.,  0.],
           [ 0.,  1.,  0.],
           [ 0., -1.,  0.]])
    >>> Ball(100).text(Ball(100).grid(4)[3])
    '-1.0 e2'
    """

    dimension: int
    radius: float = 1.0
    norm: float = 2

    def __str__(self) -> str:
        size = "unit ball" if self.radius == 1 else f"ball of radius {_short(self.radius)}"
        plural = "" if self.dimension == 1 else "s"
        return f"{size} in {self.dimension} dimension{plural} (l{self.norm})"

    @property
    def parameters(self) -> dict[str, Any]:
        """``dimension``, ``radius`` and ``norm``."""
        return {"dimension": self.dimension, "radius": self.radius, "norm": self.norm}

    def check(self, values: npt.ArrayLike) -> Inputs:
        """Vectors, shape (n, dimension), as float64; rounding may add 1e-9 to their length."""
        given = validate.check_floats("values", values)
        if given.ndim != 2 or given.shape[1] != self.dimension:
            raise ValueError(f"values must have shape (n, {self.dimension}), got {given.shape}.")
        lengths = self._lengths(given)
        inside = lengths <= self.radius * (1 + _ROUNDING)  # nan lies nowhere
        if not inside.all():
            length = float(lengths[~inside][0])
            raise ValueError(f"values must lie in the {self}, got length {length!r}.")
        return given

    def grid(self, size: int | None = None) -> Inputs:
        """Vectors of full length: one and its opposite, the other axes, then between them.

        The first two are axes, or opposite corners where length is the largest coordinate.
        None means 17 vectors. Those beyond the axes are spread evenly (a Halton sequence).
        """
        size = GRID_SIZE if size is None else size
        if self.dimension == 1:  # there are no others of full length
            return self.radius * Interval(-1, 1).grid(size)[:, None]
        size = _size(size)
        out = np.zeros((size, self.dimension))
        axes = min(size, 2 * self.dimension)
        place = np.arange(axes)
        out[place, place // 2] = np.where(place % 2, -1.0, 1.0)
        if self.norm == math.inf:
            out[0], out[1] = 1.0, -1.0
        if size > axes:
            from scipy.special import ndtri
            from scipy.stats import qmc  # slow to load

            halton = qmc.Halton(self.dimension, scramble=False)
            halton.fast_forward(2)  # a corner, and a point that can fall on an axis
            out[axes:] = ndtri(halton.random(size - axes))
        return self.radius * out / self._lengths(out)[:, None]

    def text(self, value: Any) -> str:
        """The coordinates; of more than four, an axis by its number, else the first three."""
        vector = self.check([value])[0].tolist()
        if len(vector) <= _WRITTEN:
            return f"({', '.join(map(repr, vector))})"
        where = [place for place, number in enumerate(vector) if number]
        if len(where) == 1:
            return f"{vector[where[0]]!r} e{where[0] + 1}"
        return f"({', '.join(map(_short, vector[:3]))}, ...)"

    def _lengths(self, vectors: Floats) -> Floats:
        lengths: Floats = np.linalg.norm(vectors, ord=self.norm, axis=1)
        return lengths


def input_text(mechanism: Any, value: int) -> str:
    """An input by its label, where the mechanism knows one, else by its number."""
    own = getattr(mechanism, "input_text", None)
    if own is not None:
        return str(own(value))
    domain = getattr(mechanism, "domain", None)
    return domain.text(value) if isinstance(domain, Categories) else str(value)


def _size(size: int, most: int = validate.MAX_DOMAIN) -> int:
    """A grid has at least two inputs, and no more than there are."""
    return min(validate.check_integer("size", size, 2, validate.MAX_DOMAIN), most)


def _short(number: float) -> str:
    return f"{number:.6g}"
