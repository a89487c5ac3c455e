"""ass, aue, alh and athe: the authors' choices, the true optima, and what is inherited.

Objectives here are naive: success and error worked out from p and q by the
definition, for one parameter at a time or for a whole array of them.
"""

from __future__ import annotations

import itertools
import math
import pickle
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from ldpaudit.contracts import HasPublishedSuccess
from ldpaudit.protocols import OptimizedLocalHashing, SubsetSelection, ThresholdingHistogramEncoding
from ldpaudit.protocols._kernels._objective import least_point
from ldpaudit.protocols.categorical.adaptive_protocols import (
    AdaptiveLocalHashing,
    AdaptiveSubsetSelection,
)
from ldpaudit.testing import components
from tests.protocols.channels import Table, covariance_trace, pack, patterns, priors, subsets

from .adaptive import CLASSES, build, chosen

# --- naive objectives ------------------------------------------------------------------------


def pure_error(p: Any, q: Any) -> Any:
    return q * (1 - q) / (p - q) ** 2


def independent(k: int, p: Any, q: Any) -> Any:
    """Uniform among the supported values, whose number is one more than a binomial."""
    others = np.arange(k)
    laws = np.asarray(binom.pmf(others, k - 1, np.asarray(q)[..., None]))
    return p * (laws / (others + 1)).sum(axis=-1) + (1 - p) * laws[..., 0] / k


def figures(name: str, k: int, epsilon: float, x: Any) -> tuple[Any, Any]:
    """Exact success and f = 0 error of the protocol with parameter x."""
    e = math.exp(epsilon)
    if name == "ass":
        p = x * e / (x * e + k - x)
        q = (x * e * (x - 1) + (k - x) * x) / ((k - 1) * (x * e + k - x))
        return e / (x * e + k - x), pure_error(p, q)
    if name == "aue":
        q = x / (e * (1 - x) + x)
        return independent(k, x, q), pure_error(x, q)
    if name == "alh":
        p = e / (e + x - 1)
        return independent(k, p, 1 / x), pure_error(p, 1 / x)
    p, q = 1 - np.exp(epsilon * (x - 1) / 2) / 2, np.exp(-epsilon * x / 2) / 2
    return independent(k, p, q), pure_error(p, q)


def published_grid(name: str, k: int, epsilon: float) -> Table:
    optimal = round(math.exp(epsilon)) + 2
    return {
        "ass": np.arange(1.0, k - 1),
        "aue": np.linspace(0.5, 0.999999, 100),
        "alh": np.arange(2.0, max(k, optimal)),
        "athe": np.linspace(0.5, 1.0, 100),
    }[name]


def dense_grid(name: str, k: int, epsilon: float) -> Table:
    optimal = round(math.exp(epsilon)) + 1
    return {
        "ass": np.arange(1.0, k),
        "aue": 1 - np.geomspace(1e-7, 0.5, 3000),
        "alh": np.arange(2.0, max(k, optimal) + 1),
        "athe": np.linspace(0.5, 1.0, 3000),
    }[name]


def weigh(weights: tuple[float, float], pair: tuple[Any, Any]) -> Any:
    return (weights[0] * pair[0] + weights[1] * pair[1]) / sum(weights)


CASES = list(
    itertools.product(
        (3, 10, 60),
        (0.25, 1.0, 3.0, 6.0),
        ((1, 1), (1, 0), (0, 1), (1, 30), (30, 1), (1, 1e4)),
    )
)


@pytest.mark.parametrize("name", CLASSES)
def test_published_choices_are_the_authors_search(name: str) -> None:
    """A loop over their grid, the first of the least; alh by their approximate success."""
    for k, epsilon, weights in CASES:
        points = published_grid(name, k, epsilon)
        success, error = figures(name, k, epsilon, points)
        if name == "alh":
            e = math.exp(epsilon)
            success = e / ((e + points - 1) * np.maximum(k / points, 1))
        costs = weigh(weights, (success, error))
        m = build(name, k, epsilon, weights, grid="published")
        found = float(costs[np.argmin(np.abs(points - chosen(name, m)))])
        assert np.abs(points - chosen(name, m)).min() < 1e-12
        assert found <= costs.min() * (1 + 1e-13)


@pytest.mark.parametrize("name", CLASSES)
def test_exact_choices_are_not_beaten(name: str) -> None:
    """Neither by the published choice nor by any point of a grid thirty times as fine."""
    for k, epsilon, weights in CASES:
        m = build(name, k, epsilon, weights)
        own = weigh(weights, (m.vulnerability(), m.mse(1)))
        other = build(name, k, epsilon, weights, grid="published")
        published = weigh(weights, (other.vulnerability(), other.mse(1)))
        assert own <= published * (1 + 1e-9 if weights[1] else 1 + 1e-6)
        dense = weigh(weights, figures(name, k, epsilon, dense_grid(name, k, epsilon)))
        assert own <= dense.min() * (1 + 1e-9 if weights[1] else 1 + 1e-6)


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("k", [2, 7, 300, 22_000])
def test_exact_is_never_worse_than_published(name: str, k: int) -> None:
    for epsilon in (0.1, 1.0, 2.5, 5.0, 10.0, 12.0):
        for weights in ((1, 1), (1, 9), (9, 1), (1, 1e-5), (1e-5, 1), (0, 1)):
            pair = [build(name, k, epsilon, weights, grid=g) for g in ("exact", "published")]
            own, other = (weigh(weights, (m.vulnerability(), m.mse(1))) for m in pair)
            assert own <= other * (1 + 1e-10)


@pytest.mark.parametrize("weights", [(1, 1), (1, 1e3), (1, 1e5), (1, 3e5), (1, 1e7), (1, 0)])
@pytest.mark.parametrize(("k", "epsilon"), [(10, 14.6), (3000, 14.6), (1_300_000, 14.0)])
def test_ranges_too_long_to_try_every_number_of_buckets(
    k: int, epsilon: float, weights: tuple[float, float]
) -> None:
    """Every number all the same, here: no better one is left out."""
    e = math.exp(epsilon)
    g = np.arange(2.0, max(k, round(e) + 1) + 1)
    p, unset = e / (e + g - 1), np.log1p(-1 / g)
    success = (-np.expm1(k * unset) * p * g + (g - 1) / (e + g - 1) * np.exp((k - 1) * unset)) / k
    error = (e - 1 + g) ** 2 / ((e - 1) ** 2 * (g - 1))
    costs = weigh(weights, (success, error))
    found = costs[build("alh", k, epsilon, weights).num_buckets - 2]
    assert found <= costs.min() * (1 + 1e-13)
    published = weigh(weights, (p / np.maximum(k / g, 1), error))[: max(k - 2, round(e))]
    other = build("alh", k, epsilon, weights, grid="published").num_buckets
    assert published[other - 2] <= published.min() * (1 + 1e-13)


def test_a_search_looks_into_every_valley() -> None:
    """Two valleys, the deeper one narrower and missed by the grid; and one at the edge."""

    def two(x: Table) -> Table:
        return np.minimum((x - 0.21) ** 2, 25 * (x - 0.7111) ** 2 - 1e-3)

    points = np.linspace(0, 1, 40)
    assert points[two(points).argmin()] < 0.3
    assert least_point(two, points) == pytest.approx(0.7111, abs=1e-7)
    assert least_point(lambda x: x + 1, points) == 0.0
    assert least_point(lambda x: 2 - x, points) == 1.0
    assert least_point(lambda x: 0 * x + 1, points) == 0.0


# --- what they are ---------------------------------------------------------------------------


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 4.0, 9.0])
@pytest.mark.parametrize("k", [2, 25, 400])
def test_error_alone_gives_back_the_base_protocols(k: int, epsilon: float) -> None:
    """Except that subset selection rounds its size, and not always to the best one."""
    alone = {name: build(name, k, epsilon, (0, 2)) for name in CLASSES}
    assert alone["aue"].p_star == 0.5
    assert alone["alh"].num_buckets == OptimizedLocalHashing(k, epsilon).num_buckets
    the = ThresholdingHistogramEncoding(k, epsilon)
    assert alone["athe"].theta == pytest.approx(the.theta, abs=1e-6)
    assert alone["athe"].mse(1) <= the.mse(1) * (1 + 1e-12)
    assert alone["ass"].mse(1) <= SubsetSelection(k, epsilon).mse(1)


@pytest.mark.parametrize("epsilon", [1e-3, 0.5, 4.0, 20.0, 700.0])
@pytest.mark.parametrize("k", [2, 25, 22_000])
def test_success_alone_is_bounded(k: int, epsilon: float) -> None:
    """aue stops where the attack gains a millionth over blind guessing."""
    alone = {name: build(name, k, epsilon, (1, 0)) for name in CLASSES}
    assert alone["ass"].subset_size == k - 1
    assert 1 - 1e-9 <= k * alone["aue"].vulnerability() <= 1 + 1.001e-6
    for m in alone.values():
        assert math.isfinite(m.mse(1))
        assert m.vulnerability() <= build("ass", k, epsilon, (0, 1)).vulnerability() + 1e-12


def test_rounding_can_raise_the_success() -> None:
    """Recorded, not wanted: an adaptive choice above its base protocol's success."""
    for epsilon in (1.25, 1.5):
        m, base = AdaptiveSubsetSelection(25, epsilon), SubsetSelection(25, epsilon)
        assert m.vulnerability() > base.vulnerability()
    for k in (75, 750):
        m2, base2 = AdaptiveLocalHashing(k, 1.25), OptimizedLocalHashing(k, 1.25)
        assert m2.vulnerability() > base2.vulnerability()


def test_beyond_the_range_of_hashing_the_objective_is_fooled() -> None:
    """Three million buckets at k = 25: a low objective, a high error of real users."""
    k, epsilon, g = 25, 10.0, 3_180_788
    success, error = figures("alh", k, epsilon, float(g))
    m = AdaptiveLocalHashing(k, epsilon)
    assert (success + error) / 2 == pytest.approx(0.0266, abs=5e-5)
    assert (m.vulnerability() + m.mse(1)) / 2 == pytest.approx(0.2188, abs=5e-5)
    p, q = math.exp(epsilon) / (math.exp(epsilon) + g - 1), 1 / g
    uniform = np.full(k, 1 / k)
    assert error + (1 - p - q) / (k * (p - q)) == pytest.approx(5.783, abs=5e-4)
    assert m.mse(1, uniform) == pytest.approx(0.1921, abs=5e-5)


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("k", [2, 3, 6])
@pytest.mark.parametrize("epsilon", [0.5, 2.0, 5.0])
def test_channel_by_enumeration(name: str, k: int, epsilon: float) -> None:
    """Everything inherited holds at the chosen parameter, which is none of the base's."""
    for weights in ((1.0, 1.0), (20.0, 1.0)):
        m = build(name, k, epsilon, weights)
        if name == "ass":
            supports = subsets(k, m.subset_size)
            table = np.exp(m.log_likelihood(pack(supports)))
        elif name == "alh":
            g, supports = m.num_buckets, patterns(k)
            inside = supports.sum(axis=1, keepdims=True).astype(float)
            # A support has (g - 1)^(k - size) functions for each of g buckets, out of g^k.
            share = g * (1 / g) ** inside * (1 - 1 / g) ** (k - inside)
            table = share * np.where(supports == 1, m.p_star, m.own_missed / (g - 1))
        else:
            supports = patterns(k)
            table = np.exp(m.log_likelihood(pack(supports)))
            if name == "aue":
                e, p = math.exp(epsilon), m.p_star
                assert m.q_star == pytest.approx(p / (e * (1 - p) + p), rel=1e-9)
        np.testing.assert_allclose(table.sum(axis=0), 1, rtol=1e-11)
        log_ratio = float(np.log(table.max(axis=1) / table.min(axis=1)).max())
        assert m.exact_epsilon() == pytest.approx(log_ratio, abs=1e-9, rel=0)
        assert log_ratio <= epsilon + 1e-9
        assert name == "athe" or log_ratio == pytest.approx(epsilon, abs=1e-9, rel=0)
        assert m.exact_delta(epsilon) == pytest.approx(0, abs=1e-15)
        gap = float(np.maximum(table[:, 0] - math.exp(epsilon / 4) * table[:, 1], 0).sum())
        assert m.exact_delta(epsilon / 4) == pytest.approx(gap, abs=1e-12, rel=0)
        estimates = (supports - m.q_star) / (m.p_star - m.q_star)
        np.testing.assert_allclose(table.T @ estimates, np.eye(k), atol=1e-9)
        for prior in priors(k):
            best = float((table * prior).max(axis=1).sum())
            assert m.vulnerability(prior) == pytest.approx(best, abs=1e-12, rel=0)
            trace = covariance_trace(table, estimates, prior)
            assert m.mse(1, prior) == pytest.approx(trace, rel=1e-8)


@pytest.mark.parametrize("name", CLASSES)
def test_contract(name: str) -> None:
    """Samplers, estimates and counts follow the law; each statistical check fails at 1e-6."""
    m = build(name, 9, 3.0, (0.8, 0.2))
    assert components.check_mechanism(m)
    assert isinstance(m, HasPublishedSuccess) == (name == "alh")
    tail = "(k=9, epsilon=3.0, success_weight=0.8, error_weight=0.2, grid='exact', rule=None)"
    assert repr(m) == type(m).__name__ + tail
    assert pickle.loads(pickle.dumps(m)) == m != build(name, 9, 3.0)  # noqa: S301
    assert hash(m) == hash(build(name, 9, 3.0, (0.8, 0.2)))


@pytest.mark.parametrize("name", CLASSES)
def test_only_the_ratio_of_the_weights_counts(name: str) -> None:
    for scale in (1e-3, 7.0, 1e6):
        m = build(name, 40, 3.0, (0.75 * scale, 0.25 * scale))
        assert chosen(name, m) == pytest.approx(
            chosen(name, build(name, 40, 3.0, (0.75, 0.25))), rel=1e-6
        )


@pytest.mark.parametrize("name", CLASSES)
def test_bad_parameters(name: str) -> None:
    for index, field in enumerate(("success_weight", "error_weight")):
        for wrong in (-1.0, math.nan, math.inf):
            weights = (wrong, 1.0) if index == 0 else (1.0, wrong)
            with pytest.raises(ValueError, match=f"{field} must be at least 0 and finite"):
                build(name, 5, 1.0, weights)
    with pytest.raises(ValueError, match="one of success_weight and error_weight must be above 0"):
        build(name, 5, 1.0, (0, 0))
    with pytest.raises(ValueError, match="unknown grid 'fine'"):
        build(name, 5, 1.0, grid="fine")
    with pytest.raises(ValueError, match="k must be at least 2"):
        build(name, 1, 1.0)
    with pytest.raises(ValueError, match="epsilon must be positive"):
        build(name, 5, 0.0)


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("epsilon", [1e-3, 20.0, 50.0, 300.0, 700.0])
@pytest.mark.parametrize("grid", ["exact", "published"])
def test_extreme_budgets(name: str, epsilon: float, grid: str) -> None:
    for k, weights in itertools.product((2, 100), ((1, 1), (1, 1e-9), (1e-9, 1))):
        m = build(name, k, epsilon, weights, grid=grid)
        reports = m.privatize(np.arange(k), rng=np.random.default_rng(3))
        assert np.isfinite(m.log_likelihood(reports)).all()
        assert 0 < m.exact_epsilon() <= epsilon + 1e-9
        assert 1 / k * (1 - 1e-9) <= m.vulnerability() <= 1 + 1e-12
        assert m.mse(10) > 0
        assert math.isfinite(m.mse(10, np.full(k, 1 / k)))
