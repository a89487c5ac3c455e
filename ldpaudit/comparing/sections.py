"""Tables of a comparison for people: one section for each set of users and attacker."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldpaudit import validate
from ldpaudit.analysis.attackers import attacker_words
from ldpaudit.analysis.metrics import read
from ldpaudit.analysis.operating_points import OperatingPoint, place
from ldpaudit.outcomes.table import SHARES

if TYPE_CHECKING:
    import pandas as pd

#: A figure with its ends, all alike where it is exact, or None where it is unknown.
Figure = tuple[float, float, float] | None
#: Columns from which a table can be made, and what stands at their head.
COLUMNS = {
    "success": "attack success",
    "mse": "MSE",
    "n_mse": "n x MSE",
    "bits": "bits",
    "influence": "influence",
    "distance": "distance to limit",
}
#: Those that a table has unless told otherwise.
USUAL = ("success", "n_mse", "bits")


@dataclass(frozen=True)
class Section:
    """Protocols of one set of users before one attacker, in the order of the table."""

    heading: tuple[str, ...]
    points: tuple[OperatingPoint, ...]


def checked_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """Names of columns, at least one of them and all known."""
    if isinstance(columns, str):
        raise TypeError(f"columns must be a list of names, got {columns!r}.")
    found = tuple(validate.check_known("column", name, COLUMNS) for name in columns)
    if not found:
        raise ValueError("columns must name at least one column, got none.")
    return found


def sections(frame: pd.DataFrame) -> list[Section]:
    """What a table of a comparison says, section by section."""
    found: dict[tuple[str, ...], list[OperatingPoint]] = {}
    for point in place(read(frame), 0.05):
        found.setdefault(_heading(point), []).append(point)
    return [Section(heading, tuple(points)) for heading, points in found.items()]


def _heading(point: OperatingPoint) -> tuple[str, ...]:
    """Users, attacker, and what differs from the usual."""
    users = "" if point.num_users is None else f", {point.num_users:,} users"
    parts = [f"{point.data} (k = {point.k:,}{users})"]
    parts += [f"against {words}"] if (words := attacker_words(point.prior)) else []
    parts += [f"delta = {point.delta:g}"] if point.delta else []
    parts += [] if point.estimand == SHARES[0] else [f"error of {point.estimand}"]
    parts += ["success is the share of variance explained"] if point.explains else []
    return tuple(parts)


def figure(point: OperatingPoint, column: str) -> Figure:
    """One figure of a point, with its 95% interval where it is measured."""
    return _FIGURES[column](point)


def measured(points: Sequence[OperatingPoint], columns: Sequence[str]) -> bool:
    """Whether any of these figures has an interval."""
    found = (figure(point, column) for point in points for column in columns)
    return any(one is not None and one[1] != one[2] for one in found)


def _whole(value: float | None, lower: float | None, upper: float | None) -> Figure:
    if value is None or math.isnan(value):
        return None
    return value, value if lower is None else lower, value if upper is None else upper


def _n_mse(point: OperatingPoint) -> Figure:
    found = _whole(point.mse, point.mse_lower, point.mse_upper)
    if found is None or point.num_users is None:
        return None
    value, lower, upper = (end * point.num_users for end in found)
    return value, lower, upper


def _influence(point: OperatingPoint) -> Figure:
    lower, upper = point.influence_interval or (None, None)
    return _whole(point.influence, lower, upper)


_FIGURES: dict[str, Callable[[OperatingPoint], Figure]] = {
    "success": lambda p: _whole(p.success, p.success_lower, p.success_upper),
    "mse": lambda p: _whole(p.mse, p.mse_lower, p.mse_upper),
    "n_mse": _n_mse,
    "bits": lambda p: _whole(p.bits, None, None),
    "influence": _influence,
    "distance": lambda p: _whole(p.gap, p.distance_lower, p.distance_upper),
}
