"""The best protocol under caps on attack success, on bits, or on error."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ldpaudit import validate
from ldpaudit.analysis.metrics import is_less, read
from ldpaudit.analysis.operating_points import OperatingPoint, place
from ldpaudit.outcomes.table import SHARES

if TYPE_CHECKING:
    import pandas as pd

#: What can be capped, in the order in which an uncapped one becomes the goal.
_GOALS = ("mse", "success", "bits")
_WORDS = {"mse": "mean squared error", "success": "attack success", "bits": "report size"}
_PANEL = ("data", "k", "num_users", "delta", "estimand")


@dataclass(frozen=True)
class Candidate:
    """A protocol at one epsilon: figures with the interval that holds for all of them together."""

    label: str
    epsilon: float
    success: float
    mse: float
    bits: float
    success_interval: tuple[float, float]
    mse_interval: tuple[float, float]

    def interval(self, goal: str) -> tuple[float, float]:
        """Ends of one of the three figures; equal where it is exact."""
        if goal == "bits":
            return self.bits, self.bits
        return self.success_interval if goal == "success" else self.mse_interval

    def __str__(self) -> str:
        return f"{self.label} at epsilon {self.epsilon:g}"


@dataclass(frozen=True)
class Choice:
    """The best of one data set: `best` is one protocol, or several that nothing tells apart.

    `best` starts with the lowest figure. `undecided` may satisfy the caps or not:
    the interval of a capped figure holds the cap, or the figure is unknown.
    `nearest` says for each cap that alone nothing satisfies what comes nearest.
    """

    data: str
    k: int
    num_users: int | None
    delta: float | None
    goal: str
    caps: dict[str, float] = field(hash=False)
    best: tuple[Candidate, ...]
    undecided: tuple[Candidate, ...]
    nearest: dict[str, Candidate] = field(hash=False)
    estimand: str = SHARES[0]

    def __str__(self) -> str:
        lines = [f"{self._where()}: {self._verdict()}"]
        if self.undecided:
            lines.append(f"  cannot be decided: {_listed(self.undecided)}")
        return "\n".join(lines)

    def _where(self) -> str:
        users = "" if self.num_users is None else f", {self.num_users:,} users"
        delta = f", delta = {self.delta:g}" if self.delta else ""
        of = "" if self.estimand in SHARES else f", {self.estimand}"
        return f"{self.data or 'no data set'} (k = {self.k:,}{users}{delta}{of})"

    def _verdict(self) -> str:
        caps = " and ".join(f"{_WORDS[g]} at most {_number(g, c)}" for g, c in self.caps.items())
        if not self.best and not caps:
            return f"no protocol has a known {_WORDS[self.goal]}."
        if not self.best:
            near = "; ".join(
                f"the least {_WORDS[goal]} is {_figure(goal, candidate)}, by {candidate}"
                for goal, candidate in self.nearest.items()
            )
            near = near or "each cap can be kept, all together cannot"
            return f"no protocol is shown to have {caps}: {near}."
        first, *ties = self.best
        others = ", ".join(
            f"{_WORDS[goal]} {_figure(goal, first)}"
            for goal in _GOALS
            if goal != self.goal and not math.isnan(first.interval(goal)[0])
        )
        text = f"{first} has the least {_WORDS[self.goal]}, {_figure(self.goal, first)}"
        text += f", of all with {caps}" if caps else ""
        text += f" ({others})" if others else ""
        return text + (f"; tied with it: {_listed(ties)}." if ties else ".")


@dataclass(frozen=True)
class Recommendation:
    """What `Results.recommend` returns: one choice a data set; ``print`` it to read it.

    Attributes
    ----------
    choices : tuple of Choice
        In the order of the table.
    alpha : float
        Probability that noise makes any of them wrong, shared by all measured figures.
    """

    choices: tuple[Choice, ...]
    alpha: float

    def __str__(self) -> str:
        if not self.choices:
            return "there is nothing to choose from: no protocol here keeps its epsilon."
        return "\n".join(map(str, self.choices))

    __repr__ = __str__


def recommend_from(
    frame: pd.DataFrame,
    caps: dict[str, float],
    *,
    data: str | None = None,
    epsilon: float | None = None,
    alpha: float = 0.05,
) -> Recommendation:
    """`Results.recommend` on a tidy table; `caps` by mse, success or bits."""
    alpha = validate.check_fraction("alpha", alpha)
    caps = {
        goal: validate.check_positive(f"max_{goal}", caps[goal]) for goal in _GOALS if goal in caps
    }
    if caps.get("success", 1.0) > 1:
        raise ValueError(f"max_success must lie in (0, 1], got {caps['success']!r}.")
    points = [point for point in place(read(frame), alpha) if not point.refuted]
    if data is not None:
        validate.check_known("data set", data, {point.data for point in points})
        points = [point for point in points if point.data == data]
    if epsilon is not None:
        budget, held = validate.check_positive("epsilon", epsilon), {p.epsilon for p in points}
        points = [p for p in points if math.isclose(p.epsilon, budget, rel_tol=1e-9)]
        if not points:
            raise ValueError(
                f"epsilon must be one of the table's, {_listed(sorted(held))}, got {epsilon!r}."
            )
    panels: dict[tuple[Any, ...], list[Candidate]] = {}
    for point in points:
        key = tuple(getattr(point, column) for column in _PANEL)
        panels.setdefault(key, []).append(candidate_of(point))
    goal = next((goal for goal in _GOALS if goal not in caps), "mse")
    return Recommendation(
        tuple(choose(key, found, goal, caps) for key, found in panels.items()), alpha
    )


def candidate_of(point: OperatingPoint) -> Candidate:
    """An operating point as a candidate; nan where it knows nothing."""
    success, mse, bits = (
        math.nan if figure is None else figure for figure in (point.success, point.mse, point.bits)
    )
    unknown = (math.nan, math.nan)
    return Candidate(
        point.label,
        point.epsilon,
        success,
        mse,
        bits,
        point.success_interval or unknown,
        point.mse_interval or unknown,
    )


def choose(
    key: tuple[Any, ...], found: list[Candidate], goal: str, caps: dict[str, float]
) -> Choice:
    """The best of one data set, `key` being its data, k, num_users, delta and estimand."""
    found = [c for c in found if not math.isnan(c.interval(goal)[0])]
    holding = [c for c in found if all(_holds(c, g, cap) is True for g, cap in caps.items())]
    holding.sort(key=lambda c: (getattr(c, goal), c.label, c.epsilon))
    undecided = [
        c
        for c in found
        if c not in holding and all(_holds(c, g, cap) is not False for g, cap in caps.items())
    ]
    nearest = {}
    for capped, cap in caps.items():
        known = [c for c in found if not math.isnan(getattr(c, capped))]
        if known and not any(_holds(c, capped, cap) is True for c in known):
            nearest[capped] = min(known, key=lambda c: (getattr(c, capped), c.label, c.epsilon))
    reached = min((c.interval(goal)[1] for c in holding), default=math.nan)
    best = [c for c in holding if not is_less(reached, c.interval(goal)[0])]  # none shown better
    data, k, num_users, delta, estimand = key
    return Choice(
        data, k, num_users, delta, goal, caps, tuple(best), tuple(undecided), nearest, estimand
    )


def _holds(candidate: Candidate, goal: str, cap: float) -> bool | None:
    """Whether a figure is at most the cap; None where its interval leaves that open."""
    lower, upper = candidate.interval(goal)
    if math.isnan(lower):
        return None
    if not is_less(cap, upper):
        return True
    return False if is_less(cap, lower) else None


def _figure(goal: str, candidate: Candidate) -> str:
    lower, upper = candidate.interval(goal)
    text = _number(goal, getattr(candidate, goal))
    if goal == "bits":
        return text  # always exact
    if lower == upper:
        return f"{text} (exact)"
    return f"{text} in [{_number(goal, lower)}, {_number(goal, upper)}]"


def _number(goal: str, value: float) -> str:
    match goal:
        case "success":
            return f"{100 * value:.4g}%"
        case "bits":
            return f"{value:g} bits"
        case _:
            return f"{value:.4g}"


def _listed(items: Iterable[Any]) -> str:
    return ", ".join(f"{item:g}" if isinstance(item, float) else str(item) for item in items)
