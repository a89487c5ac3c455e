"""What a line is called at its end, or in a legend that shows what it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._palette import MUTED, ProtocolStyle


@dataclass(frozen=True)
class EndLabel:
    """The name of a line and the data coordinates of its end."""

    text: str
    x: float
    y: float
    colour: str
    #: How a legend shows it: the colour of the line, and what the line is made of.
    line: str = MUTED
    linestyle: Any = "-"
    marker: str = ""
    linewidth: float = 1.0
    hollow: bool = False
    #: What a legend calls it, where that is less.
    key: str = ""


#: The dashes of limits and claims.
DASHED = (0, (4, 2))


def named_end(
    text: str, x: float, y: float, style: ProtocolStyle, *, joined: bool = True
) -> EndLabel:
    """The label of a protocol's line, or of its markers where nothing joins them."""
    line = style.linestyle if joined else "none"
    return EndLabel(text, x, y, style.text, style.colour, line, style.marker, 1.4)
