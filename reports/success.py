"""Attack success along epsilon, between blind guessing and what any mechanism can give away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ldpaudit.arrays import Floats

from ._ends import DASHED, EndLabel
from ._epsilon_axis import (
    TOP,
    draw_lines,
    end_labels,
    frame_along,
    log_ticks,
    positive,
    share_label,
)
from ._labels import Layout, empty, height_for, label_ends, margin_for
from ._names import EXPLAINED_LABEL, heading, line_names
from ._numbers import percent
from ._palette import IMPOSSIBLE, MUTED, ProtocolStyle
from ._paper import PAGE, Paper
from ._points import Panel, Point, panels_of, series_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ldpaudit.figure_style import FigureStyle

Y_LABEL = "Attack success: probability of naming\na user's value from one report"
_BOUND = "most at this epsilon"
_KEY = (
    "Markers: measured, with intervals. Lines: exact. Dashed: the most that any epsilon-LDP "
    "mechanism gives away to this attacker."
)


def success(frame: pd.DataFrame, style: FigureStyle | str | None = None) -> Figure:
    """Draw the success of the best attacker against epsilon, one panel per data set.

    Parameters
    ----------
    frame : pandas.DataFrame
        The tidy table, columns as in ``ldpaudit.outcomes.COLUMNS``; rows of the
        attacks ``bayes`` (measured and exact) and ``blind`` are drawn. Success is
        a probability, on a logarithmic axis.
    style : FigureStyle or str, optional
        Size, fonts, colours, choice of protocols; ``"one-column"`` and ``"two-column"`` are those
        of papers. See ``ldpaudit.FigureStyle``.

    Returns
    -------
    matplotlib.figure.Figure
        Not saved and not registered with pyplot.

    Notes
    -----
    The dashed line is the largest e P_m / (e + m - 1), e = exp(epsilon) and P_m what the m
    likeliest values have together: no epsilon-LDP mechanism gives away more, and one gives
    away that (``ldpaudit.leakage.largest_vulnerability``). Of a uniform prior it is e /
    (e + k - 1); of any other the table has it at its epsilons, which the line joins. A claim with
    a delta, which is named so, may pass it; the line is left out where all have one.

    Examples
    --------
    >>> import pandas as pd
    >>> cell = {"protocol": "grr", "k": 4, "epsilon": 1.0, "data": "toy"}
    >>> row = {"attack": "bayes", "metric": "attack_success", "exact": 0.4754}
    >>> success(pd.DataFrame([cell | row])).axes[0].get_yscale()
    'log'
    """
    paper = Paper.of(style)
    found = paper.chosen(panels_of(frame))
    return draw_success(found, paper.styles(found), paper)


def draw_success(found: list[Panel], look: dict[str, ProtocolStyle], paper: Paper = PAGE) -> Figure:
    """The figure of these panels, in the given look."""
    shown = [panel for panel in found if any(map(successful, panel.points))]
    names = paper.renamed(line_names(found), series_of(found))
    longest = [*names.values(), _BOUND]
    layout = Layout(
        width=4.2,
        left=1.05,
        heights=(height_for(len(longest) + 1, 4.0),),
        right=margin_for(longest),
    )
    words = _KEY if any(panel.capped for panel in shown) else _KEY.partition(" Dashed")[0]
    with paper.theme():
        figure, stacks = layout.build(max(1, len(shown)), words, paper.room)
        if not shown:
            empty(stacks[0][0], "No cell has the success of the bayes attack.")
        for panel, (axes,) in zip(shown, stacks, strict=False):
            _draw(axes, panel, look, names)
    return paper.finished(figure)


def successful(point: Point) -> bool:
    """Whether a point has an attack success to draw."""
    return positive(point.success) > 0


def most(panel: Panel) -> tuple[Floats, Floats] | None:
    """Epsilons, and the most that the best guess can succeed there; None where it is not known."""
    if not panel.capped:
        return None
    if panel.uniform:
        low, high = panel.epsilons[0], panel.epsilons[-1]
        xs = np.linspace(0.25 * low, 1.5 * high, 120)
        return xs, 1 / (1 + (panel.k - 1) * np.exp(-xs))
    return np.array([*panel.most]), np.array([*panel.most.values()])


def _draw(axes: Axes, panel: Panel, look: dict[str, ProtocolStyle], names: dict[str, str]) -> None:
    frame_along(axes, panel, lambda p: p.success)
    labels = end_labels(draw_lines(axes, panel, look, lambda p: p.success), names, look)
    left, right = axes.get_xlim()
    low, high = axes.get_ylim()
    high = min(1.25 * high, TOP)
    if panel.blind:
        low = min(low, 0.9 * panel.blind)
        axes.axhline(panel.blind, color=MUTED, linewidth=1.0, zorder=1)
        labels.append(
            EndLabel(f"blind {percent(panel.blind)}", right, panel.blind, MUTED, key="blind guess")
        )
    bound = most(panel)
    if bound is not None:
        xs, ys = bound
        inside = (xs >= left) & (xs <= right)
        end = float(np.interp(right, xs, ys))
        high = max(high, min(1.4 * max(end, ys[inside].max(initial=0.0)), TOP))
        single = "o" if xs.size == 1 else ""
        axes.plot(
            xs, ys, color=MUTED, linewidth=1.0, dashes=(4, 2), zorder=2, marker=single, markersize=3
        )
        corners = [*zip(xs, ys, strict=True), (xs[-1], high), (xs[0], high)]
        axes.fill(*zip(*corners, strict=True), color=IMPOSSIBLE, linewidth=0, zorder=0.5)
        labels.append(EndLabel(_BOUND, min(right, float(xs[-1])), end, MUTED, linestyle=DASHED))
    axes.set(
        xlim=(left, right), ylim=(low, high), ylabel=EXPLAINED_LABEL if panel.explains else Y_LABEL
    )
    log_ticks(axes, share_label)
    axes.set_title(heading(panel))
    label_ends(axes, labels)
