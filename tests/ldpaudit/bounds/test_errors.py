"""The interval of a mean squared error covers the truth as often as it says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

import ldpaudit
from ldpaudit.arrays import Floats, Ints
from ldpaudit.bounds.errors import MeasuredError, measured_error
from ldpaudit.protocols import SubsetSelection
from ldpaudit.protocols._kernels._pure import SupportCounts
from ldpaudit.protocols._kernels._subsets import SubsetRandomizer, supports_of_blocks


def collections(m: Any, users: Ints, many: int, rng: np.random.Generator) -> Floats:
    """Estimates of `many` collections, one per row; those of subsets are drawn side by side."""
    if isinstance(m, SubsetSelection):
        block = SubsetRandomizer(m.k, m.epsilon)
        rows = supports_of_blocks([block] * many, [users] * many, rng).reshape(many, m.k)
        counts = [SupportCounts(int(users.sum()), row) for row in rows]
    else:
        counts = [m.sample_counts(users, rng=rng) for _ in range(many)]
    return np.array([m.estimate(each) for each in counts])


def covered(name: str, k: int, repetitions: int, alpha: float, runs: int) -> tuple[float, float]:
    """Shares of runs whose interval covers the exact error, and whose lower end is below 0."""
    m, rng = ldpaudit.mechanism(name, k=k, epsilon=1.0), np.random.default_rng(k + repetitions)
    users = np.full(k, 20_000 // k)
    exact, inside, negative = m.mse(int(users.sum()), users / users.sum()), 0, 0
    for _ in range(runs):
        errors = (collections(m, users, repetitions, rng) - users / users.sum()) / math.sqrt(k)
        low, high = measured_error(errors, alpha).interval(alpha)
        inside += low <= exact <= high
        negative += low < 0
    return inside / runs, negative / runs


@pytest.mark.parametrize("repetitions", [3, 5])
@pytest.mark.parametrize(("name", "k"), [("grr", 2), ("oue", 2), ("grr", 3), ("oue", 10)])
def test_the_interval_has_its_level(name: str, k: int, repetitions: int) -> None:
    """At 90%, less five standard errors of 400 runs and 0.5% for what is not quite normal."""
    share, negative = covered(name, k, repetitions, 0.1, 400)
    assert share >= 0.9 - 5 * math.sqrt(0.09 / 400) - 0.005
    assert negative == 0


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.05, 0.2])
@pytest.mark.parametrize("repetitions", [3, 4, 7, 10, 20])
@pytest.mark.parametrize(
    ("name", "k"), [("grr", 2), ("she", 2), ("grr", 3), ("ss", 10), ("grr", 100), ("oue", 100)]
)
def test_it_has_it_at_every_size(name: str, k: int, repetitions: int, alpha: float) -> None:
    share, negative = covered(name, k, repetitions, alpha, 1500)
    assert share >= 1 - alpha - 5 * math.sqrt(alpha * (1 - alpha) / 1500) - 0.005
    assert negative == 0


def test_of_one_direction_it_is_the_interval_of_a_variance() -> None:
    """Errors of two shares that add up to 1 are one number: chi-square, `collections` degrees."""
    one = np.random.default_rng(1).normal(size=7)
    found = measured_error(np.stack((one, -one), axis=1) / math.sqrt(2), 0.05)
    assert found.degrees == pytest.approx(7)
    law = stats.chi2(7)
    assert found.interval(0.05) == pytest.approx(
        ((one**2).sum() / law.ppf(0.98), (one**2).sum() / law.ppf(0.02))
    )


def test_many_collections_find_the_degrees_of_freedom() -> None:
    weights = np.array([4.0, 2.0, 1.0, 1.0])
    errors = np.random.default_rng(2).normal(size=(400, 4)) * np.sqrt(weights)
    found = measured_error(errors, 0.05)
    assert 0.9 * 64 / 22 < found.degrees / 400 < 64 / 22
    assert found.value == pytest.approx(8, rel=0.2)


def test_a_level_can_be_changed_afterwards() -> None:
    found = MeasuredError(2.0, 0.5)
    assert found.degrees == 32
    wide, narrow = found.interval(1e-6), found.interval(0.3)
    assert 0 < wide[0] < narrow[0] < 2 < narrow[1] < wide[1]


def test_too_few_collections_and_no_error_at_all() -> None:
    low, high = measured_error(np.ones((1, 3)), 0.05).interval(0.05)
    assert math.isnan(low)
    assert math.isnan(high)
    assert measured_error(np.zeros((4, 3)), 0.05).interval(0.05) == (0.0, 0.0)


def test_degrees_of_freedom_are_read_back_from_an_upper_end() -> None:
    for degrees in (1.0, 3.5, 40.0, 1e6):
        found = MeasuredError(3.0, 3.0 * math.sqrt(2 / degrees))
        back = MeasuredError.of_upper(3.0, found.interval(0.05)[1], 0.05)
        assert back.degrees == pytest.approx(degrees, rel=1e-6)
        assert back.interval(1e-4) == pytest.approx(found.interval(1e-4), rel=1e-6)


def test_of_many_collections_a_few_vectors_say_the_degrees() -> None:
    errors = np.random.default_rng(4).normal(size=(200, 30))
    few = measured_error(errors[:50], 0.05, (errors**2).sum(axis=1))
    whole = measured_error(errors, 0.05)
    assert few.value == whole.value
    assert few.degrees == pytest.approx(whole.degrees, rel=0.15)
    assert measured_error(errors[:1], 0.05, (errors**2).sum(axis=1)).degrees == pytest.approx(200)
