"""Collections over rounds as a figure: one panel of budgets, one of errors, one of both."""

from __future__ import annotations

import re

import pandas as pd
import pytest

import ldpaudit
from ldpaudit.comparing.results import Results
from ldpaudit.registry import load
from ldpaudit.reports.comparison import page

STUDY = {
    "name": "over-time",
    "protocols": [
        {"name": "l-osue", "epsilon_inf": 2.0, "epsilons": [1.0]},
        {"name": "biloloha", "epsilon_inf": 2.0, "epsilons": [1.0]},
    ],
    "epsilons": [1.0],
    "data": [{"name": "uniform", "k": 8, "num_users": 300}],
    "attacks": [],
    "rounds": 6,
    "trials": 300,
    "repetitions": 2,
}


def test_every_protocol_is_drawn_in_every_panel() -> None:
    frame = ldpaudit.compare(STUDY).frame
    figure = load("reports", "over-time")(frame)
    spent, success, error, both = figure.axes[:4]
    assert all(axes.has_data() for axes in (spent, success, error, both))
    assert "success" in success.get_ylabel()
    assert "error" in error.get_ylabel()
    assert "Budget" in both.get_xlabel()
    assert "budget" in spent.get_ylabel().lower()
    assert len(spent.lines) >= 2


def test_a_table_without_rounds_says_so() -> None:
    frame = ldpaudit.compare(STUDY | {"rounds": None}).frame
    figure = load("reports", "over-time")(frame)
    assert "No protocol was followed over rounds." in "".join(
        t.get_text() for t in figure.axes[0].texts
    )


def test_a_table_without_an_attacker_has_three_axes() -> None:
    frame = ldpaudit.compare(STUDY).frame
    figure = load("reports", "over-time")(frame[frame["metric"] != "round_success"])
    assert len(figure.axes) == 3


@pytest.fixture(scope="module")
def followed() -> Results:
    return ldpaudit.compare(STUDY)


def section_of(text: str) -> str:
    found = re.search(r'<section id="rounds">.*?</section>', text, re.DOTALL)
    return found[0] if found else ""


def test_the_page_tells_of_rounds(followed: Results) -> None:
    """Every number of the table is on the page, unrounded, in the row of its protocol."""
    text = page(followed).decode()
    section = section_of(text)
    assert '<a href="#rounds">' in text
    assert section.count("<svg") == 1
    rows = dict(re.findall(r'<th scope="row">(\S+?)</th>(.*?)</tr>', section, re.DOTALL))
    assert set(rows) == {"l-osue", "biloloha"}
    for name, row in rows.items():
        mine = followed.frame[followed.frame["protocol"] == name]
        shown = [float(value) for value in re.findall(r'<data value="([^"]+)"', row)]

        def of(metric: str, mine: pd.DataFrame = mine) -> pd.DataFrame:
            return mine[mine["metric"] == metric]

        assert of("round_spent")["value"].iloc[-1] in shown
        assert of("worst_spent")["exact"].iloc[0] in shown
        for column in ("value", "exact"):
            mean = pytest.approx(of("round_mse")[column].mean(), rel=1e-12)
            assert any(value == mean for value in shown)
        success = of("round_success")
        assert success[success["attack"] == "blind"]["exact"].iloc[0] in shown
        assert success["value"].iloc[-1] in shown
        assert of("distinct_values")["value"].iloc[0] in shown


def test_the_page_of_one_report_has_no_rounds() -> None:
    text = page(ldpaudit.compare(STUDY | {"rounds": None})).decode()
    assert section_of(text) == ""
    assert "#rounds" not in text
