"""Estimates against sums over all reports; intervals by repetition."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

import ldpaudit
from ldpaudit.data.dataset import DataSet
from ldpaudit.data.priors import zipf
from ldpaudit.data.sources import load
from ldpaudit.leakage import capacity, channels, estimates
from ldpaudit.leakage.estimates import estimate_mutual_information, estimate_vulnerability, prior_of
from ldpaudit.leakage.gain import g_vulnerability

from .channels import Floats, gains

PRIOR = np.array([0.4, 0.3, 0.2, 0.1])


@dataclass(frozen=True)
class Listed:
    """A mechanism by its table, which does not list its reports: it has to be sampled."""

    table: tuple[tuple[float, ...], ...]
    epsilon: float = 1.0

    @property
    def k(self) -> int:
        return len(self.table)

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Any:
        ends = np.cumsum(self.table, axis=1)[np.asarray(values)]
        ends[:, -1] = 1
        return (rng.random((len(ends), 1)) >= ends).sum(axis=1)

    def log_likelihood(self, reports: Any, values: npt.ArrayLike | None = None) -> Floats:
        rows = np.arange(self.k) if values is None else np.asarray(values)
        return np.asarray(np.log(np.array(self.table)[rows][:, reports]).T)


@dataclass(frozen=True)
class Known(Listed):
    """One that knows its exact epsilon, or states another."""

    stated: float | None = None

    def exact_epsilon(self) -> float:
        return channels.exact_epsilon(self.table) if self.stated is None else self.stated


def table() -> tuple[tuple[float, ...], ...]:
    """An uneven channel of 4 values and 7 reports."""
    rows = np.exp(4 * np.random.default_rng(1).random((4, 7)))
    return tuple(map(tuple, (rows / rows.sum(axis=1, keepdims=True)).tolist()))


# ------------------------------------------------------------- how it was obtained


def test_exact_wherever_it_can_be() -> None:
    grr: Any = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    channel = channels.channel(grr)
    found = estimate_vulnerability(grr, PRIOR)
    assert (found.how, found.trials, found.exact) == ("closed form", 0, True)
    assert found.value == found.lower == found.upper == grr.vulnerability(PRIOR)
    for t in range(1, 5):
        pair = estimate_vulnerability(grr, PRIOR, t=t)
        assert pair.value == pytest.approx(channels.top_vulnerability(channel, t, PRIOR), rel=1e-12)
        assert pair.how == ("channel" if t > 1 else "closed form")
    gain = gains(4, 2)
    assert estimate_vulnerability(grr, PRIOR, gain=gain).value == pytest.approx(
        g_vulnerability(channel, gain, PRIOR), rel=1e-12
    )
    information = estimate_mutual_information(grr, PRIOR)
    assert information.how == "channel"
    assert information.value == pytest.approx(capacity.mutual_information(channel, PRIOR))


def test_too_many_reports_are_sampled() -> None:
    oue = ldpaudit.mechanism("oue", k=40, epsilon=1.0)
    found = estimate_vulnerability(oue, t=2, trials=500)
    assert (found.how, found.trials, found.exact) == ("posterior", 500, False)


def test_sampled_agrees_with_the_sum_over_reports() -> None:
    """Every score, with and without exact epsilon; each fails once in 1e6."""
    channel = np.array(table())
    gain = gains(4, 5)
    for mechanism in (Listed(table()), Known(table())):
        sampled: Any = {"trials": 200_000, "alpha": 1e-6}
        for t in (1, 2, 3):
            found = estimate_vulnerability(mechanism, PRIOR, t=t, **sampled)
            want = channels.top_vulnerability(channel, t, PRIOR)
            assert found.how == "posterior"
            assert found.lower <= want <= found.upper
        found = estimate_vulnerability(mechanism, PRIOR, gain=gain, **sampled)
        assert found.lower <= g_vulnerability(channel, gain, PRIOR) <= found.upper
        assert found.upper - found.lower < 0.05 * found.value
        found = estimate_mutual_information(mechanism, PRIOR, **sampled)
        assert found.lower <= capacity.mutual_information(channel, PRIOR) <= found.upper
        assert found.upper - found.lower < 0.01


def test_sampled_agrees_with_the_closed_form() -> None:
    """Registered mechanisms under an uneven prior; fails once in 1e6 each."""
    prior = zipf(80)
    for name in ("oue", "olh", "ss"):
        m: Any = ldpaudit.mechanism(name, k=80, epsilon=2.0)
        found = estimate_vulnerability(m, prior, gain=np.eye(80), trials=20_000, alpha=1e-6)
        assert found.how == "posterior"
        assert found.lower <= m.vulnerability(prior) <= found.upper


def test_same_seed_same_figure() -> None:
    first, again, other = (estimate_vulnerability(Listed(table()), seed=s) for s in (3, 3, 4))
    assert first == again != other


# ------------------------------------------------------- the estimator and its interval


def test_the_posterior_varies_less_than_the_hits() -> None:
    """The law of total variance, on sums over all reports."""
    channel = np.array(table())
    law = PRIOR @ channel
    mass = (PRIOR[:, None] * channel).max(axis=0) / law
    value = float(law @ mass)
    variance = float(law @ (mass - value) ** 2)
    assert value == pytest.approx(channels.bayes_vulnerability(channel, PRIOR))
    rest = float(law @ (mass * (1 - mass)))
    assert value * (1 - value) == pytest.approx(variance + rest, rel=1e-12)
    assert value * (1 - value) / variance == pytest.approx(17.1485, abs=1e-4)


def test_a_constant_posterior_costs_next_to_nothing() -> None:
    """Subset selection under a uniform prior: all reports are alike, hits are not."""
    m: Any = ldpaudit.mechanism("ss", k=64, epsilon=1.0)
    n = 10_000
    found = estimate_vulnerability(m, gain=np.eye(64), trials=n)
    assert found.value == pytest.approx(m.vulnerability(), rel=1e-12)
    hits = math.sqrt(found.value * (1 - found.value) / n)
    assert found.upper - found.lower < 0.05 * hits
    spread = (math.e - 1 / math.e) / 64
    rare, tail = math.log(1 / 0.005), math.log(1 / 0.0225)
    margin = spread * (2 * math.sqrt(rare * tail / (n * (n - 1))) + tail / (3 * n))
    assert found.upper - found.value == pytest.approx(margin, rel=1e-6)
    assert found.value - found.lower == pytest.approx(margin, rel=1e-6)


def test_moments_of_many_chunks() -> None:
    """Batches whose means lie far apart combine to the moments of all scores."""
    mechanism: Any = Listed(table())
    seen: list[Floats] = []

    def drifting(posterior: Floats) -> Floats:
        seen.append(posterior[:, 0] + len(seen) ** 2)
        return seen[-1]

    rng = np.random.default_rng(0)
    found = estimates._moments(mechanism, PRIOR, drifting, (0.0, 99.0), 100_000, 100, rng)
    scores = np.concatenate(seen)
    assert len(seen) > 2
    assert scores.size == 100_000
    assert found == pytest.approx((scores.mean(), scores.var(ddof=1)), rel=1e-12)


def test_interval_is_bernsteins() -> None:
    """Wider than the normal one by sqrt(2 ln(2 / 0.9 alpha)) / z, and little else at large n."""
    found = estimate_vulnerability(Known(table()), PRIOR, trials=10**6)
    channel = np.array(table())
    law = PRIOR @ channel
    mass = (PRIOR[:, None] * channel).max(axis=0) / law
    error = math.sqrt(float(law @ mass**2 - (law @ mass) ** 2) / found.trials)
    ratio = (found.upper - found.lower) / (2 * error * float(stats.norm.isf(0.025)))
    assert 1.4 < ratio < 1.45


@pytest.mark.parametrize("trials", [2, 30, 500])
def test_coverage(trials: int) -> None:
    """2,000 repetitions; fails for a right interval less than once in 1e6."""
    alpha, repetitions = 0.2, 2000
    channel = np.array(table())
    mechanism: Any = Known(table())
    vulnerable = channels.bayes_vulnerability(channel, PRIOR)
    information = capacity.mutual_information(channel, PRIOR)
    missed = np.zeros(2)
    for seed in range(repetitions):
        sampled: Any = {"trials": trials, "alpha": alpha, "seed": seed}
        found = estimate_vulnerability(mechanism, PRIOR, **sampled)
        missed[0] += not found.lower <= vulnerable <= found.upper
        found = estimate_mutual_information(mechanism, PRIOR, **sampled)
        missed[1] += not found.lower <= information <= found.upper
    limit = alpha + 5 * math.sqrt(alpha * (1 - alpha) / repetitions)
    assert (missed / repetitions <= limit).all()


@pytest.mark.parametrize(("share", "size"), [(0.5, 40), (0.02, 100), (0.2, 10)])
def test_coverage_of_the_hardest_scores(share: float, size: int) -> None:
    """Scores of 0 and 1 alone, by the exact law of their sum: the interval holds at any size."""
    for alpha in (0.4, 0.05, 0.001):
        missed = 0.0
        for ones in range(size + 1):
            mean = ones / size
            moments = (mean, mean * (1 - mean) * size / (size - 1))
            found = estimates._interval(moments, 1.0, (0.0, 1.0), size, alpha)
            if not found.lower <= share <= found.upper:
                missed += float(stats.binom.pmf(ones, size, share))
        assert missed <= alpha


def test_the_figure_keeps_within_what_is_certain() -> None:
    """At 2 trials Bernstein knows nothing; epsilon does."""
    epsilon, k = 0.8, 4
    lie = 1 / (math.exp(epsilon) + k - 1)
    rows = lie + (1 - k * lie) * np.eye(k)
    known, unknown = (kind(tuple(map(tuple, rows.tolist()))) for kind in (Known, Listed))
    found = estimate_vulnerability(known, trials=2)
    assert found.lower == 1 / k
    assert found.upper == pytest.approx(math.exp(epsilon) / k)
    assert estimate_vulnerability(unknown, trials=2).upper == 1
    for mechanism, most in ((known, epsilon**2 / 8), (unknown, math.log(k))):
        information = estimate_mutual_information(mechanism, trials=2)
        assert information.lower == 0
        assert information.upper == pytest.approx(most)


def test_a_claim_is_not_believed() -> None:
    """An epsilon of 0.01 that is false neither shortens an interval nor stays unseen."""
    claimed = estimate_vulnerability(Listed(table(), epsilon=0.01), PRIOR, trials=100)
    assert claimed == estimate_vulnerability(Listed(table(), epsilon=5.0), PRIOR, trials=100)
    with pytest.raises(ValueError, match="must keep within exact_epsilon of the prior"):
        estimate_vulnerability(Known(table(), stated=0.01), PRIOR)
    with pytest.raises(ValueError, match="must keep within exact_epsilon of the prior"):
        estimate_mutual_information(Known(table(), stated=0.01), PRIOR)


def test_an_infinite_epsilon() -> None:
    """A channel that tells a value for certain now and then."""
    leaky = Known(((0.5, 0.5, 0.0), (0.0, 0.5, 0.5)))
    with np.errstate(divide="ignore"):
        found = estimate_vulnerability(leaky, trials=50_000, alpha=1e-6)
        information = estimate_mutual_information(leaky, trials=50_000, alpha=1e-6)
    assert found.lower <= 0.75 <= found.upper < 0.78
    assert information.lower <= math.log(2) / 2 <= information.upper < 0.4


# ------------------------------------------------------------------ priors, refusals


def test_prior_of_data() -> None:
    ages = load("adult-age")
    assert prior_of(ages) == pytest.approx(ages.histogram / ages.num_users)
    assert prior_of(DataSet("coins", np.array([3, 1]))).tolist() == [0.75, 0.25]
    assert prior_of([1, 0, 3]).tolist() == [0.25, 0.0, 0.75]
    m: Any = ldpaudit.mechanism("grr", k=ages.k, epsilon=1.0)
    informed = estimate_vulnerability(m, prior_of(ages)).value
    assert informed == m.vulnerability(ages.frequencies) > m.vulnerability()
    for wrong in ([0, 0], [-1, 2], [0.5, 0.5]):
        with pytest.raises(ValueError, match="histogram must"):
            prior_of(wrong)


def test_refusals() -> None:
    m: Any = Listed(table())
    with pytest.raises(ValueError, match="t must be left at 1 beside a gain, got 2"):
        estimate_vulnerability(m, t=2, gain=np.eye(4))
    with pytest.raises(ValueError, match="t must be at most 4, got 5"):
        estimate_vulnerability(m, t=5)
    with pytest.raises(ValueError, match="gain must be positive for some guess"):
        estimate_vulnerability(m, [0.0, 0.0, 0.5, 0.5], gain=[[1.0, 1.0, 0.0, 0.0]])
    with pytest.raises(ValueError, match="trials must be at least 2, got 1"):
        estimate_mutual_information(m, trials=1)
    with pytest.raises(ValueError, match="alpha must lie strictly between 0 and 1"):
        estimate_vulnerability(m, alpha=1.0)

    class Opaque:
        k, epsilon = 4, 1.0

        def privatize(self, values: Any, *, rng: np.random.Generator) -> Any:
            raise NotImplementedError

    with pytest.raises(TypeError, match="mechanism must have log_likelihood, got Opaque"):
        estimate_vulnerability(Opaque())
