"""What changed between two runs of a comparison, beyond noise."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ldpaudit import validate
from ldpaudit.analysis.metrics import SAME, Metric, grouped, is_less, read

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    import pandas as pd

CHANGED, UNCHANGED, NEW, GONE = "changed", "unchanged", "new", "gone"
_CELL = ("data", "k", "num_users", "protocol", "parameters", "epsilon", "delta", "repetition")
#: Columns of `compare_runs`, one row per figure.
CHANGE_COLUMNS = (
    *_CELL,
    "metric",
    "attack",
    "prior",
    "figure",
    "before",
    "before_lower",
    "before_upper",
    "after",
    "after_lower",
    "after_upper",
    "before_status",
    "after_status",
    "verdict",
)
Key = tuple[Any, ...]


def compare_runs(before: pd.DataFrame, after: pd.DataFrame, *, alpha: float = 0.01) -> pd.DataFrame:
    """Compare the tidy tables of two runs, figure by figure.

    Parameters
    ----------
    before, after : pandas.DataFrame
        Tidy tables, columns as in ``ldpaudit.outcomes.COLUMNS``.
    alpha : float, default 0.01
        Probability that noise makes any unchanged estimate look changed, shared
        evenly by all estimates that both runs have.

    Returns
    -------
    pandas.DataFrame
        One row per figure, in the order of `after`, what is gone last. `figure` is
        ``exact`` (changed where it differs by more than 1e-9 of itself),
        ``estimate`` (changed where the intervals of the two runs, at the shared
        level, do not meet) or ``status`` (ok, skipped, failed, or the verdict on
        the claim). `verdict` is changed, unchanged, new or gone; the ends are
        those that decided.

    Raises
    ------
    ValueError
        If `alpha` is not between 0 and 1.

    Notes
    -----
    An interval errs with half the share of its comparison, so the union bound
    holds even for runs that share their seed. Attack success has Clopper-Pearson
    intervals, exact at every number of trials; errors have chi-square intervals over
    repetitions. A lower bound on epsilon has no upper end in the table. But the
    table has it at two levels, for `epsilon_lower` and for the verdict, whose
    distance measures its spread, and the estimate between is compared with normal
    intervals, an approximation.

    Examples
    --------
    >>> import ldpaudit
    >>> def run(epsilon):
    ...     m = ldpaudit.mechanism("grr", k=10, epsilon=epsilon)
    ...     return ldpaudit.audit(m, ["bayes"], trials=3000).to_frame().assign(epsilon=1.0)
    >>> table = compare_runs(run(1.0), run(1.5))
    >>> table[table["metric"] == "attack_success"][["attack", "figure", "verdict"]]
      attack    figure    verdict
    0  blind     exact  unchanged
    1  bayes     exact    changed
    2  bayes  estimate    changed
    """
    import pandas as pd

    alpha = validate.check_fraction("alpha", alpha)
    old, new = _figures(before), _figures(after)
    shared = sum(key in old and figure.noisy for key, figure in new.items())
    level = alpha / (2 * max(shared, 1))
    rows = []
    for key in [*new, *(key for key in old if key not in new)]:
        first, second = old.get(key), new.get(key)
        rows.append(
            dict(zip((*_CELL, "metric", "attack", "prior", "figure"), key, strict=False))
            | _ends("before", first, level)
            | _ends("after", second, level)
            | {"verdict": _verdict(first, second, level)}
        )
    table = pd.DataFrame(rows, columns=list(CHANGE_COLUMNS))
    whole = ("k", "num_users", "repetition")
    real = ("epsilon", "delta", *(c for c in CHANGE_COLUMNS[12:18]))
    return table.astype(dict.fromkeys(whole, "Int64") | dict.fromkeys(real, "float64"))


@dataclass(frozen=True)
class _Figure:
    """One number of one run, or a status; `stricter` is the same bound at the verdict's level."""

    kind: str
    reading: Metric
    stricter: Metric | None = None

    @property
    def noisy(self) -> bool:
        return self.kind == "estimate" or (self.kind == "exact" and self.reading.probed)

    @property
    def value(self) -> float:
        if self.kind == "status":
            return math.nan
        found = self.reading.exact if self.kind == "exact" else self.reading.value
        return math.nan if found is None else found

    def interval(self, alpha: float) -> tuple[float, float]:
        """Ends at error probability `alpha`."""
        if self.kind == "exact":
            return self.reading.exact_interval(alpha)
        if self.reading.metric == "epsilon_lower":
            return _bound_interval(self.reading, self.stricter, alpha)
        return self.reading.measured_interval(alpha)


def _figures(frame: pd.DataFrame) -> dict[Key, _Figure]:
    """Every figure of a table by its cell, metric, attack and kind."""
    found: dict[Key, _Figure] = {}
    for cell, readings in grouped(read(frame), _CELL).items():
        seen: Counter[tuple[str, str, str]] = Counter()
        strict = {r.attack: r for r in readings if r.metric == "epsilon_verdict"}
        for reading in readings:
            name = (reading.metric, reading.attack, reading.prior)
            for figure in _kinds(reading, strict.get(reading.attack)):
                found[*cell, *name, figure.kind, seen[name]] = figure
            seen[name] += 1
    return found


def _kinds(reading: Metric, stricter: Metric | None) -> Iterator[_Figure]:
    """The figures of one row; that of the verdict holds only a status."""
    verdict = reading.metric == "epsilon_verdict"
    if reading.exact is not None and not verdict:
        yield _Figure("exact", reading)
    if reading.value is not None and not verdict:
        yield _Figure("estimate", reading, stricter)
    if verdict or reading.status != "ok":
        yield _Figure("status", reading)


def _bound_interval(bound: Metric, stricter: Metric | None, alpha: float) -> tuple[float, float]:
    """Around the estimate behind a lower bound: it lies z spreads below, at either level."""
    from scipy.special import ndtri

    if bound.value is None or stricter is None or stricter.value is None:
        return -math.inf, math.inf
    if bound.alpha is None or stricter.alpha is None or math.isinf(bound.value):
        return -math.inf, math.inf
    near, far = -float(ndtri(bound.alpha)), -float(ndtri(stricter.alpha))
    if not far > near or not bound.value > stricter.value:
        return -math.inf, math.inf
    spread = (bound.value - stricter.value) / (far - near)
    middle, margin = bound.value + near * spread, -float(ndtri(alpha / 2)) * spread
    return middle - margin, middle + margin


def _ends(run: str, figure: _Figure | None, level: float) -> dict[str, Any]:
    if figure is None:
        return {run: math.nan, f"{run}_status": ""}
    row = {run: figure.value, f"{run}_status": figure.reading.status}
    if figure.kind != "status":
        row |= dict(zip((f"{run}_lower", f"{run}_upper"), figure.interval(level), strict=True))
    return row


def _verdict(first: _Figure | None, second: _Figure | None, level: float) -> str:
    if first is None or second is None:
        return NEW if first is None else GONE
    if first.kind == "status":
        return UNCHANGED if first.reading.status == second.reading.status else CHANGED
    (low, high), (least, most) = first.interval(level), second.interval(level)
    if first.kind == "exact" and not (first.noisy or second.noisy):
        same = math.isclose(low, least, rel_tol=SAME)
        return UNCHANGED if same else CHANGED
    return CHANGED if is_less(high, least) or is_less(most, low) else UNCHANGED


def changes_text(table: pd.DataFrame, alpha: float = 0.01) -> str:
    """The table of `compare_runs` as lines for a terminal: what changed, and how sure that is."""
    counts = table["verdict"].value_counts()
    total = ", ".join(f"{int(counts.get(v, 0))} {v}" for v in (CHANGED, NEW, GONE, UNCHANGED))
    lines = [
        f"{len(table)} figures compared: {total}.",
        f"Noise makes any unchanged estimate look changed with probability at most {alpha:g}.",
    ]
    lines += [
        f"  {_cell_name(row)}, {_metric(row)}: {_moved(row)}"
        for row in table[table["verdict"] == CHANGED].to_dict("records")
    ]
    for verdict in (NEW, GONE):
        cells = Counter(
            _cell_name(row) for row in table[table["verdict"] == verdict].to_dict("records")
        )
        lines += [f"  {verdict}: {cell}, {count} figures" for cell, count in cells.items()]
    return "\n".join(lines)


def _cell_name(row: dict[Hashable, Any]) -> str:
    extra = f" ({row['parameters']})" if row["parameters"] else ""
    return (
        f"{row['protocol']}{extra} at epsilon {row['epsilon']:g} on {row['data']}, k = {row['k']}"
    )


def _metric(row: dict[Hashable, Any]) -> str:
    attack = f" of {row['attack']}" if row["attack"] else ""
    attack += f" (prior: {row['prior']})" if row["prior"] else ""
    return f"{row['metric']}{attack}, {row['figure']}"


def _moved(row: dict[Hashable, Any]) -> str:
    if row["figure"] == "status":
        return f"{row['before_status']} -> {row['after_status']}"
    if row["figure"] == "exact":
        return f"{row['before']:.6g} -> {row['after']:.6g}"
    return " -> ".join(
        f"{row[run]:.4g} [{row[f'{run}_lower']:.4g}, {row[f'{run}_upper']:.4g}]"
        for run in ("before", "after")
    )
