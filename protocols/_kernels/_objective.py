"""Attack success weighed against error: what the adaptive protocols make as small as they can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ldpaudit.analysis.rules import RULES, pick
from ldpaudit.arrays import Floats
from ldpaudit.parameters import budget, domain_size, nonnegative, one_of, optional, parameters
from ldpaudit.validate import check_nonnegative

#: Valleys of a grid that are looked into; more of them are rounding noise on a plateau.
_VALLEYS = 16
#: Points of the range of a parameter among which a rule picks.
_PICKED = 512


def _weight_beside(name: str, value: Any, made: WeighedChoice) -> float:
    weight = check_nonnegative(name, value)
    if not made.success_weight + weight:
        raise ValueError("one of success_weight and error_weight must be above 0.")
    return weight


@dataclass(frozen=True)
@parameters(
    k=domain_size(),
    epsilon=budget(),
    success_weight=nonnegative(),
    error_weight=_weight_beside,
    grid=one_of(("exact", "published")),
    rule=optional(one_of(RULES)),
)
class WeighedChoice:
    """The parameters of an adaptive protocol, checked, and its objective."""

    k: int
    epsilon: float
    success_weight: float = 0.5
    error_weight: float = 0.5
    grid: str = "exact"
    rule: str | None = None

    def _picked(self, success: Floats, error: Floats, p: Floats, q: Floats) -> int:
        """Which point the rule picks by exact error, success and influence, in this order.

        p and q are the probabilities of supporting the own and any other value. The error is
        that of uniform users, for at f = 0 it leaves out the most of it where reports are rare.
        """
        exact = error + (1 - p - q) / (self.k * (p - q))
        costs = np.column_stack((exact, success, (1 - q) / (p - q)))
        return pick(costs, str(self.rule))

    def _weigh(self, success: Floats, error: Floats) -> Floats:
        """Objective for attack success (uniform prior) and error of one user (n = 1, f = 0)."""
        total = self.success_weight + self.error_weight
        return (self.success_weight / total) * success + (self.error_weight / total) * error


def some_of(last: int) -> Floats:
    """Whole numbers from 1 to `last`, all or some that grow by steps of one factor."""
    if last <= _PICKED:
        return np.arange(1.0, last + 1)
    return np.unique(np.geomspace(1, last, _PICKED).round())


def some_between(low: float, high: float) -> Floats:
    """Points between two numbers, for a rule."""
    return np.linspace(low, high, _PICKED)


def independent_success(k: int, ratio: Floats, missed: Floats, log_unset: Floats) -> Floats:
    """Bayes success, uniform prior, where each other value is supported independently with q.

    For ratio = p / q, missed = 1 - p and log_unset = log(1 - q). The sum over
    reports of the best likelihood is p / q where any value is supported, and
    (1 - p) / (1 - q) where none is.
    """
    likely = ratio * -np.expm1(k * log_unset)
    return np.asarray((likely + missed * np.exp((k - 1) * log_unset)) / k)


def least_point(objective: Callable[[Floats], Floats], points: Floats) -> float:
    """Point of least objective between the first and the last of `points`.

    Every valley of the grid is searched, so that it need only be fine enough to
    show each one. A point of the grid is kept unless another is truly better.
    """
    from scipy.optimize import minimize_scalar

    costs = objective(points)
    around = np.pad(costs, 1, constant_values=np.inf)
    valleys = np.flatnonzero((costs <= around[:-2]) & (costs <= around[2:]))
    best, least = float(points[costs.argmin()]), float(costs.min())
    for valley in valleys[np.argsort(costs[valleys], kind="stable")[:_VALLEYS]]:
        bounds = points[max(valley - 1, 0)], points[min(valley + 1, points.size - 1)]
        found = minimize_scalar(lambda x: float(objective(np.array([x]))[0]), bounds=bounds,
                                method="bounded", options={"xatol": 1e-10})  # fmt: skip
        if found.fun < least * (1 - 1e-15):
            best, least = float(found.x), float(found.fun)
    return best
