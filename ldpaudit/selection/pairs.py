"""The pairs of inputs that are searched, and who reads a report for all of them at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.contracts import (
    HasLikelihood,
    HasNeighbours,
    Mechanism,
    Reports,
    TrainableDistinguisher,
    Values,
)
from ldpaudit.games.training import training_size
from ldpaudit.registry import create_witness
from ldpaudit.selection.neighbours import neighbouring, some_inputs

#: (Estimated) log-likelihood of some values, a column each, up to a constant per report.
Table: TypeAlias = Callable[[Reports], Floats]

#: Inputs whose pairs are searched unasked, and most that named pairs may hold.
VALUES, _MOST_VALUES = 25, 100
#: Most reports that train one input's witness.
_TRAINING = 20_000


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of inputs, either order: the values that occur, and the places there of each pair."""

    k: int
    values: Values
    first: Values
    second: Values

    @classmethod
    def among(cls, values: Values, k: int) -> Pairs:
        """All pairs of some values."""
        first, second = np.triu_indices(values.size, 1)
        return cls(k, values, first, second)

    @classmethod
    def neighbours(cls, mechanism: Any, values: Values) -> Pairs:
        """All pairs of some values of which the mechanism's claim speaks."""
        allowed = neighbouring(mechanism, values)
        if allowed is None:
            return cls.among(values, mechanism.k)
        return cls(mechanism.k, values, *np.nonzero(np.triu(allowed)))

    @classmethod
    def named(cls, pairs: Sequence[tuple[int, int]], k: int) -> Pairs:
        """The pairs that somebody named, each once."""
        if isinstance(pairs, str) or not len(pairs):
            raise ValueError(f"pairs must name at least one pair of inputs, got {pairs!r}.")
        ordered = set()
        for pair in pairs:
            if len(pair) != 2 or pair[0] == pair[1]:
                raise ValueError(f"every pair must name two different inputs, got {pair!r}.")
            ends = [validate.check_integer("every input of pairs", v, 0, k - 1) for v in pair]
            ordered.add((min(ends), max(ends)))
        values, places = np.unique(np.array(sorted(ordered)), return_inverse=True)
        if values.size > _MOST_VALUES:
            raise ValueError(
                f"pairs must name at most {_MOST_VALUES} different inputs, got {values.size}: "
                "reports of each are read for all of them."
            )
        first, second = places.reshape(-1, 2).T
        return cls(k, values, first, second)

    def __len__(self) -> int:
        return self.first.size

    def __str__(self) -> str:
        number, total = 2 * len(self), self.k * (self.k - 1)
        return f"{number:,} ordered pairs{'' if number == total else f' (of {total:,})'}"

    @property
    def scope(self) -> str | None:
        """Of which pairs a search speaks; None where of all."""
        total = self.k * (self.k - 1) // 2
        return None if len(self) == total else f"{len(self):,} of {total:,} pairs"

    def __getitem__(self, place: int) -> tuple[int, int]:
        return int(self.values[self.first[place]]), int(self.values[self.second[place]])

    def square(self, levels: Floats) -> Floats:
        """Thresholds a pair, shape (c, pairs), as a table of (c, values, values)."""
        table = np.full((len(levels), self.values.size, self.values.size), math.inf)
        table[:, self.first, self.second] = table[:, self.second, self.first] = levels
        return table


class Reader(NamedTuple):
    """Who reads reports for all pairs, and the reports that training it took."""

    name: str
    attack: Any
    table: Table
    trained: int
    unseen: tuple[str, ...] = ()

    def of(self, over: Pairs, place: int) -> PairReader:
        """Who reads reports for one pair alone."""
        ends = int(over.first[place]), int(over.second[place])
        return PairReader(self.table, ends, self.unseen)

    @property
    def text(self) -> str:
        """The name in words."""
        return "likelihood-ratio" if self.name == "distinguish" else self.name

    def spent(self, pilot: int) -> str:
        """Reports that no bound ever sees."""
        trained = f"{self.trained:,} training and " if self.trained else ""
        return f"on {trained}{pilot:,} reports of their own at no cost in alpha"


@dataclass(frozen=True, eq=False)
class PairReader:
    """What a reader of all pairs says of one: a distinguisher."""

    table: Table
    ends: tuple[int, int]
    not_looked_at: tuple[str, ...]

    def applies(self, mechanism: Mechanism) -> str | None:  # noqa: ARG002
        """Return None: it has read such reports already."""
        return None

    def score(
        self,
        reports: Reports,
        mechanism: Mechanism,  # noqa: ARG002
        pair: tuple[int, int],  # noqa: ARG002
        *,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Floats:
        """Difference of two columns; 0 where both say that the report is impossible."""
        one, two = (self.table(reports)[:, end] for end in self.ends)
        with np.errstate(invalid="ignore"):
            score = one - two
        return np.asarray(np.where(np.isnan(score), 0.0, score))


def pairs_and_reader(
    mechanism: Mechanism,
    pairs: Sequence[tuple[int, int]] | None,
    witness: str | None,
    trials: int,
    rng: np.random.Generator,
) -> tuple[Pairs, Reader]:
    """Choose pairs where none are named, and train the witness where there is no likelihood."""
    named = witness or ("distinguish" if isinstance(mechanism, HasLikelihood) else "learned")
    attack: Any = create_witness(named)
    reason = attack.applies(mechanism)
    if reason is not None:
        raise ValueError(f"{named} reads no report: {reason}.")
    learns = isinstance(attack, TrainableDistinguisher)
    if not (learns or named == "distinguish"):
        raise ValueError(
            f"a search needs the likelihood ratio or a witness that learns, got {named!r}."
        )
    if pairs is None:
        over = Pairs.neighbours(mechanism, some_values(mechanism, rng))
    else:
        over = Pairs.named(pairs, mechanism.k)
    if not learns:
        return over, Reader(named, attack, likelihood(mechanism, over.values), 0)
    size = min(training_size(trials), _TRAINING)
    table, unseen = learned(attack, mechanism, over.values, size, rng)
    return over, Reader(named, attack, table, size * over.values.size, unseen)


def some_values(mechanism: Mechanism, rng: np.random.Generator) -> Values:
    """All values where they are few; else 0, its neighbours 1 and k - 1, and others at random."""
    k = mechanism.k
    if k <= VALUES or isinstance(mechanism, HasNeighbours):
        return some_inputs(mechanism, VALUES, rng)
    others = rng.choice(k - 3, VALUES - 3, replace=False) + 2
    return np.sort(np.append(others, [0, 1, k - 1]))


def likelihood(mechanism: Any, values: Values) -> Table:
    """The table of a mechanism that knows its likelihood."""
    return lambda reports: np.asarray(mechanism.log_likelihood(reports, values))


def learned(
    attack: TrainableDistinguisher,
    mechanism: Mechanism,
    values: Values,
    size: int,
    rng: np.random.Generator,
) -> tuple[Table, tuple[str, ...]]:
    """The table of witnesses that tell each value from a uniform draw of all, by `size` reports.

    And what they do not look at. Each estimates ln P(report | value) - ln P(report | any), so the
    differences of two columns estimate the log-likelihood ratio of two values.
    """
    witnesses = []
    for value in values:
        first = rng.integers(0, 2, size) == 0
        reports = mechanism.privatize(np.where(first, value, rng.choice(values, size)), rng=rng)
        witnesses.append(attack.fit(reports, first, rng=rng))
    pair = (int(values[0]), int(values[1]))

    def table(reports: Reports) -> Floats:
        scores = [w.score(reports, mechanism, pair, rng=rng) for w in witnesses]
        return np.column_stack(scores)

    return table, tuple(getattr(witnesses[0], "not_looked_at", ()))
