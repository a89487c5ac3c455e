"""How much room a figure has, before it is reduced."""

from __future__ import annotations

from dataclasses import dataclass, field

from ldpaudit.figure_style import FigureStyle


@dataclass(frozen=True)
class Room:
    """Inches of the whole figure and of one plot, None for what it takes; and what was asked."""

    width: float | None = None
    height: float | None = None
    asked: FigureStyle = field(default_factory=FigureStyle)
