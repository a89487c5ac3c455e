"""The best protocol under caps on attack success, bits, error or influence, or by a rule."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ldpaudit import validate
from ldpaudit.analysis.attackers import attacker_words
from ldpaudit.analysis.metrics import is_less, read
from ldpaudit.analysis.operating_points import OperatingPoint, place
from ldpaudit.analysis.rules import RULES, pick
from ldpaudit.outcomes.table import SHARES

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

#: What can be capped, in the order in which an uncapped one becomes the goal.
_GOALS = ("mse", "success", "bits")
#: All that can be capped; influence never becomes the goal by itself.
_CAPPED = ("mse", "success", "bits", "influence")
#: What a rule weighs, in the order of its weights; the first is what epsilon-constraint lowers.
OBJECTIVES = ("mse", "success", "influence")
_WORDS = {
    "mse": "mean squared error",
    "success": "attack success",
    "bits": "report size",
    "influence": "influence",
}
_EXPLAINED = "share of a person's variance explained"
_PANEL = ("data", "k", "num_users", "delta", "estimand", "prior")


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
    influence: float = math.nan
    influence_interval: tuple[float, float] = (math.nan, math.nan)
    #: Whether `success` is the share of a person's variance that one report explains.
    explains: bool = False

    def interval(self, goal: str) -> tuple[float, float]:
        """Ends of one of the four figures; equal where it is exact."""
        if goal == "bits":
            return self.bits, self.bits
        ends: tuple[float, float] = getattr(self, f"{goal}_interval")
        return ends

    def knows(self, goals: Iterable[str]) -> bool:
        """Whether all these figures are finite numbers."""
        return all(math.isfinite(getattr(self, goal)) for goal in goals)

    def __str__(self) -> str:
        return f"{self.label} at epsilon {self.epsilon:g}"


@dataclass(frozen=True)
class Choice:
    """The best of one data set: `best` is one protocol, or several that nothing tells apart.

    `best` starts with the lowest figure. `undecided` may satisfy the caps or not:
    the interval of a capped figure holds the cap, or the figure is unknown.
    `nearest` says for each cap that alone nothing satisfies what comes nearest. With a
    `rule` `best` is the one that it picks of those that keep the caps, by its `objectives`.
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
    rule: str | None = None
    objectives: tuple[str, ...] = ()
    prior: str = ""
    explains: bool = False

    @property
    def _words(self) -> dict[str, str]:
        """Names of the figures; of numbers, success is what one report explains."""
        return _WORDS | ({"success": _EXPLAINED} if self.explains else {})

    def __str__(self) -> str:
        lines = [f"{self._where()}: {self._verdict()}"]
        if self.undecided:
            lines.append(f"  cannot be decided: {_listed(self.undecided)}")
        return "\n".join(lines)

    def _where(self) -> str:
        users = "" if self.num_users is None else f", {self.num_users:,} users"
        delta = f", delta = {self.delta:g}" if self.delta else ""
        of = "" if self.estimand in SHARES else f", {self.estimand}"
        who = attacker_words(self.prior)
        against = f", against {who}" if who else ""
        return f"{self.data or 'no data set'} (k = {self.k:,}{users}{delta}{of}){against}"

    def _verdict(self) -> str:
        caps = " and ".join(
            f"{self._words[g]} at most {_number(g, c)}" for g, c in self.caps.items()
        )
        if self.rule is not None and self.best:
            return self._picked(caps)
        if not self.best and not caps:
            return f"no protocol has a known {self._words[self.goal]}."
        if not self.best:
            near = "; ".join(
                f"the least {self._words[goal]} is {_figure(goal, candidate)}, by {candidate}"
                for goal, candidate in self.nearest.items()
            )
            near = near or "each cap can be kept, all together cannot"
            return f"no protocol is shown to have {caps}: {near}."
        first, *ties = self.best
        others = self._others(first, self.goal)
        text = f"{first} has the least {self._words[self.goal]}, {_figure(self.goal, first)}"
        text += f", of all with {caps}" if caps else ""
        text += f" ({others})" if others else ""
        return text + (f"; tied with it: {_listed(ties)}." if ties else ".")

    def _picked(self, caps: str) -> str:
        named = [self._words[goal] for goal in self.objectives]
        weighed = f"{', '.join(named[:-1])} and {named[-1]}"
        text = f"{self.best[0]} is picked by {self.rule}, of {weighed}"
        text += f", of all with {caps}" if caps else ""
        return f"{text} ({self._others(self.best[0])})."

    def _others(self, candidate: Candidate, *without: str) -> str:
        return ", ".join(
            f"{self._words[goal]} {_figure(goal, candidate)}"
            for goal in _CAPPED
            if goal not in without and not math.isnan(candidate.interval(goal)[0])
        )


@dataclass(frozen=True)
class Recommendation:
    """What `Results.recommend` returns: one choice per data set and attacker; ``print`` it.

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
    rule: str | None = None,
    weights: npt.ArrayLike | None = None,
) -> Recommendation:
    """`Results.recommend` on a tidy table; `caps` by mse, success, bits or influence."""
    alpha = validate.check_fraction("alpha", alpha)
    if rule is not None:
        validate.check_known("rule", rule, RULES)
    elif weights is not None:
        raise ValueError("weights need a rule, got none.")
    caps = _checked(caps)
    points = [point for point in place(read(frame), alpha) if not point.refuted]
    points = _asked(points, data, epsilon)
    panels: dict[tuple[Any, ...], list[Candidate]] = {}
    for point in points:
        key = tuple(getattr(point, column) for column in _PANEL)
        panels.setdefault(key, []).append(candidate_of(point))
    goal = next((goal for goal in _GOALS if goal not in caps), "mse")
    choices = [choose(key, found, goal, caps) for key, found in panels.items()]
    if rule is not None:
        choices = [
            _by_rule(choice, found, rule, weights)
            for choice, found in zip(choices, panels.values(), strict=True)
        ]
    return Recommendation(tuple(choices), alpha)


def _checked(caps: dict[str, float]) -> dict[str, float]:
    """Caps in the order of the sentences, each positive."""
    found = {
        goal: validate.check_positive(f"max_{goal}", caps[goal]) for goal in _CAPPED if goal in caps
    }
    if found.get("success", 1.0) > 1:
        raise ValueError(f"max_success must lie in (0, 1], got {found['success']!r}.")
    return found


def _asked(
    points: list[OperatingPoint], data: str | None, epsilon: float | None
) -> list[OperatingPoint]:
    """Those of one data set and of one epsilon, if any is asked for."""
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
    return points


def _by_rule(
    choice: Choice, found: list[Candidate], rule: str, weights: npt.ArrayLike | None
) -> Choice:
    """The choice that a rule makes of the candidates that keep the caps.

    Influence counts where any candidate knows it. The figures are taken as they stand; who
    lacks one of them, or has an infinite one, cannot be weighed.
    """
    kept = [c for c in found if all(_holds(c, g, cap) is True for g, cap in choice.caps.items())]
    goals = tuple(g for g in OBJECTIVES if g != "influence" or any(c.knows([g]) for c in kept))
    weighed = [c for c in kept if c.knows(goals)]
    best: tuple[Candidate, ...] = ()
    if weighed:
        costs = [[getattr(c, goal) for goal in goals] for c in weighed]
        best = (weighed[pick(costs, rule, weights)],)
    lacking = [c for c in kept if c not in weighed]
    undecided = (*choice.undecided, *(c for c in lacking if c not in choice.undecided))
    return replace(choice, best=best, undecided=undecided, rule=rule, objectives=goals)


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
        math.nan if point.influence is None else point.influence,
        point.influence_interval or unknown,
        point.explains,
    )


def choose(
    key: tuple[Any, ...], found: list[Candidate], goal: str, caps: dict[str, float]
) -> Choice:
    """The best of one data set, `key` being its data, k, num_users, delta, estimand and prior."""
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
    data, k, num_users, delta, estimand, prior = key
    return Choice(
        data, k, num_users, delta, goal, caps, tuple(best), tuple(undecided), nearest, estimand,
        prior=prior, explains=any(c.explains for c in found),
    )  # fmt: skip


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
    if goal == "influence":
        return f"at least {text}"
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
