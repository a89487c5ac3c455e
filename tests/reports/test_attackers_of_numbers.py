"""Attackers of people's numbers on the page: each named, and told when they are mistaken."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

import ldpaudit
from ldpaudit.comparing.results import Results
from ldpaudit.comparing.study import resolve
from ldpaudit.reports import three_axes
from ldpaudit.reports._names import EXPLAINED_LABEL
from ldpaudit.reports.comparison import page

EVEN = "an attacker who thinks all values equally likely"
KNOWS = "an attacker who knows how common the values are"
BELIEVES = "an attacker who believes weights.csv"
STUDY: dict[str, Any] = {
    "name": "three", "protocols": ["duchi", "laplace"], "epsilons": [1.0],
    "data": [{"name": "adult-hours", "low": 0, "high": 100}], "attacks": ["posterior-mean"],
    "trials": 4_000, "repetitions": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Two who are right and one who thinks that nearly everybody works a hundred hours."""
    hours = resolve(STUDY).data[0].load(0)
    assert hours.inputs is not None
    path = tmp_path_factory.mktemp("prior") / "weights.csv"
    path.write_text("\n".join(str(float(x == 100) + 1e-3) for x in hours.inputs))
    return ldpaudit.compare(STUDY | {"prior": [str(path), "uniform", "data"]})


@pytest.fixture(scope="module")
def text(three: Results) -> str:
    """Their page as plain text."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page(three).decode())).split())


def test_each_is_named_where_their_shares_are(text: str) -> None:
    for who in (EVEN, KNOWS, BELIEVES):
        assert text.count(f"At epsilon = 1, to {who} one report explains ") == 1


def shares(results: Results, prior: str, column: str) -> list[float]:
    """A column of the shares explained to one attacker."""
    frame = results.frame[results.frame["metric"] == "variance_explained"]
    return [float(value) for value in frame[frame["prior"] == prior][column]]


def test_who_is_mistaken_is_told_so(text: str, three: Results) -> None:
    assert max(shares(three, "weights.csv", "upper")) < 0
    assert min(shares(three, "data", "exact")) > 0
    said = text[text.index(f"to {BELIEVES} one report") :][:500]
    assert "Below 0%: this attacker, who is mistaken about the users, is further off" in said
    assert text.count("Below 0%: this attacker") == 1


def test_the_advice_is_against_the_one_to_whom_reports_explain_most(
    text: str, three: Results
) -> None:
    assert max(shares(three, "uniform", "exact")) > max(shares(three, "data", "exact"))
    assert f"may explain at most 10% of a person’s variance to {EVEN}, take " in text


def test_measured_distances_carry_their_interval(text: str) -> None:
    """By the attacker for whom no figure is exact, a distance to the limit is an estimate."""
    found = re.findall(
        r"has ([\d.]+) times the (?:error of the )?limit( \(measured: [^)]+\))?", text
    )
    assert found
    for distance, measured in found:
        assert measured or float(distance) >= 1


def test_the_axis_says_what_is_given_away(three: Results) -> None:
    first, second, _ = three_axes(three.frame).axes[:3]
    assert first.get_xlabel() == second.get_xlabel() == EXPLAINED_LABEL
