"""Five models of what codes of reports say of the two inputs that they came from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from ldpaudit.arrays import Bools, Floats, Ints

from ._distances import Distance
from ._encoding import Codes
from ._first_tree import finds_more
from ._logistic import SPARSE, logistic, product
from ._lookup import Lookup, numbered
from ._smooth import Smooth
from ._training import Model, Training

#: Most levels, and pairs of levels, in the additive model.
_LEVELS, _PAIRS = 256, 256
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
#: Reports marked at a time.
_CHUNK = 2**13
#: So few levels make a table that is not sparse, and it has no more entries than that.
_DENSE, _ENTRIES = 64, 2**22


@dataclass(frozen=True)
class Counts:
    """How often each whole report came from either input.

    The score of a report is its log ratio of frequencies (1/2 added to both
    counts), brought nearer to 0 by one standard error: reports that came often
    take precedence over those that only seem to tell much. Where one column says
    all that the others do, it alone is read.
    """

    columns: list[int]
    sizes: list[int]
    splits: list[Ints]  # known[i]: cells after column i, as cell before times size plus code
    scores: Floats

    @classmethod
    def learn(cls, training: Training) -> Counts | None:
        """Count; None where most reports came but once."""
        if not training.counted:
            return None
        splits, codes, cells = [], [], np.zeros(len(training.first), dtype=np.int64)
        columns, sizes = list(range(training.counted)), training.sizes[: training.counted]
        for column, size in zip(columns, sizes, strict=True):
            known, cells = numbered(cells * size + training.codes[:, column])
            if 2 * len(known) > len(cells):
                return None
            splits.append(known)
            codes.append(int(np.count_nonzero(np.bincount(training.codes[:, column]))))
        if len(known) in codes:
            columns = [codes.index(len(known))]
            known, cells = numbered(training.codes[:, columns[0]])
            sizes, splits = [training.sizes[columns[0]]], [known]
        one = np.bincount(cells[training.first], minlength=len(known)) + 0.5
        two = np.bincount(cells[~training.first], minlength=len(known)) + 0.5
        ratio = np.log(one / two) - training.prior_odds
        shy = np.maximum(np.abs(ratio) - np.sqrt(1 / one + 1 / two), 0)
        return cls(columns, sizes, splits, np.append(np.copysign(shy, ratio), 0.0))

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
        for column, size, cell in zip(self.columns, self.sizes, self._cells, strict=True):
            cells = cell(cells * size + codes[column])  # never seen, whatever follows
        return self.scores[cells]


@dataclass(frozen=True)
class _Levels:
    """Codes of columns, each with the standard errors by which the inputs differ in it."""

    column: Ints
    code: Codes
    errors: Floats
    shares: Floats  # of the reports that have each

    @classmethod
    def of(cls, training: Training) -> _Levels:
        """All levels that came, of two in a column the rarer one."""
        n = len(training.first)
        residual = training.first - training.first.mean()
        spread = residual.std()
        columns, codes, errors, shares = [], [], [], []
        for column, size in enumerate(training.sizes):
            own = training.codes[:, column]
            counts = np.bincount(own, minlength=size)
            sums = np.bincount(own, weights=residual, minlength=size)
            seen = np.flatnonzero(counts)
            if len(seen) == 2:
                seen = seen[[counts[seen].argmin()]]
            variance = counts[seen] * np.maximum(1 - counts[seen] / n, 1 / n)
            columns.append(np.full(len(seen), column))
            codes.append(seen.astype(np.uint16))
            errors.append(sums[seen] / (spread * np.sqrt(variance)))
            shares.append(counts[seen] / n)
        return cls(*map(np.concatenate, (columns, codes, errors, shares)))

    @property
    def order(self) -> Ints:
        """Their numbers, the clearest first."""
        return np.argsort(-np.abs(self.errors), kind="stable")

    def table(
        self, codes: Codes, asked: Ints, beside: Ints | None = None, dtype: Any = np.float64
    ) -> Any:
        """Which reports have which of the levels asked for, and those beside: shape (n, m).

        Sparse only where that is less work than loading what multiplies sparse tables.
        """
        marks = self._marks(codes, asked)
        if beside is not None:
            marks = map(np.logical_and, marks, self._marks(codes, beside))
        size = len(codes) * len(asked)
        if size <= _ENTRIES and (len(asked) <= _DENSE or self.shares[asked].mean() > SPARSE):
            dense = np.empty((len(codes), len(asked)), dtype, order="F")
            for place, own in enumerate(marks):
                dense[:, place] = own
            return dense
        from scipy.sparse import csc_array

        rows = [np.flatnonzero(own) for own in marks]
        ends = np.cumsum([0, *map(len, rows)])
        ones = np.ones(ends[-1], dtype=np.float32)
        shape = (len(codes), len(asked))
        return csc_array((ones, np.concatenate(rows), ends), shape=shape).tocsr()

    def _marks(self, codes: Codes, asked: Ints) -> Iterator[Bools]:
        for column, code in zip(self.column[asked], self.code[asked], strict=True):
            yield codes[:, column] == code


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
        levels = _Levels.of(training)
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


def _regression(training: Training, levels: _Levels, terms: Ints) -> tuple[Floats, float, Floats]:
    """Weights of the terms, the intercept, and the posterior of the first input."""
    if not len(terms):
        share = training.first.mean()
        return np.empty(0), training.prior_odds, np.full(len(training.first), share)
    marks = levels.table(training.codes, *terms.T)
    weights, base = logistic(marks, training.first)
    # Rounded, for the last digits depend on the machine.
    weights, base = weights.round(6), round(base, 6)
    return weights, base, 1 / (1 + np.exp(-(marks @ weights + base)))


def _pairs(training: Training, levels: _Levels, posterior: Floats) -> Ints:
    """Pairs of levels of different columns that the posterior leaves unexplained, shape (m, 2)."""
    looked = levels.order[:_PAIRED]
    residual = (training.first - posterior).astype(np.float32)
    variance = (posterior * (1 - posterior)).astype(np.float32)
    n = min(len(residual), max(_CHUNK, _PRODUCTS // len(looked) ** 2))
    sums, squares = np.zeros((2, len(looked), len(looked)))
    for start in range(0, n, _CHUNK):
        rows = slice(start, min(start + _CHUNK, n))
        marks = levels.table(training.codes[rows], looked, dtype=np.float32)
        for total, weight in ((sums, residual), (squares, variance)):
            total += product(marks, weight[rows])
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
        with _loaded().limit(limits=1):
            return np.asarray(self.trees.decision_function(table) - self.base)


def tree_columns(training: Training) -> list[int]:
    """The columns with the clearest levels."""
    if len(training.sizes) <= _TREE_COLUMNS:
        return list(range(len(training.sizes)))
    levels = _Levels.of(training)
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
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    limits: AbstractContextManager[Any] = threadpool_limits(1)
    return limits


@cache  # looking for them takes longer than scoring a batch
def _loaded() -> Any:
    """What has threads, of all that is loaded once there are trees."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


#: The simplest first; each gives None where it has nothing to work on.
MODELS: dict[str, Callable[[Training], Model | None]] = {
    "counts": Counts.learn,
    "distance": Distance.learn,
    "additive": Additive.learn,
    "smooth": Smooth.learn,
    "trees": Trees.learn,
}
