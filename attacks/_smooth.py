"""A model of columns with an order: steps at their quantiles, and steps of two at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints

from ._encoding import Codes
from ._logistic import logistic
from ._training import Training

#: Fewest codes of a column that make an order worth using.
_FEW = 12
#: Most steps of a column alone, of either of two together, and where such pairs are looked for.
_KNOTS, _COARSE, _LOOK = 24, 8, 3
#: Standard deviations that a step of one, and of two, is believed to have.
_ALONE, _TOGETHER = 0.15, 0.1
#: Most columns of steps, most that are paired, and most pairs.
_COLUMNS, _PAIRED, _PAIRS = 24, 8, 6
#: Most entries of a table of features.
_ENTRIES = 2**24
#: Standard deviations by which cells of two columns must differ from chance in all.
_CLEAR = 3.0
#: Least variance of a sum of residuals that is taken for normal.
_NORMAL = 5.0


@dataclass(frozen=True)
class Smooth:
    """A logistic regression on whether codes reach a knot, and on two that do at once.

    Neighbouring codes differ by one step, whose weight is kept small: so a log ratio that
    rises slowly is learned from all reports around, where levels of their own learn each from
    few. Steps of two columns enter where they tell of what those of one leave over.
    """

    alone: list[tuple[int, Floats]]  # a column, and its score by code
    pairs: list[tuple[tuple[int, int], tuple[Ints, Ints], Floats]]  # columns, knots, cells' scores
    base: float

    @classmethod
    def learn(cls, training: Training) -> Smooth | None:
        """Fit; None where no column has an order to speak of, or nothing stands out."""
        knots, clear = _steps(training)
        long = [column for column, own in knots.items() if len(own) >= _FEW - 1]
        if not clear or not long:
            return None
        columns = clear[:_COLUMNS]
        plan = [(column, knots[column]) for column in columns]
        size = sum(len(own) for _, own in plan)
        training = training[: max(1, _ENTRIES // (size + _PAIRS * _COARSE**2))]
        features = [_reached(training.codes[:, column], own) * _ALONE for column, own in plan]
        table = np.concatenate(features, axis=1)
        weights, base = logistic(table, training.first)
        paired = sorted(long, key=lambda column: len(knots[column]), reverse=True)
        chosen = _pairs(training, paired, table @ weights + base)
        if chosen:
            table = np.concatenate(
                [table, *(_reached_both(training.codes, *pair) for pair in chosen)], axis=1
            )
            weights, base = logistic(table, training.first)
        weights = weights.round(6)
        alone, place = [], 0
        for column, own in plan:
            steps = np.zeros(training.sizes[column])
            steps[own] = weights[place : place + len(own)] * _ALONE
            alone.append((column, np.cumsum(steps)))
            place += len(own)
        pairs = []
        for both, found in chosen:
            shape = (len(found[0]), len(found[1]))
            cells = np.zeros((shape[0] + 1, shape[1] + 1))
            own_weights = weights[place : place + shape[0] * shape[1]].reshape(shape)
            cells[1:, 1:] = own_weights.cumsum(axis=0).cumsum(axis=1) * _TOGETHER
            pairs.append((both, found, cells))
            place += shape[0] * shape[1]
        return cls(alone, pairs, round(base, 6) - training.prior_odds)

    @property
    def columns(self) -> list[int]:
        single = {column for column, _ in self.alone}
        return sorted(single.union(*(both for both, _, _ in self.pairs)))

    def score(self, codes: Mapping[int, Codes]) -> Floats:
        out = np.full(len(codes[self.columns[0]]), self.base)
        for column, scores in self.alone:
            out += scores[codes[column]]
        for (one, two), (first, second), cells in self.pairs:
            rows = np.searchsorted(first, codes[one], side="right")
            out += cells[rows, np.searchsorted(second, codes[two], side="right")]
        return out


def _steps(training: Training) -> tuple[dict[int, Ints], list[int]]:
    """Knots of every column, and the columns of which one stands out, the clearest first."""
    residual = training.first - training.first.mean()
    knots, errors = {}, {}
    for column, size in enumerate(training.sizes):
        own = training.codes[:, column]
        counts = np.bincount(own, minlength=size)
        knots[column] = _knots(counts, _KNOTS)
        below = np.cumsum(counts)[knots[column] - 1]
        sums = np.cumsum(np.bincount(own, weights=residual, minlength=size))[knots[column] - 1]
        spread = residual.var() * below * (1 - below / len(own))
        found = np.abs(sums) / np.sqrt(np.maximum(spread, residual.var() * _NORMAL))
        errors[column] = float(found.max(initial=0.0))
    limit = _limit(sum(map(len, knots.values())))
    return knots, sorted((c for c in errors if errors[c] > limit), key=lambda c: -errors[c])


def _pairs(
    training: Training, columns: list[int], scores: Floats
) -> list[tuple[tuple[int, int], tuple[Ints, Ints]]]:
    """Pairs of columns of which steps tell of what scores leave over, with their knots."""
    posterior = 1 / (1 + np.exp(-scores))
    left, variance = training.first - posterior, posterior * (1 - posterior)
    counts = {
        column: np.bincount(training.codes[:, column], minlength=training.sizes[column])
        for column in columns[:_PAIRED]
    }
    cells = {
        column: np.searchsorted(_knots(own, _LOOK), training.codes[:, column], side="right")
        for column, own in counts.items()
    }
    found = []
    for one, two in combinations(counts, 2):
        place = cells[one] * (_LOOK + 1) + cells[two]
        sums, squares = (
            np.bincount(place, weights=each, minlength=(_LOOK + 1) ** 2)
            for each in (left, variance)
        )
        chi = float((sums**2 / np.maximum(squares, _NORMAL)).sum())
        beyond = (chi - sums.size) / math.sqrt(2 * sums.size)
        found.append((beyond, (one, two)))
    clear = sorted((entry for entry in found if entry[0] > _CLEAR), reverse=True)[:_PAIRS]
    coarse = {column: _knots(own, _COARSE) for column, own in counts.items()}
    return [((one, two), (coarse[one], coarse[two])) for _, (one, two) in clear]


def _knots(counts: Ints, most: int) -> Ints:
    """Codes at which about equal shares of the reports begin, all that came if they are few."""
    seen = np.flatnonzero(counts)[1:]
    if len(seen) <= most:
        return seen
    shares = np.cumsum(counts) / counts.sum()
    places = np.searchsorted(shares, np.arange(1, most + 1) / (most + 1)) + 1
    return np.unique(places[places < len(counts)])


def _reached(codes: Codes, knots: Ints) -> npt.NDArray[np.float64]:
    """Whether each code reaches each knot, shape (n, knots), as numbers."""
    return (codes[:, None] >= knots).astype(np.float64)


def _reached_both(codes: Codes, columns: tuple[int, int], knots: tuple[Ints, Ints]) -> Floats:
    """The same of two columns at once, scaled, shape (n, knots of one x of the other)."""
    one, two = (_reached(codes[:, c], own) for c, own in zip(columns, knots, strict=True))
    return np.asarray((one[:, :, None] * two[:, None, :]).reshape(len(codes), -1) * _TOGETHER)


def _limit(count: int) -> float:
    """What the largest of so many differences, in standard errors, rarely reaches by chance."""
    return math.sqrt(2 * math.log(max(count, 1))) + 1
