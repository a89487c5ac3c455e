"""What an audit certifies keeps its word: guesses, and what is watched beside them, together.

Nine tenths of alpha go to a game's guesses, one tenth to an event in the same reports. Each
part is held to its share by adding up the law of its counts; both together by the same for
randomized response, and by simulating the reports of other mechanisms.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

import ldpaudit
from ldpaudit.bounds.anytime import event_evidence, guess_evidence
from ldpaudit.bounds.planned import ClopperPearson, PosteriorOdds
from ldpaudit.bounds.registered import registered_bound
from ldpaudit.claim import Claim
from ldpaudit.counts import EventCounts, GuessCounts
from ldpaudit.games.evidence import Counts, Evidence
from ldpaudit.games.kary_game import KaryGame
from ldpaudit.games.pair_game import PairGame
from ldpaudit.registry import create

from .laws import (
    ALPHA,
    EPSILONS,
    PAIRS,
    ROUNDING,
    SIZES,
    event_missed,
    grr,
    guesses_missed,
    laws,
    middle,
    pair_laws,
)

Ints = npt.NDArray[np.int64]
SHARES = (0.9, 0.1)
#: Runs of a simulated audit; 5 standard errors of a share of ALPHA, a false alarm of 3e-7.
RUNS = 5_000
SLACK = 5 * math.sqrt(ALPHA * (1 - ALPHA) / RUNS)
#: Reports seen at each look.
LOOKS = np.unique(np.geomspace(20, 2_000, 20).astype(int))


def certified(counts: Counts, epsilon: float, bound: str = "posterior-odds") -> float:
    """What an audit makes of a game's counts."""
    m: Any = ldpaudit.mechanism("grr", k=max(3, counts.guesses.num_candidates), epsilon=epsilon)
    game: Any = PairGame(m, create("attacks", "distinguish"), "likelihood-ratio", (0, 1))
    if isinstance(counts.beside, GuessCounts):
        game = KaryGame(m)
    found = Evidence(game, counts, "nothing")
    return found.lower_bound(registered_bound(bound), Claim(epsilon), ALPHA).epsilon_lower


# ------------------------------------------------------- part by part, exactly


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("epsilon", EPSILONS)
def test_either_part_keeps_its_share(epsilon: float, n: int) -> None:
    """Events for halves as a coin deals them: even, and 3 standard deviations to either side."""
    for law in laws(epsilon):
        missed = guesses_missed(PosteriorOdds(), law, epsilon, 2 * n, SHARES[0] * ALPHA)
        assert missed <= SHARES[0] * ALPHA + ROUNDING, law
    uneven = round(3 * math.sqrt(n / 2))
    for law in pair_laws(epsilon):
        for first in (n - uneven, n, n + uneven):
            how: Any = {"alpha": SHARES[1] * ALPHA, "others": 2 * n - first}
            rates = (law.correct, law.wrong, first, law.epsilon, epsilon)
            missed = event_missed(ClopperPearson(), *rates, **how)
            assert missed <= SHARES[1] * ALPHA + ROUNDING, (law, first)


@pytest.mark.parametrize("bound", ["posterior-odds", "anytime", "clopper-pearson", "ldp-auditor"])
def test_the_better_part_is_certified(bound: str) -> None:
    """At these shares of alpha, of whatever counts; all of it where there is but the event."""
    rng, built = np.random.default_rng(50), create("bounds", bound)
    for _ in range(100):
        how = {"delta": 0.0, "claimed": float(rng.uniform(0.2, 5))}
        first, second = rng.integers(50, 2_000, 2).tolist()
        decided = int(rng.integers(first + second))
        guesses = GuessCounts(2, int(rng.binomial(decided, 0.8)), decided, first + second)
        event = EventCounts(int(rng.integers(first)), first, int(rng.integers(second)), second)
        shown = certified(Counts(guesses, event), how["claimed"], bound)
        if hasattr(built, "from_guesses"):
            beside = built if hasattr(built, "from_event") else ClopperPearson()
            assert shown == max(
                built.from_guesses(guesses, alpha=SHARES[0] * ALPHA, **how),
                beside.from_event(event, alpha=SHARES[1] * ALPHA, **how),
            )
        else:
            assert shown == built.from_event(event, alpha=ALPHA, **how)


# ------------------------------------------------------------- both, exactly


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_both_together_cover_randomized_response(epsilon: float) -> None:
    """Over all ways in which a coin may deal 600 reports, and all truths and lies among them."""
    reports, (p, q) = 600, grr(2, epsilon)
    least, event, how = 0, ClopperPearson(), {"delta": 0.0, "claimed": epsilon}
    while not above(PosteriorOdds().from_guesses, guessed(least, reports), 0, epsilon, how):
        least += 1
    missed = 0.0
    for first, chance in zip(*dealt(reports), strict=True):
        second, hits = reports - first, middle(first, p)
        most, allowed = np.empty_like(hits), -1
        for place, hit in enumerate(hits.tolist()):
            # As many lies as leave the guesses, or the event, above the truth.
            while allowed < second and above(
                event.from_event, EventCounts(hit, first, allowed + 1, second), 1, epsilon, how
            ):
                allowed += 1
            most[place] = max(allowed, min(second, hit + second - least))
        missed += chance * float(stats.binom.pmf(hits, first, p) @ stats.binom.cdf(most, second, q))
    assert 0.5 * ALPHA < missed <= ALPHA + ROUNDING


def guessed(correct: int, reports: int) -> GuessCounts:
    return GuessCounts(2, correct, reports, reports)


def above(bound: Any, counts: Any, part: int, epsilon: float, how: dict[str, float]) -> bool:
    return bool(bound(counts, alpha=SHARES[part] * ALPHA, **how) > epsilon + ROUNDING)


def dealt(reports: int) -> tuple[list[int], list[float]]:
    """Reports of the first input that a coin may deal, and how likely."""
    first = middle(reports, 0.5)
    return first.tolist(), stats.binom.pmf(first, reports, 0.5).tolist()


# ------------------------------------------------------- both, by simulation


@dataclass(frozen=True)
class Scores:
    """P(score) under the first input, from the strongest for it to the strongest against it.

    Under the second input it is the other way round. The event is the strongest score.
    """

    name: str
    epsilon: float
    law: tuple[float, ...]

    def seen(self, steps: Ints, rng: np.random.Generator) -> Iterator[Counts]:
        """Counts of all runs after each of some steps, as arrays."""
        levels = len(self.law)
        rates = np.array([self.law, self.law[::-1]]) / 2
        total = np.zeros((RUNS, 2, levels), dtype=np.int64)
        for step in steps:
            total += rng.multinomial(step, rates.ravel(), size=RUNS).reshape(total.shape)
            half = levels // 2
            right = total[:, 0, :half].sum(axis=1) + total[:, 1, levels - half :].sum(axis=1)
            wrong = total[:, 1, :half].sum(axis=1) + total[:, 0, levels - half :].sum(axis=1)
            one, two = total.sum(axis=2).T
            guesses: Any = (2, right, right + wrong, one + two)
            event: Any = (total[:, 0, 0], one, total[:, 1, 0], two)
            yield Counts(GuessCounts(*guesses), EventCounts(*event))


def graded(epsilon: float) -> Iterator[Scores]:
    """Games with abstentions; the second with a rare sharp score and a common blunt one."""
    right, wrong = PAIRS["oue"](25, epsilon)
    yield Scores("oue", epsilon, (right, 1 - right - wrong, wrong))
    sharp, blunt = 1 / (1 + math.exp(-epsilon)), 1 / (1 + math.exp(-epsilon / 2))
    law = (0.1 * sharp, 0.6 * blunt, 0.3, 0.6 * (1 - blunt), 0.1 * (1 - sharp))
    yield Scores("graded", epsilon, law)


def one_by_one(counts: Counts) -> Iterator[Counts]:
    guesses, event = counts
    assert isinstance(event, EventCounts)
    said: Any = np.column_stack((guesses.correct, guesses.decided, guesses.trials))
    happened: Any = np.column_stack(
        (event.hits, event.trials, event.false_hits, event.false_trials)
    )
    for one, two in zip(said.tolist(), happened.tolist(), strict=True):
        yield Counts(GuessCounts(2, *one), EventCounts(*two))


@pytest.mark.parametrize("epsilon", [0.5, 4.0])
def test_audits_cover_simulated_reports(epsilon: float) -> None:
    """600 reports, 5,000 times."""
    rng = np.random.default_rng(51)
    for scores in graded(epsilon):
        (counts,) = scores.seen(np.array([600]), rng)
        missed = sum(certified(one, epsilon) > epsilon for one in one_by_one(counts))
        assert missed / RUNS <= ALPHA + SLACK, scores


@pytest.mark.parametrize("epsilon", [0.5, 4.0])
def test_audits_cover_the_clearest_reports_of_many_values(epsilon: float) -> None:
    """Named among 25 inputs: a fifth of 600 reports are clear, and judged once more apart."""
    rng, limit = np.random.default_rng(52), grr(25, epsilon)[0]
    clear = rng.binomial(600, 0.2, RUNS)
    sharp, blunt = rng.binomial(clear, limit), rng.binomial(600 - clear, limit)
    missed = 0
    for shown, right, other in zip(clear.tolist(), sharp.tolist(), blunt.tolist(), strict=True):
        whole = GuessCounts(25, right + other, 600, 600)
        missed += certified(Counts(whole, GuessCounts(25, right, shown, 600)), epsilon) > epsilon
    assert missed / RUNS <= ALPHA + SLACK


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_anytime_audits_cover_at_all_looks(epsilon: float) -> None:
    rng, how = np.random.default_rng(53), {"epsilon": epsilon, "delta": 0.0, "claimed": epsilon}
    for scores in graded(epsilon):
        over = np.zeros(RUNS, dtype=bool)
        for guesses, event in scores.seen(np.diff(LOOKS, prepend=0), rng):
            assert isinstance(event, EventCounts)
            over |= guess_evidence(guesses, **how) >= -math.log(SHARES[0] * ALPHA)
            over |= event_evidence(event, **how) >= -math.log(SHARES[1] * ALPHA)
        assert over.mean() <= ALPHA + SLACK, scores


# ---------------------------------------------------- what the reports could have shown at most


def planned(mechanism: Any, **options: Any) -> Any:
    return ldpaudit.audit(mechanism, [], **{"trials": 5_000, "repetitions": 2, **options})


@pytest.mark.parametrize("bound", ["posterior-odds", "clopper-pearson", "katz", "anytime"])
@pytest.mark.parametrize("epsilon", [0.5, 4.5, 30.0])
def test_no_bound_passes_its_ceiling(bound: str, epsilon: float) -> None:
    result = planned(ldpaudit.mechanism("grr", k=3, epsilon=epsilon), bound=bound)
    for found in (result.bound, result.verdict_bound):
        if epsilon < 1:  # well within reach
            assert found.ceiling is None
            continue
        assert found.epsilon_lower <= found.ceiling
        assert ("could have shown" in found.event) == (found.ceiling < epsilon)
        assert result.verdict_bound.ceiling <= result.bound.ceiling


def test_the_ceiling_is_reached_where_reports_tell_all() -> None:
    """Every guess is right but with probability e**-60: what is shown is all that could be."""
    sure = ldpaudit.mechanism("grr", k=2, epsilon=60.0)
    for options in ({}, {"stop_when": "violation"}):
        bound = planned(sure, **options).bound
        assert bound.epsilon_lower == pytest.approx(bound.ceiling, abs=0.2)
        assert bound.event.endswith(f"could have shown {bound.ceiling:.2f} at most")


def test_more_reports_could_show_more() -> None:
    m = ldpaudit.mechanism("oue", k=5, epsilon=20.0)
    found = [planned(m, trials=trials).bound.ceiling for trials in (1_000, 10_000, 100_000)]
    assert found == sorted(found)
    assert found[-1] > found[0] + 2
