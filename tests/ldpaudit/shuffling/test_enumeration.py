"""Both bounds against every data set and every histogram, where those can be listed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.shuffling import central_delta, shuffle
from ldpaudit.shuffling.channel import blanket_laws, channel_table, neighbour_laws
from ldpaudit.shuffling.divergence_bounds import delta_lower, delta_upper
from ldpaudit.shuffling.laws import against

from .enumeration import exact_deltas, histogram_laws

SMALL = 2**11  # lattice points: the order of the three figures is a theorem for any number


def response(k: int, epsilon: float) -> np.ndarray:
    """The channel of randomized response."""
    rest = 1 / (math.exp(epsilon) + k - 1)
    table = np.full((k, k), rest)
    np.fill_diagonal(table, math.exp(epsilon) * rest)
    return table


def check_order(table: np.ndarray, num_users: int, epsilons: Any, exact: Any) -> None:
    laws = blanket_laws(table)
    below = neighbour_laws(table)
    assert laws is not None
    for epsilon, delta in zip(epsilons, exact, strict=True):
        upper = max(delta_upper(law, num_users, epsilon, SMALL) for law in laws)
        lower = max(delta_lower(law, num_users, epsilon, SMALL) for law in below)
        rounding = 1e-14  # of the enumeration
        assert upper >= delta - rounding
        assert lower <= delta + rounding


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("k", [2, 3, 4])
def test_the_exact_divergence_lies_between_the_bounds(k: Any, epsilon: Any) -> None:
    table = response(k, epsilon)
    epsilons = [0.0, 0.1 * epsilon, 0.4 * epsilon, 0.8 * epsilon, 0.99 * epsilon]
    for num_users in range(1, 9):
        exact = exact_deltas(table, num_users, epsilons, pairs=[(0, 1)])
        check_order(table, num_users, epsilons, exact)


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("k", [2, 3, 4])
def test_the_exact_epsilon_lies_between_the_ends(k: Any, epsilon: Any) -> None:
    mechanism = ldpaudit.mechanism("grr", k=k, epsilon=epsilon)
    table = channel_table(mechanism)
    num_users = int(k + 2 * epsilon) % 7 + 2  # from 2 to 8
    delta = 10.0 ** -(1 + num_users % 5)
    found = shuffle(mechanism, num_users, delta)
    ends = [found.epsilon_lower, found.epsilon_upper]
    at_lower, at_upper = exact_deltas(table, num_users, ends, pairs=[(0, 1)])
    assert found.epsilon_lower == 0 or at_lower >= delta * (1 - 1e-9)
    assert at_upper <= delta * (1 + 1e-9)
    assert found.epsilon_lower <= found.epsilon_upper <= found.local_epsilon + 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_random_channels_with_reports_that_some_values_never_send(seed: Any) -> None:
    rng = np.random.default_rng(seed)
    table = rng.dirichlet(np.full(4, 0.7), size=3)
    if seed % 2:
        table[rng.integers(3), rng.integers(4)] = 0.0
        table[0, 1] = 0.0
    table /= table.sum(axis=1, keepdims=True)
    epsilons = [0.0, 0.3, 1.0, 2.5]
    for num_users in (1, 2, 4):
        exact = exact_deltas(table, num_users, epsilons)
        check_order(table, num_users, epsilons, exact)


def test_the_lower_bound_is_the_exact_figure_of_its_data_set() -> None:
    table = response(4, 2.0)
    law = against(table[2], table[0], table[1])
    for num_users in (2, 5, 8):
        others = (2,) * (num_users - 1)
        first, second = dict(histogram_laws(table, num_users, others))[others][:2]
        for epsilon in (0.2, 0.6, 1.2, 1.8):
            exact = np.maximum(first - math.exp(epsilon) * second, 0).sum()
            found = delta_lower(law, num_users, epsilon)
            assert exact * (1 - 1e-3) <= found <= exact + 1e-14


def test_two_users_by_hand() -> None:
    # Binary response, the other user holds 0: two zeros have probability (e / (e + 1))^2 against
    # e / (e + 1)^2, and no other histogram has a ratio above exp(0.5).
    e = math.exp(1.0)
    low, high = central_delta(ldpaudit.mechanism("grr", k=2, epsilon=1.0), 2, 0.5)
    by_hand = e * (e - math.exp(0.5)) / (e + 1) ** 2
    assert low == pytest.approx(by_hand, rel=1e-3)
    assert low <= by_hand <= high
