"""Figures as parts of a page: small, without styles of their own, dark on dark paper."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from ._labels import FOOT
from ._palette import PAPER, at_night
from ._style import SMALL, svg

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SVG, _LINK = "http://www.w3.org/2000/svg", "{http://www.w3.org/1999/xlink}href"
#: Pixels of the smallest text on a screen that is narrower than the figure.
_LEGIBLE = 10.2
_GEOMETRY = ("d", "x", "y", "width", "height", "transform")
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_LONG = re.compile(r"-?\d+\.\d+")
_CURVE = re.compile("[CQSTA]")


@dataclass(frozen=True)
class Mark:
    """A point of a figure that says its values when it is pointed at: data coordinates and text."""

    axes: Axes
    x: float
    y: float
    text: str


@dataclass
class Sheet:
    """Styles of all figures of a page, each written once; colours are named by what they are."""

    classes: dict[str, str] = field(default_factory=dict)

    def name(self, declarations: str) -> str:
        """Class that holds these declarations."""
        return self.classes.setdefault(declarations, f"f{len(self.classes)}")

    def css(self) -> str:
        """The rules, and what the colours are by day and by night."""
        rules = [f".plate .{name} {{ {style} }}" for style, name in self.classes.items()]
        colours = sorted({found for rule in rules for found in _COLOUR.findall(rule)} - {PAPER})
        day = " ".join(f"--{colour[1:]}: {colour};" for colour in colours)
        night = " ".join(f"--{colour[1:]}: {at_night(colour)};" for colour in colours)
        named = [
            _COLOUR.sub(lambda m: "var(--plate)" if m[0] == PAPER else f"var(--{m[0][1:]})", rule)
            for rule in rules
        ]
        dark = f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {night} }} }}"
        return "\n".join([f":root {{ {day} }}", dark, *named])


def inline_svg(
    figure: Figure,
    prefix: str,
    sheet: Sheet,
    marks: Sequence[Mark] = (),
    drawn: bytes | None = None,
) -> str:
    """The figure as an <svg> element: own ids, classes of `sheet`, a title on every mark.

    `drawn` is its SVG if there is one already. The words at its foot are left out.
    """
    ElementTree.register_namespace("", _SVG)
    text = drawn or svg(figure)
    root = ElementTree.fromstring(text)  # noqa: S314 - written by matplotlib just now
    _crop(root, 72 * getattr(figure, "foot", 0.0))
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
    used = {
        found
        for element in root.iter()
        for value in element.attrib.values()
        for found in re.findall(r"^#(.+)$|url\(#([^)]+)\)", value)
    }
    wanted = sorted({one or two for one, two in used})
    ids = {name: f"{prefix}-{place}" for place, name in enumerate(wanted)}
    for element in root.iter():
        _tidy(element, ids, sheet)
    _flatten(root)
    root.extend(_targets(figure, marks))
    least = _LEGIBLE / SMALL * 72 * figure.get_figwidth()
    named = sheet.name(f"--least: {least:.0f}px")
    root.attrib |= {"aria-hidden": "true", "focusable": "false", "class": named}
    return ElementTree.tostring(root, encoding="unicode").replace(" />", "/>")


def _crop(root: Element, foot: float) -> None:
    """Cut the words at the foot off, which are so many points high."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.get("id") == FOOT:
                parent.remove(child)
    left, top, width, height = (float(part) for part in root.attrib["viewBox"].split())
    root.set("height", f"{height - foot:g}pt")
    root.set("viewBox", f"{left:g} {top:g} {width:g} {height - foot:g}")


def _tidy(element: Element, ids: dict[str, str], sheet: Sheet) -> None:
    """Short numbers, ids only where they are used, classes for styles."""
    own = element.attrib.pop("id", "")
    if own in ids:
        element.set("id", ids[own])
    if style := element.attrib.pop("style", None):
        element.set("class", sheet.name(style))
    if link := element.attrib.pop(_LINK, None):
        element.set("href", f"#{ids[link[1:]]}")
    if clip := element.get("clip-path"):
        element.set("clip-path", f"url(#{ids[clip[5:-1]]})")
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
    for name in _GEOMETRY:
        if name in element.attrib:
            short = " ".join(_LONG.sub(_shorter, element.attrib[name]).split())
            # A line goes on to every further point of a path that has no curve.
            element.set(name, short if _CURVE.search(short) else short.replace(" L ", " "))
    for place in ("text", "tail"):
        if not (getattr(element, place) or "").strip():
            setattr(element, place, None)


def _shorter(found: re.Match[str]) -> str:
    """A number to a hundredth of a point, from 10 on to a tenth."""
    number = float(found[0])
    return f"{number:.{1 if abs(number) >= 10 else 2}f}".rstrip("0").rstrip(".")


def _flatten(element: Element) -> None:
    """Take away groups that say nothing."""
    for child in list(element):
        _flatten(child)
        if child.tag == f"{{{_SVG}}}g" and not child.attrib:
            at = list(element).index(child)
            element.remove(child)
            for step, inner in enumerate(child):
                element.insert(at + step, inner)


def _targets(figure: Figure, marks: Sequence[Mark]) -> list[Element]:
    """A circle with a title for every mark, in the units of the file: points from the top."""
    if not marks:
        return []
    height, scale = 72 * figure.get_figheight(), 72 / figure.dpi
    group = ElementTree.Element(f"{{{_SVG}}}g", {"class": "marks"})
    for mark in marks:
        x, y = mark.axes.transData.transform((mark.x, mark.y))
        place = {"cx": f"{x * scale:.2f}", "cy": f"{height - y * scale:.2f}", "r": "6"}
        circle = ElementTree.SubElement(group, f"{{{_SVG}}}circle", place)
        ElementTree.SubElement(circle, f"{{{_SVG}}}title").text = mark.text
    return [group]
