"""Information of small channels: loops over the definition, closed forms, inequalities."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ldpaudit
from ldpaudit.leakage.capacity import min_capacity, mutual_information, shannon_capacity
from ldpaudit.leakage.channels import channel, exact_epsilon, min_entropy_leakage

from .channels import Floats, channels


def entropy(law: Floats) -> float:
    return -math.fsum(p * math.log(p) for p in law if p > 0)


@given(channels())
def test_against_the_definition(case: tuple[Floats, Floats]) -> None:
    channel, prior = case
    conditional = sum(p * entropy(row) for p, row in zip(prior, channel, strict=True))
    want = entropy(prior @ channel) - conditional
    assert mutual_information(channel, prior) == pytest.approx(want, abs=1e-12)
    largest = sum(max(column) for column in channel.T)
    assert min_capacity(channel) == pytest.approx(math.log(largest), abs=1e-12)


@given(channels())
def test_information_is_bounded(case: tuple[Floats, Floats]) -> None:
    channel, prior = case
    epsilon, k = exact_epsilon(channel), len(prior)
    assert mutual_information(channel, prior) <= entropy(prior) + 1e-12
    assert mutual_information(channel, prior) <= min_capacity(channel) + 1e-12
    limit = math.log(k / (1 + (k - 1) * math.exp(-epsilon)))
    assert min_capacity(channel) <= limit + 1e-12
    assert mutual_information(channel, prior) <= min(epsilon, epsilon * epsilon / 8) + 1e-12


@given(channels())
def test_the_uniform_prior_reaches_the_min_capacity(case: tuple[Floats, Floats]) -> None:
    channel, prior = case
    assert min_entropy_leakage(channel, prior) <= min_capacity(channel) + 1e-12
    assert min_entropy_leakage(channel) == pytest.approx(min_capacity(channel), abs=1e-12)


@given(channels())
def test_capacity_is_certified(case: tuple[Floats, Floats]) -> None:
    """Its ends are what they claim, and no prior passes them."""
    channel, prior = case
    found = shannon_capacity(channel, 1e-4)
    assert found.prior.sum() == pytest.approx(1)
    assert found.lower == pytest.approx(mutual_information(channel, found.prior), abs=1e-12)
    assert found.upper - found.lower <= 1e-4
    assert mutual_information(channel, prior) <= found.upper + 1e-12
    assert mutual_information(channel) <= found.upper + 1e-12
    assert found.lower <= min_capacity(channel) + 1e-12


@pytest.mark.parametrize("flip", [0.0, 0.1, 0.5])
def test_binary_symmetric_channel(flip: float) -> None:
    want = math.log(2) - entropy(np.array([flip, 1 - flip]))
    found = shannon_capacity([[1 - flip, flip], [flip, 1 - flip]])
    assert found.lower == pytest.approx(want, abs=1e-12)
    assert found.upper == pytest.approx(want, abs=1e-12)


@pytest.mark.parametrize("lost", [0.01, 0.5, 0.9])
def test_channels_with_known_capacity(lost: float) -> None:
    """Erasures, 1 - lost bits; and the Z-channel, ln(1 + (1 - f) f^(f / (1 - f)))."""
    erasure = [[1 - lost, lost, 0.0], [0.0, lost, 1 - lost]]
    assert shannon_capacity(erasure).lower == pytest.approx((1 - lost) * math.log(2), abs=1e-9)
    z = [[1.0, 0.0], [lost, 1 - lost]]
    want = math.log1p((1 - lost) * lost ** (lost / (1 - lost)))
    found = shannon_capacity(z)
    assert found.lower - 1e-12 <= want <= found.upper + 1e-12
    assert found.upper - found.lower <= 1e-9


def test_a_useless_value_is_left_out() -> None:
    """The middle row mixes the other two: the best prior gives it nothing."""
    found = shannon_capacity([[0.9, 0.1], [0.5, 0.5], [0.1, 0.9]], 1e-7)
    assert found.prior == pytest.approx([0.5, 0.0, 0.5], abs=1e-6)
    best = math.log(2) - entropy(np.array([0.1, 0.9]))
    assert found.lower - 1e-12 <= best <= found.upper + 1e-12


def test_a_report_that_nobody_sends_and_a_value_that_nobody_holds() -> None:
    table = [[0.75, 0.25, 0.0], [0.25, 0.75, 0.0], [0.0, 0.0, 1.0]]
    two = mutual_information([[0.75, 0.25], [0.25, 0.75]])
    assert mutual_information(table, [0.5, 0.5, 0.0]) == pytest.approx(two, rel=1e-12)
    assert shannon_capacity(np.array(table)[:2]).lower == pytest.approx(two, rel=1e-12)


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 4.0])
@pytest.mark.parametrize("k", [2, 7])
def test_randomized_response_reaches_the_limit(k: int, epsilon: float) -> None:
    table = channel(ldpaudit.mechanism("grr", k=k, epsilon=epsilon))
    limit = math.log(k / (1 + (k - 1) * math.exp(-epsilon)))
    assert min_capacity(table) == pytest.approx(limit, rel=1e-12)
    found = shannon_capacity(table)
    assert found.upper - found.lower < 1e-12  # symmetric: the uniform prior is best
    assert found.lower == pytest.approx(mutual_information(table), rel=1e-12)


@given(st.floats(0.01, 20.0))
def test_two_values_come_near_the_square(epsilon: float) -> None:
    """epsilon^2 / 8 is the truth of small epsilon: randomized response on a fair coin."""
    table = channel(ldpaudit.mechanism("grr", k=2, epsilon=epsilon))
    share = mutual_information(table) / min(epsilon, epsilon * epsilon / 8)
    assert share <= 1
    assert share > 0.95 or epsilon > 0.5


def test_bad_tolerance() -> None:
    with pytest.raises(ValueError, match="tolerance must be positive"):
        shannon_capacity(np.eye(2), 0.0)
