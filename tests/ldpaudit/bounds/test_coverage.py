"""Bounds keep their word: miscoverage under the laws of counts of real mechanisms.

Bounds at a fixed sample size by adding up the exact law of their counts; bounds at every
look by simulating the counts and taking the best look.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

import ldpaudit
from ldpaudit import registry
from ldpaudit.bounds.anytime import Anytime, event_evidence, guess_evidence
from ldpaudit.bounds.model_based import GaussianTradeOff, JointBeta
from ldpaudit.bounds.planned import ClopperPearson, Katz, LdpAuditor, PosteriorOdds
from ldpaudit.counts import EventCounts, GuessCounts
from ldpaudit.divergence import epsilon_at
from ldpaudit.leakage.channels import channel

from .laws import (
    ALPHA,
    EPSILONS,
    PAIRS,
    ROUNDING,
    SIZES,
    Law,
    event_missed,
    grr,
    guesses_missed,
    laws,
    pair_laws,
    spent_delta,
)

#: Runs of a simulated audit; 5 standard errors of a share of ALPHA, a false alarm of 3e-7.
RUNS = 5_000
SLACK = 5 * math.sqrt(ALPHA * (1 - ALPHA) / RUNS)
#: Reports seen at each look.
LOOKS = np.unique(np.geomspace(20, 2 * SIZES[-1], 30).astype(int))


@pytest.mark.parametrize("name", ["grr", "ss", "sue", "oue", "the"])
@pytest.mark.parametrize("epsilon", [0.5, 2.0])
def test_laws_are_those_of_the_mechanisms(name: str, epsilon: float) -> None:
    """Against the whole channel: how often the likelihood ratio of two values is on either side."""
    m = ldpaudit.mechanism(name, k=6, epsilon=epsilon)
    table = channel(m)
    one, two = table[:2] if table.shape[0] == 6 else table.T[:2]
    correct, wrong = one[one > two * (1 + 1e-9)].sum(), one[two > one * (1 + 1e-9)].sum()
    assert (correct, wrong) == pytest.approx(PAIRS[name](6, epsilon), rel=1e-9)
    assert math.log(correct / wrong) == pytest.approx(m.exact_epsilon())


@pytest.mark.parametrize("name", ["blh", "olh"])
@pytest.mark.parametrize("epsilon", [0.5, 2.0])
def test_laws_of_hashing_are_those_of_its_reports(name: str, epsilon: float) -> None:
    """Their channels are too large: 200,000 reports, to a false alarm of 1e-6."""
    m: Any = ldpaudit.mechanism(name, k=25, epsilon=epsilon)
    reports = m.privatize(np.zeros(200_000, dtype=np.int64), rng=np.random.default_rng(40))
    ratio = np.diff(m.log_likelihood(reports, [0, 1]), axis=1)[:, 0]
    for seen, rate in zip((ratio < -1e-9, ratio > 1e-9), PAIRS[name](25, epsilon), strict=True):
        assert stats.binomtest(int(seen.sum()), ratio.size, rate).pvalue > 1e-6


# --------------------------------------------- fixed sample size: exact sums


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("epsilon", EPSILONS)
def test_posterior_odds_cover(epsilon: float, n: int) -> None:
    for law in laws(epsilon):
        missed = guesses_missed(PosteriorOdds(), law, epsilon, 2 * n)
        assert missed <= ALPHA + ROUNDING, law
    # Next to nothing is given away where everybody decides.
    assert missed > 0.7 * ALPHA


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("epsilon", EPSILONS)
def test_posterior_odds_cover_with_delta(epsilon: float, n: int) -> None:
    for law in spent_delta(epsilon):
        assert guesses_missed(PosteriorOdds(), law, epsilon, 2 * n) <= ALPHA + ROUNDING, law


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("epsilon", EPSILONS)
def test_clopper_pearson_covers(epsilon: float, n: int) -> None:
    """LDP-Auditor's formula with it, by whose reckoning half of alpha goes to waste."""
    for law in pair_laws(epsilon):
        how = (law.correct, law.wrong, n, law.epsilon, epsilon)
        assert event_missed(ClopperPearson(), *how) <= ALPHA + ROUNDING, law
        assert event_missed(LdpAuditor(), *how) <= ALPHA / 2 + ROUNDING, law


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("epsilon", EPSILONS)
def test_clopper_pearson_covers_with_delta(epsilon: float, n: int) -> None:
    for delta, q in [(0.1, 0.01), (0.001, 0.005), (1e-5, 0.01)]:
        p = math.exp(epsilon) * q + delta
        for bound in (ClopperPearson(), LdpAuditor()):
            assert event_missed(bound, p, q, n, epsilon, epsilon, delta=delta) <= ALPHA + ROUNDING


#: Share of intervals above the truth by an independent simulation of 20,000 runs:
#: (n an input, epsilon), posterior odds, Katz; randomized response on two values.
SIMULATED = [
    (300, 4.0, 0.0394, 0.0249),
    (1_000, 0.5, 0.0446, 0.0470),
    (1_000, 2.0, 0.0464, 0.0467),
    (1_000, 4.0, 0.0335, 0.0403),
    (10_000, 0.5, 0.0490, 0.0478),
    (10_000, 1.0, 0.0475, 0.0484),
    (10_000, 2.0, 0.0496, 0.0481),
    (10_000, 4.0, 0.0460, 0.0446),
]


@pytest.mark.parametrize(("n", "epsilon", "odds", "katz"), SIMULATED)
def test_miscoverage_is_that_of_a_simulation(
    n: int, epsilon: float, odds: float, katz: float
) -> None:
    """Exact sums beside simulated shares, to 5 standard errors (6e-7 each)."""
    p, q = grr(2, epsilon)
    noise = 5 * math.sqrt(ALPHA * (1 - ALPHA) / 20_000)
    law = Law("grr 2", epsilon, p, q)
    assert guesses_missed(PosteriorOdds(), law, epsilon, 2 * n) == pytest.approx(odds, abs=noise)
    missed = event_missed(Katz(), p, q, n, epsilon, epsilon, fewest=1)
    assert missed == pytest.approx(katz, abs=noise)


# ------------------------------------------ every look: simulated best looks


def guesses_seen(law: Law, rng: np.random.Generator) -> Iterator[GuessCounts]:
    """Counts of all runs at each look."""
    rates = [law.correct, law.wrong, max(0.0, 1 - law.correct - law.wrong)]
    seen = np.zeros((RUNS, 3), dtype=np.int64)
    for step in np.diff(LOOKS, prepend=0):
        seen += rng.multinomial(step, rates, size=RUNS)
        counts: Any = (law.candidates, seen[:, 0], seen[:, 0] + seen[:, 1], seen.sum(axis=1))
        yield GuessCounts(*counts)


def events_seen(
    p: float, q: float, rng: np.random.Generator, *, paired: bool = False
) -> Iterator[EventCounts]:
    """Counts of all runs at each look: a coin draws each input, or one of each input comes."""
    seen = np.zeros((RUNS, 4), dtype=np.int64)
    for step in np.diff(LOOKS, prepend=0):
        first = np.full(RUNS, step // 2) if paired else rng.binomial(step, 0.5, RUNS)
        second = first if paired else step - first
        hits, false_hits = rng.binomial(first, p), rng.binomial(second, q)
        seen += np.stack([hits, first, false_hits, second], axis=1)
        counts: Any = seen.T.copy()
        yield EventCounts(*counts)


def ever(evidence: Iterator[npt.NDArray[np.float64]]) -> dict[int, float]:
    """Share of runs with a bound above the truth at some look, up to each sample size."""
    over, shares = np.zeros(RUNS, dtype=bool), {}
    for reports, money in zip(LOOKS.tolist(), evidence, strict=True):
        over |= money >= -math.log(ALPHA)
        shares[reports] = float(over.mean())
    return {n: max(s for reports, s in shares.items() if reports <= 2 * n) for n in SIZES}


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_anytime_guesses_cover_at_all_looks(epsilon: float) -> None:
    rng = np.random.default_rng(41)
    for law in [*laws(epsilon), *spent_delta(epsilon)]:
        for claimed in (epsilon,) if law.name != "oue 25" else (epsilon / 2, epsilon, 2 * epsilon):
            shares = ever(
                guess_evidence(seen, epsilon=law.epsilon, delta=law.delta, claimed=claimed)
                for seen in guesses_seen(law, rng)
            )
            assert max(shares.values()) <= ALPHA + SLACK, (law, claimed, shares)


@pytest.mark.parametrize("epsilon", EPSILONS)
def test_anytime_events_cover_at_all_looks(epsilon: float) -> None:
    rng = np.random.default_rng(42)
    edge = [(law.epsilon, law.correct, law.wrong, 0.0) for law in pair_laws(epsilon)]
    edge += [(epsilon, math.exp(epsilon) * 0.01 + delta, 0.01, delta) for delta in (0.1, 0.001)]
    for place, (truth, p, q, delta) in enumerate(edge):
        shares = ever(
            event_evidence(seen, epsilon=truth, delta=delta, claimed=epsilon)
            for seen in events_seen(p, q, rng, paired=place % 2 == 1)
        )
        assert max(shares.values()) <= ALPHA + SLACK, (p, q, delta, shares)


def test_the_anytime_bound_exceeds_what_the_evidence_rejects() -> None:
    """The simulations above count evidence; the bound is above an epsilon where that is beyond."""
    rng = np.random.default_rng(43)
    for _ in range(300):
        c, epsilon = int(rng.choice([2, 25])), float(rng.uniform(0.1, 5))
        delta = float(rng.choice([0.0, 0.001, 0.1]))
        trials = int(10 ** rng.uniform(1, 6))
        decided = int(rng.integers(trials + 1))
        guesses = GuessCounts(c, int(rng.integers(decided + 1)), decided, trials)
        event = EventCounts(int(rng.integers(trials + 1)), trials, decided // 2, trials)
        how = {"delta": delta, "claimed": float(rng.uniform(0.1, 5))}
        for bound, evidence, counts in (
            (Anytime().from_guesses, guess_evidence, guesses),
            (Anytime().from_event, event_evidence, event),
        ):
            found = bound(counts, alpha=ALPHA, **how)  # type: ignore[arg-type]
            money = float(evidence(counts, epsilon=epsilon, **how))  # type: ignore[arg-type]
            assert (found > epsilon) == (money >= -math.log(ALPHA)), (counts, how, epsilon)


# -------------------------------------------------- those that promise less


def test_every_bound_is_covered_or_says_that_it_may_not_be() -> None:
    bounds: dict[str, Any] = {n: registry.create("bounds", n) for n in registry.names("bounds")}
    kinds = {
        "posterior-odds": "exact",
        "clopper-pearson": "exact",
        "ldp-auditor": "exact",
        "anytime": "anytime",
        "katz": "approximate",
        "joint-beta": "model-based",
        "gdp": "model-based",
    }
    ours = {n: b.kind for n, b in bounds.items() if type(b).__module__.startswith("ldpaudit.")}
    assert ours == kinds
    for name, kind in kinds.items():
        assert getattr(bounds[name], "requires_opt_in", False) == (kind == "model-based")


def test_joint_beta_misses_four_times_as_often_as_it_says() -> None:
    """Why it is labelled model-based; beside a simulation of 1,500 runs, to 5 standard errors."""
    p, q = grr(2, 4.0)
    missed = event_missed(JointBeta(), p, q, 300, 4.0, 4.0)
    assert missed > 3 * ALPHA
    assert missed == pytest.approx(0.2227, abs=5 * math.sqrt(0.22 * 0.78 / 1_500))


def test_gdp_covers_gaussian_noise_and_accuses_everybody_else() -> None:
    n, delta = 1_000, 1e-5
    p, q = (float(stats.norm.cdf(side / 2)) for side in (1, -1))

    def profile(epsilon: float) -> float:
        far = math.exp(epsilon) * stats.norm.cdf(-epsilon - 0.5)
        return float(stats.norm.cdf(0.5 - epsilon) - far)

    truth = epsilon_at(profile, delta)
    assert truth == pytest.approx(4.377, abs=0.001)
    assert event_missed(GaussianTradeOff(), p, q, n, truth, 4.0, delta=delta) <= ALPHA
    p, q = grr(2, 1.0)
    assert event_missed(GaussianTradeOff(), p, q, n, 1.0, 1.0, delta=delta) > 0.999
