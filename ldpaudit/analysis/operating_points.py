"""Operating points: every protocol of a table at one epsilon, against the limit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ldpaudit.analysis._series import labels
from ldpaudit.analysis.explained import explains, limit_words, mean_limit
from ldpaudit.analysis.limits import MAX_K, Frontier, frontier
from ldpaudit.analysis.metrics import TRIED, Metric, best_success, grouped, most_explained
from ldpaudit.outcomes.table import (
    EXACT,
    GIVEN,
    INFORMED,
    MOST,
    SHARES,
    UNIFORM,
    is_biased,
    less_processed_name,
    unprocessed_name,
)

#: Columns that make a group: only protocols of one group are compared.
GROUP = ("data", "k", "num_users", "epsilon", "delta", "estimand", "prior")
_CELL = (*GROUP[:-1], "protocol", "parameters")
#: Priors that are the users' own law, or are taken for it.
_KNOWN = ("", UNIFORM, INFORMED, GIVEN)


@dataclass(frozen=True)
class OperatingPoint:
    """One protocol at one epsilon on one data set before one attacker: its rows, and its place.

    `success_interval` and `mse_interval` hold together with those of all other
    points. `limit`, `distance`, `dominated_by`, `tied_with`, `efficient` and their
    like with influence are columns of ``ldpaudit.analysis.standings``. None where nothing is
    known.
    """

    data: str
    k: int
    num_users: int | None
    epsilon: float
    delta: float | None
    estimand: str
    protocol: str
    parameters: str
    metrics: tuple[Metric, ...] = field(repr=False)
    label: str = ""
    prior: str = ""
    success_interval: tuple[float, float] | None = None
    mse_interval: tuple[float, float] | None = None
    limit: float | None = None
    distance: float | None = None
    distance_lower: float | None = None
    distance_upper: float | None = None
    dominated_by: tuple[str, ...] = ()
    tied_with: tuple[str, ...] = ()
    efficient: bool | None = None
    dominated_with_influence: tuple[str, ...] = ()
    efficient_with_influence: bool | None = None

    @property
    def group(self) -> tuple[Any, ...]:
        """What it shares with the points that it is compared with."""
        return tuple(getattr(self, column) for column in GROUP)

    @cached_property
    def _usable(self) -> list[Metric]:
        return [metric for metric in self.metrics if metric.usable]

    @cached_property
    def _best_success(self) -> tuple[Metric | None, str]:
        if self.explains:
            return most_explained(self._usable)
        return best_success(self._usable)

    @cached_property
    def explains(self) -> bool:
        """Whether `success` is the share of a person's variance that one report explains."""
        return explains(self.estimand, self.metrics)

    @cached_property
    def error(self) -> Metric | None:
        """The row of the mean squared error."""
        return next((m for m in self._usable if m.metric == "mse" and m.known), None)

    @property
    def attacked(self) -> Metric | None:
        """The row of the best attacker's success."""
        return self._best_success[0]

    @property
    def success_how(self) -> str:
        """How the success was obtained, empty if there is none."""
        return self._best_success[1]

    @property
    def attack(self) -> str:
        """The attack behind the success."""
        return "" if self.attacked is None else self.attacked.attack

    @property
    def success(self) -> float | None:
        """Success of the best guess from one report; of numbers the share that it explains."""
        return _shown(self.attacked)[0]

    @property
    def success_lower(self) -> float | None:
        """Lower end of the success, as the table has it."""
        return _shown(self.attacked)[1]

    @property
    def success_upper(self) -> float | None:
        """Upper end of the success, as the table has it."""
        return _shown(self.attacked)[2]

    @property
    def mse_how(self) -> str:
        """How the error was obtained, empty if there is none."""
        return "" if self.error is None else self.error.words

    @property
    def mse(self) -> float | None:
        """Mean squared error of the estimand, a value where it is shares."""
        return _shown(self.error)[0]

    @property
    def mse_lower(self) -> float | None:
        """Lower end of the error."""
        return _shown(self.error)[1]

    @property
    def mse_upper(self) -> float | None:
        """Upper end of the error."""
        return _shown(self.error)[2]

    @property
    def n_mse(self) -> float | None:
        """The error times the number of users."""
        return None if self.mse is None or self.num_users is None else self.mse * self.num_users

    @property
    def bits(self) -> float | None:
        """Bits per report."""
        return next((m.exact for m in self._usable if m.metric == "bits"), None)

    @cached_property
    def _reach(self) -> Metric | None:
        return next((m for m in self._usable if m.metric == "influence" and m.known), None)

    @property
    def influence(self) -> float | None:
        """Most that one report adds to the estimate of the worst value, in honest reports."""
        return None if self._reach is None else self._reach.best

    @property
    def influence_how(self) -> str:
        """How the influence was obtained: exact, or a bound from below; empty without one."""
        return "" if self._reach is None else self._reach.how

    @property
    def influence_interval(self) -> tuple[float, float] | None:
        """Its ends: equal where it is exact, the upper one infinite where it is a bound."""
        if self._reach is None or self._reach.best is None:
            return None
        if self._reach.exact is not None:
            return self._reach.exact, self._reach.exact
        return self._reach.best, math.inf

    @property
    def refuted(self) -> bool:
        """Whether the audit found a violation."""
        return any(m.status == "violation" for m in self._usable)

    @property
    def limit_applies(self) -> bool:
        """Whether the limit speaks of this point."""
        return self._limit_words[0]

    @property
    def limit_note(self) -> str:
        """Why the limit does not speak of it, or what to keep in mind."""
        return self._limit_words[1]

    @cached_property
    def _limit_words(self) -> tuple[bool, str]:
        blind = next((m.exact for m in self._usable if m.attack == "blind"), None)
        if self.biased:
            return False, "biased: the limit is for unbiased estimates, and this may be below it"
        if self.explains:
            return limit_words(self.estimand, self._usable)
        if self.estimand not in SHARES:
            return False, "the limit is for estimates of frequencies"
        if self.delta:
            return False, "the limit is for delta = 0"
        if self.k > MAX_K:
            return False, f"the limit is computed for at most {MAX_K:,} values"
        if (
            blind is None
            or self.prior not in _KNOWN
            or not math.isclose(blind * self.k, 1.0, rel_tol=1e-9)
        ):
            return False, "the limit is for an attacker with a uniform prior"
        if self.refuted:
            return False, "the limit is for mechanisms that keep their epsilon"
        if self.data != "uniform":
            return True, (
                "the limit is for uniform users; for others it holds on average over "
                "relabelings of the values, hence for protocols that treat all values alike"
            )
        return True, ""

    @property
    def biased(self) -> bool:
        """Whether the estimate was post-processed, or is biased by itself."""
        return is_biased(self.estimand)

    @property
    def mean_limit(self) -> Callable[[float], float] | None:
        """N times the least error of a mean for a share explained; None where it is not known."""
        return mean_limit(self.estimand, self._usable) if self.explains else None

    @property
    def estimated(self) -> bool:
        """Whether success or error is known with an interval only."""
        return (self.success_how, self.mse_how) != (EXACT, EXACT)

    @property
    def gap(self) -> float | None:
        """The distance, where the limit speaks of this point."""
        return self.distance if self.limit_applies else None


def _shown(metric: Metric | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if metric is None else metric.shown


def operating_points(metrics: Iterable[Metric]) -> list[OperatingPoint]:
    """One point per protocol of a group, in the order of the table; without k or epsilon none."""
    cells = grouped(_estimating(metrics), _CELL)
    attackers = _attackers(cells)
    points = [
        OperatingPoint(
            **dict(zip(_CELL, key, strict=True)), prior=prior,
            metrics=tuple(m for m in (*found, *_borrowed(key, cells)) if m.prior in ("", prior)),
        )
        for prior, key, found in _by_attacker(cells, attackers)
        if key[1] and key[3] and not (is_biased(key[5]) and not any(m.usable for m in found))
    ]  # fmt: skip
    named = labels((point.group, point.protocol, point.parameters) for point in points)
    return [replace(point, label=label) for point, label in zip(points, named, strict=True)]


def _by_attacker(
    cells: dict[tuple[Any, ...], list[Metric]], attackers: dict[tuple[Any, ...], list[str]]
) -> list[tuple[str, tuple[Any, ...], list[Metric]]]:
    """Cells in the order of the table; of users with several attackers one attacker at a time."""
    first: dict[tuple[Any, ...], int] = {}
    placed = []
    for place, (key, found) in enumerate(cells.items()):
        whose = attackers[key[:3]]
        start = first.setdefault(key[:3], place) if len(whose) > 1 else place
        placed += [((start, rank), prior, key, found) for rank, prior in enumerate(whose)]
    placed.sort(key=lambda one: one[0])
    return [(prior, key, found) for _, prior, key, found in placed]


def _attackers(cells: dict[tuple[Any, ...], list[Metric]]) -> dict[tuple[Any, ...], list[str]]:
    """Those that each set of users was attacked by, in order of appearance."""
    found: dict[tuple[Any, ...], dict[str, None]] = {}
    for key, metrics in cells.items():
        found.setdefault(key[:3], {}).update(dict.fromkeys(m.prior for m in metrics if m.prior))
    return {users: [*names] or [""] for users, names in found.items()}


def _borrowed(key: tuple[Any, ...], cells: dict[tuple[Any, ...], list[Metric]]) -> list[Metric]:
    """What a post-processed estimate shares with the cell that it is of: reports and their size."""
    place = _CELL.index("estimand")
    if not is_biased(key[place]):
        return []
    whole = (*key[:place], less_processed_name(key[place]), *key[place + 1 :])
    return [m for m in cells.get(whole, ()) if m.metric in ("attack_success", MOST, "bits")]


def _estimating(metrics: Iterable[Metric]) -> list[Metric]:
    """Rows of a cell that estimates nothing, or failed, go with the first estimand of its users."""
    rows, first = list(metrics), dict[tuple[Any, ...], str]()
    for row in rows:
        if row.estimand:
            first.setdefault((row.data, row.k, row.num_users), row.estimand)
    return [
        row
        if row.estimand
        else replace(row, estimand=first.get((row.data, row.k, row.num_users), SHARES[0]))
        for row in rows
    ]


def place(metrics: Iterable[Metric], alpha: float) -> list[OperatingPoint]:
    """Operating points with their intervals and their distance to the limit.

    All intervals hold together with probability 1 - alpha.
    """
    points = operating_points(metrics)
    sources = {  # each row once: attackers share the error
        id(row)
        for point in points
        for row, how in ((point.attacked, point.success_how), (point.error, point.mse_how))
        if how not in ("", EXACT)
    }
    share = alpha / max(len(sources), 1)
    limits: dict[tuple[int, float], Frontier] = {}
    return [_against_limit(_bounded(point, share), limits) for point in points]


def _bounded(point: OperatingPoint, alpha: float) -> OperatingPoint:
    """With ends of success and of error, each figure outside with probability at most alpha."""
    success, mse = (
        None if metric is None else metric.interval(alpha)
        for metric in (point.attacked, point.error)
    )
    if success is not None and point.success_how == TRIED:
        success = success[0], 1.0  # an attack that nobody tried may do better
    return replace(point, success_interval=success, mse_interval=mse)


def _against_limit(
    point: OperatingPoint, limits: dict[tuple[int, float], Frontier]
) -> OperatingPoint:
    """With the limit at the own success, the error as a multiple of it, and the ends of that."""
    success, ends = point.success, point.success_interval
    if success is None or ends is None:
        return point
    least = point.mean_limit
    if least is not None:
        limit, above, below = map(least, (success, *ends))
    elif point.k > MAX_K or unprocessed_name(point.estimand) not in SHARES:
        return point
    else:
        key = (point.k, point.epsilon)
        curve = limits.setdefault(key, frontier(*key))
        points = np.clip([success, *ends], np.finfo(float).tiny, 1.0)
        limit, above, below = (float(v) for v in curve.mse_at(points, target="users"))
    error, spread, users = point.n_mse, point.mse_interval, point.num_users
    if error is None or spread is None or users is None:
        return replace(point, limit=limit)
    # The limit falls with success, so the least distance is at the least success and error.
    return replace(
        point,
        limit=limit,
        distance=_ratio(error, limit),
        distance_lower=_ratio(max(spread[0], 0.0) * users, above),
        distance_upper=_ratio(spread[1] * users, below),
    )


def _ratio(error: float, limit: float) -> float | None:
    if math.isinf(limit):
        return None if math.isinf(error) else 0.0
    return error / limit if limit > 0 else math.inf if error > 0 else 1.0
