"""Attack success, error and influence against one another: three axes, two at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldpaudit.analysis.metrics import read

from ._ends import named_end
from ._epsilon_axis import power_label
from ._inline import Mark
from ._labels import Layout, empty, fix_view, height_for, label_ends, margin_for, place_if_free
from ._names import EXPLAINED_LABEL, OTHER_LABEL, heading, line_names
from ._numbers import percent, plain, printable, scientific, significant
from ._palette import IMPOSSIBLE, INK, MUTED, ProtocolStyle
from ._paper import PAGE, Paper
from ._points import Panel, Point, panels, placed, series_of
from ._style import SMALL, open_frame
from ._view import log_limits

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

    from ldpaudit.figure_style import FigureStyle

SUCCESS = "Attack success: probability of naming\na user's value from one report"
INFLUENCE = "Influence of one false report\n(honest reports it counts for)"
_ERROR = "Mean squared error per value\n(fraction of users squared)"
_KEY = (
    "One marker per epsilon; down and left is better in every panel. Hollow: dominated by another "
    "protocol of the same epsilon in success, error and influence together. An arrow: at least so "
    "much, for not all values were looked at. Shaded: no mechanism with an unbiased estimate "
    "has so little influence at any epsilon of the table."
)


def three_axes(frame: pd.DataFrame, style: FigureStyle | str | None = None) -> Figure:
    """Draw attack success, error and influence against one another, three panels per data set.

    Parameters
    ----------
    frame : pandas.DataFrame
        The tidy table, columns as in ``ldpaudit.outcomes.COLUMNS``. From top to bottom:
        success against error, success against influence, error against influence, all axes
        logarithmic. Cells that do not know all three are left out. What is dominated is that
        of ``ldpaudit.analysis.standings`` (`efficient_with_influence`).
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
    >>> cell = {"protocol": "grr", "k": 4, "epsilon": 1.0, "num_users": 1000, "data": "toy"}
    >>> rows = [
    ...     {"metric": "attack_success", "attack": "bayes", "exact": 0.4754},
    ...     {"metric": "mse", "exact": 0.00175},
    ...     {"metric": "influence", "exact": 2.75},
    ... ]
    >>> figure = three_axes(pd.DataFrame([cell | row for row in rows]))
    >>> [axes.get_yscale() for axes in figure.axes]
    ['log', 'log', 'log']
    """
    paper = Paper.of(style)
    found = paper.chosen(panels(placed(read(frame))))
    return draw_three_axes(found, paper.styles(found), paper)


def draw_three_axes(
    found: list[Panel], look: dict[str, ProtocolStyle], paper: Paper = PAGE
) -> Figure:
    """The figure of these panels, in the given look; their points have standings."""
    shown = [panel for panel in found if any(map(in_three, panel.points))]
    names = paper.renamed(line_names(found), series_of(found))
    layout = Layout(
        width=4.2,
        left=1.05,
        heights=(height_for(len(names), 3.5),) * 3,
        right=margin_for([*names.values()]),
        bottom=0.75,
        between=0.85,
        alike=2,
    )
    with paper.theme():
        figure, stacks = layout.build(max(1, len(shown)), _KEY, paper.room)
        if not shown:
            for axes in stacks[0]:
                empty(axes, "")
            empty(stacks[0][0], "No cell has its attack success, error and influence.")
        for panel, stack in zip(shown, stacks, strict=False):
            stack[0].set_title(heading(panel))
            for axes, (across, up) in zip(stack, _pairs(panel), strict=True):
                _draw(axes, panel, look, names, across, up)
    return paper.finished(figure)


def three_axes_marks(figure: Figure, panel: Panel) -> list[Mark]:
    """What the points of a figure of this one panel say when they are pointed at."""
    return [
        Mark(axes, across.of(point), up.of(point), _words(point))
        for axes, (across, up) in zip(figure.axes, _pairs(panel), strict=True)
        for point in panel.points
        if in_three(point)
    ]


def in_three(point: Point) -> bool:
    """Whether a point has all three coordinates."""
    place = point.place
    return all(
        figure is not None and 0 < figure < math.inf
        for figure in (place.success, place.mse, place.influence)
    )


@dataclass(frozen=True)
class _Side:
    """One of the three axes: what it is called, its figure of a point, and its ticks."""

    name: str
    of: Callable[[Point], float]
    tick: Callable[[float, int | None], str]


def _pairs(panel: Panel) -> tuple[tuple[_Side, _Side], ...]:
    error = _ERROR if panel.of_shares else f"{OTHER_LABEL}\n{panel.estimand}"
    given_away = EXPLAINED_LABEL if panel.explains else SUCCESS
    success = _Side(given_away, lambda p: p.place.success or 0.0, lambda x, _: f"{100 * x:.6g}%")
    mse = _Side(error, lambda p: p.place.mse or 0.0, power_label)
    influence = _Side(INFLUENCE, lambda p: p.place.influence or 0.0, lambda x, _: f"{x:,.6g}")
    return (success, mse), (success, influence), (mse, influence)


def _draw(
    axes: Axes,
    panel: Panel,
    look: dict[str, ProtocolStyle],
    names: dict[str, str],
    across: _Side,
    up: _Side,
) -> None:
    lines = [(series, [p for p in points if in_three(p)]) for series, points in panel.lines()]
    lines = [(series, points) for series, points in lines if points]
    everything = [point for _, points in lines for point in points]
    _frame(axes, across, up, everything)
    if up.name == INFLUENCE:
        _draw_floor(axes, everything)
    labels = []
    for series, points in lines:
        style = look[series]
        places = [(across.of(point), up.of(point)) for point in points]
        axes.plot(
            *zip(*places, strict=True), color=style.colour, linestyle=style.linestyle,
            linewidth=1.3, zorder=3,
        )  # fmt: skip
        _draw_markers(axes, [*zip(points, places, strict=True)], style, up)
        labels.append(named_end(names[series], *max(places), style))
    _draw_epsilons(axes, [points for _, points in lines], across, up)
    label_ends(axes, labels)


def _draw_markers(
    axes: Axes,
    placed: Sequence[tuple[Point, tuple[float, float]]],
    style: ProtocolStyle,
    up: _Side,
) -> None:
    for beaten in (True, False):
        places = [at for p, at in placed if (p.place.efficient_with_influence is False) == beaten]
        if places:
            axes.plot(
                *zip(*places, strict=True), marker=style.marker, linestyle="none", markersize=5.5,
                markerfacecolor="white" if beaten else style.colour,
                markeredgecolor=style.colour if beaten else "white",
                markeredgewidth=1.1 if beaten else 0.6, zorder=4,
            )  # fmt: skip
    for point, place in placed:
        if point.place.influence_how == "bound" and up.name == INFLUENCE:
            axes.annotate(
                "", xy=place, xytext=(0, 13), textcoords="offset points",
                arrowprops={"arrowstyle": "<-", "color": style.colour, "linewidth": 0.9},
            )  # fmt: skip


def _frame(axes: Axes, across: _Side, up: _Side, points: Sequence[Point]) -> None:
    """Limits with room for the words, ticks and labels of both axes."""
    axes.set(xscale="log", yscale="log")
    axes.set_xlim(log_limits(map(across.of, points), margin=0.07))
    low, high = log_limits(map(up.of, points), margin=0.1)
    if up.name == INFLUENCE:
        low = min(low, 1.0)
    axes.set_ylim(low, high)
    for axis, side, limits in (
        (axes.xaxis, across, axes.get_xlim()),
        (axes.yaxis, up, axes.get_ylim()),
    ):
        _ticks(axis, side, *limits)
    axes.set(xlabel=across.name, ylabel=up.name)
    open_frame(axes)
    fix_view(axes)


def _ticks(axis: Axis, side: _Side, low: float, high: float) -> None:
    """At most about six numbers along a logarithmic axis."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

    decades = math.log10(high / low)
    steps = ((2.3, (1.0,)), (1.2, (1.0, 3.0)), (0.5, (1.0, 2.0, 5.0)))
    subs = next((some for least, some in steps if decades > least), tuple(range(1, 10)))
    axis.set_major_locator(LogLocator(subs=subs, numticks=8))
    axis.set_major_formatter(FuncFormatter(side.tick))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def _draw_floor(axes: Axes, points: Sequence[Point]) -> None:
    """Shade what no mechanism reaches at the largest epsilon, hence at none."""
    low, high = axes.get_ylim()
    floors = [point.least_influence for point in points]
    if not floors or None in floors or (floor := min(filter(None, floors))) <= low:
        return
    axes.axhspan(low, min(floor, high), color=IMPOSSIBLE, linewidth=0, zorder=0.5)
    axes.axhline(floor, color=MUTED, linewidth=1.0, dashes=(4, 2), zorder=2)


def _draw_epsilons(axes: Axes, lines: Sequence[Sequence[Point]], across: _Side, up: _Side) -> None:
    """Write epsilon along the line that is highest among the longest."""
    most = max(map(len, lines))
    top = max(
        (points for points in lines if len(points) == most),
        key=lambda points: sum(math.log(up.of(p)) + math.log(across.of(p)) for p in points),
    )
    taken: list[Bbox] = []
    for index, point in enumerate(top):
        name = f"ε = {plain(point.epsilon)}" if index == 0 else plain(point.epsilon)
        place_if_free(
            axes, taken, text=name, xy=(across.of(point), up.of(point)), xytext=(0, 6),
            textcoords="offset points", ha="center", va="bottom", color=INK, fontsize=SMALL,
        )  # fmt: skip


def _words(point: Point) -> str:
    """One point in words, a line per figure."""
    place = point.place
    at_least = "at least " if place.influence_how == "bound" else ""
    lines = [
        f"{printable(point.series)}, ε = {plain(point.epsilon)}",
        f"attack success {percent(place.success or 0.0)}",
        f"error {scientific(place.mse or 0.0)}",
        f"influence {at_least}{significant(place.influence or 0.0)}",
    ]
    if place.dominated_with_influence:
        lines.append("dominated in all three")
    return "\n".join(lines)
