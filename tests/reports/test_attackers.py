"""Several attackers on one page: each named in words, what they share told once."""

from __future__ import annotations

import html
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.analysis.dominance import standings
from ldpaudit.comparing.results import Results
from ldpaudit.data import load
from ldpaudit.leakage.beliefs import largest_vulnerability
from ldpaudit.reports import error, pareto, success
from ldpaudit.reports.comparison import page

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EVEN = "an attacker who thinks all values equally likely"
KNOWS = "an attacker who knows how common the values are"
STUDY: dict[str, Any] = {
    "name": "two", "protocols": ["grr", "ss"], "epsilons": [1.0, 2.0, 8.0],
    "data": ["adult-age"], "attacks": ["bayes"], "trials": 2_000, "repetitions": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def two() -> Results:
    """Two attackers on the ages."""
    return ldpaudit.compare(STUDY | {"prior": ["uniform", "data"]})


@pytest.fixture(scope="module")
def text(two: Results) -> str:
    """Their page."""
    return page(two).decode()


def section(text: str, name: str) -> str:
    """One section of a page as plain text."""
    start = text.index(f'<section id="{name}">')
    part = text[start : text.index("</section>", start)]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", part)).split())


def test_both_are_named_where_their_figures_are(text: str) -> None:
    for name in ("summary", "choice", "limit", "results"):
        for who in (EVEN, KNOWS):
            assert who in section(text, name)
    assert text.count(f"74 values, {EVEN}. The same numbers are in the tables") == 4
    assert text.count(f"74 values, {KNOWS}. The same numbers are in the tables") == 3


def test_who_knows_the_ages_learns_least_from_grr(text: str, two: Results) -> None:
    said = section(text, "summary")
    assert f"{KNOWS} names a user’s value from one report correctly 4.49% of the time with" in said
    assert "5.18% with ss" in said
    table = standings(two.frame)
    order = table[table["epsilon"] == 1.0].set_index(["prior", "protocol"])["success"]
    assert order["uniform", "ss"] < order["uniform", "grr"]
    assert order["data", "grr"] < order["data", "ss"]


def test_no_distance_is_told_to_whom_the_limit_does_not_speak(two: Results) -> None:
    table = standings(two.frame)
    assert table.groupby("prior")["limit_applies"].all().to_dict() == {
        "data": False,
        "uniform": True,
    }


def test_what_attackers_share_is_told_once(text: str, two: Results) -> None:
    ids = Counter(re.findall(r'\bid="([^"]+)"', text))
    assert max(ids.values()) == 1
    assert text.count("Audits of epsilon, with their witnesses") == 1
    assert len(error(two.frame).axes) == len(error(one_attacker(two)).axes)
    assert "All 6 audits" in section(text, "summary")


def one_attacker(results: Results) -> Any:
    """The table without those who know the ages."""
    return results.frame[results.frame["prior"] != "data"]


def test_there_is_a_choice_for_every_attacker(two: Results) -> None:
    choices = two.recommend(max_success=0.05).choices
    assert [(choice.prior, str(choice.best[0])) for choice in choices] == [
        ("uniform", "ss at epsilon 1"),
        ("data", "grr at epsilon 1"),
    ]
    assert KNOWS in str(choices[1])


def test_the_dashed_line_is_the_most_under_the_attackers_law(two: Results) -> None:
    ages = load("adult-age").frequencies
    figure = success(two.frame)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "adult-age, k = 74\nattacker: all values equally likely",
        "adult-age, k = 74\nattacker knows how common the values are",
    ]
    dashed = [line for line in figure.axes[1].lines if line.is_dashed()]
    (line,) = [line for line in dashed if len(line.get_xdata()) == 3]  # type: ignore[arg-type]
    expected = [largest_vulnerability(ages, epsilon) for epsilon in (1.0, 2.0, 8.0)]
    np.testing.assert_allclose(np.asarray(line.get_ydata(), dtype=float), expected, rtol=1e-12)
    exact = two.frame[(two.frame["attack"] == "bayes") & (two.frame["prior"] == "data")]
    for epsilon, most in zip((1.0, 2.0, 8.0), expected, strict=True):
        assert (exact.loc[exact["epsilon"] == epsilon, "exact"] <= most + 1e-12).all()


def test_no_axis_of_probabilities_goes_beyond_one(two: Results) -> None:
    for axes in success(two.frame).axes:
        assert axes.get_ylim()[1] <= 1.06
        words = [tick.get_text() for tick in axes.get_yticklabels() if tick.get_text()]
        assert all(float(word.rstrip("%")) <= 100 for word in words)
    for axes in pareto(two.frame).axes:
        assert axes.get_xlim()[1] <= 1.06


def test_grey_curves_are_explained_only_where_they_are_drawn(two: Results, text: str) -> None:
    informed = two.frame[two.frame["prior"] != "uniform"]
    notes = [part.get_text() for part in pareto(informed).texts]
    assert not any("Grey curves" in note for note in notes)
    assert any("Grey curves" in part.get_text() for part in pareto(one_attacker(two)).texts)
    assert "thin grey curve" in text
    assert "thin grey curve" not in page(Results(informed, {}, two.timings)).decode()


def test_a_table_that_names_no_attacker_is_read_as_before(two: Results) -> None:
    old = one_attacker(two).drop(columns="prior")
    assert standings(old).equals(standings(one_attacker(two)))
    informed = two.frame[two.frame["prior"] != "uniform"].drop(columns="prior")
    assert set(standings(informed)["prior"]) == {"data"}


def test_printed_tables_keep_their_names_and_figures_their_size(
    browser: Browser, text: str
) -> None:
    sheet = browser.new_page(viewport={"width": 700, "height": 900})
    sheet.set_content(text)
    sheet.emulate_media(media="print")
    head = "getComputedStyle(document.querySelector('table.data thead')).display"
    assert sheet.evaluate(head) == "table-header-group"
    # A button is not painted again on the next page: its text must stand in the heading itself.
    button = "getComputedStyle(document.querySelector('table.data th button')).display"
    assert sheet.evaluate(button) == "contents"
    rows = "getComputedStyle(document.querySelector('table.data tbody tr')).breakAfter"
    assert sheet.evaluate(rows) == "avoid"
    sheet.close()


@pytest.mark.parametrize("width", [390])
def test_figures_are_legible_on_a_phone(browser: Browser, text: str, width: int) -> None:
    sheet = browser.new_page(viewport={"width": width, "height": 800})
    sheet.set_content(text)
    least = sheet.evaluate(
        """() => Math.min(...[...document.querySelectorAll(".plate svg text")].map((words) => {
        const svg = words.closest("svg");
        const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
        return parseFloat(getComputedStyle(words).fontSize) * scale; }))"""
    )
    assert least >= 10
    assert sheet.evaluate("document.documentElement.scrollWidth") == width
    sheet.close()


def test_a_cap_below_a_blind_guess_says_so(browser: Browser, text: str) -> None:
    sheet = browser.new_page()
    sheet.set_content(text)
    answer = sheet.locator("#caps output")
    assert str(answer.text_content()).startswith(f"Against {KNOWS}: grr at epsilon = 1 has")
    sheet.fill("#caps-success", "2")
    assert answer.text_content() == (
        "No protocol can keep that: a guess without any report is right 2.84% of the time."
    )
    sheet.close()
