"""`ldpaudit frontier --mean`: the limit for means on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

import ldpaudit

Run = Callable[..., tuple[int, str, str]]


def test_the_limit_for_means_as_json(run: Run) -> None:
    code, out, _ = run("frontier", "--mean", "--epsilon", "1", "--json")
    assert code == 0
    shown = json.loads(out)
    limit = ldpaudit.frontier_mean(1.0)
    assert shown["worst_variance"] == limit.worst_variance
    assert shown["mean_variance"] == limit.mean_variance
    for row in shown["points"]:
        assert row["mse_users"] == limit.error_at(row["share"])
        assert row["mse_population"] == pytest.approx(row["mse_users"] + 1 / 3)


def test_the_limit_for_means_as_text(run: Run) -> None:
    code, shown, _ = run("frontier", "--mean", "--epsilon", "2")
    assert code == 0
    assert "worst-case variance 0.86488 / n, average variance 0.77399 / n" in shown
    assert len(shown.splitlines()) == 15


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mean", "--k", "3"], "--mean must come without --k and --plot."),
        ([], "--k must be given, or --mean."),
        (["--mean", "--epsilon", "20"], "epsilon must lie in [0.1, 8.0] for least variances"),
    ],
)
def test_what_makes_no_sense_is_told(arguments: list[str], message: str, run: Run) -> None:
    given = arguments if "--epsilon" in arguments else [*arguments, "--epsilon", "1"]
    code, _, error = run("frontier", *given)
    assert code == 2
    assert message in error
