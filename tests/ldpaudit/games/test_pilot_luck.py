"""A threshold is not moved to where a pilot was lucky, if learned scores say that it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import expit

import ldpaudit
from ldpaudit.bounds.registered import registered_bound
from ldpaudit.claim import Claim
from ldpaudit.games.pair_game import PairGame
from ldpaudit.games.scores import ScoredReports
from ldpaudit.games.thresholds import ExpectedBound, chances


def test_chances_are_posteriors() -> None:
    ratios = np.array([0.0, 0.5, 3.0, np.inf])
    posteriors = [1 / (1 + np.exp(-ratio)) for ratio in ratios]
    assert chances(ratios) == pytest.approx(posteriors, rel=1e-12)


@pytest.mark.parametrize(("witness", "rare"), [("learned", False), ("another", True)])
def test_luck_that_scores_do_not_expect_moves_no_threshold(witness: str, rare: bool) -> None:
    """Of 10,000 reports 80 have a score of 0.62, of which all are right, the others 0.6.

    Of 80 such reports scores expect 52 to be right, and 1,600 show that less well than 200,000
    others show theirs; a claim of 4 lets 79 be right.
    """
    scores = np.concatenate((np.full(80, 0.62), np.full(9_920, 0.6)))
    right = np.arange(scores.size) < 80 + round(9_920 * float(expit(0.6)))
    mechanism = ldpaudit.mechanism("grr", k=2, epsilon=4.0)
    anyone: Any = None
    game = PairGame(mechanism, anyone, witness, (0, 1))
    expected = ExpectedBound(registered_bound("posterior-odds"), Claim(4.0))
    fixed, _ = game.fixed(ScoredReports(scores, right), 200_000, expected)
    assert (fixed.decide > 0.61) == rare
