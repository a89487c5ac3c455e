"""Over the rounds: budget, attack success and error, and what a budget buys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from ldpaudit.analysis.metrics import read

from ._collections import Collection, Watch, watches
from ._ends import EndLabel, named_end
from ._epsilon_axis import log_ticks, power_label, reach
from ._labels import Layout, empty, height_for, label_ends, margin_for
from ._palette import ProtocolStyle
from ._paper import PAGE, Paper
from ._style import caption, open_frame
from ._view import log_limits
from ._whiskers import draw_intervals

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ldpaudit.figure_style import FigureStyle

_KEY = (
    "All but the lowest: every protocol at the budget of one memo in the title. Attack success: "
    "estimates with intervals, of the best attacker on a value that never changes; dashed is "
    "blind guessing. Error: faint is measured, one collection, full is exact for its users. "
    "Lowest: mean error of all rounds against what users have spent after the last, a marker for "
    "every budget of one memo; down and left is better."
)
_ROUNDS = "Rounds so far"
Look: TypeAlias = Mapping[str, ProtocolStyle]
Names: TypeAlias = Mapping[str, str]


def over_time(
    frame: pd.DataFrame,
    memo: float | None = None,
    style: FigureStyle | str | None = None,
) -> Figure:
    r"""Draw collections over rounds: budget, attack success, error, and what a budget buys.

    Parameters
    ----------
    frame : pandas.DataFrame
        The tidy table, columns as in ``ldpaudit.outcomes.COLUMNS``; the rows of metrics
        ``round_spent``, ``round_success`` and ``round_mse`` are drawn, `repetition` is the round.
        Errors are means over the k values of squared differences of fractions of users, of raw
        estimates.
    memo : float, optional
        Budget of one memo, epsilon_inf in natural-log units, that all axes but the lowest show:
        of every protocol the nearest there is. None means the middle one of the table.

    style : FigureStyle or str, optional
        Size, fonts, colours, choice of protocols; ``"one-column"`` and ``"two-column"`` are those
        of papers. See ``ldpaudit.FigureStyle``.

    Returns
    -------
    matplotlib.figure.Figure
        Four axes a data set, three where no attacker was played. Not saved and not registered
        with pyplot.

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
    paper = Paper.of(style)
    return draw_over_time(paper.chosen(watches(read(frame))), memo, paper)


def draw_over_time(
    found: Sequence[Watch], memo: float | None = None, paper: Paper = PAGE
) -> Figure:
    """The figure of these data sets, with a key at its foot."""
    protocols = {c.series: c.protocol for watch in found for c in watch.collections}
    names = paper.renamed({series: caption(series) for series in protocols}, protocols)
    look = paper.styles(found)
    tall = height_for(len(names) + 1, 2.4)
    exposed = any(watch.exposed for watch in found)
    layout = Layout(
        width=4.6,
        left=1.05,
        heights=(*(tall,) * (2 + exposed), max(tall, 3.4)),
        right=margin_for([*names.values()]),
        between=0.72,
        alike=2 + exposed,
    )
    with paper.theme():
        figure, stacks = layout.build(max(1, len(found)), _KEY if found else "", paper.room)
        if not found:
            empty(stacks[0][0], "No protocol was followed over rounds.")
            for axes in stacks[0][1:]:
                axes.set_axis_off()
        for watch, stack in zip(found, stacks, strict=False):
            shown = at_memo(watch.collections, memo)
            _draw_spent(stack[0], shown, look, names)
            if exposed:
                _draw_success(stack[1], shown, look, names)
            _draw_error(stack[-2], shown, look, names)
            _draw_budgets(stack[-1], watch.collections, look, names)
            stack[0].set_title(f"{_heading(watch)}; {memos(shown)}")
    return paper.finished(figure)


def at_memo(collections: Sequence[Collection], memo: float | None = None) -> list[Collection]:
    """Of every series the collection whose memos cost nearest to this, None: the middle one."""
    if memo is None:
        costs = sorted({collection.memo for collection in collections})
        memo = costs[(len(costs) - 1) // 2]
    nearest: dict[str, Collection] = {}
    for collection in collections:
        best = nearest.get(collection.series)
        if best is None or abs(collection.memo - memo) < abs(best.memo - memo):
            nearest[collection.series] = collection
    return list(nearest.values())


def memos(shown: Sequence[Collection]) -> str:
    """What one memo costs, in words."""
    low, high = min(c.memo for c in shown), max(c.memo for c in shown)
    return f"a memo costs {low:g}" + (f" to {high:g}" if high > low else "")


def _heading(watch: Watch) -> str:
    users = "" if watch.num_users is None else f", n = {watch.num_users:,}"
    return f"{caption(watch.data) or 'no data set'}, k = {watch.k:,}{users}"


def _draw_spent(axes: Axes, shown: Sequence[Collection], look: Look, names: Names) -> None:
    labels = []
    _view(axes, shown, [spent for collection in shown for spent in collection.spent])
    for collection in shown:
        style, rounds = look[collection.series], range(1, len(collection.spent) + 1)
        axes.plot(rounds, collection.spent, **_line(style))
        labels.append(_label(names, collection, rounds[-1], collection.spent[-1], style))
    axes.set_ylabel("Budget spent so far,\nmean over the users")
    _along_rounds(axes, labels)


def _draw_success(axes: Axes, shown: Sequence[Collection], look: Look, names: Names) -> None:
    labels = []
    blinds = {collection.blind for collection in shown if collection.blind}
    found = {c.series: [(after, *reach(m)) for after, m in c.exposed if m.value] for c in shown}
    ends = [end for points in found.values() for _, at, d, u in points for end in (at - d, at + u)]
    _view(axes, shown, [*ends, *blinds])
    for collection in shown:
        style, points = look[collection.series], found[collection.series]
        if not points:
            continue
        rounds, values, down, up = zip(*points, strict=True)
        draw_intervals(axes, rounds, values, up=(down, up), colour=style.colour, linewidth=0.8)
        axes.plot(rounds, values, marker=style.marker, markersize=4, **_line(style))
        labels.append(_label(names, collection, rounds[-1], values[-1], style))
    for blind in blinds:
        axes.axhline(blind, color="0.45", linestyle="--", linewidth=1.0, zorder=1)
    axes.set_ylabel("Attack success on a value\nthat never changes")
    _along_rounds(axes, labels)


def _draw_error(axes: Axes, shown: Sequence[Collection], look: Look, names: Names) -> None:
    labels = []
    _view(axes, shown, [error for c in shown for error in (*c.measured, *(c.exact or ()))])
    for collection in shown:
        style, rounds = look[collection.series], range(1, len(collection.errors) + 1)
        measured, exact = collection.measured, collection.exact
        axes.plot(rounds, measured, color=style.colour, linewidth=0.7, alpha=0.4)
        axes.plot(rounds, exact or measured, **_line(style))
        labels.append(_label(names, collection, rounds[-1], (exact or measured)[-1], style))
    axes.set_ylabel("Mean squared error\nper value, of the round")
    _along_rounds(axes, labels)


def _draw_budgets(axes: Axes, collections: Sequence[Collection], look: Look, names: Names) -> None:
    """Error against what was spent in the end, one line per protocol along its budgets."""
    axes.set(xscale="log", yscale="log")
    axes.set_xlim(log_limits(collection.spent[-1] for collection in collections))
    axes.set_ylim(log_limits(collection.error for collection in collections))
    lines: dict[str, list[Collection]] = {}
    for collection in collections:
        lines.setdefault(collection.series, []).append(collection)
    labels = []
    for series, along in lines.items():
        style = look[series]
        xs, ys = zip(*sorted((c.spent[-1], c.error) for c in along), strict=True)
        dots: dict[str, Any] = {"marker": style.marker, "markersize": 5}
        axes.plot(xs, ys, **_line(style), **dots, markeredgecolor="white", markeredgewidth=0.6)
        labels.append(_label(names, along[0], xs[-1], ys[-1], style))
    axes.set_xlabel("Budget spent after the last round, mean over the users")
    axes.set_ylabel("Mean squared error per value,\nmean over the rounds")
    _number_x(axes)
    _finish(axes, labels)


def _view(axes: Axes, shown: Sequence[Collection], values: Sequence[float]) -> None:
    """Logarithmic axes for the rounds of these collections and for these values."""
    axes.set(xscale="log", yscale="log")
    axes.set_xlim(log_limits([1, *(len(c.spent) for c in shown)], margin=0.02))
    axes.set_ylim(log_limits(values))


def _line(style: ProtocolStyle) -> dict[str, Any]:
    return {"color": style.colour, "linestyle": style.linestyle, "linewidth": 1.4}


def _label(
    names: Names, collection: Collection, x: float, y: float, style: ProtocolStyle
) -> EndLabel:
    return named_end(names[collection.series], x, y, style)


def _along_rounds(axes: Axes, labels: list[EndLabel]) -> None:
    """Rounds across and the quantity up."""
    axes.set_xlabel(_ROUNDS)
    _number_x(axes)
    _finish(axes, labels)


def _number_x(axes: Axes) -> None:
    """Plain numbers along a logarithmic axis."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=12))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())


def _finish(axes: Axes, labels: list[EndLabel]) -> None:

    low, high = axes.get_ylim()
    log_ticks(axes, power_label if high / low > 300 or low < 0.01 else lambda v, _: f"{v:g}")
    open_frame(axes)
    label_ends(axes, labels)
