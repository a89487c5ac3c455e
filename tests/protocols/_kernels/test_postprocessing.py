"""Post-processing against naive loops, and that it reaches every server.

Generators are fixed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

import ldpaudit
from ldpaudit.protocols import BaseCut, IterativeBayes, MaximumLikelihood, Norm, NormSub, PowerLaw
from ldpaudit.protocols._kernels._postprocessing import _composite, _power_law

Table = npt.NDArray[np.float64]

K = 30
NAMES = ("none", "base-cut", "norm", "norm-sub", "simplex", "power", "em")
ORACLES: list[tuple[str, dict[str, Any]]] = [
    ("grr", {}), ("ss", {}), ("oue", {}), ("sue", {}), ("the", {}), ("olh", {}), ("hr", {}),
    ("pgr", {}), ("hpgr", {}), ("mss", {}), ("smss", {}), ("pi-rappor", {}), ("she", {}),
    ("gm", {"delta": 1e-5}), ("agrr", {"delta": 1e-5}), ("l-grr", {"epsilon_inf": 3.0}),
    ("biloloha", {"epsilon_inf": 3.0}), ("dbitflip", {"d": 4}), ("ass", {}),
]  # fmt: skip


def zipf() -> Table:
    shares = 1 / np.arange(1, K + 1) ** 1.3
    return np.asarray(shares / shares.sum())


def collected(name: str, extra: dict[str, Any], many: int = 3000) -> tuple[Any, Any]:
    m = ldpaudit.mechanism(name, k=K, epsilon=1.0, **extra)
    rng = np.random.default_rng(12)
    return m, m.aggregate(m.privatize(rng.choice(K, many, p=zipf()), rng=rng))


@pytest.mark.parametrize(("name", "extra"), ORACLES, ids=[name for name, _ in ORACLES])
def test_every_oracle_takes_every_name(name: str, extra: dict[str, Any]) -> None:
    m, counts = collected(name, extra)
    raw = m.estimate(counts)
    np.testing.assert_array_equal(m.decode(counts, post="none"), raw)
    for post in NAMES:
        if post == "em" and name in ("she", "gm", "dbitflip"):
            with pytest.raises(ValueError, match="post 'em' needs counts of supports"):
                m.decode(counts, post=post)
            continue
        found = m.decode(counts, post=post)
        assert found.shape == (K,)
        assert np.isfinite(found).all()
        if post in ("base-cut", "norm-sub", "simplex", "power", "em"):
            assert found.min() >= 0
        if post in ("norm", "norm-sub", "simplex", "em"):
            assert found.sum() == pytest.approx(1)
    with pytest.raises(ValueError, match="unknown post 'nrom'; did you mean norm"):
        m.decode(counts, post="nrom")


def test_base_cut_by_a_loop() -> None:
    m, counts = collected("oue", {})
    bar = stats.norm.isf(2 / K) * math.sqrt(m.mse(counts.num_users))
    slow = [value if value > bar else 0.0 for value in m.estimate(counts).tolist()]
    np.testing.assert_allclose(m.decode(counts, post=BaseCut(passing=2)), slow)


def test_norm_sub_is_the_published_iteration() -> None:
    """Negative entries to 0 and the others moved alike, again and again, until nothing moves."""
    for name in ("oue", "grr", "mss"):
        m, counts = collected(name, {})
        slow = m.estimate(counts).copy()
        for _ in range(1000):
            slow[slow < 0] = 0
            positive = slow > 0
            slow[positive] += (1 - slow.sum()) / positive.sum()
            if (slow >= 0).all():
                break
        np.testing.assert_allclose(m.decode(counts, post=NormSub()), slow, atol=1e-12)
        np.testing.assert_allclose(m.decode(counts, post=Norm()).sum(), 1)


def test_maximum_likelihood_has_the_largest_likelihood() -> None:
    """Against a general optimiser's conditions: no direction that keeps a distribution climbs."""
    for epsilon, many in ((0.3, 200), (1.0, 3000), (4.0, 50)):
        m = ldpaudit.mechanism("grr", k=K, epsilon=epsilon)
        rng = np.random.default_rng(3)
        counts = m.aggregate(m.privatize(rng.choice(K, many, p=zipf()), rng=rng))
        found = m.decode(counts, post="mle")
        p, q = m.p_star, m.q_star
        slope = counts.supports * (p - q) / (q + (p - q) * found)
        level = slope[found > 0]
        assert found.sum() == pytest.approx(1)
        np.testing.assert_allclose(level, level[0], rtol=1e-9)
        assert (slope[found == 0] <= level[0] * (1 + 1e-9)).all()
        slow = m.decode(counts, post=IterativeBayes(steps=20_000, tolerance=1e-13))
        log_likelihood = [float(counts.supports @ np.log(q + (p - q) * f)) for f in (found, slow)]
        assert log_likelihood[0] >= log_likelihood[1] - 1e-9
        np.testing.assert_allclose(slow, found, atol=2e-3)
    other, its_counts = collected("oue", {})
    with pytest.raises(ValueError, match="'mle' has a closed form for randomized response only"):
        other.decode(its_counts, post=MaximumLikelihood())


def background(m: Any, size: int) -> Table:
    """Counts over n that a user leaves who holds a value of no block: what noise adds."""
    if hasattr(m, "q_star"):
        return np.full(size, m.q_star)
    low = math.exp(m.log_likelihood([0], range(K)).min())
    many = size - K
    return np.repeat((low * m.support_size, low * m.block_size), (K, many))


@pytest.mark.parametrize("name", ["grr", "ss", "olh", "hr", "hpgr", "pi-rappor"])
def test_mean_counts_and_their_transpose(name: str) -> None:
    """The linear model behind EM, against sampled means by the estimate and by its transpose."""
    m, counts = collected(name, {})
    _, forward, back = _composite(m, counts)
    rng = np.random.default_rng(1)
    table = np.array([forward(row) for row in np.eye(K)]).T
    weights = rng.random(len(table))
    slope = table - background(m, len(table))[:, None]
    np.testing.assert_allclose(back(weights), slope.T @ weights, rtol=1e-10)
    truth = zipf()
    mean = type(counts)(1, forward(truth))  # the estimate is linear and unbiased
    np.testing.assert_allclose(m.estimate(mean), truth, atol=1e-10)


@pytest.mark.parametrize("name", ["ss", "hr"])
def test_em_by_a_table(name: str) -> None:
    m, counts = collected(name, {})
    rates, forward, _ = _composite(m, counts)
    table = np.array([forward(row) for row in np.eye(K)]).T
    slope = table - background(m, len(table))[:, None]
    slow = np.full(K, 1 / K)
    for _ in range(50):
        slow = slow * (slope.T @ (rates / (table @ slow))) / slope.sum(axis=0)
        slow /= slow.sum()
    found = m.decode(counts, post=IterativeBayes(steps=50, tolerance=1e-30))
    np.testing.assert_allclose(found, slow, rtol=1e-9)


def test_power_law_has_its_mean_and_shrinks() -> None:
    """Posterior means by a loop over all numbers of holders."""
    m, counts = collected("oue", {}, many=200)
    n = counts.num_users
    holders, logs = _power_law(n, n / K)
    weights = np.exp(logs - logs.max())
    assert weights @ holders / weights.sum() == pytest.approx(n / K, rel=1e-6)
    deviation = math.sqrt(m.mse(n))
    slow = []
    for value in m.estimate(counts).tolist():
        odds = [math.exp(lg - logs.max() - (value - x / n) ** 2 / (2 * deviation**2))
                for x, lg in zip(holders, logs, strict=True)]  # fmt: skip
        slow.append(sum(o * x for o, x in zip(odds, holders, strict=True)) / (n * sum(odds)))
    np.testing.assert_allclose(m.decode(counts, post=PowerLaw()), slow, rtol=1e-9)


def test_residues_take_names_and_objects() -> None:
    m, counts = collected("mss", {})
    from ldpaudit.protocols import NonNegativeLikelihood, SimplexProjection

    np.testing.assert_allclose(
        m.decode(counts, post="simplex"), m.decode(counts, post=SimplexProjection()), atol=1e-12
    )
    np.testing.assert_array_equal(
        m.decode(counts, post="em"), m.decode(counts, post=NonNegativeLikelihood())
    )
    with pytest.raises(ValueError, match="ridge must be 0 with the post-processing 'norm'"):
        m.decode(counts, post="norm", ridge=0.1)


def test_consistent_estimates_err_less_where_few_values_are_held() -> None:
    """Mean error of 10 collections with all users on 3 of 30 values: far below the raw one."""
    m, rng = ldpaudit.mechanism("oue", k=K, epsilon=1.0), np.random.default_rng(8)
    users = np.zeros(K, dtype=np.int64)
    users[:3] = 1000
    errors = dict.fromkeys(NAMES, 0.0)
    for _ in range(10):
        counts = m.sample_counts(users, rng=rng)
        for post in NAMES:
            errors[post] += float(np.mean((m.decode(counts, post=post) - users / 3000) ** 2)) / 10
    for post in ("base-cut", "norm-sub", "power", "em"):
        assert errors[post] < 0.7 * errors["none"]
