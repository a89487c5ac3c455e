"""The last steps of a figure: reduced as a whole, its legend below it, its text set by TeX."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ldpaudit.comparing.tex import escaped

from ._palette import MUTED
from ._style import SMALL

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from ._ends import EndLabel
    from ._notebook import ShownFigure

_RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_SIGNS = {"ε": r"$\varepsilon$", "×": r"$\times$", "−": "$-$", "≥": r"$\geq$", "≤": r"$\leq$"}
_SIGNS |= {"–": "--", "—": "---", "…": r"\dots{}", "“": "``", "”": "''", "’": "'"}
#: Up to here the fonts of LaTeX have every letter.
_LATIN = 0x17F
#: Characters of the shortest line that a name is broken into.
_SHORT = 12
#: Letters of a number that fit between the axis and its name.
_ROOM = 4


def finish(
    figure: ShownFigure, scale: float, look: Mapping[str, Any], *, titles: bool, tex: bool
) -> None:
    """Reduce the figure, set its legend and its text; call it with the look applied."""
    import matplotlib as mpl

    if tex and not shutil.which("latex"):
        raise ValueError("usetex must find latex, which is not installed or not on the PATH.")
    if not titles:
        for axes in figure.axes:
            axes.set_title("", loc="left")
    if figure.narrow:
        for axes in figure.axes:
            _fold(axes, figure)
            _fold_up(axes, figure)
    if scale != 1 or tex:
        figure.draw_without_rendering()  # ticks are made by drawing
        _reduce(figure, scale)
    figure.look = dict(look) | {"text.usetex": tex} | _sizes(look, scale)
    if tex:
        _set_by_tex(figure)
    with mpl.rc_context({"text.usetex": tex}):
        _inside(figure)
    if figure.below:
        with mpl.rc_context({"text.usetex": tex}):
            _legend(figure, scale, tex=tex)


def _fold(axes: Axes, figure: ShownFigure) -> None:
    """Break what stands above and below a plot where it would leave the figure."""
    room = figure.dpi * figure.get_figwidth() - 4
    frame = axes.get_window_extent()
    middle = (frame.x0 + frame.x1) / 2
    across = 2 * min(middle, room - middle)
    for text, most in ((axes._left_title, room - frame.x0), (axes.xaxis.label, across)):  # type: ignore[attr-defined]
        lines: Any = text.get_text().split("\n")
        size: Any = text.get_fontsize()
        width = text.get_window_extent().width
        if width > most and len(lines) > 1:  # no room for a further line
            text.set_fontsize(max(SMALL, size * most / width))
            width *= text.get_fontsize() / size
        if width > most:
            longest = max(map(len, lines))
            lines = [textwrap.fill(line, max(1, int(longest * most / width))) for line in lines]
            text.set_text("\n".join(lines))


def _fold_up(axes: Axes, figure: ShownFigure) -> None:
    """Set the name of a vertical axis in smaller and more lines where the plot is lower than it."""
    label, frame = axes.yaxis.label, axes.get_window_extent()
    middle, top = (frame.y0 + frame.y1) / 2, figure.dpi * figure.get_figheight()
    most = min(frame.height + 0.5 * figure.dpi, 2 * min(middle, top - middle) - 4)
    if label.get_window_extent().height <= most:
        return
    label.set_fontsize(SMALL)
    text = " ".join(label.get_text().split())
    longest = max(map(len, label.get_text().split("\n")))
    while label.get_window_extent().height > most and longest > _SHORT:
        longest -= 2
        label.set_text(textwrap.fill(text, longest))


def _inside(figure: ShownFigure) -> None:
    """Move frames to the right where long numbers push the name of an axis off the figure."""
    across = figure.dpi * figure.get_figwidth()
    outside: dict[float, float] = {}
    for axes in figure.axes:
        written = axes.yaxis.get_tightbbox() if axes.axison and _long(axes.yaxis) else None
        if written is not None:
            left = round(axes.get_position().x0, 6)
            outside[left] = max((2 - written.x0) / across, outside.get(left, 0.0))
    for axes in figure.axes:
        box = axes.get_position()
        if shift := outside.get(round(box.x0, 6), 0.0):
            axes.set_position((box.x0 + shift, box.y0, box.width - shift, box.height))


def _long(axis: Axis) -> bool:
    """Whether any number on an axis has more letters than every layout has room for."""
    texts = axis.get_major_formatter().format_ticks(list(axis.get_majorticklocs()))
    return any(len(text) > _ROOM for text in texts)


def _sizes(look: Mapping[str, Any], scale: float) -> dict[str, Any]:
    """Settings for ticks that are made later on."""
    return {
        name: scale * value
        for name, value in look.items()
        if name.endswith(("size", "width", "pad")) and isinstance(value, float | int)
    }


def _reduce(figure: ShownFigure, scale: float) -> None:
    pads = [(axes, _title_pad(axes)) for axes in figure.axes]
    for artist in {id(one): one for one in figure.findobj()}.values():
        if artist is not figure:
            _smaller(artist, scale)
    for axes, pad in pads:
        title = axes.get_title(loc="left")
        size = axes._left_title.get_fontsize()  # type: ignore[attr-defined]
        axes.set_title(title, loc="left", pad=scale * pad, fontsize=size)
        for axis in (axes.xaxis, axes.yaxis):
            _closer(axis, scale)
    figure.foot *= scale
    across, down = figure.get_size_inches()
    figure.set_size_inches(scale * across, scale * down)


def _title_pad(axes: Axes) -> float:
    """Points between the frame and the title."""
    figure = axes.get_figure()
    dpi = figure.dpi if figure is not None else 72.0
    offset: Any = axes.titleOffsetTrans  # type: ignore[attr-defined]
    return float(offset.transform((0, 0))[1] * 72 / dpi)


def _smaller(artist: Artist, scale: float) -> None:
    """Multiply every size of an artist that is in points."""
    from matplotlib.collections import Collection
    from matplotlib.lines import Line2D
    from matplotlib.patches import FancyArrowPatch, Patch
    from matplotlib.text import Annotation, Text

    if isinstance(artist, Text):
        size: Any = artist.get_fontsize()
        artist.set_fontsize(scale * size)
        if isinstance(artist, Annotation) and artist.anncoords == "offset points":
            x, y = artist.xyann
            artist.xyann = (scale * x, scale * y)
    elif isinstance(artist, Line2D):
        artist.set_linewidth(scale * artist.get_linewidth())
        artist.set_markersize(scale * artist.get_markersize())
        artist.set_markeredgewidth(scale * artist.get_markeredgewidth())
    elif isinstance(artist, Collection):
        widths: Any = artist.get_linewidth()
        artist.set_linewidth(np.multiply(scale, widths).tolist())
    elif isinstance(artist, Patch):
        artist.set_linewidth(scale * artist.get_linewidth())
        if isinstance(artist, FancyArrowPatch):
            artist.set_mutation_scale(scale * artist.get_mutation_scale())


def _closer(axis: Axis, scale: float) -> None:
    axis.labelpad *= scale
    for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
        pad: Any = tick.get_pad  # its type is missing
        tick.set_pad(scale * pad())


def _legend(figure: ShownFigure, scale: float, *, tex: bool) -> None:
    """The names of all lines in as few rows as fit, in a figure that grows by their height."""
    from matplotlib.lines import Line2D

    ends = {label.key or label.text: label for label in figure.ends}
    if not ends:
        return
    handles = [Line2D([], [], label=tex_text(t) if tex else t, **_key(e)) for t, e in ends.items()]
    for handle in handles:
        _smaller(handle, scale)
    width, height = figure.get_size_inches()
    counts = sorted({-(-len(handles) // rows) for rows in range(1, len(handles) + 1)})
    for columns in reversed(counts):
        legend = figure.legend(
            handles=handles, ncols=columns, loc="lower center", frameon=False, borderpad=0.1,
            borderaxespad=0.2, columnspacing=1.4, handletextpad=0.6, handlelength=2.2,
            fontsize=scale * SMALL, bbox_to_anchor=(0.5, figure.foot / height),
        )  # fmt: skip
        box = legend.get_window_extent()
        if box.width <= figure.dpi * width - 4 or columns == 1:
            break
        legend.remove()
    room = box.height / figure.dpi + 0.12 * scale
    places = [(axes, axes.get_position()) for axes in figure.axes]
    figure.set_size_inches(width, height + room)
    for axes, box in places:
        y0 = (box.y0 * height + room) / (height + room)
        axes.set_position((box.x0, y0, box.width, box.height * height / (height + room)))
    legend.set_bbox_to_anchor((0.5, figure.foot / (height + room)))
    for text in figure.texts:  # the words at the foot
        x, y = text.get_position()
        text.set_position((x, y * height / (height + room)))
    figure.foot += room


def key(axes: Axes, scale: float, columns: int, place: Any, *, tex: bool) -> None:
    """The legend of a plot, at a place in it or, at none, in as few rows as fit below."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    figure = axes.get_figure()
    assert isinstance(figure, Figure)  # noqa: S101 - ours have none inside them
    handles, texts = axes.get_legend_handles_labels()
    texts = [tex_text(text) for text in texts] if tex else texts
    size = scale * SMALL
    with mpl.rc_context({"text.usetex": tex}):
        if place is not None:
            axes.legend(
                handles, texts, frameon=False, fontsize=size, ncols=columns, loc=place,
                labelcolor=MUTED,
            )  # fmt: skip
            return
        for count in sorted({-(-len(handles) // r) for r in range(1, 1 + len(handles))})[::-1]:
            legend = figure.legend(
                handles, texts, frameon=False, fontsize=size, ncols=count,
                loc="outside lower center", labelcolor=MUTED, borderpad=0.1,
            )  # fmt: skip
            if legend.get_window_extent().width <= figure.dpi * figure.get_figwidth() - 4:
                break
            if count > 1:
                legend.remove()


def _key(label: EndLabel) -> dict[str, Any]:
    """How a line is shown in a legend."""
    hollow = {"markerfacecolor": "white", "markeredgecolor": label.line, "markeredgewidth": 1.2}
    full = {"markeredgecolor": "white", "markeredgewidth": 0.6}
    return {
        "color": label.line, "linestyle": label.linestyle, "marker": label.marker,
        "linewidth": label.linewidth, "markersize": 5.5,
    } | (hollow if label.hollow else full)  # fmt: skip


def _set_by_tex(figure: ShownFigure) -> None:
    """Give every text to TeX as it is; what is on axes is escaped when it is written."""
    from matplotlib.text import Text

    ticks = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(_tex_formatter(axis.get_major_formatter()))
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                ticks |= {tick.label1, tick.label2}
    for text in figure.findobj(Text):
        assert isinstance(text, Text)  # noqa: S101 - what findobj was asked for
        if text not in ticks:
            text.set_text(tex_text(text.get_text()))
        text.set_usetex(True)


def _tex_formatter(base: Any) -> Any:
    from matplotlib.ticker import Formatter

    class TexFormatter(Formatter):
        """Writes numbers as another one does, for TeX."""

        def __call__(self, x: float, pos: int | None = None) -> str:
            return tex_text(base(x, pos))

        def format_ticks(self, values: Any) -> list[str]:
            return [tex_text(one) for one in base.format_ticks(values)]

        def get_offset(self) -> str:
            return tex_text(base.get_offset())

    return TexFormatter()


def tex_text(text: str) -> str:
    r"""Text as TeX prints it, line by line.

    >>> print(tex_text("ε = 0.5, 3×10⁻⁴ of 5%"))
    $\varepsilon$ = 0.5, 3$\times$10$^{-4}$ of 5\%
    """
    lines = (escaped(line) for line in text.split("\n"))
    return "\n".join(re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", _raised, _in_latin(line)) for line in lines)


def _raised(found: re.Match[str]) -> str:
    return f"$^{{{found[0].translate(_RAISED)}}}$"


def _in_latin(line: str) -> str:
    raised = set(map(chr, _RAISED))
    return "".join(
        _SIGNS.get(sign) or (sign if ord(sign) <= _LATIN or sign in raised else "?")
        for sign in line
    )
