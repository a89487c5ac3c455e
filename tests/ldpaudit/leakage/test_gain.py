"""g-leakage by loops over the definition, and the inequalities that hold for any gain."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ldpaudit
from ldpaudit.leakage.capacity import min_capacity
from ldpaudit.leakage.channels import (
    bayes_vulnerability,
    channel,
    exact_epsilon,
    min_entropy_leakage,
)
from ldpaudit.leakage.gain import (
    additive_g_leakage,
    g_leakage,
    g_vulnerability,
    prior_g_vulnerability,
)

from .channels import Floats, channels, gains

SEEDS = st.integers(0, 2**32)


@given(channels(), SEEDS)
def test_against_the_definition(case: tuple[Floats, Floats], seed: int) -> None:
    channel, prior = case
    gain = gains(len(prior), seed)
    before = max(sum(prior[x] * row[x] for x in range(len(prior))) for row in gain)
    after = sum(
        max(sum(prior[x] * channel[x, y] * row[x] for x in range(len(prior))) for row in gain)
        for y in range(channel.shape[1])
    )
    assert prior_g_vulnerability(gain, prior) == pytest.approx(before, rel=1e-12)
    assert g_vulnerability(channel, gain, prior) == pytest.approx(after, rel=1e-12)
    assert g_leakage(channel, gain, prior) == pytest.approx(math.log(after / before), abs=1e-12)
    assert additive_g_leakage(channel, gain, prior) == pytest.approx(after - before, abs=1e-12)


@given(channels(), SEEDS)
def test_no_gain_gets_more_than_the_min_capacity(case: tuple[Floats, Floats], seed: int) -> None:
    channel, prior = case
    found = g_leakage(channel, gains(len(prior), seed), prior)
    assert -1e-12 <= found <= min_capacity(channel) + 1e-12
    assert found <= exact_epsilon(channel) + 1e-12


@given(channels(), SEEDS)
def test_processing_a_report_gains_nothing(case: tuple[Floats, Floats], seed: int) -> None:
    channel, prior = case
    gain = gains(len(prior), seed)
    later = np.random.default_rng(seed).dirichlet(np.ones(3), channel.shape[1])
    assert g_vulnerability(channel @ later, gain, prior) <= (
        g_vulnerability(channel, gain, prior) + 1e-12
    )


@given(channels())
def test_the_identity_is_a_single_guess(case: tuple[Floats, Floats]) -> None:
    channel, prior = case
    identity = np.eye(len(prior))
    assert g_vulnerability(channel, identity, prior) == pytest.approx(
        bayes_vulnerability(channel, prior), rel=1e-12
    )
    assert g_leakage(channel, identity, prior) == pytest.approx(
        min_entropy_leakage(channel, prior), abs=1e-12
    )


def test_an_aim_can_be_worth_more_than_the_value() -> None:
    """A category of two values leaks more in absolute terms, and less as a factor."""
    table = channel(ldpaudit.mechanism("ss", k=4, epsilon=2.0))
    pairs = np.array([[1, 1, 0, 0], [0, 0, 1, 1]])
    value = np.eye(4)
    assert additive_g_leakage(table, pairs) < additive_g_leakage(table, value)
    assert g_leakage(table, pairs) < g_leakage(table, value)
    assert g_vulnerability(table, pairs) > g_vulnerability(table, value)


def test_scale_of_a_gain() -> None:
    table, gain = np.array([[0.75, 0.25], [0.25, 0.75]]), np.array([[2.0, 0.0], [0.0, 1.0]])
    assert g_vulnerability(table, 10 * gain) == pytest.approx(10 * g_vulnerability(table, gain))
    assert g_leakage(table, 10 * gain) == pytest.approx(g_leakage(table, gain))


@pytest.mark.parametrize(
    ("gain", "message"),
    [
        ([1.0, 0.0], r"gain must have shape \(guesses >= 1, 2\), got \(2,\)"),
        (np.zeros((0, 2)), "gain must have shape"),
        (np.eye(3), r"got \(3, 3\)"),
        ([[1.0, -1.0]], "finite numbers of at least 0"),
        ([[1.0, math.inf]], "finite numbers of at least 0"),
    ],
)
def test_what_is_no_gain(gain: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        g_vulnerability(np.eye(2), gain)
    with pytest.raises(ValueError, match=message):
        prior_g_vulnerability(gain, [0.5, 0.5])


def test_nothing_to_gain() -> None:
    with pytest.raises(ValueError, match="gain must be positive for some guess"):
        g_leakage(np.eye(2), [[1.0, 0.0]], [0.0, 1.0])
    assert additive_g_leakage(np.eye(2), [[1.0, 0.0]], [0.0, 1.0]) == 0
