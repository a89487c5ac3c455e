"""Bits per report against error: what a short report costs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ldpaudit.analysis.metrics import read

from ._ends import DASHED, EndLabel, named_end
from ._epsilon_axis import log_ticks
from ._labels import Layout, empty, fix_view, height_for, label_ends, margin_for, place_if_free
from ._names import heading, line_names
from ._numbers import plain
from ._palette import IMPOSSIBLE, INK, MUTED, ProtocolStyle
from ._paper import PAGE, Paper
from ._points import Panel, Point, panels, placed, series_of
from ._style import open_frame
from ._whiskers import draw_intervals

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

    from ldpaudit.figure_style import FigureStyle

X_LABEL = "Communication: bits per report"
Y_LABEL = "Mean squared error, divided by the limit\nat the same attack success"
EXPLAINED_LABEL = "Mean squared error, divided by the limit\nat the same share explained"
_KEY = (
    "One marker an epsilon. The limit is for uniform truth and an attacker with a uniform prior; "
    "for other users it holds on average over relabelings of the values."
)


def communication(frame: pd.DataFrame, style: FigureStyle | str | None = None) -> Figure:
    """Draw the bits of a report against the distance to the limit, one panel per data set.

    Parameters
    ----------
    frame : pandas.DataFrame
        The tidy table, columns as in ``ldpaudit.outcomes.COLUMNS``. Both axes are
        logarithmic; the distance and its interval are those of
        ``ldpaudit.analysis.standings``. Cells that the limit does not speak of
        (a delta, a prior that is not uniform) are left out.
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
    ...     {"metric": "attack_success", "attack": "blind", "exact": 0.25},
    ...     {"metric": "mse", "exact": 0.00175},
    ...     {"metric": "bits", "exact": 2.0},
    ... ]
    >>> communication(pd.DataFrame([cell | row for row in rows])).axes[0].get_xscale()
    'log'
    """
    paper = Paper.of(style)
    found = paper.chosen(panels(placed(read(frame))))
    return draw_communication(found, paper.styles(found), paper)


def draw_communication(
    found: list[Panel], look: dict[str, ProtocolStyle], paper: Paper = PAGE
) -> Figure:
    """The figure of these panels, in the given look; their points have standings."""
    shown = [panel for panel in found if any(map(communicated, panel.points))]
    names = paper.renamed(line_names(found), series_of(found))
    layout = Layout(
        width=4.2,
        left=1.05,
        heights=(height_for(len(names) + 1, 3.6),),
        right=margin_for([*names.values(), "the limit"]),
        bottom=0.62,
    )
    with paper.theme():
        figure, stacks = layout.build(max(1, len(shown)), _KEY, paper.room)
        if not shown:
            empty(stacks[0][0], "No cell has both its bits and a distance to the limit.")
        for panel, (axes,) in zip(shown, stacks, strict=False):
            _draw(axes, panel, look, names)
    return paper.finished(figure)


def _draw(axes: Axes, panel: Panel, look: dict[str, ProtocolStyle], names: dict[str, str]) -> None:
    labels: list[EndLabel] = []
    lines = [(s, [p for p in points if communicated(p)]) for s, points in panel.lines()]
    lines = [(series, points) for series, points in lines if points]
    _frame(axes, panel, [_place(point) for _, points in lines for point in points])
    for series, points in lines:
        style = look[series]
        xs, ys = zip(*map(_place, points), strict=True)
        down, up = zip(*map(_reach, points), strict=True)
        draw_intervals(axes, xs, ys, up=(down, up), colour=style.colour)
        axes.plot(
            xs, ys, marker=style.marker, linestyle=style.linestyle, color=style.colour,
            linewidth=1.2, markersize=5, markeredgecolor="white", markeredgewidth=0.6, zorder=4,
        )  # fmt: skip
        labels.append(named_end(names[series], *max(zip(xs, ys, strict=True)), style))
    _draw_epsilons(axes, max((points for _, points in lines), key=_spread))
    labels.append(EndLabel("the limit", axes.get_xlim()[1], 1.0, MUTED, linestyle=DASHED))
    label_ends(axes, labels)


def _frame(axes: Axes, panel: Panel, places: list[tuple[float, float]]) -> None:
    from matplotlib.ticker import FuncFormatter, NullLocator

    xs, ys = [x for x, _ in places], [y for _, y in places]
    left, right = min(xs) / 1.35, max(*xs, 4 * min(xs)) * 1.35
    low, high = min(*ys, 1.0), max(*ys, 1.5)
    room = high / low
    low, high = low / room**0.12, high * room**0.08
    axes.set(xscale="log", yscale="log", xlim=(left, right), ylim=(low, high))
    axes.set(xlabel=X_LABEL, ylabel=EXPLAINED_LABEL if panel.explains else Y_LABEL)
    doubled = [2.0**i for i in range(math.ceil(math.log2(left)), math.floor(math.log2(right)) + 1)]
    axes.set_xticks(doubled[:: -(-len(doubled) // 8)])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: plain(value)))
    axes.xaxis.set_minor_locator(NullLocator())
    log_ticks(axes, lambda value, _: f"{value:.6g}")
    axes.axhline(1.0, color=MUTED, linewidth=1.0, dashes=(4, 2), zorder=2)
    axes.axhspan(low, 1.0, color=IMPOSSIBLE, linewidth=0, zorder=0.5)
    axes.set_title(heading(panel))
    open_frame(axes)
    fix_view(axes)


def _draw_epsilons(axes: Axes, points: list[Point]) -> None:
    """Write epsilon along the line that says it best."""
    taken: list[Bbox] = []
    for index, point in enumerate(points):
        name = f"ε = {plain(point.epsilon)}" if index == 0 else plain(point.epsilon)
        place_if_free(
            axes,
            taken,
            text=name,
            xy=_place(point),
            xytext=(0, -7),
            textcoords="offset points",
            ha="center",
            va="top",
            color=INK,
        )


def _spread(points: list[Point]) -> tuple[int, float]:
    """Longer lines first, then the widest."""
    xs = [x for x, _ in map(_place, points)]
    return len({point.epsilon for point in points}), max(xs) / min(xs)


def communicated(point: Point) -> bool:
    """Whether a point has both its bits and a distance to the limit."""
    gap, bits = point.place.gap, point.place.bits
    return bool(gap and 0 < gap < math.inf and bits and 0 < bits < math.inf)


def _place(point: Point) -> tuple[float, float]:
    return point.place.bits or 1.0, point.place.gap or 1.0


def _reach(point: Point) -> tuple[float, float]:
    """How far the interval of the distance reaches down and up."""
    found, (_, value) = point.place, _place(point)
    if not found.estimated:
        return 0.0, 0.0
    low = value if found.distance_lower is None else max(found.distance_lower, 1e-3 * value)
    high = found.distance_upper
    high = value if high is None or math.isinf(high) else high
    return max(value - low, 0.0), max(high - value, 0.0)
