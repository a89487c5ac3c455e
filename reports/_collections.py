"""The tidy table as collections: one per protocol of one budget that was followed over rounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ldpaudit.analysis.metrics import Metric, grouped
from ldpaudit.outcomes.table import described_without

_CELL = ("data", "k", "num_users", "protocol", "parameters", "epsilon", "seed")
_OF_ROUNDS = ("round_spent", "round_mse", "round_success")
_OF_ALL = ("worst_spent", "distinct_values", "revealed")


@dataclass(frozen=True)
class Collection:
    """One collection: a protocol of one budget, round by round."""

    protocol: str
    parameters: str
    epsilon: float
    #: Mean budget of the users after each round.
    spent: tuple[float, ...]
    #: Error of each round's estimate, measured and, where there is a formula, exact.
    errors: tuple[Metric, ...]
    #: After how many rounds the attacker guessed, and how often rightly.
    exposed: tuple[tuple[int, Metric], ...]
    blind: float | None
    #: What holds for all rounds together, by metric.
    whole: dict[str, float | None]

    @property
    def series(self) -> str:
        """The protocol and what of its parameters is no budget."""
        rest = described_without(self.parameters, "epsilon_inf")
        return f"{self.protocol} ({rest})" if rest else self.protocol

    @property
    def memo(self) -> float:
        """Budget of one memo: what the first round has cost."""
        return self.spent[0]

    @property
    def measured(self) -> list[float]:
        """Measured error of each round."""
        return [m.value for m in self.errors if m.value is not None]

    @property
    def exact(self) -> list[float] | None:
        """Exact error of each round, or None where a round has none."""
        found = [m.exact for m in self.errors if m.exact is not None]
        return found if len(found) == len(self.errors) else None

    @property
    def error(self) -> float:
        """Mean error of all rounds, exact where it is known."""
        return mean(self.exact or self.measured)


@dataclass(frozen=True)
class Watch:
    """The collections of one data set."""

    data: str
    k: int
    num_users: int | None
    collections: tuple[Collection, ...]

    @property
    def of_shares(self) -> bool:
        """Whether shares of the users are estimated: over rounds nothing else is followed."""
        return True

    @property
    def rounds(self) -> int:
        """Number of rounds of the longest collection."""
        return max(len(collection.spent) for collection in self.collections)

    @property
    def exposed(self) -> bool:
        """Whether an attacker was played over the rounds."""
        return any(collection.exposed for collection in self.collections)

    @property
    def parameters(self) -> bool:
        """Whether any row has parameters to show."""
        return any(collection.parameters for collection in self.collections)


def mean(values: list[float]) -> float:
    """The average of at least one number."""
    return sum(values) / len(values)


def watches(metrics: Iterable[Metric]) -> list[Watch]:
    """One watch a data set that was followed over rounds, in order of first appearance."""
    followed = (m for m in metrics if m.metric in (*_OF_ROUNDS, *_OF_ALL))
    found: dict[tuple[str, int, int | None], list[Collection]] = {}
    for cell, rows in grouped(followed, _CELL).items():
        if collection := _collection(rows):
            data, k, users = cell[:3]
            found.setdefault((data, k, users), []).append(collection)
    return [Watch(*key, tuple(collections)) for key, collections in found.items()]


def _collection(rows: list[Metric]) -> Collection | None:
    """The rows of one cell; None if its budgets or its errors are not there."""
    by: dict[str, list[tuple[int, Metric]]] = {}
    blind, whole = None, dict[str, float | None]()
    for row in rows:
        if row.metric in _OF_ALL:
            whole[row.metric] = row.best
        elif row.attack == "blind":
            blind = row.exact
        elif row.known and row.repetition:
            by.setdefault(row.metric, []).append((row.repetition, row))
    spent, errors, exposed = (sorted(by.get(m, ()), key=lambda pair: pair[0]) for m in _OF_ROUNDS)
    if not spent or not errors or rows[0].epsilon is None:
        return None
    return Collection(
        rows[0].protocol,
        rows[0].parameters,
        rows[0].epsilon,
        tuple(m.best for _, m in spent if m.best is not None),
        tuple(m for _, m in errors),
        tuple(exposed),
        blind,
        whole,
    )
