"""One look for every figure: theme, protocol styles, and bytes that do not change between runs."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, MUTED, FAINT, IMPOSSIBLE = "#1c1e21", "#5f6670", "#c9ced4", "#eceef1"
FONT_SIZE, SMALL = 10.0, 8.5

Dashes: TypeAlias = tuple[float, ...]

_SOLID: Dashes = ()
_DASHES: tuple[Dashes, ...] = (_SOLID, (5, 1.6), (1.2, 1.4), (6, 1.6, 1.2, 1.6), (9, 2.2))
_MARKERS = ("o", "s", "^", "D", "P", "v", "X", "p", "h", "<", ">", "d")

# Colour a family (Okabe and Ito's set, yellow and orange darkened for white paper);
# marker and dashes a member.
_FAMILIES: tuple[tuple[str, tuple[tuple[str, str, int], ...]], ...] = (
    ("#d55e00", (("grr", "o", 0), ("agrr", "X", 1), ("l-grr", "p", 2))),
    ("#0072b2", (("ss", "s", 0), ("ass", "d", 1))),
    (
        "#008f68",
        (
            *(("oue", "^", 1), ("sue", "P", 0), ("ue", "<", 2), ("aue", ">", 3), ("asue", "X", 4)),
            *(("rappor", "p", 0), ("l-sue", "o", 1), ("l-oue", "h", 2)),
            *(("l-osue", "d", 3), ("l-soue", "P", 4)),
        ),
    ),
    (
        "#c48a00",
        (
            *(("olh", "D", 2), ("blh", "d", 0), ("alh", "X", 1), ("ablh", "p", 3)),
            *(("aolh", "h", 4), ("biloloha", "<", 0), ("ololoha", ">", 1)),
        ),
    ),
    ("#aa3377", (("mss", "v", 3), ("smss", "X", 1), ("amss", "p", 2))),
    ("#4aa3d8", (("the", "h", 0), ("she", "p", 2), ("athe", "d", 1))),
    ("#33228a", (("pgr", "v", 0), ("hpgr", "^", 1), ("hr", "<", 2))),
    ("#777777", (("gm", "o", 1), ("agm", "s", 2), ("dbitflip", "D", 3), ("allomfree", "v", 0))),
    ("#7a4b2a", (("spl", "^", 0), ("smp", "v", 1), ("rsfd", "s", 2), ("rsrfd", "D", 3))),
)
_SPARE = ("#444444", "#8c510a", "#1b7837", "#5e3c99", "#b2182b", "#2166ac")


@dataclass(frozen=True)
class ProtocolStyle:
    """Colour, marker and dashes of one line; `text` is the colour dark enough to read."""

    colour: str
    marker: str
    dashes: Dashes

    @property
    def text(self) -> str:
        """The colour, darkened until it has a contrast of 4.5 on white."""
        return _darkened(self.colour)

    @property
    def linestyle(self) -> Any:
        """The dashes as a matplotlib line style."""
        return (0, self.dashes) if self.dashes else "-"


_KNOWN = {
    name: ProtocolStyle(colour, marker, _DASHES[dash])
    for colour, members in _FAMILIES
    for name, marker, dash in members
}


def styles(series: Mapping[str, str]) -> dict[str, ProtocolStyle]:
    """Return a style for each series name (the values are protocol names), free of order."""
    unknown = sorted(set(series.values()) - set(_KNOWN))
    known = _KNOWN | {
        name: ProtocolStyle(
            _SPARE[i % len(_SPARE)],
            _MARKERS[(i + 5) % len(_MARKERS)],
            _DASHES[(i // len(_SPARE) + i) % len(_DASHES)],
        )
        for i, name in enumerate(unknown)
    }
    out: dict[str, ProtocolStyle] = {}
    for protocol in sorted(set(series.values())):
        base = known[protocol]
        for i, name in enumerate(sorted(s for s, owner in series.items() if owner == protocol)):
            marker = _MARKERS[(_MARKERS.index(base.marker) + i) % len(_MARKERS)]
            dashes = _DASHES[(_DASHES.index(base.dashes) + i) % len(_DASHES)]
            out[name] = replace(base, marker=marker, dashes=dashes)
    return out


@contextmanager
def theme() -> Iterator[None]:
    """Apply the look to everything drawn inside, and to nothing outside."""
    import matplotlib as mpl
    import seaborn as sns

    look = (
        sns.plotting_context("paper")
        | sns.axes_style("whitegrid")
        | {
            "font.family": ["sans-serif"],
            "font.sans-serif": ["DejaVu Sans"],
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
        }
    )
    with mpl.rc_context(look):
        yield


def png(figure: Figure, dpi: int = 200) -> bytes:
    """The figure as PNG, the same bytes every time."""
    return _saved(figure, "png", dpi=dpi, metadata={"Software": None})


def svg(figure: Figure) -> bytes:
    """The figure as a stand-alone SVG, the same bytes every time, text kept as text."""
    return _saved(figure, "svg", metadata={"Date": None, "Creator": None})


def inline_svg(figure: Figure, prefix: str) -> str:
    """The figure as an <svg> element for a page: no prolog, no styles that leak, own ids."""
    text = svg(figure).decode("utf-8")
    text = text[text.index("<svg") :].strip()
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"\s*<style[^>]*>.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    text = re.sub(r'href="#', f'href="#{prefix}-', text)
    text = text.replace("url(#", f"url(#{prefix}-")
    return text.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1)


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
    fixed: Any = {"svg.hashsalt": "ldpaudit", "svg.fonttype": "none", "svg.id": None}
    with theme(), mpl.rc_context(fixed):
        figure.savefig(buffer, format=form, **options)
    return buffer.getvalue()


@cache
def _drawable(char: str) -> bool:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties(family=["DejaVu Sans"])))
    return bool(font.get_char_index(ord(char)))


@cache
def _darkened(colour: str) -> str:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    while 1.05 / (_luminance(channels) + 0.05) < 4.5:
        channels = [0.97 * channel for channel in channels]
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in channels)


def _luminance(channels: list[float]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
