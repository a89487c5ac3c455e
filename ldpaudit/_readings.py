"""Rows of the tidy table as figures: exact, or measured with an interval at any level."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ldpaudit import bounds, registry

if TYPE_CHECKING:
    import pandas as pd

_LEVEL = re.compile(r"interval at ([0-9.e+-]+)%")
_PROBES = re.compile(r"by random probes, standard error below ([0-9.]+)%")
#: How a figure was obtained.
EXACT, PROBED, MEASURED = "exact", "exact, by random probes", "measured"
OPTIMAL, TRIED = "measured, optimal attack", "measured, best of the attacks tried"
#: Error probability of a normal interval of two standard errors.
_TWO_ERRORS = 0.0455
#: Relative difference below which two exact figures are the same: rounding.
SAME = 1e-9


@dataclass(frozen=True)
class Reading:
    """One row of the tidy table: a metric of one cell; None where the table has nothing."""

    metric: str
    attack: str
    value: float | None
    lower: float | None
    upper: float | None
    exact: float | None
    trials: int | None
    status: str
    method: str

    @property
    def known(self) -> bool:
        """Whether the row holds a number."""
        return self.exact is not None or self.value is not None

    @property
    def probed(self) -> float | None:
        """Relative standard error of an exact column that random probes estimated."""
        found = _PROBES.search(self.method)
        return float(found[1]) / 100 if found and self.exact is not None else None

    def exact_interval(self, alpha: float) -> tuple[float, float]:
        """The exact figure twice, or an interval around it where probes estimated it."""
        if self.exact is None:
            raise ValueError("the row holds no exact figure.")
        if self.probed is None:
            return self.exact, self.exact
        from scipy.special import ndtri

        margin = -float(ndtri(alpha / 2)) * self.probed * abs(self.exact)
        return self.exact - margin, self.exact + margin

    def measured_interval(self, alpha: float) -> tuple[float, float]:
        """The interval of the measured figure at error probability `alpha`.

        Clopper-Pearson from the counts of an attack, the t interval of an error
        at its new level; without bounds where the row does not say enough.
        """
        if self.value is None or not self.trials:
            return -math.inf, math.inf
        if self.metric == "attack_success":
            return bounds.success_interval(round(self.value * self.trials), self.trials, alpha)
        level = _LEVEL.search(self.method)
        if level is None or self.upper is None or self.trials < 2:
            return -math.inf, math.inf
        from scipy.special import stdtrit

        wide, narrow = (
            -float(stdtrit(self.trials - 1, a / 2)) for a in (alpha, 1 - float(level[1]) / 100)
        )
        margin = (self.upper - self.value) * wide / narrow
        return self.value - margin, self.value + margin


def read_cells(
    frame: pd.DataFrame, columns: tuple[str, ...]
) -> dict[tuple[Hashable, ...], list[Reading]]:
    """The usable rows of each cell, by its values in `columns`, in the order of the table."""
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"frame must be a pandas DataFrame, got {type(frame).__name__}.")
    full = frame.reindex(columns=[*dict.fromkeys((*columns, *_FIELDS))]).astype(object)
    full = full.where(pd.notna(full), None)
    cells: dict[tuple[Hashable, ...], list[Reading]] = {}
    for row in full.to_dict("records"):
        key = tuple(_axis(name, row[name]) for name in columns)
        cells.setdefault(key, []).append(_reading(row))
    return cells


_FIELDS = ("metric", "attack", "value", "lower", "upper", "exact", "trials", "status", "method")
_WORDS = ("protocol", "parameters", "data", "metric", "attack", "status", "method")


def _axis(name: str, value: Any) -> Hashable:
    if name in _WORDS:
        return "" if value is None else str(value)
    if value is None:
        return None
    return float(value) if name in ("epsilon", "delta") else int(value)


def _reading(row: dict[Any, Any]) -> Reading:
    value, lower, upper, exact = (_number(row[name]) for name in _FIELDS[2:6])
    return Reading(
        metric=str(row["metric"] or ""),
        attack=str(row["attack"] or ""),
        value=value,
        lower=lower,
        upper=upper,
        exact=exact,
        trials=None if row["trials"] is None else int(row["trials"]),
        status=str(row["status"] or ""),
        method=str(row["method"] or ""),
    )


def _number(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def is_less(first: float, second: float) -> bool:
    """Whether the first is smaller by more than rounding."""
    if math.isinf(first) or math.isinf(second):
        return first < second
    return first < second - SAME * max(abs(first), abs(second))


def best_success(usable: list[Reading], kinds: dict[str, str]) -> tuple[Reading | None, str]:
    """The row behind the best attacker's success, and how it was obtained.

    `kinds` says of each attack by name what `attack_kind` does.
    """
    found = [
        r for r in usable if r.metric == "attack_success" and r.attack not in ("blind", "published")
    ]
    for reading in found:
        if reading.exact is not None:
            return reading, EXACT
    played = [r for r in found if r.value is not None and kinds[r.attack]]
    optimal = [r for r in played if kinds[r.attack] == OPTIMAL]
    if optimal:
        return optimal[0], OPTIMAL
    return max(played, key=lambda r: r.value or 0.0, default=None), TRIED if played else ""


def attack_kind(name: str) -> str:
    """Whether a registered attack names one of k values, and optimally; "" if not or unknown."""
    if name not in registry.names("attacks"):
        return ""
    try:
        attack = registry.load("attacks", name)
    except Exception:  # another package's fault
        return ""
    if not hasattr(attack, "guess"):
        return ""
    return OPTIMAL if getattr(attack, "optimal", False) else TRIED


def how(reading: Reading) -> str:
    """How an error was obtained."""
    if reading.exact is None:
        return MEASURED
    return EXACT if reading.probed is None else PROBED


def shown(reading: Reading | None) -> tuple[float, float, float]:
    """The figure and its interval: exact where known, else as the table has it."""
    if reading is None:
        return math.nan, math.nan, math.nan
    if reading.exact is not None:
        return reading.exact, *reading.exact_interval(_TWO_ERRORS)
    ends = (reading.value, reading.lower, reading.upper)
    value, lower, upper = (math.nan if end is None else end for end in ends)
    return value, lower, upper
