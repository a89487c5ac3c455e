"""What a central epsilon buys: attack success, error and local budget of every protocol."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ._along import log_ticks, positive, power_label, reach
from ._labels import EndLabel, Layout, empty, height_for, label_ends, line_names, margin_for
from ._numbers import percent, plain
from ._palette import MUTED, ProtocolStyle, styles
from ._points import Panel, Point, panels_of, series_of
from ._style import theme
from .pareto import heading

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_X_LABEL = "Central epsilon of all shuffled reports (natural logarithm)"
_KEY = (
    "Every protocol runs at the largest local budget (lowest) whose shuffled reports are proven to "
    "meet the central epsilon. Success is that of an attacker who sees one report before it is "
    "shuffled. Markers: measured, with intervals. Lines: exact."
)


def shuffling(frame: pd.DataFrame) -> Figure:
    """Draw protocols at equal central epsilons, one panel a data set.

    Parameters
    ----------
    frame : pandas.DataFrame
        The tidy table, columns as in ``ldpaudit.outcomes.COLUMNS``, of a study with a
        ``central_delta``: cells with a row of metric ``central_epsilon``, whose value is
        the central epsilon that was asked for. Attack success and mean squared error are
        the cells' own, the local budget is the column ``epsilon``.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import pandas as pd
    >>> cell = {"protocol": "grr", "k": 4, "epsilon": 3.0, "data": "toy"}
    >>> rows = [cell | {"metric": "central_epsilon", "value": 0.5},
    ...         cell | {"metric": "mse", "exact": 1e-4}]
    >>> len(shuffling(pd.DataFrame(rows)).axes)
    3
    """
    found = panels_of(frame)
    return draw_shuffling(found, styles(series_of(found)))


def draw_shuffling(found: list[Panel], look: dict[str, ProtocolStyle]) -> Figure:
    """The figure of these panels, in the given look."""
    shown = [panel for panel in found if any(map(central, panel.points))]
    names = line_names(found)
    tall = height_for(len(names) + 1, 2.6)
    layout = Layout(4.2, (tall, tall, tall), left=1.15, right=margin_for([*names.values()]))
    with theme():
        figure, stacks = layout.build(max(1, len(shown)), _KEY)
        if not shown:
            for axes in stacks[0]:
                empty(axes, "No cell has a central epsilon.")
        for panel, stack in zip(shown, stacks, strict=False):
            _draw(stack, panel, look, names)
    return figure


def central(point: Point) -> float:
    """The central epsilon that a cell was to meet, 0 where there is none."""
    row = point.find("central_epsilon")
    return 0.0 if row is None or row.value is None else row.value


def _draw(
    stack: list[Axes], panel: Panel, look: dict[str, ProtocolStyle], names: dict[str, str]
) -> None:
    success, error, budget = stack
    success.set_title(heading(panel))
    values = sorted({central(p) for p in panel.points if central(p)})
    for axes in stack:
        axes.set(xscale="log", xlim=(values[0] / 1.12, values[-1] * 1.12))
        axes.set_yscale("linear" if axes is budget else "log")
    ends: list[list[EndLabel]] = [[], [], []]
    for series, points in panel.lines():
        style = look[series]
        mine = sorted((p for p in points if central(p)), key=central)
        figures = (
            [positive(p.success) for p in mine],
            [positive(p.mse) for p in mine],
            [p.epsilon for p in mine],
        )
        for axes, values, labels in zip(stack, figures, ends, strict=True):
            line = [(central(p), y) for p, y in zip(mine, values, strict=True) if math.isfinite(y)]
            if line:
                xs, ys = zip(*line, strict=True)
                axes.plot(xs, ys, color=style.colour, linestyle=style.linestyle, linewidth=1.4)
                labels.append(EndLabel(names[series], xs[-1], ys[-1], style.text))
        for axes, rows in ((success, [p.success for p in mine]), (error, [p.mse for p in mine])):
            seen = [(central(p), row) for p, row in zip(mine, rows, strict=True)]
            bars = [(x, *reach(row)) for x, row in seen if row and row.value]
            if bars:
                xs, ys, down, up = zip(*bars, strict=True)
                axes.errorbar(xs, ys, (down, up), fmt=style.marker, color=style.colour,
                              markersize=5, markeredgecolor="white", markeredgewidth=0.6,
                              elinewidth=1.0, capsize=1.8, zorder=4)  # fmt: skip
    success.axhline(panel.blind, color=MUTED, linewidth=1.0, zorder=1)
    success.set_ylabel("Attack success on one report\nbefore it is shuffled")
    error.set_ylabel("Mean squared error a value")
    budget.set_ylabel("Local epsilon")
    _frame(stack, values)
    log_ticks(success, lambda value, _: percent(value))
    log_ticks(error, power_label)
    for axes, labels in zip(stack, ends, strict=True):
        label_ends(axes, labels)


def _frame(stack: list[Axes], values: list[float]) -> None:
    """Central epsilons across, all of them marked, named below the lowest."""
    import seaborn as sns

    for axes in stack:
        named = axes is stack[-1]
        axes.set_xticks(values, labels=[plain(v) if named else "" for v in values])
        axes.set_xticks([], minor=True)
        axes.grid(visible=False, axis="x")
        sns.despine(ax=axes)
    stack[-1].set_xlabel(_X_LABEL)
