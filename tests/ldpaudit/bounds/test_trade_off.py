"""E-processes against trade-off curves: means and crossings by the exact law of the counts."""

from __future__ import annotations

import itertools
import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.integrate import trapezoid
from scipy.stats import norm

from ldpaudit.bounds.trade_off import (
    Bet,
    GaussianCurve,
    PointsCurve,
    best_slope,
    curve_evidence,
    mu_lower,
    parse_curve,
)
from ldpaudit.counts import EventCounts

#: Laws of three reports under two inputs that meet a curve exactly, and the curve.
MU = 0.8
EDGES = norm.cdf([-0.3, 0.9])
SHIFTED = norm.cdf([-0.3 - MU, 0.9 - MU])
GAUSSIAN = np.diff([np.r_[0, EDGES, 1], np.r_[0, SHIFTED, 1]])[::-1]  # reports rank by their ratio
RESPONSE = np.array([[0.25, 0.25, 0.5], [0.5, 0.25, 0.25]])
CASES: list[tuple[Any, Any]] = [
    (GaussianCurve(MU), GAUSSIAN),
    (PointsCurve([(math.log(2), 0.0)]), RESPONSE),
    (PointsCurve([(0.0, 0.25), (math.log(2), 0.0)]), RESPONSE),
]
BETS = [Bet(1, 1.0, 0.0), Bet(1, 2.0, 0.6), Bet(-1, 1.0, 0.1), Bet(1, 2.0, 0.0)]


def counted(sequence: Any, bet: Bet) -> EventCounts:
    """Of (first input?, report 0..2): the event report >= level, or report < level."""
    happened = [report >= bet.level if bet.side > 0 else report < bet.level
                for _, report in sequence]  # fmt: skip
    own = [first == (bet.side > 0) for first, _ in sequence]
    hits = sum(h and o for h, o in zip(happened, own, strict=True))
    return EventCounts(hits, sum(own), sum(happened) - hits, len(own) - sum(own))


@pytest.mark.parametrize(("curve", "law"), CASES, ids=["gdp", "pure", "points"])
def test_the_mean_is_at_most_one_and_crossings_are_rare(curve: Any, law: Any) -> None:
    """Every sequence of up to five coins and reports, with its probability."""
    steps = [(first, report) for first in (True, False) for report in range(3)]
    chance = {(f, r): law[0 if f else 1][r] / 2 for f, r in steps}
    assert math.isclose(sum(chance.values()), 1)
    crossed = {0.5: 0.0, 0.7: 0.0, 0.9: 0.0}
    means = np.zeros(6)

    @cache
    def evidence(seen: tuple[Any, ...]) -> float:
        return math.exp(curve_evidence([counted(seen, bet) for bet in BETS], BETS, curve))

    for sequence in itertools.product(steps, repeat=5):
        p = math.prod(chance[step] for step in sequence)
        path = [evidence(tuple(sorted(sequence[:n]))) for n in range(1, 6)]
        means[1:] += p * np.array(path)
        for alpha in crossed:
            crossed[alpha] += p * (max(path) >= 1 / alpha)
    assert (means[1:] <= 1 + 1e-12).all()
    assert means[5] > 0.9  # the laws lie on the curve, so that little is given away
    assert all(share <= alpha for alpha, share in crossed.items())


@pytest.mark.parametrize("epsilon", [0.0, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("mu", [0.3, 1.0, 4.0])
def test_the_profile_of_a_gaussian_by_integration(mu: float, epsilon: float) -> None:
    x = np.linspace(-40, 50, 2_000_001)
    excess = np.maximum(norm.pdf(x - mu) - math.exp(epsilon) * norm.pdf(x), 0)
    assert GaussianCurve(mu).delta_at(epsilon) == pytest.approx(trapezoid(excess, x), abs=1e-8)


def test_what_points_imply_is_what_the_worst_mechanism_has() -> None:
    """One that reveals its input with probability d and else is randomized response at e."""
    for e, d in ((1.0, 0.0), (0.5, 0.1), (0.0, 0.3)):
        keep = 1 / (1 + math.exp(-e))
        p = np.array([d, (1 - d) * keep, (1 - d) * (1 - keep), 0])
        q = np.array([0, (1 - d) * (1 - keep), (1 - d) * keep, d])
        for epsilon in (0.0, 0.3, e, 2.0):
            profile = float(np.maximum(p - math.exp(epsilon) * q, 0).sum())
            assert PointsCurve([(e, d)]).delta_at(epsilon) == pytest.approx(profile, abs=1e-12)
    both = PointsCurve([(0.0, 0.3), (1.0, 0.0)])
    assert both.delta_at(0.0) == pytest.approx(0.3)
    assert both.delta_at(1.0) == 0


def test_the_bound_on_mu_is_the_root_and_grows_with_the_evidence() -> None:
    bets = [Bet(1, 0.0, 0.0), Bet(1, 0.0, 0.5)]
    counts = [EventCounts(700, 1000, 300, 1000)] * 2
    found = mu_lower(counts, bets, 0.05)
    assert 0 < found < norm.ppf(0.7) - norm.ppf(0.3)
    assert curve_evidence(counts, bets, GaussianCurve(found)) == pytest.approx(math.log(20))
    assert mu_lower([EventCounts(7000, 10_000, 3000, 10_000)] * 2, bets, 0.05) > found
    assert mu_lower([EventCounts(500, 1000, 500, 1000)] * 2, bets, 0.05) == 0


def test_a_slope_is_where_the_curve_is_exceeded() -> None:
    slope, clear = best_slope(EventCounts(600, 1000, 100, 1000), PointsCurve([(1.0, 0.0)]))
    assert slope == 1.0
    assert clear > 0
    assert best_slope(EventCounts(500, 1000, 480, 1000), GaussianCurve(1.0))[1] < 0


@pytest.mark.parametrize(
    "text", ["gdp", "gdp:0", "gdp:x", "curve:", "curve:1", "curve:-1=0", "curve:1=1", "zcdp:1"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="claim"):
        parse_curve(text)
