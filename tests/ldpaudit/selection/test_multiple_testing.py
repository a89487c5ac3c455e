"""Many pairs judged together: how often that errs, by the law of counts and by brute force."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest
from scipy import special, stats

from ldpaudit.bounds.anytime import event_evidence, guess_evidence
from ldpaudit.bounds.named import NamedBound
from ldpaudit.bounds.planned import ClopperPearson
from ldpaudit.bounds.registered import registered_bound
from ldpaudit.claim import Claim
from ldpaudit.counts import EventCounts, GuessCounts
from ldpaudit.games.evidence import Counts, Evidence
from ldpaudit.games.pair_game import PairGame
from ldpaudit.outcomes.parts import EpsilonBound
from ldpaudit.selection import multiple_testing, pair_counts, pairs
from ldpaudit.selection.pairs import Pairs
from tests.broken import Response

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

K, EPSILON, TRIALS, ALPHA = 25, 1.0, 10_000, 0.05
GRR = Response(K, EPSILON)
CLAIM, ODDS = Claim(EPSILON), registered_bound("posterior-odds")


def limit(repetitions: int) -> float:
    """Alpha and five standard errors: a false alarm in about 3e6."""
    return ALPHA + 5 * math.sqrt(ALPHA * (1 - ALPHA) / repetitions)


# ---------------------------------------------------------------- 600 pairs, by the law of counts
#
# Of randomized response a report says one of k values, and its ratio for a pair {u, w} is
# e^epsilon at u, e^-epsilon at w and 1 elsewhere: all counts follow from how many reports of
# each input say what, and those are multinomial. `counts` draws them; that the search counts
# the same from reports is the first test.


def counts(reports: int, rng: np.random.Generator) -> Ints:
    """Reports of each input (rows), which is drawn evenly, that say each value (columns)."""
    return rng.multinomial(reports, (GRR.channel / K).ravel()).reshape(K, K)


def tally(said: Ints) -> pair_counts.PairCounts:
    """Right where the report is the input, wrong where it is the other; at both thresholds."""
    right = np.diag(said)[:, None] * (1 - np.eye(K, dtype=np.int64))
    wrong = said * (1 - np.eye(K, dtype=np.int64))
    return pair_counts.PairCounts(np.stack([right] * 2), np.stack([wrong] * 2), said.sum(axis=1))


OVER = Pairs.among(np.arange(K), K)
U, W = OVER.first, OVER.second
NOTHING = np.full((2, len(OVER)), pair_counts.LEAST)


def played(said: Ints, side: Ints) -> list[Evidence]:
    """The 300 games of one tally, events on given sides."""
    rules = pair_counts.Rules(NOTHING[0], NOTHING[1], side, np.zeros(len(OVER)))
    reader = pairs.Reader("distinguish", None, lambda reports: reports, 0)
    return multiple_testing.games(GRR, OVER, reader, rules, tally(said), "")


def test_the_law_of_counts_is_that_of_the_search() -> None:
    """From 250,000 reports, read by their likelihoods, the same tally as from what they say."""
    seen: list[Ints] = []

    class Spied(Response):
        def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Ints:
            reports = super().privatize(values, rng=rng)
            seen.append(np.bincount(np.asarray(values) * K + reports, minlength=K * K))
            return reports

    m, rng = Spied(K, EPSILON), np.random.default_rng(0)
    owns = pair_counts.uniformly(K * TRIALS, m, K, rng)
    table = pairs.likelihood(m, OVER.values)
    total = pair_counts.watch(m, table, OVER, owns, NOTHING, rng)
    said = np.sum(seen, axis=0).reshape(K, K)
    for one, two in zip(total, tally(said), strict=True):
        np.testing.assert_array_equal(one, two)
    assert stats.chisquare(said.ravel(), (GRR.channel / K).ravel() * said.sum()).pvalue > 1e-6


def lower(hits: Ints, trials: Ints, alpha: float) -> Floats:
    return np.asarray(special.betaincinv(hits, trials - hits + 1, alpha))


def upper(hits: Ints, trials: Ints, alpha: float) -> Floats:
    return np.asarray(special.betainccinv(hits + 1, trials - hits, alpha))


def guess_bounds(said: Ints, alpha: float) -> Floats:
    """Posterior odds of every pair."""
    correct = said[U, U] + said[W, W]
    return np.asarray(special.logit(lower(correct, correct + said[U, W] + said[W, U], alpha)))


def event_bounds(said: Ints, side: Ints, low: float, high: float) -> Floats:
    """Clopper-Pearson of every pair, of the event that a report is its input."""
    one, two, drawn = np.where(side > 0, U, W), np.where(side > 0, W, U), said.sum(axis=1)
    ratio = lower(said[one, one], drawn[one], low) / upper(said[two, one], drawn[two], high)
    return np.asarray(np.log(ratio))


def pair_bounds(said: Ints, side: Ints, alpha: float) -> Floats:
    """0.9 alpha to the guesses and 0.1 to the event, at its fixed split."""
    share = _split_of(0.1 * alpha)
    event = event_bounds(said, side, 0.1 * alpha * share, 0.1 * alpha * (1 - share))
    return np.maximum(guess_bounds(said, 0.9 * alpha), event)


def _split_of(alpha: float) -> float:
    """Share of alpha that goes to hits, read off the bound: all other input of it is hits."""
    seen = EventCounts(1, 1, 0, 1)  # bound: ln(alpha share) - ln(1 - alpha (1 - share))
    bound = math.exp(ClopperPearson().from_event(seen, alpha=alpha, delta=0.0, claimed=EPSILON))
    return bound * (1 - alpha) / (alpha * (1 - bound))


def test_simultaneous_bounds_err_as_often_as_they_say() -> None:
    """2000 searches of 600 pairs: the largest at alpha / 300 errs at 5 %, uncorrected always."""
    rng, repetitions = np.random.default_rng(1), 2000
    best, uncorrected = [], []
    for repetition in range(repetitions):
        said, side = counts(K * TRIALS, rng), rng.choice([1, -1], len(OVER))
        bounds = pair_bounds(said, side, ALPHA / len(OVER))
        best.append(bounds.max())
        if repetition < 5:  # the search judges as these formulas do
            uncorrected.append(pair_bounds(said, side, ALPHA).max())
            found = multiple_testing.largest(
                played(said, side), ODDS, CLAIM, (ALPHA, ALPHA), stepwise=True
            )
            assert found.bounds[0].epsilon_lower == pytest.approx(best[-1], abs=1e-9)
            assert found.places[0] == bounds.argmax()
            # Somebody is named where, and only where, the largest bound exceeds the claim.
            assert (len(found.beyond) > 0) == (best[-1] > EPSILON)
    assert np.mean(np.array(best) > EPSILON) < limit(repetitions)
    assert np.median(best) > 0.955  # Clopper-Pearson alone: 0.86
    assert min(uncorrected) > EPSILON


def test_averaged_e_values_err_no_more_than_they_say() -> None:
    """Money against the truth reaches 1 / alpha in less than alpha of 1000 searches."""
    rng, repetitions = np.random.default_rng(2), 1000
    errors = 0
    for repetition in range(repetitions):
        said, side = counts(K * TRIALS, rng), rng.choice([1, -1], len(OVER))
        one, two, drawn = np.where(side > 0, U, W), np.where(side > 0, W, U), said.sum(axis=1)
        correct = said[U, U] + said[W, W]
        decided = correct + said[U, W] + said[W, U]
        columns: list[Any] = [correct, decided, drawn[U] + drawn[W]]
        guess = GuessCounts(2, *columns)
        columns = [said[one, one], drawn[one], said[two, one], drawn[two]]
        event = EventCounts(*columns)
        against: dict[str, Any] = {"epsilon": EPSILON, "delta": 0.0, "claimed": EPSILON}
        money = 0.9 * np.exp(guess_evidence(guess, **against))
        money += 0.1 * np.exp(event_evidence(event, **against))
        errors += bool(money.mean() >= 1 / ALPHA)
        if repetition < 5:
            found = multiple_testing.average(played(said, side), CLAIM, (ALPHA, ALPHA))
            bound = found.bounds[0].epsilon_lower
            assert (bound > EPSILON) == (money.mean() >= 1 / ALPHA)
            assert 0.85 < bound < 1.0
            assert found.beyond == ()
    assert errors / repetitions < limit(repetitions)


def test_a_pilot_that_is_counted_again_errs_and_a_split_one_does_not() -> None:
    """The same choice of a pair, certified on the pilot's reports and on fresh ones."""
    rng, repetitions = np.random.default_rng(3), 2000
    each = TRIALS // 5
    rest = K * (TRIALS - each) // 2
    again, fresh = np.zeros(repetitions), np.zeros(repetitions)
    for i in range(repetitions):
        pilot = counts(K * each, rng)
        rules = pair_counts.fixed(NOTHING, tally(pilot), OVER, CLAIM, reports=2.0 * rest)
        place = int(rules.promised.argmax())
        again[i] = pair_bounds(pilot, rules.side, ALPHA)[place]
        u, w = OVER[place]
        first = rng.binomial(2 * rest, 0.5)
        said = [
            rng.multinomial(size, [row[u], row[w], 1 - row[u] - row[w]])
            for size, row in ((first, GRR.channel[u]), (2 * rest - first, GRR.channel[w]))
        ]
        correct = int(said[0][0] + said[1][1])
        guesses = GuessCounts(2, correct, int(correct + said[0][1] + said[1][0]), 2 * rest)
        event = EventCounts(int(said[0][0]), first, int(said[1][0]), 2 * rest - first)
        game = PairGame(GRR, None, "", (u, w))  # type: ignore[arg-type]
        judged = Evidence(game, Counts(guesses, event), "").lower_bound(ODDS, CLAIM, ALPHA)
        fresh[i] = judged.epsilon_lower
    assert np.mean(again > EPSILON) > 10 * ALPHA
    assert np.mean(fresh > EPSILON) < limit(repetitions)
    assert np.median(fresh) > 0.97


# ---------------------------------------------------------------- judged together


class Judged:
    """A game of a known p-value: its bound exceeds the claim from that alpha on."""

    def __init__(self, p_value: float) -> None:
        self.p_value = p_value

    def lower_bound(self, bound: NamedBound, claim: Claim, alpha: float) -> Any:
        value = claim.epsilon + (alpha - self.p_value)
        return EpsilonBound(value, bound.name, "exact", alpha, 1, "", "")


def holm(p_values: Floats, alpha: float) -> tuple[int, ...]:
    """The textbook: sorted p-values against alpha / m, alpha / (m - 1), ..."""
    order = np.argsort(p_values)
    passed = p_values[order] < alpha / np.arange(len(p_values), 0, -1)
    count = len(passed) if passed.all() else int(passed.argmin())
    return tuple(sorted(order[:count].tolist()))


def test_stepwise_judging_is_holms() -> None:
    rng = np.random.default_rng(5)
    more = 0
    for _ in range(300):
        p_values = rng.random(9) ** 6
        games = [cast(Evidence, Judged(p)) for p in p_values]
        step = multiple_testing.largest(games, ODDS, CLAIM, (0.05, 0.05), stepwise=True)
        once = multiple_testing.largest(games, ODDS, CLAIM, (0.05, 0.05), stepwise=False)
        assert step.beyond == holm(p_values, 0.05)
        assert once.beyond == tuple(np.flatnonzero(p_values < 0.05 / 9))
        assert step.bounds == once.bounds
        assert step.places[0] == step.places[1] == p_values.argmin()
        more += len(step.beyond) > len(once.beyond)
    assert more > 30


def test_named_e_values_are_those_of_the_closed_test() -> None:
    rng = np.random.default_rng(6)
    named = 0
    for _ in range(200):
        logs = rng.normal(2.5, 2.0, 6)
        logs[rng.random(6) < 0.2] = -math.inf
        money = np.exp(logs)
        subsets = [c for n in range(1, 7) for c in combinations(range(6), n)]
        expected = tuple(
            i for i in range(6) if all(money[list(c)].mean() >= 1 / 0.05 for c in subsets if i in c)
        )
        assert multiple_testing._closed(logs, 0.05) == expected
        named += len(expected)
    assert named > 50
    assert multiple_testing._closed(np.array([1e5, 1e6]), 1e-4) == (0, 1)


@pytest.mark.parametrize("name", ["posterior-odds", "clopper-pearson", "anytime"])
@pytest.mark.parametrize("claimed", [0.1, 1.0, 4.0])
def test_bounds_grow_with_alpha_as_holm_needs(name: str, claimed: float) -> None:
    bound = registered_bound(name)
    game = PairGame(Response(2, claimed), None, "scripted", (0, 1))  # type: ignore[arg-type]
    for counts in (
        (GuessCounts(2, 2_000, 2_700, 20_000), EventCounts(1_000, 10_000, 370, 10_000)),
        (GuessCounts(2, 12, 12, 20_000), EventCounts(5_000, 10_000, 0, 10_000)),
    ):
        played = Evidence(game, Counts(*counts), "")
        for delta in (0.0, 1e-4):
            shares = 0.05 / np.arange(300 if name != "anytime" else 40, 0, -1)
            values = [
                played.lower_bound(bound, Claim(claimed, delta), a).epsilon_lower for a in shares
            ]
            # Money that is lost at one epsilon for any alpha gives one bound: a root, to 1e-12.
            assert (np.diff(values) > (0 if name != "anytime" else -4e-12)).all()
