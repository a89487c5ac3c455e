"""The bound of LDP-Auditor, alpha halved twice: its formula, its coverage, its ceiling."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from ldpaudit.bounds.planned import ClopperPearson, LdpAuditor, PosteriorOdds
from ldpaudit.counts import EventCounts, GuessCounts
from ldpaudit.testing.components import check_bound

ALPHA = 0.01


def published(counts: EventCounts, alpha: float, delta: float) -> float:
    """Two-sided intervals at level alpha / 2, of which one end each is used."""

    def interval(hits: int, trials: int, level: float) -> tuple[float, float]:
        low = stats.beta(hits, trials - hits + 1).ppf(level / 2) if hits else 0.0
        high = stats.beta(hits + 1, trials - hits).isf(level / 2) if hits < trials else 1.0
        return float(low), float(high)

    low = interval(counts.hits, counts.trials, alpha / 2)[0]
    high = interval(counts.false_hits, counts.false_trials, alpha / 2)[1]
    return math.log((low - delta) / high) if low > delta else -math.inf


@pytest.mark.parametrize(
    "counts", [(300, 1000, 20, 900), (1, 10, 0, 10), (0, 10, 3, 10), (10, 10, 10, 10)]
)
@pytest.mark.parametrize("delta", [0.0, 1e-5, 0.1])
def test_the_formula(counts: tuple[int, int, int, int], delta: float) -> None:
    event = EventCounts(*counts)
    for alpha in (0.01, 0.05):
        found = LdpAuditor().from_event(event, alpha=alpha, delta=delta, claimed=1.0)
        assert found == pytest.approx(published(event, alpha, delta), rel=1e-12)


def test_the_most_it_can_show() -> None:
    for trials, most in ((10**6, 12.025), (10**5, 9.723), (10**4, 7.420)):
        event = EventCounts(trials, trials, 0, trials)
        found = LdpAuditor().from_event(event, alpha=ALPHA, delta=0.0, claimed=1.0)
        assert found == pytest.approx(most, abs=5e-4)


@pytest.mark.parametrize("n", [50, 300, 2_000])
@pytest.mark.parametrize("epsilon", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("delta", [0.0, 0.02])
def test_it_errs_half_as_often_as_it_says(n: int, epsilon: float, delta: float) -> None:
    """Miscoverage by summing over all counts; P = e Q + delta, so that epsilon is the truth."""
    q = (1 - delta) / (1 + math.exp(epsilon))
    p = math.exp(epsilon) * q + delta
    laws = [stats.binom(n, chance).pmf(np.arange(n + 1)) for chance in (p, q)]
    likely = [np.flatnonzero(law > 1e-12) for law in laws]
    missed = 0.0
    for hits in likely[0]:
        for false_hits in likely[1]:
            event = EventCounts(int(hits), n, int(false_hits), n)
            found = LdpAuditor().from_event(event, alpha=0.1, delta=delta, claimed=epsilon)
            missed += laws[0][hits] * laws[1][false_hits] * (found > epsilon)
    assert missed <= 0.05
    assert LdpAuditor().kind == "exact"


def test_the_contract_of_bounds() -> None:
    assert check_bound(LdpAuditor())


def test_ours_are_tighter_on_the_same_reports() -> None:
    """Randomized response on two values at epsilon 1, counts as expected."""
    n, p = 100_000, math.e / (1 + math.e)
    hits, false_hits = round(n * p), n - round(n * p)
    event = EventCounts(hits, n, false_hits, n)
    how = {"alpha": ALPHA, "delta": 0.0, "claimed": 1.0}
    theirs = LdpAuditor().from_event(event, **how)
    split = ClopperPearson().from_event(event, **how)
    odds = PosteriorOdds().from_guesses(GuessCounts(2, 2 * hits, 2 * n, 2 * n), **how)
    assert theirs < split < odds < 1
    assert 1 - odds < 0.6 * (1 - theirs)
