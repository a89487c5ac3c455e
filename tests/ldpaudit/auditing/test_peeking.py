"""Audits that look as they go: no more false alarms than one look has, and fewer reports.

Counts of randomized response on two values are drawn as they stand at the looks of an audit
that may stop, in thousands of runs at once; the last test holds that they are judged as an
audit judges them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

import ldpaudit
from ldpaudit.auditing.stopping import looks
from ldpaudit.bounds.anytime import event_evidence, guess_evidence
from ldpaudit.bounds.registered import registered_bound
from ldpaudit.claim import Claim
from ldpaudit.counts import EventCounts, GuessCounts
from ldpaudit.games.evidence import Counts, Evidence
from ldpaudit.games.pair_game import PairGame
from ldpaudit.registry import create

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
ALPHA = 0.05
RUNS = 5_000
#: A share of ALPHA among the runs, and 5 standard errors of it: exceeded by chance once in 3e6.
LIMIT = ALPHA + 5 * math.sqrt(ALPHA * (1 - ALPHA) / RUNS)
#: Parts of alpha for the guesses and for the event beside them.
SHARES = (0.9, 0.1)


def truth(epsilon: float) -> float:
    """How often randomized response on two values tells the truth."""
    return 1 / (1 + math.exp(-epsilon))


@dataclass(frozen=True)
class Paths:
    """Counts of all runs (rows) at all looks (columns): a coin draws the input of every report."""

    seen: Ints
    first: Ints
    hits: Ints
    false_hits: Ints

    @classmethod
    def draw(cls, epsilon: float, reports: int, runs: int, seed: int, *, every: int = 1) -> Paths:
        seen = np.cumsum(list(looks(reports)))[::-every][::-1]
        rng, steps = np.random.default_rng(seed), np.diff(seen, prepend=0)
        first = rng.binomial(steps, 0.5, (runs, steps.size))
        hits = rng.binomial(first, truth(epsilon))
        false_hits = rng.binomial(steps - first, 1 - truth(epsilon))
        return cls(seen, *(np.cumsum(n, axis=1) for n in (first, hits, false_hits)))

    @property
    def correct(self) -> Ints:
        return self.hits + (self.seen - self.first) - self.false_hits

    def beyond(self, claimed: float, alpha: float) -> Bools:
        """Where an audit finds more than it may at the claim."""
        how = {"epsilon": claimed, "delta": 0.0, "claimed": claimed}
        every = np.broadcast_to(self.seen, self.first.shape)
        guesses = GuessCounts(2, self.correct, every, every)  # type: ignore[arg-type]
        event = EventCounts(self.hits, self.first, self.false_hits, every - self.first)  # type: ignore[arg-type]
        by_guesses = guess_evidence(guesses, **how) >= -math.log(SHARES[0] * alpha)
        return by_guesses | (event_evidence(event, **how) >= -math.log(SHARES[1] * alpha))


def enough(claimed: float, alpha: float, trials: Ints) -> Ints:
    """Least numbers correct at which the bound of a planned audit exceeds the claim."""
    return np.asarray(stats.binom.isf(alpha, trials, truth(claimed)) + 1, dtype=np.int64)


@pytest.mark.parametrize("epsilon", [1.0, 4.0])
def test_peeking_raises_no_more_alarms_than_alpha(epsilon: float) -> None:
    """Over every other look of an audit of 1e6 reports per input, at a true claim."""
    paths = Paths.draw(epsilon, 2_000_000, RUNS, 17, every=2)
    assert paths.seen.size >= 100
    alarms = float(paths.beyond(epsilon, ALPHA).any(axis=1).mean())
    assert 0.005 < alarms <= LIMIT


def test_peeking_at_a_planned_bound_does() -> None:
    """Looked at as often, posterior odds accuse more than a third of sound mechanisms."""
    paths = Paths.draw(1.0, 2_000_000, 1_000, 18)
    assert (paths.correct >= enough(1.0, ALPHA, paths.seen)).any(axis=1).mean() > 1 / 3


#: Epsilon under a claim of 1; by a simulation that looked at every report, at all of alpha:
#: the median stop, and the size of a planned audit with a power of 90 %.
SIMULATED = [(1.1, 3518, 4531), (1.2, 861, 1182), (1.5, 187, 208)]


@pytest.mark.parametrize("alpha", [ALPHA, 1e-4])
@pytest.mark.parametrize(("epsilon", "recorded", "planned"), SIMULATED)
def test_looking_stops_before_a_planned_audit_would(
    epsilon: float, recorded: int, planned: int, alpha: float
) -> None:
    """Half the audits against a claim of 1 end by what one look needs for a power of 90 %."""
    paths = Paths.draw(epsilon, 10 * planned, 2_000, 19)
    stops = paths.seen[paths.beyond(1.0, alpha).argmax(axis=1)]
    sizes = np.arange(10, 4 * planned)
    power = stats.binom.sf(enough(1.0, alpha, sizes) - 1, sizes, truth(epsilon))
    needed = int(sizes[power >= 0.9][0])
    assert np.median(stops) <= needed
    if alpha == ALPHA:
        assert 0.9 * recorded < np.median(stops) < 1.1 * recorded
        assert needed == pytest.approx(planned, rel=0.05)


def test_an_audit_judges_counts_so() -> None:
    """The counts of random runs and looks, at a claim that some of them refute."""
    m = ldpaudit.mechanism("grr", k=2, epsilon=1.0)
    game = PairGame(m, create("attacks", "distinguish"), "likelihood-ratio", (0, 1))
    paths, rng = Paths.draw(1.2, 20_000, 300, 21), np.random.default_rng(22)
    verdicts = []
    for run, look, beyond in zip(
        range(300), rng.integers(0, paths.seen.size, 300), paths.beyond(1.0, ALPHA), strict=True
    ):
        seen, first, hits, false_hits = (
            int(n)
            for n in (
                paths.seen[look],
                *(t[run, look] for t in (paths.first, paths.hits, paths.false_hits)),
            )
        )
        guesses = GuessCounts(2, int(paths.correct[run, look]), seen, seen)
        event = EventCounts(hits, first, false_hits, seen - first)
        found = Evidence(game, Counts(guesses, event), "nothing").lower_bound(
            registered_bound("anytime"), Claim(1.0), ALPHA
        )
        assert (found.epsilon_lower > 1.0) == beyond[look]
        verdicts.append(bool(beyond[look]))
    assert 30 < sum(verdicts) < 270
