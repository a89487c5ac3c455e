"""The command `pools`: what it prints, and what it says to nonsense."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

Run = Callable[..., tuple[int, str, str]]
ASKED = ("pools", "grr", "--k", "6", "--epsilon", "2", "--rounds", "3", "--trials", "400")


def test_a_line_for_each_number_of_reports(run: Run) -> None:
    code, out, err = run(*ASKED)
    assert (code, err) == (0, "")
    name, *words, columns, one, two, three = out.splitlines()
    lines = [one, two, three]
    assert name.startswith("GeneralizedRandomizedResponse(k=6, epsilon=2.0")
    assert words == [
        "2 pools, value v in pool v modulo 2, each as likely: blind guess 0.5000",
        "of each report's value: with probability 0.9 from the favoured pool, else from all, "
        "by zipf popularity",
        "the attacker knows this and names the likeliest pool; reports are drawn afresh each time",
        "right: share of 400 users, estimate with its Clopper-Pearson interval",
    ]
    assert columns.split()[:2] == ["reports", "right"]
    assert [line.split()[0] for line in lines] == ["1", "2", "3"]
    assert "exact 0." in lines[0]


def test_json_is_the_same(run: Run) -> None:
    code, out, _ = run(*ASKED, "--json", "--popularity", "uniform", "--pools", "3")
    found = json.loads(out)
    assert code == 0
    assert found["blind"] == pytest.approx(1 / 3)
    assert (found["popularity"], found["prior"]) == ("uniform", "uniform over pools")
    assert [row["reports"] for row in found["after"]] == [1, 2, 3]
    low, high = found["after"][0]["interval"]
    assert low < found["exact_after_one"] < high


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--pools", "7"), "--pools must be at most 6, got 7."),
        (("--polarisation", "2"), "polarisation must"),
        (("--popularity", "spike"), "popularity must let pool 1 be drawn from"),
        (("--rounds", "0"), "rounds must be at least 1, got 0."),
    ],
)
def test_nonsense_is_one_line(run: Run, more: tuple[str, ...], why: str) -> None:
    code, out, err = run(*ASKED, *more)
    assert (code, out) == (2, "")
    assert why in err
    assert len(err.splitlines()) == 1


def test_numbers_have_no_pools(run: Run) -> None:
    code, out, err = run("pools", "duchi", "--epsilon", "1")
    assert (code, out) == (2, "")
    assert err.strip() == "ldpaudit: pools are of values: duchi must have k and a log_likelihood."
