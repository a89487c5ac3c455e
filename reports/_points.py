"""The tidy table as points: one a cell, with its metrics by name and its place among the others."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ldpaudit._table import COLUMNS
from ldpaudit.standing import standings

if TYPE_CHECKING:
    import pandas as pd

_WHOLE = ("k", "num_users", "trials", "repetition", "seed")
_CELL = ("data", "k", "num_users", "protocol", "parameters", "epsilon", "delta", "repetition")
_PLACE = ("data", "k", "num_users", "epsilon", "delta", "protocol", "parameters")


@dataclass(frozen=True)
class Measure:
    """One row of the table: a metric of one cell."""

    metric: str
    attack: str
    value: float | None
    lower: float | None
    upper: float | None
    exact: float | None
    trials: int | None
    status: str
    reason: str
    method: str

    @property
    def best(self) -> float | None:
        """The exact value where there is one, else the measured one."""
        return self.value if self.exact is None else self.exact

    @property
    def kind(self) -> str:
        """How `best` was obtained."""
        return "measured" if self.exact is None else "exact"


@dataclass(frozen=True)
class Standing:
    """One row of ``ldpaudit.standing.standings``; None where it says nothing."""

    label: str
    success: float | None
    success_lower: float | None
    success_upper: float | None
    success_how: str
    mse: float | None
    mse_how: str
    n_mse: float | None
    bits: float | None
    limit: float | None
    distance: float | None
    distance_lower: float | None
    distance_upper: float | None
    limit_applies: bool
    limit_note: str
    dominated_by: tuple[str, ...]
    tied_with: tuple[str, ...]
    efficient: bool | None

    @property
    def estimated(self) -> bool:
        """Whether success or error is known with an interval only."""
        return (self.success_how, self.mse_how) != ("exact", "exact")

    @property
    def gap(self) -> float | None:
        """The distance, where the limit speaks of this row."""
        return self.distance if self.limit_applies else None


@dataclass(frozen=True)
class Point:
    """One cell: a protocol at one epsilon on one data set."""

    protocol: str
    parameters: str
    k: int
    epsilon: float
    delta: float | None
    num_users: int | None
    data: str
    repetition: int | None
    measures: tuple[Measure, ...] = field(repr=False)
    series: str = ""
    standing: Standing | None = None

    def all(self, metric: str) -> list[Measure]:
        """Every usable row of a metric."""
        return [m for m in self.measures if m.metric == metric and m.status not in _UNUSABLE]

    def find(self, metric: str, attack: str | None = None) -> Measure | None:
        """The first usable row of a metric that holds a number."""
        for measure in self.all(metric):
            if attack in (None, measure.attack) and measure.best is not None:
                return measure
        return None

    @property
    def success(self) -> Measure | None:
        """Success of the Bayes-optimal attack."""
        return self.find("attack_success", "bayes")

    @property
    def published(self) -> Measure | None:
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
        measure = self.find("attack_success", "blind")
        best = None if measure is None else measure.best
        return 1.0 / self.k if best is None else best

    @property
    def mse(self) -> Measure | None:
        """Mean squared error a value."""
        return self.find("mse")


_UNUSABLE = ("failed", "skipped")


@dataclass(frozen=True)
class Panel:
    """The points of one data set."""

    data: str
    k: int
    num_users: int | None
    points: tuple[Point, ...]

    @property
    def epsilons(self) -> list[float]:
        """Distinct claimed epsilons, rising."""
        return sorted({point.epsilon for point in self.points})

    @property
    def blind(self) -> float:
        """Success of guessing without a report."""
        found = [p.blind for p in self.points if p.find("attack_success", "blind")]
        return found[0] if found else 1.0 / self.k

    @property
    def uniform(self) -> bool:
        """Whether the attacker's prior is uniform, as the limit wants it."""
        return math.isclose(self.blind * self.k, 1, rel_tol=1e-9)

    @property
    def pure(self) -> bool:
        """Whether any claim has no delta, so that limits of epsilon-LDP speak of it."""
        return any(not point.delta for point in self.points)

    def lines(self) -> Iterator[tuple[str, list[Point]]]:
        """Points of each series in the order of first appearance, along epsilon."""
        for series in dict.fromkeys(point.series for point in self.points):
            mine = [point for point in self.points if point.series == series]
            yield series, sorted(mine, key=lambda point: point.epsilon)


def panels(frame: pd.DataFrame) -> list[Panel]:
    """Split the tidy table into one panel a data set, domain size and number of users."""
    cells: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in records(frame):
        if row["protocol"] and row["k"] and row["epsilon"] is not None:
            cells.setdefault(tuple(row[column] for column in _CELL), []).append(row)
    points = [
        Point(
            **{column: rows[0][column] for column in _CELL},
            measures=tuple(map(measure_of, rows)),
        )
        for rows in cells.values()
    ]
    groups: dict[tuple[str, int, int | None], list[Point]] = {}
    for point in _named(points):
        groups.setdefault((point.data, point.k, point.num_users), []).append(point)
    return [Panel(*key, points=tuple(group)) for key, group in groups.items()]


def placed(frame: pd.DataFrame) -> list[Panel]:
    """The panels of a table, every point with its standing."""
    import pandas as pd

    table = standings(frame)
    whole = table.astype(object).where(pd.notna(table), None)
    rows = {tuple(row[column] for column in _PLACE): row for row in whole.to_dict("records")}
    return [
        replace(panel, points=tuple(_with_standing(point, rows) for point in panel.points))
        for panel in panels(frame)
    ]


def _with_standing(point: Point, rows: dict[tuple[Any, ...], dict[Any, Any]]) -> Point:
    row = rows.get(tuple(getattr(point, column) for column in _PLACE))
    if row is None:
        return point
    names = Standing.__dataclass_fields__
    return replace(point, standing=Standing(**{name: _plain(row[name]) for name in names}))


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


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
    if name in _TEXT:
        return "" if value is None else str(value)
    if hasattr(value, "item"):
        value = value.item()
    if name in _WHOLE and isinstance(value, float) and value.is_integer():
        return int(value)
    if name in _REAL and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


_TEXT = ("protocol", "parameters", "data", "attack", "metric", "status", "reason", "method")
_REAL = ("epsilon", "delta", "value", "lower", "upper", "exact")


def measure_of(row: dict[str, Any]) -> Measure:
    words = {name: row[name] for name in ("metric", "attack", "trials", *_TEXT[-3:])}
    value, lower, upper, exact = (_number(row[name]) for name in _REAL[-4:])
    return Measure(value=value, lower=lower, upper=upper, exact=exact, **words)


def _number(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _named(points: list[Point]) -> Iterator[Point]:
    """Name each series: the protocol, with its parameters only where one cell has several."""
    seen = Counter(
        (p.data, p.k, p.num_users, p.epsilon, p.delta, p.repetition, p.protocol) for p in points
    )
    several = {key[-1] for key, count in seen.items() if count > 1}
    for point in points:
        extra = f" ({point.parameters})" if point.protocol in several and point.parameters else ""
        yield replace(point, series=point.protocol + extra)
