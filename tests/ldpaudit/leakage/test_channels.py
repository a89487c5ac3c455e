"""Leakage of small channels, by loops over the definition."""

from __future__ import annotations

import math
from itertools import combinations, permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ldpaudit
from ldpaudit.leakage.channels import (
    bayes_vulnerability,
    check_channel,
    exact_delta,
    exact_epsilon,
    min_entropy_leakage,
    posterior,
    top_vulnerability,
)

from .channels import Floats, channels


@given(channels())
def test_against_the_definition(case: tuple[Floats, Floats]) -> None:
    channel, prior = case
    success = sum(
        max(prior[x] * channel[x, y] for x in range(len(prior))) for y in range(channel.shape[1])
    )
    assert bayes_vulnerability(channel, prior) == pytest.approx(success, rel=1e-12)
    leakage = min_entropy_leakage(channel, prior)
    assert leakage == pytest.approx(math.log(success / prior.max()), abs=1e-12)
    ratios = [0.0]
    for one, two in permutations(channel, 2):
        ratios += [
            math.inf if q == 0 else math.log(p / q) for p, q in zip(one, two, strict=True) if p > 0
        ]
    epsilon = exact_epsilon(channel)
    assert epsilon == pytest.approx(max(ratios), rel=1e-12, abs=1e-12)
    assert -1e-12 <= leakage <= epsilon + 1e-12


@given(channels(), st.integers(0, 2**32))
def test_processing_a_report_reveals_no_more(case: tuple[Floats, Floats], seed: int) -> None:
    channel, prior = case
    later = np.random.default_rng(seed).dirichlet(np.ones(3), channel.shape[1])
    assert bayes_vulnerability(channel @ later, prior) <= bayes_vulnerability(channel, prior) + 1e-9
    assert exact_epsilon(channel @ later) <= exact_epsilon(channel) + 1e-9


@given(channels())
def test_lists_of_guesses(case: tuple[Floats, Floats]) -> None:
    """The best list for each report, over all lists."""
    channel, prior = case
    found = [top_vulnerability(channel, t, prior) for t in range(1, len(prior) + 1)]
    for t, success in enumerate(found, 1):
        want = sum(
            max(sum(prior[x] * channel[x, y] for x in named) for named in lists)
            for y in range(channel.shape[1])
            for lists in [list(combinations(range(len(prior)), t))]
        )
        assert success == pytest.approx(want, rel=1e-12)
    assert found[0] == pytest.approx(bayes_vulnerability(channel, prior), rel=1e-12)
    assert found[-1] == pytest.approx(1, abs=1e-12)
    steps = np.diff(found, prepend=0.0)
    assert (np.diff(steps) <= 1e-12).all()  # one more guess is worth less each time


@given(channels())
def test_posterior_is_bayes_rule(case: tuple[Floats, Floats]) -> None:
    channel, prior = case
    possible = channel[:, channel.max(axis=0) > 0]
    with np.errstate(divide="ignore"):
        found = posterior(np.log(possible.T), prior)
    for y, row in enumerate(found):
        total = sum(prior[x] * possible[x, y] for x in range(len(prior)))
        assert row == pytest.approx(prior * possible[:, y] / total, rel=1e-12)


def test_posterior_of_likelihoods_far_below_the_smallest_float() -> None:
    """As of a report of many bits; and a density may be above 1."""
    table = np.array([[-5000.0, -5000 - math.log(3)], [800.0, 800 + math.log(3)]])
    assert posterior(table) == pytest.approx(np.array([[0.75, 0.25], [0.25, 0.75]]))
    assert posterior(table[:1], [0.25, 0.75]) == pytest.approx(np.array([[0.5, 0.5]]))


def test_posterior_of_the_impossible() -> None:
    with pytest.raises(ValueError, match="value of positive prior, report 1 is not"):
        posterior([[0.0, 0.0], [-math.inf, 0.0]], [1.0, 0.0])
    with pytest.raises(ValueError, match="report 0 is not"):
        posterior([[math.nan, 0.0]])
    with pytest.raises(ValueError, match=r"must have shape \(n, k >= 2\), got \(2,\)"):
        posterior([0.0, 0.0])


def test_posterior_of_a_mechanism_is_calibrated() -> None:
    """Users with posterior near c are right about c of the time; fails once in 1e6."""
    m, prior = ldpaudit.mechanism("oue", k=6, epsilon=2.0), np.arange(1, 7) / 21
    rng = np.random.default_rng(7)
    own = rng.choice(6, 40_000, p=prior)
    found = posterior(m.log_likelihood(m.privatize(own, rng=rng)), prior)
    best = found.argmax(axis=1)
    mass, hits = found[np.arange(own.size), best], own == best
    error = (hits.sum() - mass.sum()) / math.sqrt((mass * (1 - mass)).sum())
    assert abs(error) < 5


def test_delta_at_any_epsilon() -> None:
    assert exact_delta(np.eye(2), 1e6) == 1
    assert exact_delta([[0.75, 0.25], [0.25, 0.75]], 1e6) == 0


def test_extremes() -> None:
    assert bayes_vulnerability(np.eye(3)) == pytest.approx(1)
    assert exact_epsilon(np.eye(3)) == math.inf
    assert min_entropy_leakage(np.eye(4)) == pytest.approx(math.log(4))
    silent = np.full((4, 2), 0.5)
    assert bayes_vulnerability(silent, [0.7, 0.1, 0.1, 0.1]) == pytest.approx(0.7)
    assert exact_epsilon(silent) == 0
    assert exact_epsilon([[1.0, 0.0], [1.0, 0.0]]) == 0  # a report nobody sends


@pytest.mark.parametrize(
    ("channel", "message"),
    [
        ([[1.0, 0.0]], r"channel must have shape \(k >= 2, reports\), got \(1, 2\)"),
        ([1.0, 0.0], "channel must have shape"),
        ([[0.5, 0.5], [0.5, 0.4]], "channel row 1 must sum to 1, got 0.9"),
        ([[1.5, -0.5], [0.5, 0.5]], "channel row 0 must hold finite probabilities"),
        ([[math.nan, 1], [0.5, 0.5]], "channel row 0 must hold finite probabilities"),
    ],
)
def test_what_is_no_channel(channel: Any, message: str) -> None:
    for measure in (check_channel, bayes_vulnerability, min_entropy_leakage, exact_epsilon):
        with pytest.raises(ValueError, match=message):
            measure(channel)


def test_prior_must_fit() -> None:
    with pytest.raises(ValueError, match=r"prior must have shape \(2,\), got \(3,\)"):
        bayes_vulnerability(np.eye(2), [0.2, 0.3, 0.5])
    with pytest.raises(ValueError, match="t must be at most 2, got 3"):
        top_vulnerability(np.eye(2), 3)
