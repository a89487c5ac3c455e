"""Figures that a notebook shows by themselves, and that are saved as they were drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from ._style import png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backend_bases import RendererBase

    from ._ends import EndLabel


class ShownFigure(Figure):
    """A matplotlib figure that is a picture where it ends a cell, with or without pyplot.

    However it is saved, it keeps its look, and its PDF and PostScript their fonts as TrueType
    (Type 42), which publishers ask for.
    """

    #: Height in inches of the words at its foot.
    foot: float = 0.0
    #: How to read it, for the caption of a paper.
    note: str = ""
    #: Whether names of lines stand below, or nowhere.
    below: bool = False
    nameless: bool = False
    #: Whether it has a width of its own, which texts may not fit into.
    narrow: bool = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.look: Any = {}
        #: The names that stand below.
        self.ends: list[EndLabel] = []
        #: Limits that were asked for, across and up.
        self.views: dict[Axes, tuple[Any, Any]] = {}

    def draw(self, renderer: RendererBase) -> None:
        """Draw it in the look that it was made with."""
        import matplotlib as mpl

        with mpl.rc_context(self.look):
            super().draw(renderer)

    def savefig(self, fname: Any, **options: Any) -> None:
        """Save it as matplotlib does, with its fonts in it."""
        import matplotlib as mpl

        with mpl.rc_context({"pdf.fonttype": 42, "ps.fonttype": 42}):
            super().savefig(fname, **options)

    def _repr_png_(self) -> bytes:
        return png(self, dpi=100)
