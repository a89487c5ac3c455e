"""Measured errors meet the predicted ones: real and Zipf users, every mechanism.

The standard error of a mean of squared lengths |a|^2 of independent, nearly
normal error vectors of covariance S is sqrt(2 tr(S^2) / repetitions), and
tr(S^2) is the mean of (a . b)^2 over pairs of repetitions. Five of them: false
alarm about 1e-6 a cell. The generators are fixed.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import ldpaudit
from ldpaudit.data.dataset import DataSet
from ldpaudit.data.sources import load

NUM_USERS = 10_000
NAMES = ("grr", "ss", "oue", "olh", "mss")
EPSILONS = (0.5, 1.0, 2.0, 4.0)


def check_error(name: str, epsilon: float, users: DataSet, repetitions: int, seed: int) -> None:
    m = ldpaudit.mechanism(name, k=users.k, epsilon=epsilon)
    values, truth = users.users(), users.frequencies
    rng = np.random.default_rng(seed)
    errors = np.array(
        [m.estimate(m.aggregate(m.privatize(values, rng=rng))) - truth for _ in range(repetitions)]
    )
    products = errors @ errors.T
    pairs = products[np.triu_indices(repetitions, 1)]
    trace_of_square = float((pairs**2).mean())
    measured = float(np.trace(products)) / repetitions / users.k
    standard_error = math.sqrt(2 * trace_of_square / repetitions) / users.k
    predicted = m.mse(NUM_USERS, truth)
    assert abs(measured - predicted) <= 5 * standard_error
    # The test would notice a figure that is off by a fifth.
    assert standard_error <= 0.04 * predicted
    # No bias on any item: Student's t, Bonferroni at 1e-6 in all.
    deviations = errors.std(axis=0, ddof=1) / math.sqrt(repetitions)
    limit = stats.t(repetitions - 1).isf(1e-6 / 2 / users.k)
    assert (np.abs(errors.mean(axis=0)) <= limit * deviations).all()


@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("name", NAMES)
def test_adult_ages(name: str, epsilon: float) -> None:
    users = load("adult-age", num_users=NUM_USERS)
    assert (users.k, users.num_users) == (74, NUM_USERS)
    check_error(name, epsilon, users, repetitions=60, seed=31)


@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("name", NAMES)
def test_zipf(name: str, epsilon: float) -> None:
    users = load("zipf", k=1024, num_users=NUM_USERS)
    check_error(name, epsilon, users, repetitions=20, seed=32)
