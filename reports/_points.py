"""The tidy table as points: one per cell, with its metrics by name and its dominance."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ldpaudit.analysis.attackers import attacker_words
from ldpaudit.analysis.dominance import against_others
from ldpaudit.analysis.limits import MAX_K
from ldpaudit.analysis.metrics import Metric, grouped, read
from ldpaudit.analysis.operating_points import OperatingPoint, operating_points, place
from ldpaudit.collecting.manipulation import influence_limit, mean_influence_limit
from ldpaudit.outcomes.table import (
    BIASED,
    COLUMNS,
    GIVEN,
    INFORMED,
    MEANS,
    MOST,
    REAL,
    SHARES,
    TEXT,
    UNIFORM,
    WHOLE,
    is_biased,
    unprocessed_name,
)

if TYPE_CHECKING:
    import pandas as pd

#: Probability that noise makes any claim of a page about places wrong.
ALPHA = 0.05


@dataclass(frozen=True)
class Point:
    """One marker of a figure: an operating point, or one of its repetitions."""

    place: OperatingPoint
    repetition: int | None
    metrics: tuple[Metric, ...] = field(repr=False)

    @property
    def series(self) -> str:
        """Name of the line that it is on."""
        return self.place.label

    @property
    def protocol(self) -> str:
        """Name of the protocol."""
        return self.place.protocol

    @property
    def parameters(self) -> str:
        """Its further parameters as text."""
        return self.place.parameters

    @property
    def k(self) -> int:
        """Number of values."""
        return self.place.k

    @property
    def epsilon(self) -> float:
        """Claimed epsilon."""
        return self.place.epsilon

    @property
    def delta(self) -> float | None:
        """Claimed delta."""
        return self.place.delta

    def all(self, metric: str) -> list[Metric]:
        """Every usable row of a metric."""
        return [m for m in self.metrics if m.metric == metric and m.usable]

    def find(self, metric: str, attack: str | None = None) -> Metric | None:
        """The first usable row of a metric that holds a number."""
        for row in self.all(metric):
            if attack in (None, row.attack) and row.known:
                return row
        return None

    @property
    def success(self) -> Metric | None:
        """Success of the Bayes-optimal attack; of numbers the share that one report explains."""
        if self.place.explains:
            return self.find("variance_explained")
        return self.find("attack_success", "bayes")

    @property
    def published(self) -> Metric | None:
        """The source paper's attack success, where it differs."""
        return self.find("attack_success", "published")

    @property
    def published_differs(self) -> bool:
        """Whether the published figure is more than 5% away from the Bayes-optimal one."""
        published, success = self.published, self.success
        if published is None or success is None or not published.best or not success.best:
            return False
        return abs(math.log(success.best / published.best)) > math.log(1.05)

    @property
    def blind(self) -> float:
        """Success of guessing without the report; 1/k where no attack measured it."""
        if self.place.explains:
            return 0.0
        row = self.find("attack_success", "blind")
        best = None if row is None else row.best
        return 1.0 / self.k if best is None else best

    @property
    def most(self) -> float | None:
        """The most that any mechanism of the claim gives away, as the table has it."""
        row = self.find(MOST)
        return None if row is None else row.best

    @property
    def mse(self) -> Metric | None:
        """Mean squared error of the estimate."""
        return self.find("mse")

    @property
    def least_influence(self) -> float | None:
        """The least that any mechanism of this epsilon can have.

        Nothing is known with a delta, or where the estimate is biased.
        """
        if self.delta or self.place.biased:
            return None
        limit = mean_influence_limit if self.place.estimand in MEANS else influence_limit
        return limit(self.epsilon)


@dataclass(frozen=True)
class Panel:
    """The points of one data set before one attacker; `further` where another came before."""

    data: str
    k: int
    num_users: int | None
    estimand: str
    points: tuple[Point, ...]
    prior: str = ""
    further: bool = False
    several: bool = False

    @property
    def key(self) -> tuple[str, int, int | None, str, str]:
        """What its points have in common."""
        return *self.users, self.prior

    @property
    def users(self) -> tuple[str, int, int | None, str]:
        """Of whom what is estimated, whoever attacks."""
        return self.data, self.k, self.num_users, self.estimand

    @property
    def attacker(self) -> str:
        """Who attacks, in words."""
        return attacker_words(self.prior)

    @property
    def most(self) -> dict[float, float]:
        """The most that any mechanism gives away at each epsilon, where it is known."""
        found = {p.epsilon: p.most for p in self.points if not p.delta}
        return {epsilon: found[epsilon] or 0.0 for epsilon in sorted(found) if found[epsilon]}

    @property
    def of_shares(self) -> bool:
        """Whether shares of the users are estimated, so that the limit may speak of them."""
        return self.estimand in SHARES

    @property
    def processed(self) -> str:
        """How its estimates were post-processed, as "after norm-sub"; empty if they were not."""
        if not is_biased(self.estimand):
            return ""
        return self.estimand.removeprefix(unprocessed_name(self.estimand)).lstrip(", ")

    @property
    def repeats(self) -> bool:
        """Whether its attack success is another panel's: of the estimates before processing."""
        own = {m.estimand for p in self.points for m in p.metrics if m.metric == "attack_success"}
        return bool(self.processed) and self.estimand not in own

    @property
    def of_means(self) -> bool:
        """Whether a mean is estimated, of numbers or of vectors."""
        return self.estimand in MEANS

    @property
    def explains(self) -> bool:
        """Whether success is the share of a person's variance that one report explains."""
        return any(point.place.explains for point in self.points)

    @property
    def biased(self) -> bool:
        """Whether what is estimated is estimated with a bias."""
        return self.estimand in BIASED or is_biased(self.estimand)

    @property
    def mean_limit(self) -> Callable[[float], float] | None:
        """N times the least error of a mean at a share explained, where it speaks of the panel."""
        found = (point.place.mean_limit for point in self.points)
        return next((limit for limit in found if limit is not None), None)

    @property
    def error_name(self) -> str:
        """What the error is of, with its unit where it is no share."""
        return "per value" if self.of_shares else f"of the {self.estimand}"

    @property
    def epsilons(self) -> list[float]:
        """Distinct claimed epsilons, rising."""
        return sorted({point.epsilon for point in self.points})

    @property
    def blind(self) -> float:
        """Success of guessing without a report."""
        if self.explains:
            return 0.0
        found = [p.blind for p in self.points if p.find("attack_success", "blind")]
        return found[0] if found else 1.0 / self.k

    @property
    def uniform(self) -> bool:
        """Whether the attacker's prior is uniform, as the limit wants it."""
        own = self.prior in ("", UNIFORM, INFORMED, GIVEN)
        return own and math.isclose(self.blind * self.k, 1, rel_tol=1e-9)

    @property
    def pure(self) -> bool:
        """Whether any claim has no delta, so that limits of epsilon-LDP speak of it."""
        return any(not point.delta for point in self.points)

    @property
    def limited(self) -> bool:
        """Whether the limit on the error speaks of its users and its attacker."""
        known = self.mean_limit is not None if self.explains else self.of_shares and self.uniform
        return known and self.num_users is not None

    @property
    def guided(self) -> bool:
        """Whether the limit at one epsilon does, too."""
        return self.limited and not self.explains and self.k <= MAX_K and self.pure

    @property
    def capped(self) -> bool:
        """Whether the most that any mechanism gives away is known."""
        return self.pure and not self.explains and (self.uniform or bool(self.most))

    def lines(self) -> Iterator[tuple[str, list[Point]]]:
        """Points of each series in the order of first appearance, along epsilon."""
        for series in dict.fromkeys(point.series for point in self.points):
            mine = [point for point in self.points if point.series == series]
            yield series, sorted(mine, key=lambda point: point.epsilon)


def panels(points: Iterable[OperatingPoint]) -> list[Panel]:
    """One panel per data set, number of users, thing that is estimated, and attacker."""
    groups: dict[tuple[str, int, int | None, str, str], list[Point]] = {}
    for point in points:
        if point.protocol:
            key = (point.data, point.k, point.num_users, point.estimand, point.prior)
            groups.setdefault(key, []).extend(
                Point(point, repetition, tuple(metrics))
                for (repetition,), metrics in grouped(point.metrics, ("repetition",)).items()
            )
    times = Counter(key[:-1] for key in groups)
    seen: set[tuple[str, int, int | None, str]] = set()
    found = []
    for (data, k, num_users, estimand, prior), group in groups.items():
        users = (data, k, num_users, estimand)
        further, several = users in seen, times[users] > 1
        seen.add(users)
        found.append(Panel(*users, tuple(group), prior, further, several))
    return found


def once(found: Iterable[Panel]) -> list[Panel]:
    """Panels without those that only another attacker makes: what no attacker changes."""
    return [replace(panel, prior="", several=False) for panel in found if not panel.further]


def panels_of(frame: pd.DataFrame) -> list[Panel]:
    """The panels of a table."""
    return panels(operating_points(read(frame)))


def placed(metrics: Iterable[Metric]) -> list[OperatingPoint]:
    """Operating points against the limit, and against the others of their group."""
    return against_others(place(metrics, ALPHA))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain Python values: None for missing, int for whole columns, columns in order."""
    import pandas as pd

    columns = [*COLUMNS, *(c for c in frame.columns if c not in COLUMNS)]
    whole = frame.reindex(columns=columns).astype(object)
    rows = whole.where(pd.notna(whole), None).to_dict("records")
    return [{str(name): _tidy(str(name), value) for name, value in row.items()} for row in rows]


def series_of(found: Sequence[Panel]) -> dict[str, str]:
    """Series name to protocol name, over all panels, in order of first appearance."""
    return {point.series: point.protocol for panel in found for point in panel.points}


def _tidy(name: str, value: Any) -> Any:
    if name in TEXT:
        return "" if value is None else str(value)
    if hasattr(value, "item"):
        value = value.item()
    if name in WHOLE and isinstance(value, float) and value.is_integer():
        return int(value)
    if name in REAL and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value
