"""Claimed, exact and audited epsilon side by side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

from ldpaudit.analysis.metrics import Metric

from ._ends import EndLabel, named_end
from ._labels import Layout, empty, fix_view, height_for, label_ends, margin_for
from ._names import heading, line_names
from ._numbers import plain
from ._palette import MUTED, ProtocolStyle
from ._paper import PAGE, Paper
from ._points import Panel, Point, once, panels_of, series_of
from ._style import SMALL, open_frame
from ._whiskers import draw_intervals

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ldpaudit.figure_style import FigureStyle

X_LABEL = "Claimed epsilon (natural logarithm)"
TOP_LABEL = "Epsilon shown by the audit\n(lower bound)"
RATIO_LABEL = "Divided by the claim"
_KEY = (
    "Markers: lower confidence bound of the audit. Bars: exact epsilon. Dashed: the claim. "
    "The verdict uses the same data at a stricter level than the markers."
)
_VIOLATION = "#fbe9e7"
_GROUP = 0.72  # share of a column that the points of one claimed epsilon take


def epsilon(frame: pd.DataFrame, style: FigureStyle | str | None = None) -> Figure:
    """Draw the audited lower bound and the exact epsilon against the claim.

    One panel per data set. Its upper half shows the bounds on the scale of
    epsilon, with the claim as rising steps; its lower half divides bound and
    exact value by the claim, so that the gap of a tight audit can be seen. The
    points of one claimed epsilon stand side by side, one column per protocol.

    Parameters
    ----------
    frame : pandas.DataFrame
        The tidy table, columns as in ``ldpaudit.outcomes.COLUMNS``; the rows of
        metric ``epsilon_lower`` are drawn. Natural logarithms throughout.
    style : FigureStyle or str, optional
        Size, fonts, colours, choice of protocols; ``"one-column"`` and ``"two-column"`` are those
        of papers. See ``ldpaudit.FigureStyle``.

    Returns
    -------
    matplotlib.figure.Figure
        Not saved and not registered with pyplot.

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"protocol": "grr", "k": 4, "epsilon": 1.0, "data": "toy", "metric": "epsilon_lower"}
    >>> figure = epsilon(pd.DataFrame([row | {"value": 0.98, "exact": 1.0}]))
    >>> [axes.get_ylabel() for axes in figure.axes][1]
    'Divided by the claim'
    """
    paper = Paper.of(style)
    found = paper.chosen(once(panels_of(frame)))
    return draw_epsilon(found, paper.styles(found), paper)


def draw_epsilon(found: list[Panel], look: dict[str, ProtocolStyle], paper: Paper = PAGE) -> Figure:
    """The figure of these panels, in the given look."""
    shown = [panel for panel in found if any(map(bounded, panel.points))]
    look = {series: look[series] for series in series_of(found)}
    names = paper.renamed(line_names(found), series_of(found))
    layout = Layout(
        width=4.9,
        left=0.95,
        heights=(2.7, height_for(len(names), 2.0)),
        right=margin_for([*names.values()]),
        top=0.62,
        bottom=0.62,
        alike=0,
    )
    with paper.theme():
        figure, stacks = layout.build(max(1, len(shown)), _KEY, paper.room)
        if not shown:
            empty(stacks[0][0], "No cell has a bound on epsilon.")
            stacks[0][1].set_axis_off()
        for panel, (top, bottom) in zip(shown, stacks, strict=False):
            _draw(top, bottom, panel, look, names)
    return paper.finished(figure)


def _draw(
    top: Axes, bottom: Axes, panel: Panel, look: dict[str, ProtocolStyle], names: dict[str, str]
) -> None:
    lines = [(series, points) for series, points in panel.lines() if any(map(_bounds, points))]
    column = {value: float(index) for index, value in enumerate(panel.epsilons)}
    width = _GROUP / len(lines)
    labels: list[EndLabel] = []
    for index, (series, points) in enumerate(lines):
        shift = _GROUP * ((index + 0.5) / len(lines) - 0.5)
        ends: list[tuple[float, float]] = []
        marks: list[tuple[float, Metric, float]] = []
        for point in points:
            for measure in _bounds(point):
                x = column[point.epsilon] + shift
                marks.append((x, measure, point.epsilon))
                ends.append((x, _values(measure)[0] / point.epsilon))
        _mark(top, [(x, measure, 1.0) for x, measure, _ in marks], look[series], width)
        _mark(bottom, marks, look[series], width)
        labels.append(named_end(names[series], *max(ends), look[series], joined=False))
    _frame_top(top, panel)
    _frame_bottom(bottom, panel)
    label_ends(bottom, labels)


def _mark(
    axes: Axes, marks: list[tuple[float, Metric, float]], style: ProtocolStyle, width: float
) -> None:
    """Draw bounds as markers, exact values as bars, and what lies between as stems.

    A mark is where it stands, its bound, and what it is divided by.
    """
    half = min(0.4 * width, 0.08)
    measured = [(x, m.value / unit) for x, m, unit in marks if _finite(m.value)]
    exact = [(x, m.exact / unit) for x, m, unit in marks if _finite(m.exact)]
    both = [
        (x, m.value / unit, m.exact / unit)
        for x, m, unit in marks
        if _finite(m.value) and _finite(m.exact)
    ]
    if exact:
        xs, ys = np.transpose(exact)
        reach = np.full((2, xs.size), half)
        draw_intervals(axes, xs, ys, across=reach, colour=style.colour, linewidth=1.6, zorder=3)
    if both:
        xs, low, high = np.transpose(both)
        reach = np.array([0 * low, high - low])
        draw_intervals(axes, xs, low, up=reach, colour=style.colour, linewidth=0.7, zorder=2)
    if measured:
        axes.plot(
            *np.transpose(measured),
            marker=style.marker,
            linestyle="none",
            markersize=5.5,
            markerfacecolor=style.colour,
            markeredgecolor="white",
            markeredgewidth=0.6,
            zorder=4,
        )


def _finite(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _frame_top(axes: Axes, panel: Panel) -> None:
    values = [v for point in panel.points for m in _bounds(point) for v in _values(m)]
    high = 1.12 * max(*panel.epsilons, *values)
    # The claim is level under the points that stand side by side.
    xs = np.arange(len(panel.epsilons)).repeat(2) + np.tile([-0.5, 0.5], len(panel.epsilons))
    claims = np.repeat(panel.epsilons, 2)
    axes.plot(xs, claims, color=MUTED, linewidth=1.0, dashes=(4, 2), zorder=1)
    axes.fill_between(xs, claims, high, color=_VIOLATION, linewidth=0, zorder=0.5)
    axes.set_ylim(min(0.0, *values), high)
    axes.annotate(
        "above the claim",
        xy=(0.0, 1.0),
        xycoords="axes fraction",
        xytext=(7, -7),
        textcoords="offset points",
        ha="left",
        va="top",
        fontsize=SMALL,
        color="#8c2f22",
    )
    _finish(axes, panel, 6, [])
    axes.set_ylabel(TOP_LABEL)
    axes.set_title(heading(panel))
    fix_view(axes)


def _frame_bottom(axes: Axes, panel: Panel) -> None:
    ratios = [v / p.epsilon for p in panel.points for m in _bounds(p) for v in _values(m)]
    low, high = min(1.0, *ratios), max(1.0, *ratios)
    room = max(high - low, 0.02)
    low, high = low - 0.15 * room, high + 0.25 * room
    axes.axhline(1.0, color=MUTED, linewidth=1.0, dashes=(4, 2), zorder=1)
    axes.axhspan(1.0, high, color=_VIOLATION, linewidth=0, zorder=0.5)
    axes.set_ylim(low, high)
    every = math.ceil(len(panel.epsilons) / 14)
    names = [plain(e) if i % every == 0 else "" for i, e in enumerate(panel.epsilons)]
    _finish(axes, panel, 5, names)
    axes.set(xlabel=X_LABEL, ylabel=RATIO_LABEL)


def _finish(axes: Axes, panel: Panel, ticks: int, names: list[str]) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlim(-0.5, len(panel.epsilons) - 0.5)
    axes.set_xticks(range(len(panel.epsilons)), labels=names or [""] * len(panel.epsilons))
    axes.yaxis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 5, 10]))
    axes.grid(visible=False, axis="x")
    open_frame(axes)


def bounded(point: Point) -> bool:
    """Whether a point has a bound on epsilon to draw."""
    return bool(_bounds(point))


def _bounds(point: Point) -> list[Metric]:
    return [m for m in point.all("epsilon_lower") if _values(m)]


def _values(measure: Metric) -> list[float]:
    return [v for v in (measure.value, measure.exact) if _finite(v)]
