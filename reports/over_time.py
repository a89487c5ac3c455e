"""Collections over rounds: budget and error round by round, and what a budget buys."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._along import log_ticks, power_label
from ._labels import EndLabel, Layout, empty, height_for, label_ends, margin_for
from ._palette import ProtocolStyle, styles
from ._style import caption, theme

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BUDGET = re.compile(r"epsilon_inf=[^,]+(, )?")
_KEY = (
    "Upper two: every protocol at the budget of one memo in the title. Faint: measured, one "
    "collection; full: exact for its users. Lowest: mean error of all rounds against what users "
    "have spent after the last, a marker for every budget of one memo; down and left is better."
)
_CELL = ["data", "k", "num_users", "protocol", "parameters", "epsilon", "seed"]


@dataclass(frozen=True)
class _Course:
    """One collection: a protocol of one budget, round by round."""

    series: str
    protocol: str
    spent: tuple[float, ...]
    measured: tuple[float, ...]
    exact: tuple[float, ...]

    @property
    def memo(self) -> float:
        """Budget of one memo: what the first round has cost."""
        return self.spent[0]

    @property
    def error(self) -> float:
        """Mean error of all rounds, exact where it is known."""
        pairs = zip(self.exact, self.measured, strict=True)
        known = [e if math.isfinite(e) else m for e, m in pairs]
        return sum(known) / len(known)


def over_time(frame: pd.DataFrame, memo: float | None = None) -> Figure:
    r"""Draw collections over rounds: what users spend, what rounds err, what budget buys.

    Parameters
    ----------
    frame : pandas.DataFrame
        The tidy table, columns as in ``ldpaudit.outcomes.COLUMNS``; the rows of metrics
        ``round_spent`` and ``round_mse`` are drawn, `repetition` is the round. Errors are means
        over the k values of squared differences of fractions of users, of raw estimates.
    memo : float, optional
        Budget of one memo, epsilon_inf in natural-log units, that the upper two axes show: of
        every protocol the nearest there is. None means the middle one of the table.

    Returns
    -------
    matplotlib.figure.Figure
        Three axes a data set. Not saved and not registered with pyplot.

    Examples
    --------
    >>> import pandas as pd
    >>> cell = {"data": "toy", "k": 4, "num_users": 100, "protocol": "l-grr", "epsilon": 1.0,
    ...         "parameters": "epsilon_inf=2.0", "seed": 0}
    >>> rows = [cell | {"repetition": t, "metric": metric, "value": value, "exact": None}
    ...         for t in (1, 2) for metric, value in (("round_spent", 2.0 * t), ("round_mse", 0.1))]
    >>> [axes.get_ylabel() for axes in over_time(pd.DataFrame(rows)).axes][0]
    'Budget spent so far,\nmean over the users'
    """
    found = _courses(frame)
    names = {c.series: c.protocol for courses in found.values() for c in courses}
    look = styles(names)
    tall = height_for(len(names) + 1, 2.4)
    layout = Layout(
        width=4.6,
        left=1.05,
        heights=(tall, tall, max(tall, 3.4)),
        right=margin_for([*map(caption, names)]),
        between=0.72,
    )
    with theme():
        figure, stacks = layout.build(max(1, len(found)), _KEY if found else "")
        if not found:
            empty(stacks[0][0], "No protocol was followed over rounds.")
            for axes in stacks[0][1:]:
                axes.set_axis_off()
        for (heading, courses), stack in zip(found.items(), stacks, strict=False):
            shown = _at(courses, memo)
            _draw_rounds(stack[0], shown, look, "spent")
            _draw_rounds(stack[1], shown, look, "error")
            _draw_budgets(stack[2], courses, look)
            stack[0].set_title(f"{heading}; {_memos(shown)}")
    return figure


def _courses(frame: pd.DataFrame) -> dict[str, list[_Course]]:
    """Collections by heading of their data set."""
    rows = frame[frame["metric"].isin(("round_spent", "round_mse"))]
    found: dict[str, list[_Course]] = {}
    for cell, part in rows.groupby(_CELL, sort=False, dropna=False):
        data, k, users, protocol, parameters = cell[:5]
        by = {name: table.sort_values("repetition") for name, table in part.groupby("metric")}
        if set(by) != {"round_spent", "round_mse"}:
            continue
        rest = _BUDGET.sub("", str(parameters or "")).removesuffix(", ")
        error = by["round_mse"].astype({"value": float, "exact": float})
        course = _Course(
            f"{protocol} ({rest})" if rest else str(protocol),
            str(protocol),
            tuple(by["round_spent"]["value"].astype(float)),
            tuple(error["value"]),
            tuple(error["exact"]),
        )
        heading = (
            f"{caption(str(data)) or 'no data set'}, k = {int(str(k)):,}, n = {int(str(users)):,}"
        )
        found.setdefault(heading, []).append(course)
    return found


def _at(courses: list[_Course], memo: float | None) -> list[_Course]:
    """Of every series the collection whose memos cost nearest to this."""
    if memo is None:
        memos = sorted({course.memo for course in courses})
        memo = memos[(len(memos) - 1) // 2]
    nearest: dict[str, _Course] = {}
    for course in courses:
        best = nearest.get(course.series)
        if best is None or abs(course.memo - memo) < abs(best.memo - memo):
            nearest[course.series] = course
    return list(nearest.values())


def _memos(shown: list[_Course]) -> str:
    low, high = min(c.memo for c in shown), max(c.memo for c in shown)
    return f"a memo costs {low:g}" + (f" to {high:g}" if high > low else "")


def _draw_rounds(
    axes: Axes, shown: list[_Course], look: dict[str, ProtocolStyle], what: str
) -> None:
    """One line a protocol along the rounds, on a logarithmic axis."""
    axes.set_yscale("log")
    labels = []
    for course in shown:
        style, rounds = look[course.series], range(1, len(course.spent) + 1)
        line = course.spent
        if what == "error":
            axes.plot(rounds, course.measured, color=style.colour, linewidth=0.7, alpha=0.4)
            known = all(map(math.isfinite, course.exact))
            line = course.exact if known else course.measured
        axes.plot(rounds, line, color=style.colour, linestyle=style.linestyle, linewidth=1.5)
        labels.append(EndLabel(caption(course.series), rounds[-1], line[-1], style.text))
    axes.margins(x=0.02)
    axes.set_xlabel("Round")
    spent = "Budget spent so far,\nmean over the users"
    axes.set_ylabel(spent if what == "spent" else "Mean squared error\nper value, of the round")
    _finish(axes, labels)


def _draw_budgets(axes: Axes, courses: list[_Course], look: dict[str, ProtocolStyle]) -> None:
    """Error against what was spent in the end, one line a protocol along its budgets."""
    axes.set(xscale="log", yscale="log")
    lines: dict[str, list[tuple[float, float]]] = {}
    for course in courses:
        lines.setdefault(course.series, []).append((course.spent[-1], course.error))
    labels = []
    for series, points in lines.items():
        style = look[series]
        xs, ys = zip(*sorted(points), strict=True)
        axes.plot(
            xs,
            ys,
            color=style.colour,
            linestyle=style.linestyle,
            linewidth=1.3,
            marker=style.marker,
            markersize=5,
            markeredgecolor="white",
            markeredgewidth=0.6,
        )
        labels.append(EndLabel(caption(series), xs[-1], ys[-1], style.text))
    axes.set_xlabel("Budget spent after the last round, mean over the users")
    axes.set_ylabel("Mean squared error per value,\nmean over the rounds")
    _number_x(axes)
    _finish(axes, labels)


def _number_x(axes: Axes) -> None:
    """Plain numbers along a logarithmic axis."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=12))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())


def _finish(axes: Axes, labels: list[EndLabel]) -> None:
    import seaborn as sns

    low, high = axes.get_ylim()
    log_ticks(axes, power_label if high / low > 300 or low < 0.01 else lambda v, _: f"{v:g}")
    sns.despine(ax=axes)
    label_ends(axes, labels)
