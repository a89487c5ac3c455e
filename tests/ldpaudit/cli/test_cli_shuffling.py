"""The command `shuffle`: what it prints, and what it says to nonsense."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

import ldpaudit

Run = Callable[..., tuple[int, str, str]]
GRR = ("shuffle", "grr", "--k", "10")


def test_one_line_an_epsilon_and_a_number_of_users(run: Run) -> None:
    code, out, err = run(*GRR, "--epsilon", "1,2", "--n", "1000,10000", "--delta", "1e-6")
    assert (code, err) == (0, "")
    head, *lines = out.splitlines()
    assert head.split()[0] == "users"
    assert len(lines) == 4
    assert "10,000" in lines[3]
    assert "0.07979 .. 0.07981  blanket" in lines[3]
    assert lines[3].split()[-3:] == ["0.155", "0.1144", "0.5009"]


def test_json_holds_what_the_function_returns(run: Run) -> None:
    code, out, _ = run(*GRR, "--epsilon", "2", "--n", "500", "--delta", "1e-4", "--json")
    found = json.loads(out)
    expected = ldpaudit.shuffle(ldpaudit.mechanism("grr", k=10, epsilon=2.0), 500, 1e-4)
    assert code == 0
    assert found == {"mechanism": "grr", "bounds": [expected.to_dict()]}


def test_the_local_budget_of_a_target(run: Run) -> None:
    code, out, _ = run(*GRR, "--target", "0.25", "--json")
    (bounds,) = json.loads(out)["bounds"]
    assert code == 0
    assert 3.37 < bounds["local_epsilon"] < 3.38
    assert 0.2499 < bounds["epsilon_upper"] <= 0.25


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--epsilon", "x"), "--epsilon must be numbers between commas, got 'x'."),
        (("--epsilon", "1", "--n", "1.5"), "--n must be whole numbers between commas, got '1.5'."),
        (("--epsilon", "1", "--delta", "2"), "delta must lie strictly between 0 and 1, got 2.0."),
        (("--epsilon", "1", "--target", "1"), "--target finds the local budget"),
        ((), "grr needs the parameter 'epsilon'."),
    ],
)
def test_nonsense(run: Run, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = run(*GRR, *arguments)
    assert (code, out) == (2, "")
    assert message in err
