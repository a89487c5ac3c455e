"""Figures that a notebook shows by themselves."""

from __future__ import annotations

from matplotlib.figure import Figure

from ._style import png


class ShownFigure(Figure):
    """A matplotlib figure that is a picture where it ends a cell, with or without pyplot."""

    #: Height in inches of the words at its foot.
    foot: float = 0.0

    def _repr_png_(self) -> bytes:
        return png(self, dpi=100)
