"""Vectors of numbers: how much nearer a report lies to one input's reports than to the other's.

Noise that is added to vectors tells two of them apart by distances: log ratios of Laplace noise
are differences of the l1 or l2 distances to both, those of normal noise differences of the
squares. No sum over coordinates is an l2 distance, and of many coordinates each may tell too
little to be seen. So the difference that tells most is looked at by itself, with mean training
reports in place of the two inputs, which nobody knows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from ldpaudit.arrays import Bools, Floats

from ._encoding import Part
from ._logistic import logistic
from ._steps import Entry, Field, Key, Raw, Step, numbers
from ._training import DISTANCE, Training

#: Fewest codes of a coordinate, and fewest reports of either input of which a mean is taken.
_VALUES, _FEWEST = 12, 100
#: Most numbers (reports x coordinates) of which means are taken, and that are read at a time.
_NUMBERS, _CHUNK = 2**24, 2**18
#: Shares of reports up to which coordinates count in full, so that none rules a mean, and how
#: many reports show where these are.
_ENDS, _SHOWN = (0.01, 0.99), 2**12
#: How many times the width of another one has a coordinate that is given a unit of its own.
_UNITS = 2.0
#: Gain in log likelihood that luck rarely has: four standard deviations of one weight.
_GAIN = 8.0
#: The power of each coordinate's difference that is summed, and that of the sum.
_DISTANCES = {"l1": (1, 1.0), "l2": (2, 0.5), "squared l2": (2, 1.0)}


@dataclass(frozen=True, eq=False)
class Nearer:
    """By how much vectors are nearer to one centre than to another, by one of the distances.

    nan where a coordinate is no finite number, or too large for its distances to be one.
    """

    ways: tuple[Step, ...]  # to the coordinates
    centres: tuple[Floats, Floats]
    units: Floats
    distance: str

    def __call__(self, part: Raw) -> Floats:
        found = [self.between(rows, *self.centres) for rows in _blocks(part, self.ways)]
        return np.concatenate([np.empty(0), *found])

    def between(self, rows: Floats, one: Floats, two: Floats) -> Floats:
        """The same of rows, shape (n, d), for any centres, of which each row may have its own."""
        power, root = _DISTANCES[self.distance]
        with np.errstate(over="ignore", invalid="ignore"):  # of numbers whose squares are none
            near, far = (
                (np.abs((rows - own) / self.units) ** power).sum(axis=1) ** root
                for own in (one, two)
            )
            return np.asarray(far - near)


class Found(NamedTuple):
    """The way to a distance, and the distances of the first training reports."""

    steps: tuple[Step, ...]
    numbers: Floats


def find_distance(reports: Raw, parts: list[Part], first: Bools) -> Found | None:
    """The distance that tells most of training reports in random order; None if none does.

    That of a report is to centres without its own part in them: so it knows nothing of its label,
    and a line through such distances is as good as it looks. (Codes would not be: the step
    from a centre to the one without a report parts those of one input from equal ones of
    the other, if an edge lies in between.)

    >>> from ldpaudit.attacks._encoding import parts_of
    >>> rng = np.random.default_rng(0)
    >>> first = np.arange(2000) % 2 == 0
    >>> rows = first[:, None] + rng.standard_normal((2000, 5))
    >>> found = find_distance(rows, list(parts_of(rows)), first)
    >>> found.steps[-1].distance
    'squared l2'
    """
    best, found = _GAIN, None
    for above, ways in _vectors(parts):
        part = reports[: max(1, _NUMBERS // len(ways))]
        for step in above:
            part = step(part)
        rows = np.concatenate(list(_blocks(part, ways)))
        labels = first[: len(rows)]
        for step, told in _told(rows, labels, ways):
            gain = _gain(told, labels)
            if gain > best:
                best, found = gain, Found((*above, step), told)
    return found


@dataclass(frozen=True)
class Distance:
    """A logistic regression on the distance itself, of which log ratios of much noise are made."""

    weight: float
    base: float

    @classmethod
    def learn(cls, training: Training) -> Distance | None:
        """Fit; None where there is no distance, or those who are nearer are of the other input."""
        if training.distance is None:
            return None
        line = _line(training.distance, training.first)
        if line is None or line[0] <= 0:
            return None
        weight, base = line
        return cls(weight, base - training.prior_odds)

    @property
    def columns(self) -> list[int]:
        return [DISTANCE]

    def score(self, codes: Mapping[int, Any]) -> Floats:
        with np.errstate(over="ignore"):
            scores = codes[DISTANCE] * self.weight + self.base
        return np.where(np.isfinite(scores), scores, 0.0)


def _vectors(parts: list[Part]) -> Iterator[tuple[tuple[Step, ...], tuple[Step, ...]]]:
    """Ways to what has several coordinates of many values, and from there to each of them."""
    coordinates = [
        part.steps
        for part in parts
        if part.kind in ("float", "integer")
        and part.coder is not None
        and part.coder.size > _VALUES
        and part.steps
        and isinstance(part.steps[-1], Entry | Field | Key)
    ]
    for above, ways in groupby(coordinates, key=lambda steps: steps[:-1]):
        own = tuple(steps[-1] for steps in ways)
        if len(own) > 1:
            yield above, own


def _blocks(part: Raw, ways: tuple[Step, ...]) -> Iterator[Floats]:
    """Coordinates of some reports at a time, shape (n, d), nan where one is not finite."""
    size = max(1, _CHUNK // len(ways))
    for start in range(0, len(part), size):
        block = part[start : start + size]
        if block.ndim > 1 and block.dtype.kind != "O":
            places = [way.place for way in ways if isinstance(way, Entry)]
            rows = block.reshape(len(block), -1)[:, places].astype(np.float64)
        else:
            rows = np.stack([numbers(way(block)).astype(np.float64) for way in ways], axis=1)
        rows[~np.isfinite(rows)] = np.nan
        yield rows


def _told(rows: Floats, first: Bools, ways: tuple[Step, ...]) -> Iterator[tuple[Nearer, Floats]]:
    """Each of the distances, and that of each report to centres without its own part in them."""
    finite = np.isfinite(rows).all(axis=1)
    sizes = [np.count_nonzero(finite & side) for side in (first, ~first)]
    if min(sizes) < _FEWEST:
        return
    low, high = np.quantile(rows[finite][:_SHOWN], _ENDS, axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        one, two = (rows[finite & side].clip(low, high).mean(axis=0) for side in (first, ~first))
        units = _units(rows[finite], np.where(first[finite, None], one, two), low, high)
    if not np.isfinite(units).all():
        return
    for distance in _DISTANCES:
        step, told = Nearer(ways, (one, two), units, distance), np.empty(len(rows))
        size = max(1, _CHUNK // len(ways))
        for start in range(0, len(rows), size):
            block, own = rows[start : start + size], first[start : start + size, None]
            counted = block.clip(low, high)
            others = (
                np.where(own == side, mean + (mean - counted) / (number - 1), mean)
                for side, mean, number in zip((True, False), (one, two), sizes, strict=True)
            )
            told[start : start + size] = step.between(block, *others)
        yield step, told


def _units(rows: Floats, centres: Floats, low: Floats, high: Floats) -> Floats:
    """What each coordinate is measured in: 1, or its own width where widths differ much."""
    widths = np.sqrt(np.mean((rows.clip(low, high) - centres) ** 2, axis=0))
    widths[widths == 0] = 1.0
    return widths if widths.max() > _UNITS * widths.min() else np.ones_like(widths)


def _line(told: Floats, first: Bools) -> tuple[float, float] | None:
    """Weight and intercept of a logistic regression on numbers, nan left out; None of too few."""
    known = np.isfinite(told)
    if min(np.count_nonzero(known & side) for side in (first, ~first)) < _FEWEST:
        return None
    with np.errstate(over="ignore"):
        scale = float(told[known].std()) or 1.0
    if scale == math.inf:
        return None
    weights, base = logistic((told[known] / scale)[:, None], first[known])
    return round(float(weights[0]), 6) / scale, round(base, 6)


def _gain(told: Floats, first: Bools) -> float:
    """What a logistic regression gains in log likelihood of the inputs, given the numbers.

    0 where reports that lie nearer to one centre are of the other input. So they seem to be where
    nothing is told: of two means that nearly agree, one without a report lies off to its far side.
    """
    known, line = np.isfinite(told), _line(told, first)
    if line is None or line[0] <= 0:
        return 0.0
    weight, base = line
    scores, share = weight * told[known] + base, float(first[known].mean())
    loss = float(np.logaddexp(0, np.where(first[known], -scores, scores)).sum())
    chance = -share * math.log(share) - (1 - share) * math.log(1 - share)
    return np.count_nonzero(known) * chance - loss
