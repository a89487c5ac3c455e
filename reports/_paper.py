"""What a figure is drawn on: our page, or a paper with sizes, fonts and a choice of its own.

A figure for a paper is drawn at the sizes of the page, on paper that is as much wider as its text
is to become smaller, and reduced as a whole: what does not touch there touches nowhere.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from ldpaudit.figure_style import FigureStyle
from ldpaudit.validate import check_known

from ._collections import Watch
from ._palette import ProtocolStyle, styles
from ._points import Panel, series_of
from ._room import Room
from ._style import FONT_SIZE, LOOK, fonts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ._notebook import ShownFigure

Drawable = TypeVar("Drawable", Panel, Watch)
#: Inches of title and names around the plot of a figure of one.
_AROUND = 1.1
#: Settings with units of points.
_RELATIVE = ("size", "width")
#: Settings that decide sizes, or are read where they matter: all text has the size of one.
_OTHERWISE = (
    *("font.size", "figure.figsize", "text.usetex", "axes.titlesize", "axes.labelsize"),
    *("xtick.labelsize", "ytick.labelsize", "legend.fontsize", "axes.titlepad", "axes.labelpad"),
    *("axes.titley", "axes.titlelocation", "text.parse_math"),
)


@dataclass(frozen=True)
class Paper:
    """The paper of a figure; without a style it is the page, whatever matplotlib is set to."""

    style: FigureStyle | None = None

    @classmethod
    def of(cls, style: FigureStyle | str | None) -> Paper:
        """The paper that somebody wishes; None is one of the page's sizes with their settings."""
        return cls(FigureStyle.of(style))

    @cached_property
    def asked(self) -> FigureStyle:
        """The style, or the page's."""
        return self.style or FigureStyle()

    @cached_property
    def settings(self) -> Any:
        """What the user has changed of matplotlib's settings."""
        import matplotlib as mpl

        if self.style is None:
            return {}
        looked: Any = [*LOOK, "font.serif", "font.monospace", "figure.figsize"]
        default = mpl.rcParamsDefault
        return {name: mpl.rcParams[name] for name in looked if mpl.rcParams[name] != default[name]}

    @cached_property
    def scale(self) -> float:
        """What everything is multiplied by at the end."""
        size = self.asked.font_size or self.settings.get("font.size", FONT_SIZE)
        return float(size) / FONT_SIZE

    @property
    def width(self) -> float | None:
        """Inches of the whole figure before it is reduced; None is what it takes."""
        width = self.asked.width or self.settings.get("figure.figsize", (None,))[0]
        return width and width / self.scale

    @property
    def height(self) -> float | None:
        """Inches of a plot before it is reduced; None is what it takes."""
        return self.asked.height and self.asked.height / self.scale

    @property
    def room(self) -> Room:
        """How much room it has."""
        return Room(self.width, self.height, self.asked)

    @property
    def tex(self) -> bool:
        """Whether TeX sets the text."""
        return self.asked.usetex or bool(self.settings.get("text.usetex"))

    @cached_property
    def look(self) -> Any:
        """The settings that it is drawn with, before it is reduced."""
        own: Any = {}
        coloured = any(name.endswith("facecolor") for name in self.settings)
        for name, value in self.settings.items():
            # Our colours are made for white paper: another paper's do not go with them.
            if name not in _OTHERWISE and not (coloured and name.endswith("color")):
                relative = name.endswith(_RELATIVE) and isinstance(value, float | int)
                own[name] = value / self.scale if relative else value
        return LOOK | own | fonts(self.asked.font, own)

    def size(self, width: float, height: float) -> tuple[float, float]:
        """Inches of a figure of one plot before it is reduced, where it is so large on the page."""
        across = self.width or width
        down = height * min(1.0, max(0.72, across / width))
        return across, down if self.height is None else self.height + _AROUND

    def folded(self, text: str, width: float, size: float = FONT_SIZE) -> str:
        """A text of such a size in lines of so many inches; as it is where it has its own room."""
        if self.width is None:
            return text
        return "\n".join(textwrap.wrap(text, max(12, int(width / (0.0088 * size)))))

    @contextmanager
    def theme(self) -> Iterator[None]:
        """Apply the look to everything drawn inside, and to nothing outside."""
        import matplotlib as mpl

        with mpl.rc_context(self.look):
            yield

    def check(self, *found: Sequence[Panel] | Sequence[Watch]) -> None:
        """Refuse a protocol that is on none of these panels."""
        panels = [panel for some in found for panel in some]
        known = {name for panel in panels for pair in _series(panel).items() for name in pair}
        for name in self.asked.protocols:
            check_known("protocol of a figure", name, known)

    def chosen(self, found: Sequence[Drawable]) -> list[Drawable]:
        """The panels with the protocols that are asked for, in that order."""
        self.check(found)
        return self.picked(found)

    def picked(self, found: Sequence[Drawable]) -> list[Drawable]:
        """The same, where some of the protocols may be on panels that are not among these."""
        order = self.asked.protocols
        if not order:
            return list(found)
        return [some for panel in found if (some := _chosen(panel, order)) is not None]

    def styles(self, found: Sequence[Drawable]) -> dict[str, ProtocolStyle]:
        """The looks of the lines, with the colours that are asked for."""
        series: dict[str, str] = {}
        for panel in found:
            series |= _series(panel)
        out = styles(series)
        for name, protocol in series.items():
            colour = self.asked.colours.get(name) or self.asked.colours.get(protocol)
            if colour is not None:
                out[name] = replace(out[name], colour=_hex(colour))
        return out

    def renamed(self, names: Mapping[str, str], protocols: Mapping[str, str]) -> dict[str, str]:
        """Names of lines with those that are asked for; a line's own before its protocol's."""
        labels = self.asked.labels
        out = {}
        for series, name in names.items():
            protocol = protocols[series]
            if series in labels:
                name = labels[series]
            elif protocol in labels:
                name = name.replace(protocol, labels[protocol], 1)
            out[series] = name
        return out

    def finished(self, figure: ShownFigure) -> ShownFigure:
        """The figure with its legend, reduced, its text set; as it stays however it is saved."""
        from ._finish import finish

        with self.theme():
            finish(figure, self.scale, self.look, titles=self.asked.titles, tex=self.tex)
        if self.asked.width is not None:  # to the last digit
            figure.set_figwidth(self.asked.width)
        return figure

    def key(self, axes: Axes, columns: int, place: str) -> None:
        """The legend of a figure of one plot: in it, or below where the figure has a width."""
        from ._finish import key

        where = self.asked.legend
        inside = where in ("auto", "ends") and self.width is None
        if where != "none":
            with self.theme():
                key(axes, self.scale, columns, place if inside else None, tex=self.tex)


PAGE = Paper()


def _series(panel: Panel | Watch) -> dict[str, str]:
    if isinstance(panel, Panel):
        return series_of([panel])
    return {one.series: one.protocol for one in panel.collections}


def _chosen(panel: Any, order: Sequence[str]) -> Any:
    rank = {name: place for place, name in reversed([*enumerate(order)])}

    def place(one: Any) -> int:
        return min(rank.get(one.series, len(rank)), rank.get(one.protocol, len(rank)))

    field = "points" if isinstance(panel, Panel) else "collections"
    whole: Sequence[Any] = getattr(panel, field)
    some = tuple(sorted((one for one in whole if place(one) < len(rank)), key=place))
    if not some:
        return None
    return replace(panel, **{field: some})


def _hex(colour: str) -> str:
    from matplotlib.colors import to_hex

    try:
        return to_hex(colour)
    except ValueError:
        raise ValueError(f"colours must be colours of matplotlib, got {colour!r}.") from None
