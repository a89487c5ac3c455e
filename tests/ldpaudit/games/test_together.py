"""Two witnesses on one draw."""

from __future__ import annotations

from typing import Any

import numpy as np

import ldpaudit
from ldpaudit.bounds.named import NamedBound
from ldpaudit.bounds.planned import PosteriorOdds
from ldpaudit.claim import Claim
from ldpaudit.games.preparation import prepare
from ldpaudit.games.together import play_all
from ldpaudit.sampling import stream


class Told:
    """Randomized response with its likelihood, as somebody else's; it knows how much it sent."""

    k, epsilon = 2, 1.0

    def __init__(self) -> None:
        self.inner = ldpaudit.mechanism("grr", k=2, epsilon=1.0)
        self.sent = 0

    def privatize(self, values: Any, *, rng: Any) -> Any:
        self.sent += len(values)
        return self.inner.privatize(values, rng=rng)

    def log_likelihood(self, reports: Any, values: Any = None) -> Any:
        return self.inner.log_likelihood(reports, values)


def prepared(mechanism: Any, witness: str, trials: int) -> Any:
    return prepare(
        mechanism, NamedBound("posterior-odds", PosteriorOdds()), (0, 1), trials,
        claim=Claim(1.0), seed=0, identity="told", witness=witness,
    )  # fmt: skip


def test_each_report_is_drawn_once_and_the_second_reads_its_share() -> None:
    mechanism = Told()
    games = [prepared(mechanism, "distinguish", 3000), prepared(mechanism, "learned", 1500)]
    mechanism.sent = 0
    one, two = play_all(games)
    assert mechanism.sent == 6000
    rng = stream(0, *games[0].names, "0", "0")
    seen = games[0].game.draw(6000, rng)
    assert one.counts == games[0].game.count(seen)
    score, first = seen
    # The learned witness of randomized response sees what the likelihood ratio sees.
    right = int(np.count_nonzero((score[:3000] > 0) == first[:3000]))
    assert two.counts.guesses.trials == two.counts.guesses.decided == 3000
    assert two.counts.guesses.correct == right


def test_games_of_other_pairs_draw_for_themselves() -> None:
    mechanism = Told()
    games = [prepared(mechanism, "distinguish", 1000)]
    mechanism.sent = 0
    assert play_all(games)[0].counts == games[0].play(2000).counts
    assert mechanism.sent == 4000
