"""The figures of a page: one per data set, attacker and kind, all in the same look.

Each is drawn once: a file of its own as it is, and a part of the page without the words at its
foot, which the page has as a caption.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from markupsafe import Markup

from ._collections import Watch
from ._inline import Mark, Sheet, inline_svg
from ._palette import ProtocolStyle, styles
from ._points import once, series_of
from ._style import svg
from ._tables import Section
from .communication import communicated, draw_communication
from .epsilon import bounded, draw_epsilon
from .error import draw_error, erring
from .over_time import draw_over_time
from .pareto import draw_pareto, drawable, pareto_marks
from .success import draw_success, successful
from .three_axes import draw_three_axes, in_three, three_axes_marks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Figures that no attacker changes: one of them for all.
ONCE = ("error", "epsilon")


@dataclass(frozen=True)
class Drawn:
    """A figure, and the text of its SVG."""

    figure: Figure
    svg: bytes


class Figures:
    """Draws what a page shows; `css` holds the styles of everything drawn so far.

    `files` holds the figures by the names that they have as files, without an ending.
    """

    def __init__(self, sections: list[Section]) -> None:
        self._panels = [section.panel for section in sections]
        self._sheet = Sheet()
        self.files: dict[str, Drawn] = {}

    @cached_property
    def _look(self) -> dict[str, ProtocolStyle]:
        return styles(series_of(self._panels))

    @property
    def css(self) -> str:
        """Rules for the classes of the figures."""
        return self._sheet.css()

    def of(self, section: Section) -> dict[str, Markup]:
        """The figures of one data set by name; those with nothing to draw are left out."""
        panel, number = section.panel, section.number
        out: dict[str, Markup] = {}
        if any(map(drawable, panel.points)):
            figure = draw_pareto([panel], self._look, self._panels)
            named = self._named("pareto", section)
            out["pareto"] = self._part(
                figure, f"pareto-{number}", named, pareto_marks(figure, panel)
            )
        if any(map(in_three, panel.points)):
            figure = draw_three_axes([panel], self._look)
            named = self._named("three-axes", section)
            out["three-axes"] = self._part(
                figure, f"three-axes-{number}", named, three_axes_marks(figure, panel)
            )
        for name, draw, has in (
            ("success", draw_success, successful),
            ("error", draw_error, erring),
            ("communication", draw_communication, communicated),
            ("epsilon", draw_epsilon, bounded),
        ):
            shown = once([panel]) if name in ONCE else [panel]
            if shown and any(map(has, panel.points)):
                figure, named = draw(shown, self._look), self._named(name, section)
                out[name] = self._part(figure, f"{name}-{number}", named)
        return out

    def over_time(self, watch: Watch) -> Markup:
        """The figure of one data set that was followed over rounds."""
        figure = draw_over_time([watch])
        number = 1 + sum(name.startswith("over-time") for name in self.files)
        return self._part(figure, f"rounds-{number}", f"over-time-{_slug(watch.data)}")

    def _part(self, figure: Figure, prefix: str, name: str, marks: Sequence[Mark] = ()) -> Markup:
        """The figure as a part of the page; what it is as a file is kept."""
        while name in self.files:
            name += "-more"
        self.files[name] = Drawn(figure, svg(figure))
        text = inline_svg(figure, prefix, self._sheet, marks, self.files[name].svg)
        return Markup(text)  # noqa: S704 - escaped as XML

    def _named(self, kind: str, section: Section) -> str:
        """A name for a file: the kind, and data set, what is estimated and attacker if several."""
        panel, parts = section.panel, [kind]
        if len({(p.data, p.k) for p in self._panels}) > 1:
            parts.append(_slug(panel.data))
        if len({p.estimand for p in self._panels if (p.data, p.k) == (panel.data, panel.k)}) > 1:
            parts.append(_slug(panel.estimand.partition(" (")[0]))
        if panel.several and kind not in ONCE:
            parts.append(_slug(panel.prior))
        return "-".join(parts)


def _slug(text: str) -> str:
    """A text as a part of a file's name: small letters and digits between hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "other"
