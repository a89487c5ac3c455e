"""Measured points with their intervals: two lines of a figure, however many points there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ldpaudit.arrays import Floats

#: How far a point reaches: down and up, of every point.
Reaches = Any


def draw_intervals(
    axes: Axes,
    xs: Any,
    ys: Any,
    *,
    across: Reaches = None,
    up: Reaches = None,
    colour: str,
    zorder: float = 4,
    linewidth: float = 1.0,
) -> None:
    """Draw the intervals around points as one line with gaps."""
    xs, ys = np.asarray(xs, dtype=float), np.asarray(ys, dtype=float)
    parts: list[tuple[Floats, Floats]] = []
    if across is not None:
        parts.append((_ends(xs, across), _ends(ys, (0 * ys, 0 * ys))))
    if up is not None:
        parts.append((_ends(xs, (0 * xs, 0 * xs)), _ends(ys, up)))
    if parts:
        axes.plot(
            *(np.concatenate(side) for side in zip(*parts, strict=True)),
            color=colour, linewidth=linewidth, solid_capstyle="butt", marker="", zorder=zorder,
        )  # fmt: skip


def _ends(middle: Floats, reach: Reaches) -> Floats:
    """Of every point its lower end, its upper end and a gap."""
    down, up = np.asarray(reach, dtype=float)
    return np.column_stack((middle - down, middle + up, np.full(middle.size, np.nan))).ravel()
