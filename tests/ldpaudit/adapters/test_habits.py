"""Habits: mixtures over values and products over reports, by going through all of them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.adapters import Habits, pool_habits
from ldpaudit.leakage import estimate_vulnerability
from ldpaudit.testing import check_mechanism

POPULAR = np.array([0.4, 0.3, 0.2, 0.1])
HABITS = pool_habits(POPULAR, [[0, 3], [1]], 0.7)


def test_habits_of_pools_are_mixtures() -> None:
    """Value by value: outside of all pools as popular as ever, inside by one of two draws."""
    pooled = POPULAR[[0, 3, 1]].sum()
    for row, pool in zip(HABITS, ([0, 3], [1]), strict=True):
        for value in range(4):
            inside = POPULAR[value] / POPULAR[pool].sum() if value in pool else 0.0
            any_pool = POPULAR[value] / pooled
            drawn = pooled * (0.7 * inside + 0.3 * any_pool)
            assert row[value] == pytest.approx(POPULAR[value] if value == 2 else drawn)
    assert HABITS.sum(axis=1) == pytest.approx([1, 1])
    np.testing.assert_allclose(pool_habits(POPULAR, [[0], [1]], 0.0), [POPULAR, POPULAR])


@pytest.mark.parametrize("name", ["grr", "oue"])
def test_likelihood_by_enumeration(name: str) -> None:
    base: Any = ldpaudit.mechanism(name, k=4, epsilon=1.5)
    m = Habits(base, HABITS, rounds=2)
    single = np.exp(base.log_likelihood(base.every_report()))
    law = np.array(
        [
            [np.prod([single[y] @ habit for y in pair]) for habit in HABITS]
            for pair in itertools.product(range(len(single)), repeat=2)
        ]
    )
    np.testing.assert_allclose(np.exp(m.log_likelihood(m.every_report())), law, rtol=1e-12)
    prior = np.array([0.35, 0.65])
    found = estimate_vulnerability(m, prior)
    assert found.how == "channel"
    assert found.value == pytest.approx((law * prior).max(axis=1).sum())


def test_contract_and_refusals() -> None:
    base = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    m = Habits(base, HABITS, rounds=2)
    assert m.epsilon == 2.0
    assert any(line.startswith("channel: 16 reports") for line in check_mechanism(m))
    hashed = Habits(ldpaudit.mechanism("olh", k=4, epsilon=1.0), HABITS, rounds=2)
    with pytest.raises(ValueError, match="must list its reports"):
        hashed.every_report()
    for pools, share, why in (
        ([[0]], 0.5, "pools must be at least two, got 1"),
        ([[0, 1], [1]], 0.5, "no value twice"),
        ([[0], [4]], 0.5, r"values must lie in \[0, 4\)"),
        ([[0], [1]], 1.5, "polarisation must"),
        ([[0], []], 0.5, "values must be integers|let pool 1 be drawn from"),
    ):
        with pytest.raises((ValueError, TypeError), match=why):
            pool_habits(POPULAR, pools, share)
    with pytest.raises(ValueError, match=r"habits must have shape \(at least 2, 4\)"):
        Habits(base, [[0.5, 0.5]], 1)
    with pytest.raises(ValueError, match="each of habits must sum to 1"):
        Habits(base, [[0.5] * 4, [0.25] * 4], 1)
    with pytest.raises(TypeError, match="must have k, privatize and log_likelihood, got int"):
        Habits(3, HABITS, 1)
