"""The figures of a page: one per data set and kind, all in the same look."""

from __future__ import annotations

from functools import cached_property

from markupsafe import Markup

from ._collections import Watch
from ._inline import Sheet, inline_svg
from ._palette import ProtocolStyle, styles
from ._points import once, series_of
from ._tables import Section
from .communication import communicated, draw_communication
from .epsilon import bounded, draw_epsilon
from .error import draw_error, erring
from .over_time import draw_over_time
from .pareto import draw_pareto, drawable, pareto_marks
from .success import draw_success, successful
from .three_axes import draw_three_axes, in_three, three_axes_marks

#: Figures that no attacker changes: one of them for all.
ONCE = ("error", "epsilon")


class Figures:
    """Draws what a page shows; `css` holds the styles of everything drawn so far."""

    def __init__(self, sections: list[Section]) -> None:
        self._panels = [section.panel for section in sections]
        self._sheet = Sheet()
        self._drawn = 0

    @cached_property
    def _look(self) -> dict[str, ProtocolStyle]:
        return styles(series_of(self._panels))

    @property
    def css(self) -> str:
        """Rules for the classes of the figures."""
        return self._sheet.css()

    def of(self, section: Section) -> dict[str, Markup]:
        """The figures of one data set by name; those with nothing to draw are left out."""
        panel, number, out = section.panel, section.number, {}
        if any(map(drawable, panel.points)):
            figure = draw_pareto([panel], self._look, note=False)
            marks = pareto_marks(figure, panel)
            out["pareto"] = inline_svg(figure, f"pareto-{number}", self._sheet, marks)
        if any(map(in_three, panel.points)):
            figure = draw_three_axes([panel], self._look, note=False)
            marks = three_axes_marks(figure, panel)
            out["three-axes"] = inline_svg(figure, f"three-axes-{number}", self._sheet, marks)
        for name, draw, has in (
            ("success", draw_success, successful),
            ("error", draw_error, erring),
            ("communication", draw_communication, communicated),
            ("epsilon", draw_epsilon, bounded),
        ):
            shown = once([panel]) if name in ONCE else [panel]
            if shown and any(map(has, panel.points)):
                figure = draw(shown, self._look, note=False)
                out[name] = inline_svg(figure, f"{name}-{number}", self._sheet)
        return {name: Markup(svg) for name, svg in out.items()}  # noqa: S704 - escaped as XML

    def over_time(self, watch: Watch) -> Markup:
        """The figure of one data set that was followed over rounds."""
        figure = draw_over_time([watch], note=False)
        self._drawn += 1
        return Markup(inline_svg(figure, f"rounds-{self._drawn}", self._sheet))  # noqa: S704
