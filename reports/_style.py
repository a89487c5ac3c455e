"""One look for every figure: theme, and files whose bytes do not change between runs."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from ._palette import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FONT_SIZE, SMALL = 10.0, 8.5
#: The font of pages, which comes with matplotlib.
SANS = ("DejaVu Sans",)
#: A white grid behind thin marks, without ticks. The title's height is given, not sought anew in
#: every drawing.
LOOK: Any = {
    "font.family": ["sans-serif"],
    "font.sans-serif": [*SANS],
    "font.size": FONT_SIZE,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.labelsize": FONT_SIZE,
    "axes.labelpad": 8,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#9aa1a9",
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": "#eaecef",
    "grid.linewidth": 0.8,
    "text.color": INK,
    "text.parse_math": False,
    "text.usetex": False,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.facecolor": "white",
    "axes.spines.bottom": True,
    "axes.spines.left": True,
    "axes.grid": True,
    "grid.linestyle": "-",
    "axes.titley": 1.0,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.8,
    "lines.solid_capstyle": "round",
    "patch.edgecolor": "white",
    "patch.force_edgecolor": True,
    "patch.linewidth": 0.8,
    "legend.fontsize": 8.8,
    "xtick.direction": "out",
    "ytick.direction": "out",
    "xtick.bottom": False,
    "ytick.left": False,
    "xtick.major.size": 4.8,
    "ytick.major.size": 4.8,
}


def fonts(font: str | None, own: Mapping[str, Any]) -> dict[str, Any]:
    """Settings for a font that is asked for; signs that it lacks come from the page's."""
    from matplotlib.font_manager import get_font_names

    if font == "serif":
        given = own.get("font.serif") or ["STIXGeneral"]
        return {"font.family": [*given[:1], "DejaVu Serif", *SANS], "axes.titleweight": "normal"}
    if font == "sans-serif":
        return {"font.family": [*own.get("font.sans-serif", SANS)[:1], *SANS]}
    if font is not None:
        if font not in get_font_names():
            raise ValueError(
                f"font must be 'serif', 'sans-serif' or an installed font, got {font!r}."
            )
        return {"font.family": [font, *SANS]}
    if not {"font.family", "font.sans-serif", "font.serif"} & own.keys():
        return {}
    return {"font.family": [*own.get("font.family", ["sans-serif"]), *SANS]}


@contextmanager
def theme() -> Iterator[None]:
    """Apply the look to everything drawn inside, and to nothing outside."""
    import matplotlib as mpl

    with mpl.rc_context(LOOK):
        yield


def open_frame(axes: Axes) -> None:
    """Leave the frame open above and on the right."""
    axes.spines[["top", "right"]].set_visible(False)


def png(figure: Figure, dpi: int = 200) -> bytes:
    """The figure as PNG, the same bytes every time."""
    return _saved(figure, "png", dpi=dpi, metadata={"Software": None})


def svg(figure: Figure) -> bytes:
    """The figure as a stand-alone SVG, the same bytes every time, text kept as text."""
    return _saved(figure, "svg", metadata={"Date": None, "Creator": None})


def pdf(figure: Figure) -> bytes:
    """The figure as PDF with its fonts inside, the same bytes every time."""
    return _saved(figure, "pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None})


def caption(text: str, limit: int = 32) -> str:
    """Make a user's string drawable: one line, short, only characters that the font has."""
    kept = "".join(
        char if _drawable(char) else "□"
        for char in re.sub(r"\s+", " ", text).strip()[: 4 * limit]
        if not unicodedata.category(char).startswith("C")
    )
    return kept if len(kept) <= limit else f"{kept[: limit - 1]}…"


def _saved(figure: Figure, form: str, **options: Any) -> bytes:
    import matplotlib as mpl

    buffer = io.BytesIO()
    fixed: Any = {"svg.hashsalt": "ldpaudit", "svg.fonttype": "none", "pdf.fonttype": 42}
    if "svg.id" in mpl.rcParams:  # from Matplotlib 3.10 on
        fixed["svg.id"] = None
    with theme(), mpl.rc_context(fixed):
        figure.savefig(buffer, format=form, **options)
    return buffer.getvalue()


@cache
def _drawable(char: str) -> bool:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties(family=["DejaVu Sans"])))
    return bool(font.get_char_index(ord(char)))
