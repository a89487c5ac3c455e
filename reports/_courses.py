"""The tidy table as courses: one a protocol of one budget that was followed over rounds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._points import Measure, measure_of, records

if TYPE_CHECKING:
    import pandas as pd

_BUDGET = re.compile(r"epsilon_inf=[^,]+(, )?")
_CELL = ("data", "k", "num_users", "protocol", "parameters", "epsilon", "seed")
_OF_ROUNDS = ("round_spent", "round_mse", "round_success")
_OF_ALL = ("worst_spent", "distinct_values", "revealed")


@dataclass(frozen=True)
class Course:
    """One collection: a protocol of one budget, round by round."""

    protocol: str
    parameters: str
    epsilon: float
    #: Mean budget of the users after each round.
    spent: tuple[float, ...]
    #: Error of each round's estimate, measured and, where there is a formula, exact.
    errors: tuple[Measure, ...]
    #: After how many rounds the attacker guessed, and how often rightly.
    exposed: tuple[tuple[int, Measure], ...]
    blind: float | None
    #: What holds for all rounds together, by metric.
    whole: dict[str, float | None]

    @property
    def series(self) -> str:
        """The protocol and what of its parameters is no budget."""
        rest = _BUDGET.sub("", self.parameters).removesuffix(", ")
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
    """The courses of one data set."""

    data: str
    k: int
    num_users: int | None
    courses: tuple[Course, ...]

    @property
    def rounds(self) -> int:
        """Number of rounds of the longest course."""
        return max(len(course.spent) for course in self.courses)

    @property
    def exposed(self) -> bool:
        """Whether an attacker was played over the rounds."""
        return any(course.exposed for course in self.courses)

    @property
    def parameters(self) -> bool:
        """Whether any row has parameters to show."""
        return any(course.parameters for course in self.courses)


def mean(values: list[float]) -> float:
    """The average of at least one number."""
    return sum(values) / len(values)


def watches(frame: pd.DataFrame) -> list[Watch]:
    """One watch a data set that was followed over rounds, in order of first appearance."""
    cells: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in records(frame[frame["metric"].isin((*_OF_ROUNDS, *_OF_ALL))]):
        cells.setdefault(tuple(row[column] for column in _CELL), []).append(row)
    found: dict[tuple[str, int, int | None], list[Course]] = {}
    for cell, rows in cells.items():
        if course := _course(rows):
            data, k, users = cell[:3]
            found.setdefault((data, k, users), []).append(course)
    return [Watch(*key, tuple(courses)) for key, courses in found.items()]


def _course(rows: list[dict[str, Any]]) -> Course | None:
    """The rows of one cell; None if its budgets or its errors are not there."""
    by: dict[str, list[tuple[int, Measure]]] = {}
    blind, whole = None, dict[str, float | None]()
    for row in rows:
        found = measure_of(row)
        if row["metric"] in _OF_ALL:
            whole[row["metric"]] = found.best
        elif row["attack"] == "blind":
            blind = found.exact
        elif found.best is not None and row["repetition"]:
            by.setdefault(row["metric"], []).append((row["repetition"], found))
    spent, errors, exposed = (sorted(by.get(m, ()), key=lambda pair: pair[0]) for m in _OF_ROUNDS)
    if not spent or not errors:
        return None
    return Course(
        rows[0]["protocol"],
        rows[0]["parameters"],
        rows[0]["epsilon"],
        tuple(m.best for _, m in spent if m.best is not None),
        tuple(m for _, m in errors),
        tuple(exposed),
        blind,
        whole,
    )
