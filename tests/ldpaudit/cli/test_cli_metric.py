"""The option `audit --metric`."""

from __future__ import annotations

import json
from collections.abc import Callable

Run = Callable[..., tuple[int, str, str]]
PLANAR = ("audit", "l2-laplace", "--param", "dimension=2", "--epsilon", "4", "--trials", "4000")


def test_the_claim_of_the_pair_is_named(run: Run) -> None:
    """Inputs 0 and 2 of the unit ball are root 2 apart, at 2 per unit of distance."""
    code, out, _ = run(*PLANAR, "--metric", "l2", "--pair", "0", "2")
    assert code == 0
    assert "against the claim epsilon = 2.82843" in out
    assert "claimed: 2 x distance 1.41421 (l2)" in out
    code, out, _ = run(*PLANAR, "--metric", "l1", "--pair", "0", "1", "--json", "--attack", "bayes")
    assert code == 0
    assert json.loads(out)["claimed_epsilon"] == 4.0


def test_what_goes_with_no_metric(run: Run) -> None:
    for more, words in (
        (("--metric", "l3"), "unknown metric 'l3'"),
        (("--metric", "l2", "--search", "pilot"), "no search"),
        (("--metric", "l2", "--claim", "gdp:1"), "--metric is of a claim of epsilon"),
    ):
        code, out, err = run(*PLANAR, *more)
        assert code not in (0, 1)
        assert words in out + err
