"""Rows of the tidy table as values: one `Metric` a row, with its interval at any level."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from ldpaudit.bounds import intervals
from ldpaudit.bounds.errors import MeasuredError
from ldpaudit.outcomes.table import BOUND, COLUMNS, EXACT, EXPLAINED, PROBES, TEXT, WHOLE
from ldpaudit.outcomes.upgrade import upgraded

if TYPE_CHECKING:
    import pandas as pd

#: How a figure was obtained, in the words of `standings`; or exact.
PROBED, MEASURED = "exact, by random probes", "measured"
OPTIMAL, TRIED = "measured, optimal attack", "measured, best of the attacks tried"
#: Error probability of a normal interval of two standard errors.
_TWO_ERRORS = 0.0455
#: Relative difference below which two exact figures are the same: rounding.
SAME = 1e-9
_UNUSABLE = ("failed", "skipped")


@dataclass(frozen=True)
class Metric:
    """One row of the tidy table, every column a field; None where the table has nothing."""

    protocol: str
    parameters: str
    k: int | None
    epsilon: float | None
    delta: float | None
    num_users: int | None
    data: str
    attack: str
    metric: str
    value: float | None
    lower: float | None
    upper: float | None
    exact: float | None
    trials: int | None
    repetition: int | None
    seed: int | None
    status: str
    reason: str
    method: str
    alpha: float | None
    how: str
    standard_error: float | None
    optimal: bool | None
    domain: str
    estimand: str
    prior: str

    @property
    def best(self) -> float | None:
        """The exact figure where there is one, else the measured one."""
        return self.value if self.exact is None else self.exact

    @property
    def known(self) -> bool:
        """Whether the row holds a number."""
        return self.best is not None

    @property
    def measured(self) -> bool:
        """Whether it holds a measured figure, or a bound from one, and not a formula alone."""
        return self.value is not None or self.how == BOUND

    @property
    def usable(self) -> bool:
        """Whether what the row is about was run."""
        return self.status not in _UNUSABLE

    @property
    def kind(self) -> str:
        """How `best` was obtained, as a page says it."""
        return MEASURED if self.exact is None else EXACT

    @property
    def probed(self) -> bool:
        """Whether the exact figure was estimated by random probes."""
        return self.how == PROBES and self.exact is not None

    @property
    def words(self) -> str:
        """How an error was obtained, as `standings` says it."""
        return PROBED if self.probed else self.kind

    @property
    def shown(self) -> tuple[float | None, float | None, float | None]:
        """The figure and its interval: exact where known, else as the table has it."""
        if self.exact is not None:
            return self.exact, *self.exact_interval(_TWO_ERRORS)
        return self.value, self.lower, self.upper

    def exact_interval(self, alpha: float) -> tuple[float, float]:
        """The exact figure twice, or an interval around it where probes estimated it."""
        if self.exact is None:
            raise ValueError("the row holds no exact figure.")
        if not self.probed:
            return self.exact, self.exact
        if self.standard_error is None:
            return -math.inf, math.inf
        from scipy.special import ndtri

        margin = -float(ndtri(alpha / 2)) * self.standard_error
        return self.exact - margin, self.exact + margin

    def measured_interval(self, alpha: float) -> tuple[float, float]:
        """The interval of the measured figure at error probability `alpha`.

        Clopper-Pearson from the counts of an attack, the chi-square interval of an
        error at its new level; without bounds where the row does not say enough.
        """
        if self.value is None or not self.trials:
            return -math.inf, math.inf
        if self.metric in (EXPLAINED, "cosine") and self.standard_error is not None:
            return intervals.normal_interval(self.value, self.standard_error, alpha)
        if self.metric in ("attack_success", "nearby_success"):
            return intervals.success_interval(round(self.value * self.trials), self.trials, alpha)
        if self.alpha is None or self.upper is None or self.trials < 2:
            return -math.inf, math.inf
        if self.standard_error is not None and not self.probed:
            return MeasuredError(self.value, self.standard_error).interval(alpha)
        return MeasuredError.of_upper(self.value, self.upper, self.alpha).interval(alpha)

    def interval(self, alpha: float) -> tuple[float, float]:
        """Ends of `best` at error probability `alpha`."""
        return self.measured_interval(alpha) if self.exact is None else self.exact_interval(alpha)


def read(frame: pd.DataFrame) -> tuple[Metric, ...]:
    """The rows of a tidy table in their order; one of an older version is upgraded."""
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"frame must be a pandas DataFrame, got {type(frame).__name__}.")
    full = frame.reindex(columns=list(COLUMNS)).astype(object)
    rows = upgraded(full.where(pd.notna(full), None).to_dict("records"))
    return tuple(Metric(**{name: _plain(name, row[name]) for name in _NAMES}) for row in rows)


_NAMES = tuple(field.name for field in fields(Metric))


def grouped(
    metrics: Iterable[Metric], columns: tuple[str, ...]
) -> dict[tuple[Any, ...], list[Metric]]:
    """Rows by their values in some columns, in order of first appearance."""
    found: dict[tuple[Any, ...], list[Metric]] = {}
    for metric in metrics:
        found.setdefault(tuple(getattr(metric, c) for c in columns), []).append(metric)
    return found


def _plain(name: str, value: Any) -> Any:
    """An entry of a table as a plain Python value."""
    if name in TEXT:
        return "" if value is None else str(value)
    if value is None:
        return None
    if name == "optimal":
        return str(value) in ("True", "true", "1", "1.0")
    return int(value) if name in WHOLE else float(value)


def is_less(first: float, second: float) -> bool:
    """Whether the first is smaller by more than rounding."""
    if math.isinf(first) or math.isinf(second):
        return first < second
    return first < second - SAME * max(abs(first), abs(second))


def best_success(usable: list[Metric]) -> tuple[Metric | None, str]:
    """The row behind the best attacker's success, and how it was obtained."""
    found = [
        m for m in usable if m.metric == "attack_success" and m.attack not in ("blind", "published")
    ]
    for metric in found:
        if metric.exact is not None:
            return metric, EXACT
    played = [m for m in found if m.value is not None and m.optimal is not None]
    optimal = [m for m in played if m.optimal]
    if optimal:
        return optimal[0], OPTIMAL
    return max(played, key=lambda m: m.value or 0.0, default=None), TRIED if played else ""


def most_explained(usable: list[Metric]) -> tuple[Metric | None, str]:
    """The row behind the best guess of numbers, and how it was obtained."""
    found = [m for m in usable if m.metric == EXPLAINED and m.known]
    for metric in found:
        if metric.exact is not None:
            return metric, EXACT
    for metric in found:
        if metric.optimal:
            return metric, OPTIMAL
    best = max(found, key=lambda m: m.value or 0.0, default=None)
    return best, TRIED if found else ""
