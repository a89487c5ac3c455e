"""Figures inside a page: no style attributes, no shared ids, user text that stays text."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from ldpaudit.analysis.metrics import read
from ldpaudit.comparing.results import Results
from ldpaudit.reports import epsilon, pareto
from ldpaudit.reports._inline import Sheet, inline_svg
from ldpaudit.reports._palette import styles
from ldpaudit.reports._points import panels, placed, series_of
from ldpaudit.reports.pareto import draw_pareto, pareto_marks

Make = Callable[..., Results]
_TITLE = "{http://www.w3.org/2000/svg}title"


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 - our own


def test_figures_share_no_id_and_keep_their_references(small: Results) -> None:
    sheet = Sheet()
    text = inline_svg(pareto(small.frame), "a", sheet) + inline_svg(
        epsilon(small.frame), "b", sheet
    )
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    used = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', text)
    assert {a or b for a, b in used} == set(ids)
    assert not re.search(r"<style|<metadata|\bstyle=|xlink", text)


def test_every_class_has_its_rule_and_every_colour_its_night(small: Results) -> None:
    sheet = Sheet()
    text = inline_svg(pareto(small.frame), "a", sheet)
    css = sheet.css()
    for name in set(re.findall(r'class="(f\d+)"', text)):
        assert f".plate .{name} {{" in css
    day, night, *rules = css.splitlines()
    assert "prefers-color-scheme: dark" in night
    used = {name for rule in rules for name in re.findall(r"var\(--([0-9a-f]{6})\)", rule)}
    assert used
    for name in used:
        assert f"--{name}: #{name};" in day
        assert f"--{name}: #" in night


@pytest.mark.parametrize(
    "name", ['style="}a{display:none"', 'd="0.123456"', "<b>&amp;", "]]>", "#1c1e21"]
)
def test_names_stay_text(make: Make, name: str) -> None:
    made = make(protocols=["ss"], epsilons=[1.0], data=[("adult-age", 74, 45222)])
    frame = made.frame.assign(protocol=name)
    sheet = Sheet()
    root = parsed(inline_svg(pareto(frame), "a", sheet))
    assert name in [element.text for element in root.iter() if element.text]
    assert "display" not in sheet.css()


def test_marks_lie_on_their_points_and_say_their_values(small: Results) -> None:
    found = panels(placed(read(small.frame)))
    figure = draw_pareto(found, styles(series_of(found)))
    marks = pareto_marks(figure, found[0])
    root = parsed(inline_svg(figure, "a", Sheet(), marks))
    circles = [element for element in root.iter() if element.tag.endswith("circle")]
    assert len(circles) == len(marks) == 4
    _, _, width, shown = (float(part) for part in root.attrib["viewBox"].split())
    height = 72 * figure.get_figheight()  # the words at the foot are cut off
    assert 0 < height - shown < 0.2 * height
    axes = figure.axes[0]
    for circle, mark in zip(circles, marks, strict=True):
        pixels = axes.transData.transform((mark.x, mark.y)) / (
            figure.get_size_inches() * figure.dpi
        )
        assert float(circle.attrib["cx"]) == pytest.approx(width * pixels[0], abs=0.02)
        assert float(circle.attrib["cy"]) == pytest.approx(height * (1 - pixels[1]), abs=0.02)
    title = circles[0].find(_TITLE)
    assert title is not None
    text = str(title.text).splitlines()
    assert text[0] == "ss, ε = 1"
    assert re.fullmatch(r"attack success 2\.5\d% \(measured [\d.]+%\)", text[1])
    assert text[2].startswith("error 7.")
    assert text[3:] == ["1.00 times the limit, 60 bits"]
