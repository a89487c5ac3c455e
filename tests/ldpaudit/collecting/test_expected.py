"""Exact gains where the estimate is off on average, by enumeration and beside simulations.

Generators are fixed; simulated means are held to five standard errors (about 6e-7 each).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.collecting.expected import expected_sums
from ldpaudit.collecting.manipulation import poisoning_gain
from ldpaudit.collecting.processed import measure_processed

USERS = np.array([700, 400, 300, 200, 150, 100, 50, 40, 30, 20, 6, 4])
SHARES = USERS / USERS.sum()
BIASED = [
    ("dbitflip", 12, {"buckets": 2, "d": 1}),
    ("dbitflip", 12, {"buckets": 5, "d": 3}),
    ("cms", 3, {"num_hashes": 1, "num_buckets": 2}),
    ("cms", 12, {"num_hashes": 5, "num_buckets": 4}),
    ("hcms", 12, {"num_hashes": 3, "num_buckets": 4}),
]


def single_estimates(m: Any, reports: Any) -> Any:
    return np.array([m.estimate(m.aggregate(reports[i : i + 1])) for i in range(len(reports))])


@pytest.mark.parametrize("buckets", [2, 3, 6])
def test_means_of_buckets_by_enumeration(buckets: int) -> None:
    m: Any = ldpaudit.mechanism("dbitflip", k=6, epsilon=1.3, d=2, buckets=buckets)
    reports = m.every_report()
    channel = np.exp(m.log_likelihood(reports))
    np.testing.assert_allclose(channel.sum(axis=0), 1, rtol=1e-9)
    means = channel.T @ single_estimates(m, reports)
    for targets in ([0], [1, 4], [2, 3, 5]):
        found: Any = expected_sums(m, targets)
        np.testing.assert_allclose(found, means[:, targets].sum(axis=1), atol=1e-9)
    assert m.unbiased == (buckets == 6)
    assert np.allclose(means, np.eye(6)) == m.unbiased


@pytest.mark.parametrize("name", ["cms", "hcms"])
def test_means_of_sketches_by_every_function(name: str) -> None:
    """Means of the support counts, from the buckets of each function one by one."""
    m: Any = ldpaudit.mechanism(name, k=4, epsilon=1.0, num_hashes=3, num_buckets=2)
    base = 1 - m.p_star if name == "cms" else 0.5
    means = np.zeros((4, 4))
    for function in range(3):
        held = [m._buckets(np.array([function], dtype=np.uint32), v)[0] for v in range(4)]
        for own in range(4):
            for asked in range(4):
                support = m.p_star if held[own] == held[asked] else base
                means[own, asked] += (support - m.q_star) / (m.p_star - m.q_star) / 3
    assert not np.allclose(means, np.eye(4))
    for targets in ([0], [1, 3]):
        right = means[:, targets].sum(axis=1)
        found: Any = expected_sums(m, targets)
        np.testing.assert_allclose(found, right, atol=1e-12)


@pytest.mark.parametrize(("name", "k", "given"), BIASED)
def test_exact_gains_are_met_where_the_estimate_is_biased(
    name: str, k: int, given: dict[str, int]
) -> None:
    m, users = ldpaudit.mechanism(name, k=k, epsilon=1.0, **given), USERS[:k]
    (found,) = measure_processed(
        m, users, ["none"], 30, 0.05, rng=np.random.default_rng(0), false_share=0.05, targets=[0]
    )
    many = int(users.sum())
    real = round(0.05 / 0.95 * many) / (many + round(0.05 / 0.95 * many))
    for attack in ("random-value", "maximal-gain"):
        gain, spread, exact = found.gains[attack]
        assert exact is not None
        assert abs(gain - exact) <= 5 * max(spread, 1e-12)
    most = poisoning_gain(m, [0], real, users / many)
    assert found.gains["maximal-gain"][2] == most
    # What it would be for an unbiased estimate is far away.
    assert abs(most - real * (m.influence([0]) - users[0] / many)) > 0.001


def test_no_figure_where_functions_are_too_many() -> None:
    m = ldpaudit.mechanism("cms", k=2_000, epsilon=1.0)
    assert expected_sums(m, [0]) is None
    assert poisoning_gain(m, [0], 0.1, np.full(2_000, 1 / 2_000)) is None
    few = ldpaudit.mechanism("cms", k=100, epsilon=1.0)
    assert expected_sums(few, [3]) == pytest.approx(np.eye(100)[3], abs=0.002)


def test_an_unbiased_estimate_is_right_on_average() -> None:
    m = ldpaudit.mechanism("oue", k=12, epsilon=1.0)
    sums: Any = expected_sums(m, [3, 5])
    assert sums.tolist() == [0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]
    right = 0.1 * (m.influence([3, 5]) - SHARES[3] - SHARES[5])
    assert poisoning_gain(m, [3, 5], 0.1, SHARES) == pytest.approx(right)


@pytest.mark.parametrize(
    ("targets", "frequencies", "message"),
    [
        ([5], np.full(5, 0.2), r"targets must lie in \[0, 5\), got 5"),
        ([-1], np.full(5, 0.2), r"targets must lie in \[0, 5\), got -1"),
        ([1, 1], np.full(5, 0.2), "none twice"),
        ([], np.full(5, 0.2), "at least one"),
        (1, np.full(5, 0.2), "targets must be values"),
        ([1], np.full(5, 0.9), "frequencies must sum to 1"),
        ([1], np.full(4, 0.25), "frequencies must have shape"),
        ([1], np.array([10, 20, 30, 40, 50]), "frequencies must sum to 1"),
        ([1], np.full(5, np.nan), "frequencies must hold finite"),
    ],
)
def test_nonsense_is_refused(targets: Any, frequencies: Any, message: str) -> None:
    m = ldpaudit.mechanism("grr", k=5, epsilon=1.0)
    with pytest.raises(ValueError, match=message):
        poisoning_gain(m, targets, 0.1, frequencies)
    with pytest.raises(TypeError, match="targets must be integers"):
        poisoning_gain(m, [0.5], 0.1, np.full(5, 0.2))
