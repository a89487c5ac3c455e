"""Mean squared error along epsilon, and as a multiple of the least that any mechanism can have."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ldpaudit.analysis.limits import MAX_K, frontier

from ._ends import DASHED, EndLabel
from ._epsilon_axis import (
    dense,
    draw_lines,
    end_labels,
    frame_along,
    log_ticks,
    positive,
    power_label,
)
from ._labels import Layout, empty, height_for, label_ends, margin_for
from ._names import OTHER_LABEL, heading, line_names
from ._palette import IMPOSSIBLE, MUTED, ProtocolStyle
from ._paper import PAGE, Paper
from ._points import Panel, Point, once, panels_of, series_of
from ._style import SMALL

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ldpaudit.figure_style import FigureStyle

Y_LABEL = "Mean squared error per value"
_NO_LIMIT = "The limit needs counted users and claims without a delta."
RATIO_LABEL = "Divided by the limit"
_KEY = (
    "Markers: measured, with intervals. Lines: exact. Dashed: the Cramér-Rao limit of every "
    "unbiased estimate from epsilon-LDP reports of independent users, for uniform truth."
)


def error(frame: pd.DataFrame, style: FigureStyle | str | None = None) -> Figure:
    """Draw mean squared error against epsilon, one panel per data set.

    The upper half shows the error itself, the lower half divides it by the
    limit, ``frontier(k, epsilon).mse_at(1.0, target="users") / num_users``: the
    least error of any unbiased estimate from epsilon-LDP reports of independent users.

    Parameters
    ----------
    frame : pandas.DataFrame
        The tidy table, columns as in ``ldpaudit.outcomes.COLUMNS``; the rows of
        metric ``mse`` are drawn. Error is the mean over the k values of the
        squared difference of two fractions of users, on logarithmic axes.
    style : FigureStyle or str, optional
        Size, fonts, colours, choice of protocols; ``"one-column"`` and ``"two-column"`` are those
        of papers. See ``ldpaudit.FigureStyle``.

    Returns
    -------
    matplotlib.figure.Figure
        Not saved and not registered with pyplot. The limit is for uniform truth
        and for claims without a delta; one that has a delta is named so and may lie
        below. Where all have one, or users are not counted, the lower half is empty.

    Examples
    --------
    >>> import pandas as pd
    >>> cell = {"protocol": "grr", "k": 4, "epsilon": 1.0, "num_users": 1000, "data": "toy"}
    >>> figure = error(pd.DataFrame([cell | {"metric": "mse", "exact": 0.00175}]))
    >>> [axes.get_ylabel() for axes in figure.axes][1]
    'Divided by the limit'
    """
    paper = Paper.of(style)
    found = paper.chosen(once(panels_of(frame)))
    return draw_error(found, paper.styles(found), paper)


def draw_error(found: list[Panel], look: dict[str, ProtocolStyle], paper: Paper = PAGE) -> Figure:
    """The figure of these panels, in the given look."""
    shown = [panel for panel in found if any(map(erring, panel.points))]
    names = paper.renamed(line_names(found), series_of(found))
    layout = Layout(
        width=4.2,
        left=1.2,
        heights=(2.4, height_for(len(names) + 1, 2.2)),
        right=margin_for([*names.values(), "the limit"]),
        bottom=0.62,
        alike=2,
    )
    words = _KEY if any(map(_limited, shown)) else _KEY.partition(" Dashed")[0]
    with paper.theme():
        figure, stacks = layout.build(max(1, len(shown)), words, paper.room)
        if not shown:
            empty(stacks[0][0], "No cell has an error.")
            stacks[0][1].set_axis_off()
        for panel, (top, bottom) in zip(shown, stacks, strict=False):
            _draw(top, bottom, panel, look, names)
    return paper.finished(figure)


def _of_others(panel: Panel) -> str:
    """Why no limit at one epsilon is drawn where no shares are estimated."""
    if panel.biased:
        return "Estimates are biased:\nno limit speaks of them."
    if panel.mean_limit is None:
        return "The limit is for frequencies."
    return "The limit for means is at what\nreports explain, not at an epsilon."


def _draw(
    top: Axes, bottom: Axes, panel: Panel, look: dict[str, ProtocolStyle], names: dict[str, str]
) -> None:
    frame_along(top, panel, lambda p: p.mse, named=not _limited(panel))
    labels = end_labels(draw_lines(top, panel, look, lambda p: p.mse), names, look)
    left, right = top.get_xlim()
    users = "" if panel.num_users is None else f",\nn = {panel.num_users:,} users"
    top.set_ylabel(Y_LABEL + users if panel.of_shares else f"{OTHER_LABEL}\n{panel.estimand}")
    top.set_title(heading(panel))
    if not _limited(panel):
        log_ticks(top, power_label)
        empty(bottom, _NO_LIMIT if panel.of_shares else _of_others(panel))
        label_ends(top, labels)
        return
    least = cache(lambda epsilon: _least(panel, epsilon))
    xs = dense(panel)
    limit = np.array([least(x) for x in xs])
    low, high = top.get_ylim()
    low = min(low, 0.6 * limit.min())
    top.plot(xs, limit, color=MUTED, linewidth=1.0, dashes=(4, 2), zorder=2)
    top.fill_between(xs, low, limit, color=IMPOSSIBLE, linewidth=0, zorder=0.5)
    top.set(xlim=(left, right), ylim=(low, high))
    log_ticks(top, power_label)
    frame_along(bottom, panel, lambda p: p.mse, least)
    labels = end_labels(draw_lines(bottom, panel, look, lambda p: p.mse, least), names, look)
    bottom.axhline(1.0, color=MUTED, linewidth=1.0, dashes=(4, 2), zorder=2)
    labels.append(EndLabel("the limit", right, 1.0, MUTED, linestyle=DASHED))
    low, high = bottom.get_ylim()
    low, high = min(low, 1.0) / 1.02, max(high, 1.1)
    low /= (high / low) ** 0.05
    bottom.axhspan(low, 1.0, color=IMPOSSIBLE, linewidth=0, zorder=0.5)
    bottom.set(ylim=(low, high), ylabel=RATIO_LABEL)
    log_ticks(bottom, lambda value, _: f"{value:.6g}")
    label_ends(bottom, labels)
    top.annotate(
        "below the limit",
        xy=(0.0, 0.0),
        xycoords="axes fraction",
        xytext=(7, 7),
        textcoords="offset points",
        fontsize=SMALL,
        color=MUTED,
    )


def erring(point: Point) -> bool:
    """Whether a point has an error to draw."""
    return positive(point.mse) > 0


def _limited(panel: Panel) -> bool:
    """Whether the limit speaks of this panel: users are counted, some claim is pure."""
    return panel.of_shares and panel.pure and bool(panel.num_users) and panel.k <= MAX_K


def _least(panel: Panel, epsilon: float) -> float:
    least = frontier(panel.k, epsilon).mse_at(1.0, target="users")
    return max(least, math.ulp(0.0)) / (panel.num_users or 1)
