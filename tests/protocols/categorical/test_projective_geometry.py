"""Projective geometry response against its definition, point by point.

The reference lists the points as vectors and takes inner products; it shares
nothing with the code. Statistical tests fix their generator and raise a false
alarm with probability 1e-6 or less.
"""

from __future__ import annotations

import itertools
import math
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from ldpaudit.contracts import FrequencyOracle, HasBayesVulnerability, HasLikelihood, HasVariance
from ldpaudit.protocols._kernels import _projective
from ldpaudit.protocols._kernels._projective import ProjectiveSpace, inverses, prime_from
from ldpaudit.protocols.categorical import projective_geometry
from ldpaudit.protocols.categorical.projective_geometry import ProjectiveGeometryResponse
from ldpaudit.testing.components import check_mechanism

Table = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: k and epsilon with q = 3, 5, 11, 23, 59 and 409, t from 2 to 5, K full, padded and just begun.
SMALL = [
    *((k, 0.1) for k in (2, 4, 5)),
    *((k, 0.5) for k in (13, 14, 40, 41)),
    *((k, 1.0) for k in (6, 7, 10, 31, 32)),
    *((k, 2.0) for k in (3, 13, 25)),
    *((30, 3.0), (60, 4.0), (8, 6.0)),
]
small = pytest.mark.parametrize(("k", "epsilon"), SMALL)


@cache
def points(q: int, t: int) -> Ints:
    """Every point, one row each: first nonzero coordinate 1, in lexicographic order."""
    vectors = itertools.product(range(q), repeat=t)
    return np.array([v for v in vectors if next((c for c in v if c), 0) == 1])


def incidence(m: ProjectiveGeometryResponse) -> npt.NDArray[np.bool_]:
    """Which messages support which values, by inner products, shape (K, k)."""
    listed = points(m.field_order, m.dimension)
    assert len(listed) == m.universe_size
    return np.asarray(listed @ listed[: m.k].T % m.field_order == 0)


def defined_channel(m: ProjectiveGeometryResponse) -> Table:
    """P(message | value): e shares where it supports the value, one where it does not."""
    shares = np.where(incidence(m), math.exp(m.epsilon), 1.0)
    return np.asarray(shares / shares.sum(axis=0))


def priors(k: int) -> list[Table]:
    """Random, ordered, tied, sparse and degenerate priors."""
    rng = np.random.default_rng(91 + k)
    smooth = rng.dirichlet(np.ones(k))
    steps = np.where(np.arange(k) % 3 == 0, 2.0, 1.0)
    point = np.eye(k)[k // 2]
    half = np.where(np.arange(k) >= k // 2, 1.0, 0.0)
    nearly = 1 + 1e-3 * rng.random(k)
    raw = [smooth, np.sort(smooth), np.sort(smooth)[::-1], rng.dirichlet(np.full(k, 0.1))]
    return [np.asarray(p / p.sum()) for p in [*raw, steps, point, half, nearly, np.ones(k)]]


# --- parameters ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "epsilon", "q", "t", "universe"),
    [
        (10, 1.0, 5, 3, 31),
        (10, 2.0, 11, 2, 12),
        (10, 4.0, 59, 2, 60),
        (100, 1.0, 5, 4, 156),
        (100, 4.0, 59, 3, 3541),
        (22_000, 5.0, 151, 3, 22_953),
        (2, 0.1, 3, 2, 4),
        (4, 0.1, 3, 2, 4),
        (5, 0.1, 3, 3, 13),
    ],
)
def test_field_dimension_and_universe(
    k: int, epsilon: float, q: int, t: int, universe: int
) -> None:
    m = ProjectiveGeometryResponse(k, epsilon)
    assert (m.field_order, m.dimension, m.universe_size) == (q, t, universe)
    assert 2 ** (m.bits - 1) < universe <= 2**m.bits


def test_field_order_is_the_smallest_odd_prime_from_its_bound() -> None:
    primes = [n for n in range(3, 3000) if all(n % d for d in range(2, n))]
    for low in range(2, 2900):
        assert prime_from(low) == next(p for p in primes if p >= low)
    assert prime_from(2**31 - 8) == 2**31 - 1


@pytest.mark.parametrize("q", [3, 5, 11, 59, 151, 2999, 2**31 - 1])
def test_inverses(q: int) -> None:
    numbers = np.random.default_rng(q).integers(1, q, 100)
    found = inverses(numbers, q).tolist()
    assert [x * y % q for x, y in zip(numbers.tolist(), found, strict=True)] == [1] * 100


@pytest.mark.parametrize(("q", "t"), [(3, 2), (3, 5), (5, 3), (11, 3), (59, 2)])
def test_points_with_the_latest_leading_one_come_first(q: int, t: int) -> None:
    space, listed = ProjectiveSpace(q, t), points(q, t)
    np.testing.assert_array_equal(space.coordinates(np.arange(space.size)).T, listed)
    np.testing.assert_array_equal(listed[0], [0] * (t - 1) + [1])
    np.testing.assert_array_equal(listed[1:3, -2:], [[1, 0], [1, 1]])
    for factor in range(1, q):
        numbers = space.numbers(listed.T * factor % q)
        np.testing.assert_array_equal(numbers, np.arange(space.size))


@pytest.mark.parametrize(("q", "t"), [(3, 2), (3, 4), (5, 3), (11, 3)])
def test_orthogonal_points_are_listed_once_each(q: int, t: int) -> None:
    listed = points(q, t)
    for vector in listed:
        found = ProjectiveSpace(q, t).orthogonal(vector.tolist())
        np.testing.assert_array_equal(np.sort(found), np.flatnonzero(listed @ vector % q == 0))


# --- the channel -----------------------------------------------------------------------------


@small
def test_likelihood_is_the_defined_channel(k: int, epsilon: float) -> None:
    m = ProjectiveGeometryResponse(k, epsilon)
    logs = m.log_likelihood(np.arange(m.universe_size))
    np.testing.assert_allclose(np.exp(logs).sum(axis=0), 1.0, rtol=1e-12)
    np.testing.assert_allclose(np.exp(logs), defined_channel(m), rtol=1e-11)
    largest = float((logs.max(axis=1) - logs.min(axis=1)).max())
    assert largest == pytest.approx(epsilon, abs=1e-9, rel=0)
    assert m.exact_epsilon() == pytest.approx(epsilon, abs=1e-9, rel=0)
    some = [k - 1, 0, 0]
    np.testing.assert_array_equal(m.log_likelihood(np.arange(4), some), logs[:4, some])
    assert m.log_likelihood([], []).shape == (0, 0)


@small
def test_estimate_is_unbiased_and_its_error_exact(k: int, epsilon: float) -> None:
    m = ProjectiveGeometryResponse(k, epsilon)
    table = defined_channel(m)
    supports = [m.aggregate([message]).supports for message in range(m.universe_size)]
    np.testing.assert_array_equal(supports, incidence(m))
    single = np.array([m.estimate(m.aggregate([u])) for u in range(m.universe_size)])
    np.testing.assert_allclose(table.T @ single, np.eye(k), atol=1e-9)
    frequencies = np.random.default_rng(k).dirichlet(np.ones(k))
    second = table.T @ single**2 - (table.T @ single) ** 2  # (own value, item)
    error = float((frequencies @ second).mean())
    assert m.mse(1, frequencies) == pytest.approx(error, rel=1e-9)
    assert m.mse(7, frequencies) == pytest.approx(error / 7, rel=1e-9)
    assert m.mse(1) == pytest.approx(float(second[0, 1]), rel=1e-9)


@small
def test_vulnerability_is_that_of_the_channel(k: int, epsilon: float) -> None:
    m = ProjectiveGeometryResponse(k, epsilon)
    table = defined_channel(m)
    uniform = float(table.max(axis=1).sum()) / k
    assert m.vulnerability() == pytest.approx(uniform, abs=1e-12, rel=1e-12)
    for prior in priors(k):
        best = float((table * prior).max(axis=1).sum())
        assert m.vulnerability(prior) == pytest.approx(best, abs=1e-12, rel=1e-12)


@pytest.mark.parametrize(("k", "epsilon"), [(300, 0.5), (500, 2.0), (200, 4.0)])
def test_vulnerability_in_larger_universes(k: int, epsilon: float) -> None:
    m = ProjectiveGeometryResponse(k, epsilon)
    table = np.exp(m.log_likelihood(np.arange(m.universe_size)))
    for prior in priors(k):
        best = float((table * prior).max(axis=1).sum())
        assert m.vulnerability(prior) == pytest.approx(best, rel=1e-12)


@pytest.mark.parametrize(
    ("k", "epsilon", "flat", "averaged", "success"),
    [
        (10, 1.0, 3.51253, 3.71368, 0.203988),
        (10, 4.0, 0.0391951, 0.147408, 0.52464),
        (100, 1.0, 3.75994, 3.77943, 0.0202637),
        (100, 4.0, 0.0754659, 0.0861145, 0.286126),
    ],
)
def test_independently_computed_figures(
    k: int, epsilon: float, flat: float, averaged: float, success: float
) -> None:
    m = ProjectiveGeometryResponse(k, epsilon)
    assert f"{m.mse(1):.6g}" == f"{flat:g}"
    assert f"{m.mse(1, np.full(k, 1 / k)):.6g}" == f"{averaged:g}"
    assert f"{m.vulnerability():.6g}" == f"{success:g}"


def test_error_of_the_published_setting() -> None:
    m = ProjectiveGeometryResponse(k=22_000, epsilon=5.0)
    assert round(m.mse(1000) * 1000**2, 2) == 27.23  # in squared counts of 1000 users


# --- the decoder -----------------------------------------------------------------------------


def brute_force(m: ProjectiveGeometryResponse, reports: Ints) -> Ints:
    """Inner products of every report with every value."""
    space = ProjectiveSpace(m.field_order, m.dimension)
    messages, values = space.coordinates(reports), space.coordinates(np.arange(m.k))
    out = [np.sum(messages.T @ v % m.field_order == 0) for v in values.T]
    return np.array(out, dtype=np.int64)


@pytest.mark.parametrize(
    ("k", "epsilon"),
    [
        *SMALL,
        *((1000, 0.1), (1093, 0.5), (1094, 0.5), (500, 1.0)),
        *((1464, 2.0), (1500, 2.0), (2500, 3.0), (554, 3.0)),
        *((3541, 4.0), (3600, 4.0), (2000, 4.5), (1500, 5.0)),
        *((3100, 8.0), (300, 8.0), (1000, 12.0)),
    ],
)
@pytest.mark.parametrize("num_reports", [1, 37, 4000])
def test_decoder_equals_brute_force(k: int, epsilon: float, num_reports: int) -> None:
    m = ProjectiveGeometryResponse(k, epsilon)
    rng = np.random.default_rng(k + num_reports)
    for reports in (
        rng.integers(0, m.universe_size, num_reports),
        m.privatize(rng.integers(0, min(k, 3), num_reports), rng=rng),
        rng.integers(0, min(m.universe_size, k), num_reports),
    ):
        counts = m.aggregate(reports)
        assert counts.supports.dtype == np.int64
        np.testing.assert_array_equal(counts.supports, brute_force(m, reports))


@pytest.mark.parametrize("epsilon", [2.0, 3.0, 4.0, 4.5, 5.0])
def test_decoder_at_the_size_of_the_benchmark(epsilon: float) -> None:
    m = ProjectiveGeometryResponse(k=22_000, epsilon=epsilon)
    rng = np.random.default_rng(0)
    reports = m.privatize(rng.integers(0, 10, 10_000), rng=rng)
    counts = m.aggregate(reports).supports
    space = ProjectiveSpace(m.field_order, m.dimension)
    asked = np.unique(np.concatenate(([0, 1, 21_999], rng.integers(0, 22_000, 100))))
    products = space.coordinates(reports).T @ space.coordinates(asked)
    np.testing.assert_array_equal(counts[asked], (products % m.field_order == 0).sum(axis=0))
    # Each message supports the same number of points; the rest of them lie beyond k.
    assert counts.sum() <= reports.size * m.support_size


def test_decoder_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    m = ProjectiveGeometryResponse(k=500, epsilon=2.0)
    reports = np.random.default_rng(0).integers(0, m.universe_size, 10_000)
    for some in (reports, reports[:1000]):  # with and without messages counted first
        whole = m.aggregate(some).supports
        with monkeypatch.context() as patch:
            patch.setattr(_projective, "_CHUNK", 300)
            np.testing.assert_array_equal(m.aggregate(some).supports, whole)


@pytest.mark.parametrize(("k", "epsilon"), [(100, 1.0), (300, 2.0), (22_000, 4.0), (9, 10.0)])
def test_aggregates_of_a_stream_add_up(k: int, epsilon: float) -> None:
    m = ProjectiveGeometryResponse(k, epsilon)
    reports = np.random.default_rng(1).integers(0, m.universe_size, 300_001)
    whole = m.aggregate(reports)
    parts = [m.aggregate(part) for part in np.array_split(reports, 4)]
    merged = parts[0] + parts[1] + parts[2] + parts[3] + m.aggregate([])
    assert merged.num_users == whole.num_users == reports.size
    np.testing.assert_array_equal(merged.supports, whole.supports)


# --- the sampler -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "epsilon", "value"),
    [
        (4, 0.1, 0),
        (4, 0.1, 1),
        (4, 0.1, 3),
        (13, 0.5, 0),
        (13, 0.5, 2),
        (13, 0.5, 12),
        (31, 1.0, 1),
        (31, 1.0, 17),
        (156, 1.0, 100),
        (12, 2.0, 11),
        (60, 4.0, 30),
    ],
)
def test_reports_follow_the_channel(k: int, epsilon: float, value: int) -> None:
    m = ProjectiveGeometryResponse(k, epsilon)
    reports = m.privatize(np.full(200_000, value), rng=np.random.default_rng(value))
    expected = defined_channel(m)[:, value] * reports.size
    assert expected.min() >= 5
    observed = np.bincount(reports, minlength=m.universe_size)
    statistic = float(((observed - expected) ** 2 / expected).sum())
    assert statistic <= stats.chi2(m.universe_size - 1).isf(1e-6)


@pytest.mark.parametrize(("k", "epsilon"), [(22_000, 2.0), (22_000, 5.0), (50, 15.0), (50, 20.0)])
def test_reports_of_large_universes_support_the_own_value(k: int, epsilon: float) -> None:
    m = ProjectiveGeometryResponse(k, epsilon)
    rng = np.random.default_rng(5)
    values = rng.integers(0, k, 20_000)
    reports = m.privatize(values, rng=rng)
    assert reports.dtype == np.int64
    assert reports.shape == values.shape
    assert reports.min() >= 0
    assert reports.max() < m.universe_size
    space = ProjectiveSpace(m.field_order, m.dimension)
    vectors, own = space.coordinates(reports).tolist(), space.coordinates(values).tolist()
    products = [
        sum(u * v for u, v in zip(report, value, strict=True)) % m.field_order
        for report, value in zip(zip(*vectors, strict=True), zip(*own, strict=True), strict=True)
    ]
    p = m.p_star
    assert abs(products.count(0) - 20_000 * p) <= 5 * math.sqrt(20_000 * p * (1 - p))
    first = m.log_likelihood(reports[:500], values[:500]).diagonal()
    supported = first > first.mean()
    np.testing.assert_array_equal(supported, np.array(products[:500]) == 0)


def test_mixed_batches_are_reproducible() -> None:
    m = ProjectiveGeometryResponse(k=1000, epsilon=2.0)
    values = np.arange(40_000) % 1000
    first = m.privatize(values, rng=np.random.default_rng(3))
    np.testing.assert_array_equal(first, m.privatize(values, rng=np.random.default_rng(3)))
    estimate = m.estimate(m.aggregate(first))
    squared = float(((estimate - 1 / 1000) ** 2).mean())
    # The mean of 1000 nearly independent squares: relative standard error sqrt(2 / 1000).
    exact = m.mse(values.size, np.full(1000, 1 / 1000))
    assert squared == pytest.approx(exact, rel=5 * math.sqrt(2 / 1000))
    assert m.privatize([], rng=np.random.default_rng(0)).shape == (0,)


# --- contracts and refusals ------------------------------------------------------------------


@pytest.mark.parametrize(("k", "epsilon"), [(2, 0.1), (10, 1.0), (100, 4.0), (20, 8.0)])
def test_contracts(k: int, epsilon: float) -> None:
    m = ProjectiveGeometryResponse(k, epsilon)
    for contract in (FrequencyOracle, HasLikelihood, HasVariance, HasBayesVulnerability):
        assert isinstance(m, contract)
    check_mechanism(m)


@pytest.mark.parametrize(
    ("k", "epsilon", "message"),
    [
        (1, 1.0, "k must be at least 2"),
        (10, 0.0, "epsilon must be positive"),
        (10, math.inf, "epsilon must be positive and finite"),
        (10, 500.0, "epsilon must keep the field order"),
        (10, math.log(2**31 - 1), "universe below 2\\*\\*31"),
        (2**31, 1.0, "universe below 2\\*\\*31"),
        (200_000, 11.0, "universe below 2\\*\\*31 messages, got 200000 and 11.0"),
    ],
)
def test_bad_parameters(k: int, epsilon: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ProjectiveGeometryResponse(k, epsilon)


def test_bad_input() -> None:
    m = ProjectiveGeometryResponse(k=10, epsilon=1.0)
    rng = np.random.default_rng(0)
    for call in (lambda: m.privatize([10], rng=rng), lambda: m.log_likelihood([0], [10])):
        with pytest.raises(ValueError, match=r"values must lie in \[0, 10\), got 10"):
            call()
    for reports in ([31], [-1]):
        with pytest.raises(ValueError, match=r"lie in \[0, 31\)"):
            m.aggregate(reports)
    with pytest.raises(TypeError, match="integers"):
        m.aggregate([0.5])
    with pytest.raises(TypeError, match="Generator"):
        m.privatize([0], rng=np.random)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="prior must sum to 1"):
        m.vulnerability(np.ones(10))
    with pytest.raises(TypeError, match="whole number"):
        ProjectiveGeometryResponse(2.5, 1.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="entries"):
        ProjectiveGeometryResponse(22_000, 5.0).log_likelihood(np.zeros(20_000, dtype=np.int64))


def test_uneven_priors_over_too_large_a_universe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projective_geometry, "MAX_LISTED_MESSAGES", 30)
    m = ProjectiveGeometryResponse(k=10, epsilon=1.0)
    assert m.vulnerability() == pytest.approx(0.203988, abs=1e-6)
    with pytest.raises(ValueError, match="at most 30 messages, got 31"):
        m.vulnerability(np.arange(10) / 45)
