"""Five models of what codes of reports say of the two inputs that they came from."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from ldpaudit.arrays import Floats, Ints

from ._distances import Distance
from ._encoding import Codes
from ._first_tree import finds_more
from ._levels import Levels
from ._logistic import logistic, logistic_of_few, product
from ._lookup import Lookup, numbered
from ._smooth import Smooth
from ._training import Model, Training

#: Most levels, and pairs of levels, in the additive model.
_LEVELS, _PAIRS = 256, 256
#: Most numbers for each report of which those that came are counted.
_CODES = 4
#: Most levels whose combinations are counted.
_TOGETHER = 10
#: Standard errors that a difference needs in a group where another one is no accident.
_IN_PLAY = 2.5
#: Most levels whose pairs are looked at, and most products (reports x levels^2) that may take.
_PAIRED, _PRODUCTS = 1024, 2**33
#: Least variance of a sum of residuals that is taken for normal.
_NORMAL = 5.0
#: Reports for each code of a single column, at least, where counts say all; of one of several.
_KNOWN, _WELL_KNOWN = 50, 500
#: Most columns that the trees see.
_TREE_COLUMNS = 24
#: Reports marked at a time, and marks that stay in a processor's cache.
_CHUNK, _CACHED = 2**13, 2**18


@dataclass(frozen=True)
class Counts:
    """How often each whole report came from either input.

    The score of a report is its log ratio of frequencies (1/2 added to both
    counts), brought nearer to 0 by one standard error: reports that came often
    take precedence over those that only seem to tell much. Where one column says
    all that the others do, it alone is read.
    """

    groups: list[dict[int, int]]  # columns with their sizes, a few at a time
    splits: list[Ints]  # cells after each group, as cells before and their codes in one number
    scores: Floats

    @property
    def columns(self) -> list[int]:
        return [column for group in self.groups for column in group]

    @classmethod
    def learn(cls, training: Training) -> Counts | None:
        """Count; None where most reports came but once."""
        if not training.counted:
            return None
        splits, cells = [], np.zeros(len(training.first), dtype=np.int64)
        sizes, by_column = training.sizes[: training.counted], training.by_column
        groups, known = list[dict[int, int]](), np.zeros(1, dtype=np.int64)
        while (done := sum(map(len, groups))) < training.counted:
            groups.append(_next(sizes, done, _CODES * len(cells) // len(known)))
            known, cells = numbered(_told_apart(cells, by_column, groups[-1]))
            if 2 * len(known) > len(cells):
                return None
            splits.append(known)
        codes = [int(np.count_nonzero(counts)) for counts, _ in training.counts[: training.counted]]
        if len(known) in codes:
            groups = [{(place := codes.index(len(known))): sizes[place]}]
            known, cells = numbered(training.codes[:, place])
            splits = [known]
        one = np.bincount(cells[training.first], minlength=len(known)) + 0.5
        two = np.bincount(cells[~training.first], minlength=len(known)) + 0.5
        ratio = np.log(one / two) - training.prior_odds
        shy = np.maximum(np.abs(ratio) - np.sqrt(1 / one + 1 / two), 0)
        return cls(groups, splits, np.append(np.copysign(shy, ratio), 0.0))

    def say_all(self, training: Training) -> bool:
        """Whether one column says all, and its codes came so often that no model says more.

        Of several columns that is so if there are no more reports than codes of one of them. The
        others may have an order of which a model learns more from fewer reports.
        """
        if training.counted < len(training.sizes) or len(self.columns) > 1:
            return False
        known = _KNOWN if len(training.sizes) == 1 else _WELL_KNOWN
        return known * len(self.scores) <= len(training.first)

    @cached_property
    def _cells(self) -> list[Lookup]:
        return [Lookup(known, np.arange(len(known)), len(known)) for known in self.splits]

    def score(self, codes: Mapping[int, Codes]) -> Floats:
        cells = np.zeros(len(codes[self.columns[0]]), dtype=np.int64)
        for group, cell in zip(self.groups, self._cells, strict=True):
            cells = cell(_told_apart(cells, codes, group))  # never seen, whatever follows
        return self.scores[cells]


def _next(sizes: list[int], column: int, most: int) -> dict[int, int]:
    """A column with its size, and those behind it that have at most so many codes with it."""
    group, codes = {column: sizes[column]}, sizes[column]
    for place in range(column + 1, len(sizes)):
        codes *= sizes[place]
        if codes > most:
            break
        group[place] = sizes[place]
    return group


def _told_apart(cells: Ints, codes: Mapping[int, Codes], group: Mapping[int, int]) -> Ints:
    """Cells and the codes of a few columns in one number."""
    for column, size in group.items():
        cells = cells * size + codes[column]
    return cells


@dataclass(frozen=True)
class Additive:
    """A logistic regression on levels that stand out, and on pairs of levels.

    Levels stand out if their reports come from the two inputs at different
    rates; pairs if they still do beside what the levels explain. A pair enters
    with its two levels. A level alone is a pair of the same one.
    """

    terms: list[tuple[tuple[int, int], tuple[int, int]]]  # two columns, their codes
    weights: list[float]
    base: float

    @classmethod
    def learn(cls, training: Training) -> Additive | None:
        """Fit; None where nothing stands out."""
        levels = training.levels
        alone = _clear(levels.errors, levels.column)[:_LEVELS]
        terms = np.stack((alone, alone), axis=1)
        weights, base, posterior = _regression(training, levels, terms)
        pairs = _pairs(training, levels, posterior)
        if len(pairs):
            alone = np.unique(np.append(alone, pairs))
            terms = np.concatenate((np.stack((alone, alone), axis=1), pairs))
            weights, base, _ = _regression(training, levels, terms)
        if not len(terms):
            return None
        columns, codes = levels.column[terms].tolist(), levels.code[terms].tolist()
        return cls(
            [(tuple(c), tuple(v)) for c, v in zip(columns, codes, strict=True)],
            weights.tolist(),
            base - training.prior_odds,
        )

    @property
    def columns(self) -> list[int]:
        return sorted({column for columns, _ in self.terms for column in columns})

    def score(self, codes: Mapping[int, Codes]) -> Floats:
        out = np.full(len(codes[self.columns[0]]), self.base)
        # Term by term, so that equal reports have equal scores to the last bit.
        for ((i, j), (a, b)), weight in zip(self.terms, self.weights, strict=True):
            marks = codes[i] == a
            out += weight * (marks if i == j else marks & (codes[j] == b))
        return out


def _regression(training: Training, levels: Levels, terms: Ints) -> tuple[Floats, float, Floats]:
    """Weights of the terms, the intercept, and the posterior of the first input."""
    if not len(terms):
        share = training.first.mean()
        return np.empty(0), training.prior_odds, np.full(len(training.first), share)
    asked = np.unique(terms)
    if len(asked) <= _TOGETHER:
        return _regression_of_few(training, levels, asked, terms)
    marks = levels.table(training.codes, *terms.T)
    weights, base = logistic(marks, training.first)
    # Rounded, for the last digits depend on the machine.
    weights, base = weights.round(6), round(base, 6)
    return weights, base, 1 / (1 + np.exp(-(marks @ weights + base)))


def _regression_of_few(
    training: Training, levels: Levels, asked: Ints, terms: Ints
) -> tuple[Floats, float, Floats]:
    """The same of levels so few that reports have them in few ways, each fitted but once."""
    cells = np.zeros(len(training.first), dtype=np.int64)
    for place, (column, code) in enumerate(
        zip(levels.column[asked].tolist(), levels.code[asked].tolist(), strict=True)
    ):
        cells |= (training.codes[:, column] == code) << np.int64(place)
    times = np.bincount(cells).astype(np.float64)
    ones = np.bincount(cells[training.first], minlength=len(times)).astype(np.float64)
    came = np.flatnonzero(times)
    has = came[:, None] >> np.searchsorted(asked, terms.T)[:, None, :] & 1
    rows = np.asarray(has.all(axis=0), dtype=np.float64)
    weights, base = logistic_of_few(rows, ones[came], times[came])
    weights, base = weights.round(6), round(base, 6)
    posterior = np.empty(len(times))
    posterior[came] = 1 / (1 + np.exp(-(rows @ weights + base)))
    return weights, base, posterior[cells]


def _pairs(training: Training, levels: Levels, posterior: Floats) -> Ints:
    """Pairs of levels of different columns that the posterior leaves unexplained, shape (m, 2)."""
    looked = levels.order[:_PAIRED]
    n = min(len(posterior), max(_CHUNK, _PRODUCTS // len(looked) ** 2))
    sums, squares = np.zeros((2, len(looked), len(looked)))
    for side in (True, False):
        rows = np.flatnonzero(training.first[:n] == side)
        codes, chance = training.codes.T[:, rows].T, posterior[rows].astype(np.float32)
        residual, variance = (1 - chance if side else chance), chance * (1 - chance)
        alike = chance.size and chance.min() == chance.max()  # then counts are all it takes
        step = _CHUNK if len(looked) > _LEVELS else _CACHED // max(len(looked), 1)
        for start in range(0, len(rows), step):
            own = slice(start, start + step)
            marks = levels.table(codes[own], looked, dtype=np.float32)
            both = product(marks) if alike else None
            for total, weight in ((sums, residual if side else -residual), (squares, variance)):
                if both is not None:
                    total += float(weight[0]) * both
                else:
                    total += product(marks, weight[own])
    errors = sums / np.sqrt(np.maximum(squares, _NORMAL))
    columns = levels.column[looked]
    one, two = np.nonzero(columns[:, None] < columns)
    clear = _clear(errors[one, two], columns[one] * len(training.sizes) + columns[two])
    return np.stack((looked[one], looked[two]), axis=1)[clear[:_PAIRS]]


def _clear(errors: Floats, group: Ints) -> Ints:
    """Which of many differences, in standard errors, are no accident, the clearest first.

    The largest of so many rarely reaches the limit by chance. In a group that
    holds one beyond it, others count from a lower limit on.
    """
    size = np.abs(errors)
    beyond = size > math.sqrt(2 * math.log(max(size.size, 1))) + 1
    found = np.flatnonzero(np.isin(group, group[beyond]) & (size > _IN_PLAY))
    return found[np.argsort(-size[found], kind="stable")]


@dataclass(frozen=True)
class Trees:
    """Gradient-boosted trees on the columns with the clearest levels."""

    columns: list[int]
    trees: Any
    base: float

    @classmethod
    def learn(cls, training: Training) -> Trees | None:
        """Grow them; None for a single column, of which counts say all."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        if len(training.sizes) == 1:
            return None
        columns = tree_columns(training)
        trees = HistGradientBoostingClassifier(max_leaf_nodes=16, early_stopping=False)
        with one_thread():  # again, for what has been loaded since
            trees.fit(training.codes[:, columns], training.first)
        return cls(columns, trees, training.prior_odds)

    def score(self, codes: Mapping[int, Codes]) -> Floats:
        table = np.stack([codes[column] for column in self.columns], axis=1)
        with one_thread():
            return np.asarray(self.trees.decision_function(table) - self.base)


def tree_columns(training: Training) -> list[int]:
    """The columns with the clearest levels."""
    if len(training.sizes) <= _TREE_COLUMNS:
        return list(range(len(training.sizes)))
    levels = training.levels
    clearest = dict.fromkeys(levels.column[levels.order].tolist())
    return sorted(list(clearest)[:_TREE_COLUMNS])


def left_over(training: Training, model: Model | None) -> bool:
    """Whether a model of these reports leaves anything that trees could find."""
    if len(training.sizes) == 1:
        return False
    odds = np.full(len(training.first), training.prior_odds)
    if model is not None:
        odds += model.score(training.by_column)
    posterior = 1 / (1 + np.exp(-odds))
    columns = tree_columns(training)
    variance = np.maximum(posterior * (1 - posterior), 1e-6)
    return finds_more(training.codes[:, columns], training.first - posterior, variance)


def one_thread() -> AbstractContextManager[Any]:
    """Threads that wait for one another cost ten times the work where others want the cores."""
    limits: AbstractContextManager[Any] = _loaded(len(sys.modules)).limit(limits=1)
    return limits


@lru_cache(1)  # looking for them takes longer than scoring a batch
def _loaded(modules: int) -> Any:  # noqa: ARG001  # nothing else can have loaded more
    """What has threads, of all that is loaded with so many modules."""
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

    return ThreadpoolController()


#: The simplest first; each gives None where it has nothing to work on.
MODELS: dict[str, Callable[[Training], Model | None]] = {
    "counts": Counts.learn,
    "distance": Distance.learn,
    "additive": Additive.learn,
    "smooth": Smooth.learn,
    "trees": Trees.learn,
}
