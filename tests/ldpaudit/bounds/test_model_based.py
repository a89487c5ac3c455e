"""Bounds under an assumption: what they compute; test_coverage.py says what they are worth."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from ldpaudit.bounds.model_based import GaussianTradeOff, JointBeta
from ldpaudit.counts import EventCounts

Floats = npt.NDArray[np.float64]
ALPHA = 0.05


def needed(fnr: Floats, fpr: Floats, delta: float) -> Floats:
    """Least epsilon that allows two error rates."""
    faces = [
        ((1 - delta - fpr), fnr),
        ((1 - delta - fnr), fpr),
        ((fpr - delta), 1 - fnr),
        ((fnr - delta), 1 - fpr),
    ]
    with np.errstate(divide="ignore"):
        return np.asarray(np.max([np.log(np.maximum(a, 0) / b) for a, b in faces], axis=0).clip(0))


@pytest.mark.parametrize("delta", [0.0, 0.02])
@pytest.mark.parametrize(
    ("hits", "false_hits"), [(731, 269), (982, 18), (500, 490), (100, 700), (1000, 0)]
)
def test_joint_beta_is_a_quantile_of_the_posterior(
    hits: int, false_hits: int, delta: float
) -> None:
    """Beside 200,000 draws: the share below the bound is alpha, to 5 standard errors (6e-7)."""
    rng, n, draws = np.random.default_rng(3), 1_000, 200_000
    fnr = rng.beta(n - hits + 0.5, hits + 0.5, draws)
    fpr = rng.beta(false_hits + 0.5, n - false_hits + 0.5, draws)
    got = JointBeta().from_event(
        EventCounts(hits, n, false_hits, n), alpha=ALPHA, delta=delta, claimed=1.0
    )
    share = float((needed(fnr, fpr, delta) <= got).mean())
    noise = 5 * math.sqrt(ALPHA * (1 - ALPHA) / draws)
    if got > 0:
        assert share == pytest.approx(ALPHA, abs=noise)
    else:
        assert share >= ALPHA - noise


def test_gdp_reads_mu_off_one_point() -> None:
    """delta at the bound's epsilon is the claimed one, for mu from two intervals at alpha / 2."""
    n, delta = 10_000, 1e-5
    hits, false_hits = 6915, 3085
    low = stats.beta.ppf(ALPHA / 2, hits, n - hits + 1)
    high = stats.beta.isf(ALPHA / 2, false_hits + 1, n - false_hits)
    mu = float(stats.norm.ppf(low) - stats.norm.ppf(high))
    got = GaussianTradeOff().from_event(
        EventCounts(hits, n, false_hits, n), alpha=ALPHA, delta=delta, claimed=1.0
    )
    first, second = stats.norm.cdf(-got / mu + mu / 2), stats.norm.cdf(-got / mu - mu / 2)
    assert first - math.exp(got) * second == pytest.approx(delta, rel=1e-8)


def test_gdp_needs_delta_and_some_leakage() -> None:
    with pytest.raises(ValueError, match=r"delta must be positive for a Gaussian trade-off, got 0"):
        GaussianTradeOff().from_event(
            EventCounts(9, 10, 1, 10), alpha=ALPHA, delta=0.0, claimed=1.0
        )
    for hits, false_hits in [(0, 0), (10, 10), (3, 7), (0, 10)]:
        counts = EventCounts(hits, 10, false_hits, 10)
        assert GaussianTradeOff().from_event(counts, alpha=ALPHA, delta=1e-5, claimed=1.0) == 0.0


def test_a_claim_changes_nothing_and_alpha_is_a_probability() -> None:
    counts = EventCounts(80, 100, 20, 100)
    for bound in (JointBeta(), GaussianTradeOff()):
        assert bound.kind == "model-based"
        assert bound.requires_opt_in
        found = {bound.from_event(counts, alpha=ALPHA, delta=0.01, claimed=c) for c in (0.1, 9.0)}
        assert len(found) == 1
        for alpha in (0.0, 1.0, math.nan):
            with pytest.raises(ValueError, match="alpha must lie strictly between 0 and 1"):
                bound.from_event(counts, alpha=alpha, delta=0.01, claimed=1.0)
