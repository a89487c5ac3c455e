"""Coverage by adding up the exact law of the counts, and values known from elsewhere."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from ldpaudit.bounds import intervals
from ldpaudit.bounds.planned import ClopperPearson, Katz, PosteriorOdds
from ldpaudit.counts import EventCounts, GuessCounts

Floats = npt.NDArray[np.float64]
ALPHA = 0.05
#: Sums of doubles; a real breach is far larger.
ROUNDING = 1e-12


def precision_limit(c: int, epsilon: float, delta: float = 0.0, decide: float = 1.0) -> float:
    """Largest P(correct | decided) of an (epsilon, delta) mechanism that decides so often."""
    e = math.exp(epsilon)
    return (e + (c - 1) * delta / decide) / (e + c - 1)


def odds(
    correct: int, decided: int, trials: int, *, c: int = 2, delta: float = 0.0, alpha: float = ALPHA
) -> float:
    counts = GuessCounts(c, correct, decided, trials)
    return PosteriorOdds().from_guesses(counts, alpha=alpha, delta=delta, claimed=1.0)


# ------------------------------------------------------------- proportions


@pytest.mark.parametrize("alpha", [0.5, 0.05, 1e-6, 1e-12])
@pytest.mark.parametrize("trials", [1, 2, 10, 1000])
def test_proportions_are_beta_quantiles(trials: int, alpha: float) -> None:
    for hits in {0, 1, trials // 2, trials - 1, trials}:
        lower, upper = (
            intervals.success_lower(hits, trials, alpha),
            intervals.success_upper(hits, trials, alpha),
        )
        want = stats.beta.ppf(alpha, hits, trials - hits + 1) if hits else 0.0
        assert lower == pytest.approx(want, rel=1e-9)
        want = stats.beta.isf(alpha, hits + 1, trials - hits) if hits < trials else 1.0
        assert upper == pytest.approx(want, rel=1e-9)


@pytest.mark.parametrize(("hits", "trials"), [(0, 7), (3, 7), (7, 7), (512, 2000)])
def test_interval_is_that_of_the_exact_binomial_test(hits: int, trials: int) -> None:
    want = stats.binomtest(hits, trials).proportion_ci(0.9, method="exact")
    assert intervals.success_interval(hits, trials, 0.1) == pytest.approx((want.low, want.high))
    one_sided = stats.binomtest(hits, trials, alternative="greater").proportion_ci(0.95, "exact")
    assert intervals.success_lower(hits, trials, 0.05) == pytest.approx(one_sided.low)


def test_no_trials_show_nothing() -> None:
    assert intervals.success_lower(0, 0, 0.05) == 0
    assert intervals.success_upper(0, 0, 0.05) == 1


def test_at_the_lower_bound_the_tail_is_alpha() -> None:
    for hits, trials, alpha in [(3, 10, 0.05), (70_000, 100_000, 1e-4), (999, 1000, 1e-9)]:
        lower = intervals.success_lower(hits, trials, alpha)
        assert stats.binom.sf(hits - 1, trials, lower) == pytest.approx(alpha, rel=1e-6)
        upper = intervals.success_upper(hits, trials, alpha)
        assert stats.binom.cdf(hits, trials, upper) == pytest.approx(alpha, rel=1e-6)


def test_mean_interval_is_that_of_the_t_test() -> None:
    sample = np.array([1.0, 2.0, 4.0, 8.0, 9.0])
    want = stats.ttest_1samp(sample, 0).confidence_interval(0.9)
    assert intervals.mean_interval(sample, 0.1) == pytest.approx((want.low, want.high))
    assert all(math.isnan(end) for end in intervals.mean_interval(sample[:1], 0.1))


# ---------------------------------------------- posterior odds: coverage


def guess_law(trials: int, decide: float, precision: float) -> list[tuple[int, int, float]]:
    """Law of (correct, decided) when every trial draws its input anew."""
    out = []
    for decided in range(trials + 1):
        p_decided = float(stats.binom.pmf(decided, trials, decide))
        law = stats.binom.pmf(np.arange(decided + 1), decided, precision)
        out += [(correct, decided, p_decided * float(p)) for correct, p in enumerate(law)]
    return out


@pytest.mark.parametrize("trials", [3, 20, 60])
@pytest.mark.parametrize("decide", [1.0, 0.9, 0.5, 0.1])
@pytest.mark.parametrize("c", [2, 5, 100])
def test_odds_cover_whoever_abstains(c: int, decide: float, trials: int) -> None:
    for epsilon, alpha in product((0.1, 1.0, 4.0), (0.3, 0.05, 0.001)):
        law = guess_law(trials, decide, precision_limit(c, epsilon))
        missed = sum(
            p for v, r, p in law if odds(v, r, trials, c=c, alpha=alpha) > epsilon + ROUNDING
        )
        assert missed <= alpha + ROUNDING, (epsilon, alpha)


@pytest.mark.parametrize("delta", [0.2, 0.01, 1e-4])
@pytest.mark.parametrize("decide", [1.0, 0.5])
@pytest.mark.parametrize("c", [2, 5])
def test_odds_cover_with_delta(c: int, decide: float, delta: float) -> None:
    for epsilon, trials in product((0.1, 1.0, 4.0), (5, 40)):
        law = guess_law(trials, decide, min(1.0, precision_limit(c, epsilon, delta, decide)))
        missed = sum(p for v, r, p in law if odds(v, r, trials, c=c, delta=delta) > epsilon)
        assert missed <= ALPHA + ROUNDING, (epsilon, trials)


def test_delta_is_not_free_and_not_wasted() -> None:
    """Ignoring delta accuses the tightest (epsilon, delta) mechanism; heeding it stays close."""
    trials, epsilon, delta = 200_000, 1.0, 0.01
    expected = round(trials * precision_limit(2, epsilon, delta))
    assert odds(expected, trials, trials) > epsilon
    assert 0.97 < odds(expected, trials, trials, delta=delta) < epsilon


@pytest.mark.parametrize("trials", [30, 100])
def test_odds_nearly_use_up_alpha(trials: int) -> None:
    """Discreteness alone separates it from alpha, so no bound on these counts is much tighter."""
    law = guess_law(trials, 1.0, precision_limit(2, 1.0))
    missed = sum(p for v, r, p in law if odds(v, r, trials) > 1.0)
    step = max(p for *_, p in law)
    assert ALPHA - step < missed <= ALPHA


def fixed_halves_law(
    n: int, first: tuple[float, float], second: tuple[float, float]
) -> list[tuple[int, int, float]]:
    """Law of (correct, decided) for n reports of each input, given P(correct), P(wrong)."""

    def half(correct: float, wrong: float) -> Floats:
        table = np.zeros((n + 1, n + 1))
        for c, w in product(range(n + 1), repeat=2):
            if c + w <= n:
                rest = max(0.0, 1 - correct - wrong)
                ways = math.comb(n, c) * math.comb(n - c, w)
                table[c, w] = ways * correct**c * wrong**w * rest ** (n - c - w)
        return table

    out: dict[tuple[int, int], float] = {}
    one, two = half(*first), half(*second)
    for (c1, w1), (c2, w2) in product(np.argwhere(one > 0).tolist(), np.argwhere(two > 0).tolist()):
        key = (c1 + c2, c1 + c2 + w1 + w2)
        out[key] = out.get(key, 0.0) + float(one[c1, w1] * two[c2, w2])
    return [(v, r, p) for (v, r), p in out.items()]


def test_the_coin_matters_where_guesses_are_withheld() -> None:
    """As many reports of one input as of the other would not do, in whatever order.

    An attacker who speaks for the first input or not at all: with fixed halves the correct
    ones among r decided guesses are hypergeometric with odds above exp(epsilon), and the
    bound breaks its word. Drawing the input of every report anew keeps it.
    """
    n, epsilon, alpha = 10, 0.5, 0.9325
    p = precision_limit(2, epsilon)  # more would tell the inputs apart by the silence
    q = p * math.exp(-epsilon)
    halves = fixed_halves_law(n, (p, 0.0), (0.0, q))
    missed = sum(w for v, r, w in halves if odds(v, r, 2 * n, alpha=alpha) > epsilon)
    assert missed > 1.03 * alpha
    coin = guess_law(2 * n, (p + q) / 2, p / (p + q))
    assert sum(w for v, r, w in coin if odds(v, r, 2 * n, alpha=alpha) > epsilon) <= alpha
    given_one = [(v, w) for v, r, w in halves if r == 1]
    correct = sum(w for v, w in given_one if v) / sum(w for _, w in given_one)
    assert correct > p + 0.05


# ------------------------------------------------- posterior odds: values


@pytest.mark.parametrize(("epsilon", "median"), [(0.5, 0.4924), (1.0, 0.9920), (4.0, 3.9722)])
def test_median_bound_of_randomized_response(epsilon: float, median: float) -> None:
    """Two values, 100,000 trials per input, the median count: the table of the design study."""
    trials = 200_000
    correct = int(stats.binom.median(trials, precision_limit(2, epsilon)))
    assert odds(correct, trials, trials) == pytest.approx(median, abs=0.003)


def test_odds_are_the_logit_of_the_lower_precision() -> None:
    for c, correct, decided in [(2, 60, 100), (25, 40, 90), (2, 100, 100)]:
        t = float(stats.beta.ppf(ALPHA, correct, decided - correct + 1))
        want = math.log((c - 1) * t / (1 - t))
        assert odds(correct, decided, 1000, c=c) == pytest.approx(want, rel=1e-12)


def test_odds_never_fall_with_more_correct_guesses() -> None:
    for delta in (0.0, 0.05):
        values = [odds(v, 50, 80, delta=delta) for v in range(51)]
        assert values == sorted(values)
        assert values[0] == -math.inf
        assert math.isfinite(values[-1])


@pytest.mark.parametrize("delta", [0.0, 0.01])
def test_no_decision_shows_nothing(delta: float) -> None:
    assert odds(0, 0, 1000, delta=delta) == -math.inf
    assert odds(0, 0, 0, delta=delta) == -math.inf
    assert odds(0, 10, 10, delta=delta) == -math.inf


def test_all_correct_among_very_many_is_finite() -> None:
    assert 23 < odds(10**11, 10**11, 10**11) < 25


# ------------------------------------------------------- Clopper-Pearson


def event(
    hits: int, false_hits: int, n: int, *, claimed: float, delta: float = 0.0, alpha: float = ALPHA
) -> float:
    counts = EventCounts(hits, n, false_hits, n)
    return ClopperPearson().from_event(counts, alpha=alpha, delta=delta, claimed=claimed)


@pytest.mark.parametrize("p", [0.9, 0.5, 0.05])
@pytest.mark.parametrize("delta", [0.0, 0.03])
def test_event_bound_covers_whatever_is_claimed(p: float, delta: float) -> None:
    for epsilon, n, claimed in product((0.5, 2.0), (10, 40), (0.1, 4.0)):
        q = (p - delta) * math.exp(-epsilon)
        hits, false_hits = (stats.binom.pmf(np.arange(n + 1), n, x) for x in (p, q))
        missed = sum(
            hits[a] * false_hits[b]
            for a, b in product(range(n + 1), repeat=2)
            if event(a, b, n, claimed=claimed, delta=delta) > epsilon + ROUNDING
        )
        assert missed <= ALPHA + ROUNDING, (epsilon, n, claimed)


def split_bound(share: Floats | float, hits: int, false_hits: int, n: int) -> Floats:
    """The naive bound at a given share of alpha for the first input."""
    low = stats.beta.ppf(ALPHA * np.asarray(share), hits, n - hits + 1)
    high = stats.beta.isf(ALPHA * (1 - np.asarray(share)), false_hits + 1, n - false_hits)
    return np.asarray(np.log(low / high))


def test_the_split_is_fixed_before_the_counts() -> None:
    """One share fits every count at one claim, and it moves with the claim alone."""
    grid = np.linspace(1e-4, 0.5, 5001)
    found = {}
    for claimed in (1.0, 2.0, 4.0):
        fits = np.ones(grid.size, dtype=bool)
        for hits, false_hits in [(700, 300), (900, 10), (400, 399)]:
            got = event(hits, false_hits, 1000, claimed=claimed)
            fits &= np.abs(split_bound(grid, hits, false_hits, 1000) - got) < 1e-3
        assert fits.any(), claimed
        found[claimed] = float(grid[fits].mean())
    assert found[1.0] > found[2.0] > found[4.0]
    assert found[2.0] == pytest.approx(0.09, abs=0.02)
    assert found[4.0] == pytest.approx(0.01, abs=0.005)


@pytest.mark.parametrize(("epsilon", "least_gain"), [(2.0, 0.08), (3.0, 0.1), (4.0, 0.1)])
def test_the_split_beats_two_halves(epsilon: float, least_gain: float) -> None:
    """The gap to the truth shrinks by a tenth to a fifth, as the design study has it."""
    n, p = 100_000, precision_limit(2, epsilon)
    hits, false_hits = round(n * p), round(n * (1 - p))
    got = event(hits, false_hits, n, claimed=epsilon)
    halves = float(split_bound(0.5, hits, false_hits, n))
    assert halves < got < epsilon
    assert (got - halves) / (epsilon - halves) > least_gain


#: Medians of 400 simulated audits of randomized response on two values, n reports per input:
#: (n, epsilon), Clopper-Pearson at the fixed split, Katz.
MEDIANS = [
    (10**4, 0.5, 0.4602, 0.4757),
    (10**4, 1.0, 0.9537, 0.9680),
    (10**4, 2.0, 1.9442, 1.9551),
    (10**4, 4.0, 3.8736, 3.8798),
    (10**5, 0.5, 0.4873, 0.4922),
    (10**5, 1.0, 0.9871, 0.9915),
    (10**5, 2.0, 1.9823, 1.9856),
    (10**5, 4.0, 3.9612, 3.9628),
    (10**6, 0.5, 0.4959, 0.4974),
    (10**6, 1.0, 0.9955, 0.9969),
    (10**6, 2.0, 1.9944, 1.9954),
    (10**6, 4.0, 3.9865, 3.9870),
]


@pytest.mark.parametrize(("n", "epsilon", "split", "katz"), MEDIANS)
def test_event_bounds_of_randomized_response(
    n: int, epsilon: float, split: float, katz: float
) -> None:
    """At expected counts, to 5 standard errors of a simulated median: 1.25 sd / sqrt(400)."""
    p = precision_limit(2, epsilon)
    counts = EventCounts(round(n * p), n, round(n * (1 - p)), n)
    noise = 5 * 1.25 / 20 * math.sqrt((1 - p) / (n * p) + p / (n * (1 - p)))
    how = {"alpha": ALPHA, "delta": 0.0, "claimed": epsilon}
    assert ClopperPearson().from_event(counts, **how) == pytest.approx(split, abs=noise)
    assert Katz().from_event(counts, **how) == pytest.approx(katz, abs=noise)
    assert ClopperPearson().from_event(counts, **how) < odds(round(2 * n * p), 2 * n, 2 * n)


def test_an_event_that_never_happens_shows_nothing() -> None:
    assert event(0, 0, 100, claimed=1.0) == -math.inf
    assert event(1, 0, 100, claimed=1.0, delta=0.5) == -math.inf
    counts = EventCounts(1, 1, 0, 0)  # the coin never drew the second input
    assert ClopperPearson().from_event(counts, alpha=ALPHA, delta=0.0, claimed=1.0) < 0
    assert math.isfinite(event(90, 10, 100, claimed=700.0))


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, math.nan])
def test_alpha_is_a_probability(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha must lie strictly between 0 and 1"):
        odds(1, 2, 3, alpha=alpha)
    for bound in (ClopperPearson(), Katz()):
        with pytest.raises(ValueError, match="alpha must lie strictly between 0 and 1"):
            bound.from_event(EventCounts(1, 3, 2, 3), alpha=alpha, delta=0.1, claimed=1.0)


# ------------------------------------------------------------------ Katz


@pytest.mark.parametrize("delta", [0.0, 0.05])
def test_katz_is_the_normal_interval_of_a_log_ratio(delta: float) -> None:
    """The error by differences of the estimate itself, against the variances of the counts."""
    n, m, hits, false_hits = 400, 700, 100, 90

    def estimate(x: float, y: float) -> float:
        return math.log((x / n - delta) / (y / m))

    by_hits = (estimate(hits + 1e-4, false_hits) - estimate(hits - 1e-4, false_hits)) / 2e-4
    by_false = (estimate(hits, false_hits + 1e-4) - estimate(hits, false_hits - 1e-4)) / 2e-4
    error = math.hypot(
        by_hits * stats.binom.std(n, hits / n), by_false * stats.binom.std(m, false_hits / m)
    )
    want = estimate(hits, false_hits) - float(stats.norm.isf(ALPHA)) * error
    got = Katz().from_event(
        EventCounts(hits, n, false_hits, m), alpha=ALPHA, delta=delta, claimed=1.0
    )
    assert got == pytest.approx(want, rel=1e-6)


def test_katz_says_nothing_without_an_error() -> None:
    for hits, false_hits, delta in [(0, 0, 0.0), (0, 5, 0.0), (50, 0, 0.0), (5, 5, 0.05)]:
        counts = EventCounts(hits, 100, false_hits, 100)
        assert Katz().from_event(counts, alpha=ALPHA, delta=delta, claimed=1.0) == -math.inf


def test_bounds_say_their_kind() -> None:
    kinds = [bound().kind for bound in (PosteriorOdds, ClopperPearson, Katz)]
    assert kinds == ["exact", "exact", "approximate"]
