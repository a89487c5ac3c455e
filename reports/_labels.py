"""Panels in a row, and names beside the ends of lines that never overlap."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ._ends import EndLabel
from ._palette import MUTED
from ._room import Room
from ._style import FONT_SIZE, SMALL

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox

    from ._notebook import ShownFigure

#: What the words at the foot of a figure are called in its SVG.
FOOT = "foot"
PAGE_ROOM = Room()
#: Inches that a panel needs at least, where the whole has a width.
_LEAST_PANEL = 3.6
#: Inches across that a plot needs for its numbers not to touch.
_LEAST_PLOT = 1.5
#: Where the column of labels begins, in widths of the axes.
_COLUMN = 1.035
_LINE = 1.32 * FONT_SIZE  # points from one label to the next


@dataclass(frozen=True)
class Layout:
    """Sizes in inches: `columns` panels per row, `rows` tall axes stacked in each panel."""

    width: float
    heights: tuple[float, ...]
    left: float = 0.95
    right: float = 0.9
    top: float = 0.62
    bottom: float = 0.8
    between: float = 0.35
    columns: int = 2
    #: How many axes from the top have the horizontal axis that limits are asked for.
    alike: int = 1

    def build(
        self, count: int, words: str = "", room: Room = PAGE_ROOM
    ) -> tuple[ShownFigure, list[list[Axes]]]:
        """A figure with `words` at its foot; for each of `count` panels its axes, top to bottom."""
        from ._notebook import ShownFigure

        fitted, columns, below = self._fitted(count, room)
        shown = words if room.asked.notes else ""
        figure, panels = fitted._build(ShownFigure(), count, columns, shown)
        figure.note, figure.below = words, below
        figure.narrow = room.width is not None
        figure.nameless = room.asked.legend == "none"
        for stack in panels:
            for index, axes in enumerate(stack):
                across = room.asked.x_limits if index < self.alike else None
                figure.views[axes] = (across, None if index else room.asked.y_limits)
        return figure, panels

    def _fitted(self, count: int, room: Room) -> tuple[Layout, int, bool]:
        """The layout in a room, its panels in a row, and whether names stand below them."""
        if room.height is not None:  # the names of low axes are of more lines
            self = replace(self, left=self.left + 0.15)
        legend, columns = room.asked.legend, max(1, min(count, self.columns))
        across = self.left + self.width + self.right
        if room.width is not None:
            columns = max(1, min(columns, math.floor(room.width / _LEAST_PANEL)))
            across = room.width / columns
        width = across - self.left - self.right
        ends = legend == "ends" or (
            legend == "auto" and room.height is None and width >= 0.7 * self.width
        )
        fitted = self if ends else replace(self, right=0.2)
        width = across - fitted.left - fitted.right
        if room.width is None:
            width = self.width
        if width < _LEAST_PLOT:
            raise ValueError(
                f"width must leave room for a plot beside its text, got {room.asked.width or 0:g}; "
                "a larger width, a smaller font_size or names below (legend) do."
            )
        heights = self.heights
        if room.height is not None:
            heights = (room.height,) * len(heights)
        elif not ends:
            heights = tuple(height * min(1.0, width / self.width) for height in heights)
        top = fitted.top if room.asked.titles else max(0.15, fitted.top - 0.3)
        bottom = fitted.bottom + (0.1 if room.asked.font else 0.0)  # its lines may be further apart
        fitted = replace(fitted, width=width, heights=heights, top=top, bottom=bottom)
        return fitted, columns, not ends and legend != "none"

    def _build(
        self, figure: ShownFigure, count: int, columns: int, words: str
    ) -> tuple[ShownFigure, list[list[Axes]]]:
        rows = max(1, math.ceil(count / columns))
        across = self.left + self.width + self.right
        inner = sum(self.heights) + self.between * (len(self.heights) - 1)
        down = self.top + inner + self.bottom
        lines = textwrap.wrap(words, width=int((columns * across - 0.5) / (0.0088 * SMALL)))
        foot = 0.14 + 1.42 * SMALL / 72 * len(lines) if lines else 0.0
        full = (columns * across, rows * down + foot)
        figure.set_size_inches(full)
        figure.foot = foot
        panels: list[list[Axes]] = []
        for index in range(count):
            row, column = divmod(index, columns)
            x = column * across + self.left
            y = foot + (rows - row) * down - self.top
            stack: list[Axes] = []
            for height in self.heights:
                y -= height
                box = (x / full[0], y / full[1], self.width / full[0], height / full[1])
                axes = figure.add_axes(box)
                axes.set_autoscale_on(False)  # whoever draws sets the limits, and does it first
                stack.append(axes)
                y -= self.between
            panels.append(stack)
        if lines:
            place, text = (0.25 / full[0], 0.14 / full[1]), "\n".join(lines)
            figure.text(
                *place, text, fontsize=SMALL, color=MUTED, va="bottom", linespacing=1.4, gid=FOOT
            )
        return figure, panels


def margin_for(names: Sequence[str]) -> float:
    """Width in inches of the column that the longest of these labels needs."""
    return 0.42 + 0.078 * max((len(name) for name in names), default=0)


def height_for(lines: int, least: float) -> float:
    """Height in inches that so many labels need, and at least `least`."""
    return max(least, (lines + 1) * _LINE / 72)


def label_ends(axes: Axes, labels: Sequence[EndLabel]) -> None:
    """Write the labels in a column right of the axes, each tied to the end of its line."""
    from matplotlib.collections import LineCollection

    fix_view(axes)
    figure = _figure_of(axes)
    if figure.below:
        figure.ends.extend(labels)
    if not labels or figure.below or figure.nameless:
        return
    to_axes = axes.transData + axes.transAxes.inverted()
    ends = [(*to_axes.transform((label.x, label.y)), label) for label in labels]
    ends = [(min(x, 1.0), min(max(y, 0.0), 1.0), label) for x, y, label in ends]
    ends.sort(key=lambda end: (end[1], end[0], end[2].text))
    height = 72 * axes.get_position().height * figure.get_figheight()
    across = 72 * axes.get_position().width * figure.get_figwidth()
    wanted = np.array([height * end[1] for end in ends])
    ties = []
    for (x, up, label), y in zip(ends, spread(wanted, _LINE, 0.0, height), strict=True):
        axes.annotate(
            label.text,
            xy=(label.x, label.y),
            xytext=(_COLUMN, y / height),
            textcoords="axes fraction",
            color=label.colour,
            fontsize=FONT_SIZE,
            va="center",
            ha="left",
            annotation_clip=False,
        )
        ties.append(_tie(_COLUMN * across, y, across * x, height * up))
    axes.add_collection(
        LineCollection(
            [np.array(tie) / (across, height) for tie in ties],
            colors=[label.colour for _, _, label in ends],
            linewidths=0.6,
            alpha=0.65,
            transform=axes.transAxes,
            clip_on=False,
            zorder=3,
        ),
        autolim=False,
    )


def _tie(x: float, y: float, end_x: float, end_y: float) -> list[tuple[float, float]]:
    """From beside a label to beside the end of its line, in points; nothing where they touch."""
    far = math.hypot(end_x - x, end_y - y)
    start, stop = (min(3 / far, 1.0), max(1 - 5 / far, 0.0)) if far else (1.0, 0.0)
    if start >= stop:
        return [(x, y), (x, y)]
    along = ((1 - part, part) for part in (start, stop))
    return [(a * x + b * end_x, a * y + b * end_y) for a, b in along]


def spread(wanted: np.ndarray[Any, Any], gap: float, low: float, high: float) -> list[float]:
    """Positions at least `gap` apart, in the given rising order, nearest to the wanted ones."""
    blocks: list[list[float]] = []  # pool adjacent violators: [mean, size]
    for index, position in enumerate(wanted):
        blocks.append([float(position) - index * gap, 1.0])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            mean, size = blocks.pop()
            total = blocks[-1][1] + size
            blocks[-1] = [(blocks[-1][0] * blocks[-1][1] + mean * size) / total, total]
    flat = [mean for mean, size in blocks for _ in range(int(size))]
    last = max(low, high - (len(flat) - 1) * gap)
    return [min(max(mean, low), last) + index * gap for index, mean in enumerate(flat)]


def place_if_free(axes: Axes, taken: list[Bbox], **options: Any) -> None:
    """Annotate (options as for ``Axes.annotate``) where no other text is; its box is then taken."""
    text = axes.annotate(**{"fontsize": SMALL, **options})
    own, inside = extent(text), axes.get_window_extent().padded(2.0)
    box = own.padded(1.0)
    fits = inside.x0 <= box.x0 and box.x1 <= inside.x1
    fits = fits and inside.y0 <= box.y0 and box.y1 <= inside.y1
    if fits and not any(map(box.overlaps, taken)):
        taken.append(own)
    else:
        text.remove()


def extent(text: Text) -> Bbox:
    """Box of a text in pixels, without its arrow."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Annotation, Text

    figure = _figure_of(text)
    canvas: Any = figure.canvas
    if not isinstance(canvas, FigureCanvasAgg):
        canvas = FigureCanvasAgg(figure)
    if isinstance(text, Annotation):
        text.update_positions(canvas.get_renderer())
    return Text.get_window_extent(text, canvas.get_renderer())


def fix_view(axes: Axes) -> None:
    """Give axes the limits that were asked for; whoever draws calls it once its own are set."""
    across, up = _figure_of(axes).views.get(axes, (None, None))
    if across is not None:
        axes.set_xlim(across)
    if up is not None:
        axes.set_ylim(up)


def _figure_of(artist: Artist) -> ShownFigure:
    """The figure that something is on; ours have no figures inside them."""
    figure = artist.get_figure()
    if figure is None:
        raise ValueError("axes and texts must belong to a figure.")
    return cast("ShownFigure", figure)


def empty(axes: Axes, message: str) -> None:
    """Say why a panel has nothing to draw."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, message, ha="center", va="center", transform=axes.transAxes, wrap=True)
