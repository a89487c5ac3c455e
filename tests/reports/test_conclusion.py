"""What the page says first: three studies word for word, and people instead of percentages."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

import ldpaudit
from ldpaudit.comparing.results import Results
from ldpaudit.reports._conclusion import odds, people
from ldpaudit.reports.comparison import page
from ldpaudit.reports.results_page import results_html

SMALL: dict[str, Any] = {"trials": 2_000, "repetitions": 2, "attacks": ["bayes"]}
TWO_ATTACKERS = SMALL | {
    "name": "two attackers", "protocols": ["grr", "ss", "oue"], "epsilons": [0.5, 1.0, 2.0],
    "data": ["adult-age"], "prior": ["uniform", "data"],
}  # fmt: skip
UNINFORMED = SMALL | {
    "name": "uninformed", "protocols": ["oue"], "epsilons": [1.0, 3.0],
    "data": [{"name": "zipf", "k": 10, "num_users": 1_000}],
}  # fmt: skip
NUMBERS = SMALL | {
    "name": "numbers", "protocols": ["duchi", "laplace"], "epsilons": [0.5, 1.0],
    "data": [{"name": "beta(5, 2)", "k": 33, "low": -1.0, "high": 1.0, "num_users": 10_000}],
    "attacks": ["posterior-mean"], "prior": "data",
}  # fmt: skip


def first_words(results: Results) -> list[str]:
    """The paragraphs of the conclusion as plain text, as page and notebook have them."""
    text = results_html(results)
    found = re.findall(r'<p class="(?:lead-in|advice)">(.*?)</p>', text, flags=re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", "", part)).split()) for part in found]


def test_two_attackers() -> None:
    assert first_words(ldpaudit.compare(TWO_ATTACKERS)) == [
        "All 3 protocols keep their promise, as far as reports can show: no audit found more than "
        "the claimed epsilon.",
        "adult-age (74 values, 45,222 users). Where an attacker who knows how common the values "
        "are may name a person’s value from one report at most 5% of the time, take subset "
        "selection (ss) at epsilon 0.5. It is then right about 37 of 1,000 people; without any "
        "report about 28 of 1,000. The price: the estimated share of a value is typically off by "
        "1.84 percentage points, 830 of 45,222 users.",
    ]


def test_an_attacker_who_thinks_all_values_alike() -> None:
    assert first_words(ldpaudit.compare(UNINFORMED)) == [
        "The one protocol keeps its promise, as far as reports can show: no audit found more than "
        "the claimed epsilon.",
        "zipf (10 values, 1,000 users). Where an attacker who thinks all values equally likely "
        "may name a person’s value from one report at most 20% of the time, take optimized unary "
        "encoding (oue) at epsilon 1. It is then right about 181 of 1,000 people; without any "
        "report about 100 of 1,000. The price: the estimated share of a value is typically off by "
        "6.15 percentage points, 62 of 1,000 users. This attacker thinks all values equally "
        "likely, and users are drawn so. One who knows how common the values are is right more "
        "often, and the order of the protocols may change: add --prior data.",
    ]


def test_numbers() -> None:
    assert first_words(ldpaudit.compare(NUMBERS)) == [
        "Both protocols keep their promise, as far as reports can show: no audit found more than "
        "the claimed epsilon.",
        "beta on [-1, 1] (33 values, 10,000 users, mean (squared input units)). Where one report "
        "may explain at most 5% of a person’s variance to an attacker who knows how common the "
        "values are, take duchi at epsilon 1: a report then explains 2.28%, and the estimate is "
        "typically off by 0.0210 in the unit of the inputs.",
    ]


def test_a_broken_promise_is_said_first_and_not_recommended(default: Results) -> None:
    frame = default.frame.copy()
    found = (frame["protocol"] == "ss") & (frame["metric"] == "epsilon_verdict")
    frame.loc[found, "status"] = "violation"
    broken, ages, _ = first_words(Results(frame, default.provenance, default.timings))
    assert broken == (
        "8 of 40 audits show that a promise is broken: more than the claimed epsilon leaks. What "
        "was found broken is not recommended below."
    )
    assert "take ss at epsilon 1." in first_words(default)[1]
    assert "take olh at epsilon 1." in ages
    frame.loc[found, "status"] = "inconclusive"
    said = first_words(Results(frame, default.provenance, default.timings))[0]
    assert said == "No audit found a broken promise, but 8 of 40 could not tell."


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.0284, "28 of 1,000"), (0.5, "500 of 1,000"), (1.0, "1,000 of 1,000"),
        (0.000213, "2 of 10,000"), (1e-7, "10 of 100,000,000"), (0.0, "0 of 1,000"),
    ],
)  # fmt: skip
def test_a_probability_in_people(share: float, words: str) -> None:
    assert people(share) == words


def test_epsilon_as_odds() -> None:
    assert [odds(epsilon) for epsilon in (0.5, 1.0, 5.0)] == ["1.65", "2.72", "148"]


def test_a_cap_below_a_blind_guess_is_refused_in_words() -> None:
    results = ldpaudit.compare(UNINFORMED)
    text = page(results).decode()
    assert all(f'<p class="{kind}">' in text for kind in ("lead-in", "advice"))
    assert text.index("take <strong>optimized unary") < text.index('id="meaning"')
    assert re.search(r"No protocol keeps a cap below <data[^>]*>10.0%</data>", text)
    assert 'data-blind="0.1"' in text
