"""Pool inference: the attacker's success against the sum over all reports."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.adapters import Habits, pool_habits
from ldpaudit.leakage import estimate_vulnerability, pool_inference

TRIALS = 20_000


@pytest.mark.parametrize("prior", [None, [0.2, 0.3, 0.5]])
def test_success_is_that_of_the_best_attacker(prior: list[float] | None) -> None:
    """One to three reports of each of 20,000 users: five standard errors each."""
    m = ldpaudit.mechanism("grr", k=6, epsilon=1.2)
    habits = pool_habits(np.arange(1, 7) / 21, [[0, 1], [2, 3], [4, 5]], 0.8)
    found = pool_inference(m, habits, 3, TRIALS, rng=np.random.default_rng(2), prior=prior)
    assert found.rounds == (1, 2, 3)
    for after, successes in zip(found.rounds, found.successes, strict=True):
        exact = estimate_vulnerability(Habits(m, habits, after), prior)
        assert exact.how == "channel"
        error = math.sqrt(exact.value * (1 - exact.value) / TRIALS)
        assert abs(successes / TRIALS - exact.value) < 5 * error
        if after == 1:
            assert found.first == pytest.approx(exact.value)


def test_a_sketch_gives_the_pool_away_in_the_end() -> None:
    """More reports tell more; without polarisation they tell nothing, within 5 standard errors."""
    m: Any = ldpaudit.mechanism("cms", k=20, epsilon=4.0, num_buckets=64)
    pools = [range(first, 20, 4) for first in range(4)]
    flat, told = (pool_habits(np.full(20, 0.05), pools, share) for share in (0.0, 0.9))
    found = pool_inference(m, told, 50, 500, rng=np.random.default_rng(3))
    assert found.first is None
    assert found.blind == 0.25
    assert found.successes[-1] > 490 > 250 > found.successes[0] > 150
    none = pool_inference(m, flat, 5, 2000, rng=np.random.default_rng(4))
    assert all(abs(s / 2000 - 0.25) < 5 * math.sqrt(0.1875 / 2000) for s in none.successes)


def test_what_takes_too_long_is_refused() -> None:
    m = ldpaudit.mechanism("grr", k=1000, epsilon=1.0)
    habits = pool_habits(np.full(1000, 1e-3), [[0], [1]], 0.5)
    with pytest.raises(ValueError, match="would take too long"):
        pool_inference(m, habits, 10**4, 10**5, rng=np.random.default_rng(0))
