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
from ._names import heading
from ._palette import ProtocolStyle, styles
from ._paper import PAGE, Paper
from ._points import Panel, once, series_of
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
#: Panels from which on a page holds the figure of the trade-off alone.
_MANY = 9


@dataclass(frozen=True)
class Drawn:
    """A figure, and the text of its SVG."""

    figure: Figure
    svg: bytes


class Figures:
    """Draws what a page shows; `css` holds the styles of everything drawn so far.

    `files` holds the figures by the names that they have as files, without an ending; they are on
    a paper of their own where there is one. `beside` has, by kind, the names of those that a page
    of many panels leaves to the files, and what they are of.
    """

    def __init__(
        self, sections: list[Section], watches: Sequence[Watch] = (), paper: Paper = PAGE
    ) -> None:
        self._panels = [section.panel for section in sections]
        self._paper = paper
        self._sheet = Sheet()
        self._followed = 0
        self.files: dict[str, Drawn] = {}
        self.beside: dict[str, list[tuple[str, str]]] = {}
        if paper is not PAGE and paper.asked.protocols:
            paper.check(self._panels, watches)

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
        for name, draw, has, marks in (
            ("pareto", self._pareto, drawable, pareto_marks),
            ("three-axes", draw_three_axes, in_three, three_axes_marks),
            ("success", draw_success, successful, None),
            ("error", draw_error, erring, None),
            ("communication", draw_communication, communicated, None),
            ("epsilon", draw_epsilon, bounded, None),
        ):
            shown = once([panel]) if name in ONCE else [panel]
            if not shown or not any(map(has, panel.points)):
                continue
            file = self._free(self._named(name, section))
            some = [] if self._paper is PAGE else self._paper.picked(shown)
            other = None
            if any(has(point) for one in some for point in one.points):
                other = draw(some, self._paper.styles(self._panels), self._paper)
            if len(self._panels) >= _MANY and name != "pareto":
                alone = draw(shown, self._look, PAGE) if self._paper is PAGE else other
                if alone is not None:
                    self.files[file] = Drawn(alone, svg(alone))
                    words = heading(shown[0]).replace("\n", ", ")
                    self.beside.setdefault(name, []).append((file, words))
                continue
            figure = draw(shown, self._look, PAGE)
            pointed = marks(figure, panel) if marks else ()
            out[name] = self._part(figure, f"{name}-{number}", file, pointed, other)
        return out

    def over_time(self, watch: Watch) -> Markup:
        """The figure of one data set that was followed over rounds."""
        figure = draw_over_time([watch])
        self._followed += 1
        some = [] if self._paper is PAGE else self._paper.picked([watch])
        beside = draw_over_time(some, paper=self._paper) if some else None
        file = self._free(f"over-time-{_slug(watch.data)}")
        return self._part(figure, f"rounds-{self._followed}", file, (), beside)

    def _pareto(self, found: list[Panel], look: dict[str, ProtocolStyle], paper: Paper) -> Figure:
        """On a page all are as wide as one another, for they stand together."""
        return draw_pareto(found, look, paper, beside=self._panels if paper is PAGE else ())

    def _part(
        self,
        figure: Figure,
        prefix: str,
        name: str,
        marks: Sequence[Mark],
        other: Figure | None,
    ) -> Markup:
        """The figure as a part of the page; what it is as a file is kept."""
        drawn = svg(figure)
        if self._paper is PAGE:
            self.files[name] = Drawn(figure, drawn)
        elif other is not None:
            self.files[name] = Drawn(other, svg(other))
        text = inline_svg(figure, prefix, self._sheet, marks, drawn)
        return Markup(text)  # noqa: S704 - escaped as XML

    def _free(self, name: str) -> str:
        """The name of a file that no figure has yet."""
        while name in self.files:
            name += "-more"
        return name

    def _named(self, kind: str, section: Section) -> str:
        """A name for a file: the kind, and data set, k, what is estimated, attacker if several."""
        panel, parts = section.panel, [kind]
        sets = {(p.data, p.k) for p in self._panels}
        if len(sets) > 1:
            parts.append(_slug(panel.data))
        if sum(data == panel.data for data, _ in sets) > 1:
            parts.append(str(panel.k))
        if len({p.estimand for p in self._panels if (p.data, p.k) == (panel.data, panel.k)}) > 1:
            parts.append(_slug(panel.estimand.partition(" (")[0]))
        if panel.several and kind not in ONCE:
            parts.append(_slug(panel.prior))
        return "-".join(parts)


def _slug(text: str) -> str:
    """A text as a part of a file's name: small letters and digits between hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "other"
