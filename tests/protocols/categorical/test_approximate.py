"""agrr, asue, ablh and aolh, and the privacy profile they share with the pure protocols."""

from __future__ import annotations

import itertools
import math
import pickle
from typing import Any

import numpy as np
import pytest

from ldpaudit.contracts import HasBayesVulnerability, HasExactDelta, HasPublishedSuccess
from ldpaudit.protocols import (
    BinaryLocalHashing,
    GeneralizedRandomizedResponse,
    GeneralUnaryEncoding,
    OptimizedUnaryEncoding,
    SubsetSelection,
    SymmetricUnaryEncoding,
    ThresholdingHistogramEncoding,
)
from ldpaudit.protocols.categorical.approximate_response import (
    ApproximateBinaryLocalHashing,
    ApproximateOptimizedLocalHashing,
    ApproximateRandomizedResponse,
    ApproximateSymmetricUnaryEncoding,
)
from ldpaudit.testing import components
from tests.protocols.channels import Table, covariance_trace, pack, patterns, priors, subsets

CLASSES: tuple[Any, ...] = (
    ApproximateRandomizedResponse,
    ApproximateSymmetricUnaryEncoding,
    ApproximateBinaryLocalHashing,
    ApproximateOptimizedLocalHashing,
)
HASHING = CLASSES[2:]
DELTAS = (1e-12, 1e-5, 0.02)
BUDGETS = (0.25, 1.0, 4.0)


def response(num_values: float, epsilon: float, delta: float) -> tuple[float, float]:
    """Truth and lie as printed."""
    e = math.exp(epsilon)
    total = e + num_values - 1
    return (e + (num_values - 1) * delta) / total, (1 - delta) / total


def bitwise(bits: Table, p: float, q: float) -> Table:
    """P(bits | value) from the definition, bit by bit."""
    out = np.ones((len(bits), bits.shape[1]))
    for value, bit in itertools.product(range(bits.shape[1]), repeat=2):
        one = p if bit == value else q
        out[:, value] *= np.where(bits[:, bit] == 1, one, 1 - one)
    return out


def channel(m: Any) -> tuple[Table, Table]:
    """P(report | value) from the definition, and the support of each report.

    Ideal hashing: the report is a function [k] -> [g] and one of its buckets.
    """
    k, epsilon, delta = m.k, m.epsilon, m.delta
    if isinstance(m, ApproximateRandomizedResponse):
        p, q = response(k, epsilon, delta)
        return np.where(np.eye(k) == 1, p, q), np.eye(k)
    if isinstance(m, ApproximateSymmetricUnaryEncoding):
        e = math.exp(epsilon)
        s = math.sqrt(e * (1 - delta) + delta)
        bits = patterns(k).astype(float)
        return bitwise(bits, (e - s) / (e - 1), (s - 1) / (e - 1)), bits
    g = m.num_buckets
    truth, lie = response(g, epsilon, delta)
    functions = np.array(list(itertools.product(range(g), repeat=k)))
    supports = (functions[:, None, :] == np.arange(g)[None, :, None]).reshape(-1, k)
    return np.where(supports, truth, lie) / g**k, supports.astype(float)


def divergence(table: Table, epsilon: float) -> float:
    """Largest hockey-stick divergence over pairs of columns."""
    pairs = itertools.permutations(range(table.shape[1]), 2)
    return max(
        float(np.maximum(table[:, a] - math.exp(epsilon) * table[:, b], 0).sum()) for a, b in pairs
    )


def small_mechanisms() -> list[Any]:
    found: list[Any] = []
    for cls, epsilon, delta in itertools.product(CLASSES, BUDGETS, DELTAS):
        if cls is ApproximateOptimizedLocalHashing and epsilon > 2:
            continue  # 56 buckets: too many functions to go through
        domains = (2, 3, 5) if cls in HASHING else (2, 3, 5, 8)
        found.extend(cls(k, epsilon, delta) for k in domains)
    return found


@pytest.mark.parametrize("m", small_mechanisms(), ids=repr)
def test_every_figure_by_enumeration(m: Any) -> None:
    table, supports = channel(m)
    np.testing.assert_allclose(table.sum(axis=0), 1, rtol=1e-12)
    spread = float(np.log(table.max(axis=1) / table.min(axis=1)).max())
    assert m.exact_epsilon() == pytest.approx(spread, abs=1e-9, rel=0)
    assert m.exact_epsilon() > m.epsilon
    for epsilon in (0.0, m.epsilon / 2, m.epsilon, m.epsilon + 1e-4, m.exact_epsilon() + 0.1):
        exact = m.exact_delta(epsilon)
        assert exact == pytest.approx(divergence(table, epsilon), abs=1e-13, rel=0)
    for prior in priors(m.k):
        best = float((table * prior).max(axis=1).sum())
        assert m.vulnerability(prior) == pytest.approx(best, abs=1e-12, rel=0)
    estimates = (supports - m.q_star) / (m.p_star - m.q_star)
    np.testing.assert_allclose(table.T @ estimates, np.eye(m.k), atol=1e-11)
    for frequencies in priors(m.k):
        trace = covariance_trace(table, estimates, frequencies)
        assert m.mse(3, frequencies) == pytest.approx(trace / 3, rel=1e-9)
    q, spread = m.q_star, m.p_star - m.q_star
    assert m.mse(3) == pytest.approx(q * (1 - q) / spread**2 / 3, rel=1e-12)


@pytest.mark.parametrize("m", small_mechanisms(), ids=repr)
def test_likelihood_is_the_defined_channel(m: Any) -> None:
    table, supports = channel(m)
    if not isinstance(m, HASHING):
        reports = np.arange(m.k) if len(table) == m.k else pack(supports.astype(np.uint8))
        np.testing.assert_allclose(np.exp(m.log_likelihood(reports)), table, rtol=1e-11)
        return
    reports = m.privatize(np.zeros(200, dtype=np.int64), rng=np.random.default_rng(1))
    truth, lie = response(m.num_buckets, m.epsilon, m.delta)
    seen = np.exp(m.log_likelihood(reports))
    one_by_one = [m.aggregate(reports[i : i + 1]).supports for i in range(200)]
    np.testing.assert_allclose(seen, np.where(one_by_one, truth, lie), rtol=1e-12)


@pytest.mark.parametrize("delta", [1e-300, 1e-14, 1e-9, 1e-5, 0.01])
@pytest.mark.parametrize("epsilon", [0.1, 1.0, 8.0])
@pytest.mark.parametrize("cls", CLASSES)
def test_delta_is_met_to_all_digits(cls: Any, epsilon: float, delta: float) -> None:
    """Exactly for agrr and asue; by 1 - 1/g for hashing, whose two values may share a bucket."""
    m = cls(50, epsilon, delta)
    met = delta * (1 - 1 / m.num_buckets) if cls in HASHING else delta
    assert m.exact_delta(epsilon) == pytest.approx(met, rel=1e-15)
    assert m.exact_delta(epsilon) <= delta
    assert m.exact_delta(epsilon - 0.01) > met
    assert m.exact_delta(1e6) == 0


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("epsilon", [1e-6, 1e-3, 20.0, 50.0, 700.0])
@pytest.mark.parametrize("delta", [1e-15, 1e-8, 0.5, 1 - 1e-9])
def test_extreme_budgets(cls: Any, epsilon: float, delta: float) -> None:
    largest = -math.expm1(-epsilon) / (9 - math.exp(-epsilon))
    if cls is ApproximateOptimizedLocalHashing and (epsilon > 21.4 or delta > largest):
        with pytest.raises(ValueError, match=r"(delta must be at most|epsilon must keep)"):
            cls(100, epsilon, delta)
        return
    m = cls(100, epsilon, delta)
    assert 0 < m.q_star < m.p_star <= 1
    assert m.own_missed == pytest.approx(1 - m.p_star, abs=1e-12)
    assert math.isfinite(m.exact_epsilon())
    assert m.exact_epsilon() >= epsilon * (1 - 1e-9)
    limit = response(100, epsilon if epsilon < 700 else 690, delta)[0]
    assert 0.01 * (1 - 1e-12) <= m.vulnerability() <= limit + 1e-12
    reports = m.privatize(np.arange(100), rng=np.random.default_rng(2))
    assert np.isfinite(m.log_likelihood(reports)).all()
    assert math.isfinite(m.mse(10, np.full(100, 0.01)))


@pytest.mark.parametrize(("epsilon", "buckets"), [(1.0, 4), (4.0, 56), (10.0, 22028)])
def test_published_numbers_of_buckets(epsilon: float, buckets: int) -> None:
    assert ApproximateOptimizedLocalHashing(10, epsilon, 1e-5).num_buckets == buckets


@pytest.mark.parametrize("delta", [1e-9, 1e-6, 1e-3, 0.02])
@pytest.mark.parametrize("epsilon", [0.25, 0.75, 1.0, 2.0, 3.5, 6.0, 10.0])
def test_number_of_buckets_is_the_printed_one_and_a_local_minimum(
    epsilon: float, delta: float
) -> None:
    e = math.exp(epsilon)
    root = math.sqrt(e - 1) * math.sqrt((1 - delta) * (e + delta - 9 * e * delta - 1))
    printed = (-3 * e * delta - root + e + 3 * delta - 1) / (2 * delta)
    g = ApproximateOptimizedLocalHashing(10, epsilon, delta).num_buckets
    assert g == max(2, round(printed))

    def variance(h: float) -> float:
        p, q = response(h + 1, epsilon, delta)[0], 1 / (h + 1)
        return q * (1 - q) / (p - q) ** 2

    h = printed - 1
    assert variance(h) <= min(variance(h * 1.01), variance(h / 1.01))


def test_without_a_best_number_of_buckets_it_is_refused() -> None:
    """The variance then falls with g for ever: above (e - 1) / (9 e - 1) it has no minimum."""
    limit = (math.e - 1) / (9 * math.e - 1)
    assert ApproximateOptimizedLocalHashing(10, 1.0, limit * (1 - 1e-12)).num_buckets >= 4
    with pytest.raises(ValueError, match=r"delta must be at most .* here 0.0732289, got 0.08"):
        ApproximateOptimizedLocalHashing(10, 1.0, 0.08)
    with pytest.raises(ValueError, match=r"buckets below 2\*\*31, got 22.0"):
        ApproximateOptimizedLocalHashing(10, 22.0, 1e-5)
    assert ApproximateBinaryLocalHashing(10, 1.0, 0.9).num_buckets == 2


#: Limits of the published distinguishing audit, ln((k - 1)(success - delta) / (1 - success)).
AUDIT_BUDGETS = (0.25, 0.5, 0.75, 1.0, 2.0, 4.0, 6.0, 10.0)
AUDIT = [
    (0, 25, (0.250, 0.500, 0.750, 1.000, 2.000, 4.000, 6.000, 10.000)),
    (1, 25, (0.130, 0.262, 0.394, 0.527, 1.074, 2.250, 3.442, 5.590)),
    (2, 25, (0.122, 0.229, 0.321, 0.399, 0.598, 0.716, 0.733, 0.736)),
    (3, 25, (0.122, 0.319, 0.456, 0.680, 1.514, 2.846, 3.196, 3.257)),
    (0, 200, (0.250, 0.500, 0.750, 1.000, 2.000, 4.000, 6.000, 10.000)),
    (1, 200, (0.124, 0.250, 0.376, 0.502, 1.008, 2.032, 3.101, 5.487)),
    (2, 200, (0.116, 0.219, 0.307, 0.381, 0.569, 0.679, 0.695, 0.697)),
    (3, 200, (0.116, 0.305, 0.435, 0.646, 1.428, 3.442, 4.873, 5.294)),
]


@pytest.mark.parametrize(("index", "k", "printed"), AUDIT)
def test_limits_of_the_published_audit(index: int, k: int, printed: tuple[float, ...]) -> None:
    for epsilon, limit in zip(AUDIT_BUDGETS, printed, strict=True):
        success = CLASSES[index](k, epsilon, 1e-5).vulnerability()
        seen = math.log((k - 1) * (success - 1e-5) / (1 - success))
        assert seen == pytest.approx(limit, abs=5.01e-4)


def test_published_success_of_hashing_alone() -> None:
    for cls in CLASSES:
        assert isinstance(cls(9, 1.0, 1e-5), HasPublishedSuccess) == (cls in HASHING)
    m = ApproximateOptimizedLocalHashing(100, 4.0, 1e-5)
    assert m.published_success() == pytest.approx(response(56, 4.0, 1e-5)[0] * 56 / 100)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize(("epsilon", "delta"), [(1.0, 0.01), (3.0, 1e-5)])
def test_contract(cls: Any, epsilon: float, delta: float) -> None:
    """Samplers, estimates and counts follow the law; each statistical check fails at 1e-6."""
    m = cls(6, epsilon, delta)
    assert isinstance(m, HasExactDelta)
    assert isinstance(m, HasBayesVulnerability)
    assert components.check_mechanism(m)
    assert repr(m) == f"{cls.__name__}(k=6, epsilon={epsilon!r}, delta={delta!r})"
    assert pickle.loads(pickle.dumps(m)) == m != cls(6, epsilon, delta / 2)  # noqa: S301


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("delta", [0.0, 1.0, -0.1, 2, math.nan, math.inf])
def test_bad_deltas(cls: Any, delta: float) -> None:
    with pytest.raises(ValueError, match=r"delta must lie strictly between 0 and 1, got"):
        cls(5, 1.0, delta)
    for wrong in (True, "0.1", None):
        with pytest.raises(TypeError, match="delta must be a number"):
            cls(5, 1.0, wrong)


PURE: list[Any] = [
    maker(k, epsilon)
    for k, epsilon in itertools.product((2, 3, 6), (0.1, 1.0, 4.0))
    for maker in (
        GeneralizedRandomizedResponse,
        SubsetSelection,
        OptimizedUnaryEncoding,
        SymmetricUnaryEncoding,
        ThresholdingHistogramEncoding,
        lambda k, epsilon: GeneralUnaryEncoding(k, epsilon, 0.9),
        BinaryLocalHashing,
    )
]


@pytest.mark.parametrize("m", PURE, ids=repr)
def test_profiles_of_pure_protocols(m: Any) -> None:
    """The whole divergence by going through all reports; 0 from the exact epsilon on."""
    k = m.k
    if isinstance(m, GeneralizedRandomizedResponse):
        table = np.exp(m.log_likelihood(np.arange(k)))
    elif isinstance(m, SubsetSelection):
        table = np.exp(m.log_likelihood(pack(subsets(k, m.subset_size))))
    elif isinstance(m, BinaryLocalHashing):
        supports = np.array(list(itertools.product((0, 1), repeat=k)))
        halves = [np.where(supports == bucket, m.p_star, m.own_missed) for bucket in (0, 1)]
        table = np.concatenate(halves) / 2**k
    else:
        table = np.exp(m.log_likelihood(pack(patterns(k))))
    np.testing.assert_allclose(table.sum(axis=0), 1, rtol=1e-12)
    for epsilon in (0.0, m.epsilon / 3, m.epsilon / 2, 0.99 * m.exact_epsilon()):
        exact = m.exact_delta(epsilon)
        assert exact == pytest.approx(divergence(table, epsilon), abs=1e-13, rel=0)
        assert exact > 0
    assert m.exact_delta(m.exact_epsilon()) == 0
    assert m.exact_delta(1e9) == 0
    for wrong in (-0.1, math.nan, math.inf):
        with pytest.raises(ValueError, match="epsilon must be at least 0 and finite"):
            m.exact_delta(wrong)
