"""Searches ask every witness that an audit of one pair asks, and call no luck a leak."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.games.witnesses import BEYOND, best_of
from ldpaudit.outcomes.parts import EpsilonBound
from ldpaudit.selection import Bonferroni, EValues, Holm, PilotSplit, Pooled, worst_pair
from ldpaudit.testing import check_ldp

Rng = np.random.Generator
GRR = ldpaudit.mechanism("grr", k=3, epsilon=1.0)


class Stranger:
    """GRR on 3 values with its likelihood; perhaps one draw for a call, or a nonce that tells."""

    k, epsilon = 3, 1.0

    def __init__(self, how: str = "") -> None:
        self.how = how

    def privatize(self, values: Any, *, rng: Rng) -> Any:
        own = np.asarray(values)
        if self.how == "shared":
            lie = rng.random() < 2 / (2 + np.e)
            return (own + lie * rng.integers(1, 3, own.size)) % 3
        reports = GRR.privatize(own, rng=rng)
        nonce = rng.integers(0, 2**30, own.size) * 2
        odd = (reports == own) if self.how == "nonce" else rng.integers(0, 2, own.size)
        return np.stack((reports, nonce + odd), axis=1)

    def log_likelihood(self, reports: Any, values: Any = None) -> Any:
        answers = np.asarray(reports)
        return GRR.log_likelihood(answers if answers.ndim == 1 else answers[:, 0], values)


WAYS = [PilotSplit(), Bonferroni(), Holm(), EValues(), Pooled()]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: type(way).__name__)
def test_reports_that_share_a_draw_are_no_violation(way: Any) -> None:
    """Each report is 1-LDP. Without the check 1 to 3 of the 4 searches called a violation."""
    beyond = 0
    for seed in range(4):
        found = worst_pair(Stranger("shared"), way, trials=2000, seed=seed)
        if found.verdict_bound.epsilon_lower > 1:
            assert found.dependence is not None
            beyond += 1
        assert found.violations == ()
    assert beyond
    name = {"EValues": "e-values", "PilotSplit": "pilot"}.get(
        type(way).__name__, type(way).__name__.lower()
    )
    for seed in range(2):
        result = ldpaudit.audit(Stranger("shared"), [], trials=2000, seed=seed, search=name)
        assert result.verdict != "violation"
        assert check_ldp(Stranger("shared"), 1.0, trials=2000, seed=seed, search=name).verdict != (
            "violation"
        )


@pytest.mark.parametrize("way", WAYS[:4], ids=lambda way: type(way).__name__)
def test_a_search_finds_what_a_likelihood_leaves_out(way: Any) -> None:
    found = worst_pair(Stranger("nonce"), way, trials=3000)
    assert (len(found.violations) > 0, found.dependence) == (True, None)
    assert found.verdict_bound.alpha == 1e-4
    assert "witnesses at alpha / 2 each" in found.verdict_bound.searched
    assert BEYOND not in found.unseen
    kept = worst_pair(Stranger(), way, trials=3000)
    assert kept.violations == ()
    assert kept.verdict_bound.epsilon_lower < 1
    assert len(kept.unseen) > 1


def test_a_search_by_the_likelihood_alone_says_what_it_leaves_out() -> None:
    for found in (
        worst_pair(Stranger("nonce"), Pooled(), trials=2000),
        worst_pair(Stranger("nonce"), trials=2000, witness="distinguish"),
    ):
        assert found.unseen == (BEYOND,)
        assert found.verdict_bound.epsilon_lower < 1
    assert worst_pair(GRR, trials=2000).unseen == ()
    result = ldpaudit.audit(Stranger("nonce"), [], trials=2000, search="pooled")
    assert result.to_dict()["not_looked_at"] == [BEYOND]


def test_the_better_bound_has_the_level_of_both() -> None:
    one, two = (EpsilonBound(v, "b", "exact", 0.025, 10, "e", "s", detectable=d)
                for v, d in ((0.5, 2.0), (0.7, 3.0)))  # fmt: skip
    both = best_of([one, two], 0.05, 2)
    assert (both.epsilon_lower, both.alpha, both.detectable) == (0.7, 0.05, 2.0)
    assert both.searched == "s; the better of 2 witnesses at alpha / 2 each"
    assert best_of([one], 0.05, 2).searched == "s; the first of 2 witnesses at alpha / 2 each"
    assert best_of([one], 0.025, 1) == one
