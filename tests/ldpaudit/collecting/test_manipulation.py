"""Attacks on a collection gain what they should, and defences do what they say.

Generators are fixed; simulated means are held to five standard errors (about 6e-7 each).
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.collecting.defences import Recovery, SizeFilter, nearest_distribution, size_law
from ldpaudit.collecting.manipulation import (
    MaximalGain,
    RandomReport,
    RandomValue,
    influence_limit,
    poison,
    poisoning_gain,
)

NAMES = ("grr", "ss", "oue", "sue", "olh", "hr", "pgr", "mss", "pi-rappor")
K = 20


def users(num_users: int) -> Any:
    shares = 1 / np.arange(1, K + 1)
    return np.maximum(1, np.floor(num_users * shares / shares.sum())).astype(np.int64)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("share", [0.01, 0.05, 0.1])
def test_simulated_gain_is_the_exact_one(name: str, share: float) -> None:
    m = ldpaudit.mechanism(name, k=K, epsilon=1.0)
    honest, rng = users(2000), np.random.default_rng(int(1000 * share))
    many = int(honest.sum())
    real = round(share / (1 - share) * many) / (many + round(share / (1 - share) * many))
    for targets in ([7], [3, 11, 12]):
        found = poison(m, MaximalGain(), honest, targets, share, 30, rng=rng)
        exact = poisoning_gain(m, targets, real, honest / many)
        assert exact is not None
        assert abs(found.gain - exact) <= 5 * found.gain_standard_error
        assert found.honest_removed == found.false_removed == 0


@pytest.mark.parametrize("name", ["grr", "oue", "mss", "pgr"])
def test_values_made_up_gain_their_share_alone(name: str) -> None:
    """Input manipulation: beta (1 - f_T), whatever the protocol."""
    m, honest = ldpaudit.mechanism(name, k=K, epsilon=1.0), users(2000)
    found = poison(m, RandomValue(), honest, [3, 4], 0.2, 40, rng=np.random.default_rng(1))
    many = int(honest.sum())
    real = round(0.25 * many) / (many + round(0.25 * many))
    exact = real * (1 - honest[[3, 4]].sum() / many)
    assert abs(found.gain - exact) <= 5 * found.gain_standard_error


def test_random_reports_gain_less_than_planned_ones() -> None:
    honest = users(2000)
    for name in NAMES:
        m = ldpaudit.mechanism(name, k=K, epsilon=1.0)
        rng = np.random.default_rng(4)
        by_chance = poison(m, RandomReport(), honest, [7], 0.1, 10, rng=rng)
        planned = poison(m, MaximalGain(), honest, [7], 0.1, 10, rng=rng)
        apart = planned.gain - by_chance.gain
        assert apart > 5 * math.hypot(planned.gain_standard_error, by_chance.gain_standard_error)


def test_without_an_attack_the_error_is_the_exact_one() -> None:
    m, honest = ldpaudit.mechanism("oue", k=K, epsilon=1.0), users(2000)
    found = poison(m, None, honest, [7], 0.1, 60, rng=np.random.default_rng(2))
    many = int(honest.sum())
    assert abs(found.error - m.mse(many, honest / many)) <= 5 * found.error_standard_error
    assert found.gain == 0


def test_a_bias_of_the_decoding_is_not_a_gain() -> None:
    """Reports drawn again with the same generator, decoded with and without the false ones."""
    m: Any = ldpaudit.mechanism("grr", k=K, epsilon=1.0)
    honest, false = np.full(K, 40), round(800 / 19)

    def upwards(made: Any, counts: Any) -> Any:
        return np.maximum(made.estimate(counts), 0) + 0.25

    found = poison(
        m, MaximalGain(), honest, [7], 0.05, 3, rng=np.random.default_rng(8), decode=upwards
    )
    rng, gains, errors = np.random.default_rng(8), [], []
    for _ in range(3):
        counts = m.aggregate(m.privatize(np.repeat(np.arange(K), honest), rng=rng))
        lies = m.aggregate(MaximalGain().reports(m, [7], false, rng=rng))
        after = upwards(m, counts + lies)
        gains.append(after[7] - upwards(m, counts)[7])
        errors.append(np.mean((after - 1 / K) ** 2))
    assert found.gain == pytest.approx(np.mean(gains))
    assert found.error == pytest.approx(np.mean(errors))
    assert poison(m, None, honest, [7], 0.05, 2, rng=rng, decode=upwards).gain == 0


# --- the limit -------------------------------------------------------------------------------


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 4.0])
def test_no_protocol_is_below_the_limit(epsilon: float) -> None:
    limit = influence_limit(epsilon)
    assert limit == pytest.approx(math.exp(epsilon) / (math.exp(epsilon) - 1))
    for name in (*NAMES, "blh", "the", "smss", "hpgr", "ass", "aue"):
        m = ldpaudit.mechanism(name, k=K, epsilon=epsilon)
        assert m.single_influences().min() >= limit * (1 - 1e-9)
        assert m.influence([1, 4, 9]) >= limit * (1 - 1e-9)
        assert m.influence(range(K)) >= 1 - 1e-9


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 4.0])
def test_the_limit_is_reached(epsilon: float) -> None:
    limit = influence_limit(epsilon)
    assert ldpaudit.mechanism("grr", k=2, epsilon=epsilon).influence([0]) == pytest.approx(limit)
    for k in (3, 6):
        blocks = tuple(itertools.combinations(range(k), k - 1))
        m = ldpaudit.mechanism("block-design", k=k, epsilon=epsilon, blocks=blocks)
        assert m.influence([0]) == pytest.approx(limit)
    whole: Any = ldpaudit.mechanism("block-design", k=3, epsilon=epsilon, blocks=((0,), (1,), (2,)))
    assert whole.influence([0, 1, 2]) == pytest.approx(1)


@pytest.mark.parametrize("epsilon", [0.5, 2.0])
def test_no_channel_is_below_the_limit(epsilon: float) -> None:
    """Random channels with their best estimate for one target, by linear programming."""
    from scipy.optimize import linprog

    rng, k, reports = np.random.default_rng(7), 3, 6
    limit = influence_limit(epsilon)
    for _ in range(40):
        # Columns of e^0..e^epsilon, scaled so that the rows sum to 1.
        odds = np.exp(epsilon * rng.choice([0.0, 1.0], (reports, k)))
        odds[:k] = np.where(np.eye(k) == 1, math.exp(epsilon), 1.0)
        found = linprog(np.ones(reports), A_eq=odds.T, b_eq=np.ones(k), bounds=(1e-3, None))
        if not found.success:
            continue
        channel = odds * np.asarray(found.x)[:, None]
        # Least b such that c <= b, E_0 c = 1 and E_x c = 0.
        objective = np.append(np.zeros(reports), 1.0)
        below = np.hstack((np.eye(reports), -np.ones((reports, 1))))
        unbiased = np.hstack((channel.T, np.zeros((k, 1))))
        best = linprog(objective, A_ub=below, b_ub=np.zeros(reports), A_eq=unbiased,
                       b_eq=np.eye(k)[0], bounds=(None, None))  # fmt: skip
        assert best.fun is not None
        assert best.fun >= limit * (1 - 1e-7)


# --- defences --------------------------------------------------------------------------------


def test_nearest_distribution_is_the_nearest() -> None:
    """Against bisection on the shift."""
    rng = np.random.default_rng(3)
    for _ in range(50):
        free = rng.normal(0.1, 0.5, 8)
        low, high = free.min() - 1, free.max()
        for _ in range(200):
            middle = (low + high) / 2
            if np.maximum(free - middle, 0).sum() > 1:
                low = middle
            else:
                high = middle
        np.testing.assert_allclose(
            nearest_distribution(free), np.maximum(free - high, 0), atol=1e-9
        )


@pytest.mark.parametrize("name", ["oue", "sue", "olh", "blh"])
def test_sizes_of_honest_reports_follow_their_law(name: str) -> None:
    """A chi-square of rate 1e-6; for hashing the law is an ideal hash's."""
    from scipy import stats

    m = ldpaudit.mechanism(name, k=K, epsilon=1.0)
    rng, many = np.random.default_rng(11), 20_000
    sizes = m.support_sizes(m.privatize(rng.integers(0, K, many), rng=rng))
    law = size_law(m)
    assert law.sum() == pytest.approx(1)
    likely = law * many >= 5
    seen = np.bincount(sizes, minlength=K + 1)
    statistic = ((seen - law * many) ** 2 / (law * many))[likely].sum()
    assert statistic <= stats.chi2(likely.sum()).isf(1e-6)


def test_support_sizes_count_the_supported_values() -> None:
    for name in ("oue", "olh"):
        m = ldpaudit.mechanism(name, k=9, epsilon=1.0)
        reports = m.privatize(np.arange(9).repeat(4), rng=np.random.default_rng(0))
        alone = [m.aggregate(reports[i : i + 1]).supports.sum() for i in range(len(reports))]
        np.testing.assert_array_equal(m.support_sizes(reports), alone)


def test_filter_finds_reports_that_support_too_much_and_keeps_honest_ones() -> None:
    m, honest = ldpaudit.mechanism("oue", k=K, epsilon=1.0), users(4000)
    rng, targets = np.random.default_rng(5), list(range(8, 18))
    calm = poison(m, None, honest, targets, 0.1, 10, rng=rng, keep=SizeFilter())
    assert calm.honest_removed == 0
    bare = poison(m, MaximalGain(), honest, targets, 0.1, 10, rng=rng)
    kept = poison(m, MaximalGain(), honest, targets, 0.1, 10, rng=rng, keep=SizeFilter())
    assert kept.false_removed > 0.5
    assert kept.honest_removed < 0.2
    assert kept.gain < bare.gain / 2
    with pytest.raises(TypeError, match="its reports are of one size"):
        SizeFilter()(ldpaudit.mechanism("ss", k=K, epsilon=1.0), None)


def test_recovery_takes_back_what_its_model_describes() -> None:
    """Single values reported with no noise: the attack that it supposes, at the right ratio."""
    m, honest = ldpaudit.mechanism("grr", k=K, epsilon=1.0), users(20_000)
    rng = np.random.default_rng(6)
    bare = poison(m, MaximalGain(), honest, [15], 0.1, 20, rng=rng)
    knowing = Recovery(ratio=1 / 9, targets=(15,))
    found = poison(m, MaximalGain(), honest, [15], 0.1, 20, rng=rng, decode=knowing)
    assert abs(found.gain) < abs(bare.gain) / 5
    assert found.error < bare.error / 5
    with pytest.raises(TypeError, match="must be a pure protocol"):
        Recovery()(ldpaudit.mechanism("hr", k=K, epsilon=1.0), None)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"share": 0.0}, ValueError, "share must lie strictly between 0 and 1"),
        ({"repetitions": 1}, ValueError, "repetitions must be at least 2"),
        ({"mechanism": object()}, TypeError, "mechanism must privatize, aggregate and estimate"),
        ({"users": [1, 2]}, ValueError, "histogram must be 20 whole numbers"),
        ({"targets": [20]}, ValueError, r"targets must lie in \[0, 20\)"),
        ({"targets": [1, 1], "attack": RandomValue()}, ValueError, "none twice"),
        ({"targets": [-1], "attack": None}, ValueError, "targets must lie in"),
        ({"targets": 3, "attack": RandomValue()}, ValueError, "targets must be values"),
    ],
)
def test_wrong_parameters(change: dict[str, Any], error: type[Exception], message: str) -> None:
    given: dict[str, Any] = {
        "mechanism": ldpaudit.mechanism("oue", k=K, epsilon=1.0), "attack": MaximalGain(),
        "users": users(100), "targets": [1], "share": 0.1, "repetitions": 2,
    }  # fmt: skip
    with pytest.raises(error, match=message):
        poison(**(given | change), rng=np.random.default_rng(0))
