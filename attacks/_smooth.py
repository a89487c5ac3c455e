"""A model of columns with an order: steps at their quantiles, alone, by a flag, and of two."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

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
#: Codes of a column that splits others, at most; most such columns, and most steps by a flag.
_FLAG, _FLAGS, _SPLIT = 8, 32, 512
#: The code of a 1.
_SECOND = 2
#: Reports in which such columns are looked for.
_SEEN = 2**15
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
    few. Where a column of few codes, a flag, changes what another one says, such as which of
    several numbers was noised or with which sign, the other has steps of its own for each flag.
    Steps of two columns enter where they tell of what those of one leave over.
    """

    alone: list[tuple[int, Floats]]  # a column, and its score by code
    pairs: list[tuple[tuple[int, int], tuple[Ints, Ints], Floats]]  # columns, knots, cells' scores
    base: float

    @classmethod
    def learn(cls, training: Training) -> Smooth | None:
        """Fit; None where no column has an order to speak of, or nothing stands out."""
        if max(training.sizes) <= _FEW:  # a size counts what training has not shown
            return None
        knots, clear = _steps(training)
        long = [column for column, own in knots.items() if len(own) >= _FEW - 1]
        if not long:
            return None
        fit = _Fit([(column, knots[column]) for column in clear[:_COLUMNS]])
        flags = [column for column, own in knots.items() if 0 < len(own) < _FLAG]
        flags = sorted(flags, key=lambda column: column not in clear)[:_FLAGS]
        long = sorted(long, key=lambda column: len(knots[column]), reverse=True)
        training = training[: fit.most_rows()]
        scores = fit.to(training) if fit.alone else np.full(len(training.first), fit.base)
        fit.crossed = _crossed(training, (flags, long[:_COLUMNS]), knots, scores)
        if fit.crossed:
            own = {both[1] for both, _ in fit.crossed}
            fit.alone = [entry for entry in fit.alone if entry[0] not in own]
            scores = fit.to(training)
        if not fit.alone and not fit.crossed:
            return None
        fit.pairs = _pairs(training, long, scores)
        if fit.pairs:
            fit.to(training)
        return cls(*fit.tables(training.sizes), round(fit.base, 6) - training.prior_odds)

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


@dataclass
class _Fit:
    """The features of a regression, and its weights: steps alone, by a flag, and of two."""

    alone: list[tuple[int, Ints]]
    crossed: list[tuple[tuple[int, int], tuple[Ints, Ints]]] = field(default_factory=list)
    pairs: list[tuple[tuple[int, int], tuple[Ints, Ints]]] = field(default_factory=list)
    weights: Floats = field(default_factory=lambda: np.empty(0))
    base: float = 0.0

    def most_rows(self) -> int:
        """Reports whose features fit a table, with room for what may be added."""
        size = sum(len(own) for _, own in self.alone) + _PAIRS * _COARSE**2
        return max(1, _ENTRIES // size)

    def to(self, training: Training) -> Floats:
        """Fit to reports; log odds of each of them."""
        codes = training.codes
        table = np.concatenate(
            [_reached(codes[:, column], own) * _ALONE for column, own in self.alone]
            + [_reached_by_flag(codes, *pair) for pair in self.crossed]
            + [_reached_both(codes, *pair) for pair in self.pairs],
            axis=1,
        )
        weights, self.base = logistic(table, training.first)
        self.weights = weights.round(6)
        return np.asarray(table @ weights + self.base)

    def tables(self, sizes: list[int]) -> tuple[list[Any], list[Any]]:
        """Scores of codes, and of cells of two columns."""
        left, alone, pairs = self.weights, [], []
        for column, own in self.alone:
            steps = np.zeros(sizes[column])
            steps[own] = left[: len(own)] * _ALONE
            alone.append((column, np.cumsum(steps)))
            left = left[len(own) :]
        for both, found in self.crossed:
            shape = len(found[0]) + 1, len(found[1]) + 1
            steps = left[: shape[0] * shape[1]].reshape(shape) * _ALONE
            pairs.append((both, found, steps.cumsum(axis=1)))
            left = left[steps.size :]
        for both, found in self.pairs:
            shape = len(found[0]), len(found[1])
            cells = np.zeros((shape[0] + 1, shape[1] + 1))
            steps = left[: shape[0] * shape[1]].reshape(shape)
            cells[1:, 1:] = steps.cumsum(axis=0).cumsum(axis=1) * _TOGETHER
            pairs.append((both, found, cells))
            left = left[steps.size :]
        return alone, pairs


def _steps(training: Training) -> tuple[dict[int, Ints], list[int]]:
    """Knots of every column, and the columns of which one stands out, the clearest first."""
    n, share = len(training.first), training.first.mean()
    variance, knots, errors = share * (1 - share), dict[int, Ints](), dict[int, float]()
    two = {column for column, (counts, _) in enumerate(training.counts) if _is_flag(counts)}
    below, sums = np.array([[own[1] for own in training.counts[c]] for c in two]).reshape(-1, 2).T
    spread = variance * below * (1 - below / n)
    found = np.abs(sums - share * below) / np.sqrt(np.maximum(spread, variance * _NORMAL))
    errors.update(zip(two, found.tolist(), strict=True))
    for column, (counts, ones) in enumerate(training.counts):
        if column in two:
            knots[column] = np.array([_SECOND])
            continue
        knots[column] = _knots(counts, _KNOTS)
        below, sums = (np.cumsum(each)[knots[column] - 1] for each in (counts, ones))
        spread = variance * below * (1 - below / n)
        found = np.abs(sums - share * below) / np.sqrt(np.maximum(spread, variance * _NORMAL))
        errors[column] = float(found.max(initial=0.0))
    limit = _limit(sum(map(len, knots.values())))
    return knots, sorted((c for c in errors if errors[c] > limit), key=lambda c: -errors[c])


def _is_flag(counts: Ints) -> bool:
    """Whether the codes of a 0 and a 1 came, and no other."""
    none, *came = counts.tolist() if len(counts) == _SECOND + 1 else (1,)
    return none == 0 and min(came) > 0


class _LeftOver:
    """What scores leave over of training reports, cell by cell of two columns."""

    def __init__(self, training: Training, scores: Floats, columns: list[int]) -> None:
        posterior = 1 / (1 + np.exp(-scores))
        self.left = training.first - posterior
        self.variance = posterior * (1 - posterior)
        self.counts = {column: training.counts[column][0] for column in columns}
        self.codes = training.codes

    def cells(self, column: int, most: int) -> Ints:
        """Which of a few intervals each code lies in."""
        counts = self.counts[column]
        cells = np.searchsorted(_knots(counts, most), np.arange(len(counts)), side="right")
        return cells[self.codes[:, column]]

    def beyond(self, one: Ints, two: Ints, width: int) -> float:
        """Standard deviations by which cells of two columns differ from chance in all."""
        place = one * width + two
        sums, squares = (np.bincount(place, weights=w) for w in (self.left, self.variance))
        chi = float((sums**2 / np.maximum(squares, _NORMAL)).sum())
        return (chi - sums.size) / math.sqrt(2 * sums.size)

    def beyond_two(self, flags: list[int], own: Ints) -> list[float]:
        """The same of columns of two codes, all at once, beside cells of another one."""
        if not flags:
            return []
        marks = np.equal(self.codes.T[flags], _SECOND).astype(np.float32)
        apart = own == np.arange(own.max() + 1)[:, None]
        every = np.concatenate([apart * self.left, apart * self.variance])
        came, chi = (marks @ every.T.astype(np.float32)).astype(np.float64), np.zeros(len(flags))
        for found in (came, every.sum(axis=1) - came):
            sums, squares = np.split(found, 2, axis=1)
            chi += (sums**2 / np.maximum(squares, _NORMAL)).sum(axis=1)
        cells = 2 * len(apart)
        return [float(one) for one in (chi - cells) / math.sqrt(2 * cells)]


def _crossed(
    training: Training,
    columns: tuple[list[int], list[int]],
    knots: dict[int, Ints],
    scores: Floats,
) -> list[tuple[tuple[int, int], tuple[Ints, Ints]]]:
    """Flags that change what other columns say, the clearest of each, with their knots."""
    flags, long = columns
    over = _LeftOver(training[:_SEEN], scores[:_SEEN], [*flags, *long])
    two = [flag for flag in flags if knots[flag].tolist() == [_SECOND]]
    by_flag = {flag: over.cells(flag, _FLAG) for flag in flags if flag not in two}
    found = []
    for column in long:
        own = over.cells(column, _LOOK)
        each = list(zip(over.beyond_two(two, own), two, strict=True))
        each += [(over.beyond(cells, own, _LOOK + 1), flag) for flag, cells in by_flag.items()]
        beyond, flag = max(each, default=(0.0, 0))
        found.append((beyond, (flag, column)))
    limit, chosen, room = _limit(len(flags) * len(long)) + 1, [], _SPLIT
    for beyond, (flag, column) in sorted(found, reverse=True):
        room -= (knots[flag].size + 1) * (knots[column].size + 1)
        if beyond > limit and room >= 0:
            chosen.append(((flag, column), (knots[flag], knots[column])))
    return chosen


def _pairs(
    training: Training, columns: list[int], scores: Floats
) -> list[tuple[tuple[int, int], tuple[Ints, Ints]]]:
    """Pairs of columns of which steps tell of what scores leave over, with their knots."""
    over = _LeftOver(training, scores, columns[:_PAIRED])
    cells = {column: over.cells(column, _LOOK) for column in over.counts}
    found = [
        (over.beyond(cells[one], cells[two], _LOOK + 1), (one, two))
        for one, two in combinations(over.counts, 2)
    ]
    clear = sorted((entry for entry in found if entry[0] > _CLEAR), reverse=True)[:_PAIRS]
    coarse = {column: _knots(own, _COARSE) for column, own in over.counts.items()}
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


def _reached_by_flag(codes: Codes, columns: tuple[int, int], knots: tuple[Ints, Ints]) -> Floats:
    """For each interval of the first column: being there, and the second's steps there, scaled."""
    flag = np.searchsorted(knots[0], codes[:, columns[0]], side="right")
    mine = np.zeros((len(codes), len(knots[0]) + 1, len(knots[1]) + 1))
    mine[np.arange(len(codes)), flag, 0] = _ALONE
    mine[np.arange(len(codes)), flag, 1:] = _reached(codes[:, columns[1]], knots[1]) * _ALONE
    return mine.reshape(len(codes), -1)


def _limit(count: int) -> float:
    """What the largest of so many differences, in standard errors, rarely reaches by chance."""
    return math.sqrt(2 * math.log(max(count, 1))) + 1
