"""Points with their places: each against the limit, and against the others of its group."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ldpaudit.standing import standings

from ._points import Panel, Point, panels

if TYPE_CHECKING:
    import pandas as pd

_CELL = ("data", "k", "num_users", "epsilon", "delta", "protocol", "parameters")


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


def placed(frame: pd.DataFrame) -> list[Panel]:
    """The panels of a table, every point with its standing."""
    import pandas as pd

    table = standings(frame)
    whole = table.astype(object).where(pd.notna(table), None)
    rows = {tuple(row[column] for column in _CELL): row for row in whole.to_dict("records")}
    return [
        replace(panel, points=tuple(_with_standing(point, rows) for point in panel.points))
        for panel in panels(frame)
    ]


def _with_standing(point: Point, rows: dict[tuple[Any, ...], dict[Any, Any]]) -> Point:
    row = rows.get(tuple(getattr(point, column) for column in _CELL))
    if row is None:
        return point
    names = Standing.__dataclass_fields__
    return replace(point, standing=Standing(**{name: _plain(row[name]) for name in names}))


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
