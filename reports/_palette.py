"""A colour, a marker and dashes for every protocol, the same in every figure and on every page."""

from __future__ import annotations

import colorsys
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeAlias

Dashes: TypeAlias = tuple[float, ...]

INK, MUTED, FAINT, IMPOSSIBLE = "#1c1e21", "#5f6670", "#c9ced4", "#eceef1"
#: Papers: figures are drawn on the first; a dark page shows them on the second.
PAPER, DARK_PAPER = "#ffffff", "#14171a"

_DASHES: tuple[Dashes, ...] = ((), (5, 1.6), (1.2, 1.4), (6, 1.6, 1.2, 1.6), (9, 2.2))
_MARKERS = ("o", "s", "^", "D", "P", "v", "X", "p", "h", "<", ">", "d")

# Relatives have neighbouring hues; in grey print marker and dashes tell them apart.
_KNOWN_AS = """
grr      #d55e00 o 0    agrr     #e4702f X 1    l-grr     #a03c00 p 2
ss       #0072b2 s 0    ass      #4a7fd6 d 1
oue      #00855f ^ 1    sue      #5a9a1f P 0    ue        #00675c < 2    aue    #2c9c8a > 3
asue     #7b8f00 X 4    rappor   #3f7d20 p 0    l-sue     #6f9c45 o 1    l-oue  #1f9e5a h 2
l-osue   #005c3c d 3    l-soue   #809848 s 4
olh      #b37a00 D 2    blh      #8a6a1a d 0    alh       #c88512 X 1    ablh   #6b5a2a p 3
aolh     #a3854a h 4    biloloha #94610a < 0    ololoha   #bd7c28 > 1
mss      #b0217a v 3    smss     #6a3fb5 X 1    amss      #e0509a p 2
the      #2a8fc4 h 0    she      #0a5c7d p 2    athe      #5595b3 d 1
pgr      #33228a v 0    hpgr     #7a6fd0 ^ 1    hr        #0f7f8f < 2
gm       #6b6b6b o 1    agm      #3a3f46 s 2    dbitflip  #868c94 D 3    allomfree #55606b v 0
spl      #7a4b2a ^ 0    smp      #b0603a v 1    rsfd      #5c3a2e s 2    rsrfd     #98775f D 3
"""
_SPARE = ("#444444", "#8c510a", "#1b7837", "#5e3c99", "#b2182b", "#2166ac", "#8a1c6b", "#5f7a00")


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


_WORDS = _KNOWN_AS.split()
KNOWN = {
    name: ProtocolStyle(colour, marker, _DASHES[int(dash)])
    for name, colour, marker, dash in zip(*(_WORDS[i::4] for i in range(4)), strict=True)
}


def styles(series: Mapping[str, str]) -> dict[str, ProtocolStyle]:
    """Return a style for each series name (the values are protocol names), free of order."""
    known = dict(KNOWN)
    taken: set[ProtocolStyle] = set()
    for name in sorted(set(series.values()) - set(KNOWN)):
        # The name alone chooses, so that a stranger keeps its look; a look is given once.
        start = zlib.crc32(name.encode("utf-8", "backslashreplace"))
        looks = (_spare(start + step) for step in range(len(_SPARE) * len(_MARKERS)))
        known[name] = next((look for look in looks if look not in taken), _spare(start))
        taken.add(known[name])
    out: dict[str, ProtocolStyle] = {}
    for protocol in sorted(set(series.values())):
        base = known[protocol]
        for i, name in enumerate(sorted(s for s, owner in series.items() if owner == protocol)):
            marker = _MARKERS[(_MARKERS.index(base.marker) + i) % len(_MARKERS)]
            dashes = _DASHES[(_DASHES.index(base.dashes) + i) % len(_DASHES)]
            out[name] = replace(base, marker=marker, dashes=dashes)
    return out


def _spare(number: int) -> ProtocolStyle:
    hue, marker = number % len(_SPARE), number // len(_SPARE) % len(_MARKERS)
    return ProtocolStyle(_SPARE[hue], _MARKERS[marker], _DASHES[(hue + marker) % len(_DASHES)])


@cache
def at_night(colour: str) -> str:
    """The colour for dark paper: the same hue, light for dark."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(colour))
    lightness = 0.085 + 0.915 * (1 - lightness)
    saturation *= 0.8 if lightness > 0.16 else 0.4  # a tint of the paper stays quiet
    channels = list(colorsys.hls_to_rgb(hue, lightness, saturation))
    if 0.16 < lightness < 0.9:  # neither a tint of the paper nor its ink: must be seen
        while contrast(_hex(channels), DARK_PAPER) < 4.5:
            channels = [1 - 0.97 * (1 - channel) for channel in channels]
    return _hex(channels)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, from 1 to 21 (WCAG 2.2)."""
    low, high = sorted(_luminance(_channels(colour)) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


@cache
def _darkened(colour: str) -> str:
    channels = _channels(colour)
    while contrast(_hex(channels), PAPER) < 4.6:
        channels = [0.97 * channel for channel in channels]
    return _hex(channels)


def _channels(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def _hex(channels: list[float]) -> str:
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in channels)


def _luminance(channels: list[float]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
