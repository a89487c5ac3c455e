"""Hybrid projective geometry response against its definition, point by point.

The reference lists the points as vectors and takes inner products; it shares
nothing with the code. Statistical tests fix their generator and raise a false
alarm with probability 1e-6 or less.
"""

from __future__ import annotations

import itertools
import math
from functools import cache

import numpy as np
import pytest
from scipy import stats

from ldpaudit.contracts import (
    FrequencyOracle,
    HasBayesVulnerability,
    HasBits,
    HasCounts,
    HasExactDelta,
    HasExactEpsilon,
    HasReports,
    HasVariance,
)
from ldpaudit.protocols._kernels import _blocks
from ldpaudit.protocols.categorical.hybrid_projective_geometry import HybridProjectiveGeometry
from ldpaudit.protocols.categorical.projective_geometry import ProjectiveGeometryResponse
from ldpaudit.testing.components import check_mechanism

from .blocks import (
    Blocks,
    Ints,
    assert_follows,
    assert_mean,
    priors,
    sum_law,
    user_variances,
    worst_divergence,
)

#: q = 3, 5 and 7, t from 2 to 4, values in one block, in some and in all.
SMALL = [
    *((k, 0.2, 3) for k in (2, 5, 8, 9, 26, 40)),
    *((k, 1.0, 5) for k in (2, 6, 7, 10, 12, 13, 50)),
    *((k, 2.5, 3) for k in (4, 11, 20, 30)),
    *((k, 3.0, 5) for k in (2, 20, 40)),
    *((k, 3.5, 7) for k in (30, 41)),
    (9, 6.0, 5),
]
small = pytest.mark.parametrize(("k", "epsilon", "order"), SMALL)


@cache
def points(q: int, t: int) -> Ints:
    """Every point, one row each: first nonzero coordinate 1, in lexicographic order."""
    vectors = itertools.product(range(q), repeat=t)
    return np.array([v for v in vectors if next((c for c in v if c), 0) == 1])


@cache
def blocks_of(m: HybridProjectiveGeometry) -> Blocks:
    """Value x is point x mod b of block x div b, and so are the messages."""
    listed = points(m.field_order, m.dimension)
    message_block, place = np.divmod(np.arange(m.num_blocks * len(listed)), len(listed))
    near = message_block[:, None] == message_block[: m.k]
    supports = near & (listed[place] @ listed[place[: m.k]].T % m.field_order == 0)
    return Blocks(supports, message_block, message_block[: m.k])


def sizes(m: HybridProjectiveGeometry) -> tuple[int, int]:
    """Messages that support a value, and two of them at once, counted."""
    listed = points(m.field_order, m.dimension)
    table = listed @ listed.T % m.field_order == 0
    return int(table[:, 0].sum()), int((table[:, 0] & table[:, 1]).sum())


# --- parameters ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "epsilon", "order", "num_blocks", "dimension", "block_size"),
    [
        (10, 1.0, 5, 2, 2, 6),
        (13, 1.0, 5, 2, 3, 31),
        (10, 1.0, 3, 2, 3, 13),
        (100, 4.0, 5, 12, 3, 31),
        (22_000, 5.0, 5, 30, 5, 781),
        (22_000, 5.0, 3, 50, 7, 1093),
        (2, 0.1, 5, 2, 2, 6),
    ],
)
def test_blocks_and_dimension(
    k: int, epsilon: float, order: int, num_blocks: int, dimension: int, block_size: int
) -> None:
    m = HybridProjectiveGeometry(k, epsilon, order)
    assert (m.num_blocks, m.dimension, m.block_size) == (num_blocks, dimension, block_size)
    assert m.universe_size == num_blocks * block_size
    assert 2 ** (m.bits - 1) < m.universe_size <= 2**m.bits


def test_default_field() -> None:
    assert HybridProjectiveGeometry(9, 1.0) == HybridProjectiveGeometry(9, 1.0, field_order=5)


# --- the channel -----------------------------------------------------------------------------


@small
def test_likelihood_is_the_defined_channel(k: int, epsilon: float, order: int) -> None:
    m = HybridProjectiveGeometry(k, epsilon, order)
    logs = m.log_likelihood(m.every_report())
    np.testing.assert_allclose(np.exp(logs).sum(axis=0), 1.0, rtol=1e-12)
    np.testing.assert_allclose(np.exp(logs), blocks_of(m).channel(epsilon), rtol=1e-11)
    largest = float((logs.max(axis=1) - logs.min(axis=1)).max())
    assert largest == pytest.approx(epsilon, abs=1e-9, rel=0)
    assert m.exact_epsilon() == pytest.approx(largest, abs=1e-12, rel=0)
    some = [k - 1, 0, 0]
    np.testing.assert_array_equal(m.log_likelihood([1, 0], some), logs[[1, 0]][:, some])
    assert m.log_likelihood([], []).shape == (0, 0)


@small
def test_estimate_is_unbiased_and_its_error_exact(k: int, epsilon: float, order: int) -> None:
    m = HybridProjectiveGeometry(k, epsilon, order)
    blocks = blocks_of(m)
    table, universe = blocks.channel(epsilon), m.universe_size
    single = np.array([m.estimate(m.aggregate([u])) for u in range(universe)])
    np.testing.assert_allclose(single, blocks.scores(epsilon, *sizes(m)), atol=1e-9, rtol=1e-9)
    np.testing.assert_allclose(table.T @ single, np.eye(k), atol=1e-9)
    variances = user_variances(table, single)
    frequencies = np.random.default_rng(k).dirichlet(np.ones(k))
    error = float((frequencies @ variances).mean())
    assert m.mse(1, frequencies) == pytest.approx(error, rel=1e-9)
    assert m.mse(7, frequencies) == pytest.approx(error / 7, rel=1e-9)
    # Own value, another of its block, one of another block.
    own, same, other = m._variances
    np.testing.assert_allclose(variances.diagonal(), own, rtol=1e-9)
    if k > 1 + m.block_size:
        assert other == pytest.approx(float(variances[0, -1]), rel=1e-9)
    assert same == pytest.approx(float(variances[0, 1]), rel=1e-9)


@pytest.mark.parametrize(("epsilon", "order", "k"), [(1.0, 3, 26), (2.5, 3, 20), (3.0, 5, 30)])
def test_error_without_frequencies_is_that_of_users_of_all_other_points(
    epsilon: float, order: int, k: int
) -> None:
    m = HybridProjectiveGeometry(k, epsilon, order)
    assert m.universe_size == k  # so that every point is a value
    blocks = blocks_of(m)
    variances = user_variances(blocks.channel(epsilon), blocks.scores(epsilon, *sizes(m)))
    assert m.mse(3) == pytest.approx(float(variances[1:, 0].mean()) / 3, rel=1e-9)


@small
def test_vulnerability_is_that_of_the_channel(k: int, epsilon: float, order: int) -> None:
    m = HybridProjectiveGeometry(k, epsilon, order)
    table = blocks_of(m).channel(epsilon)
    assert m.vulnerability() == pytest.approx(float(table.max(axis=1).sum()) / k, rel=1e-12)
    for prior in priors(k):
        best = float((table * prior).max(axis=1).sum())
        assert m.vulnerability(prior) == pytest.approx(best, abs=1e-12, rel=1e-12)


@pytest.mark.parametrize(("k", "epsilon", "order"), [(300, 0.5, 3), (700, 1.5, 5), (400, 5.0, 5)])
def test_vulnerability_in_larger_universes(
    k: int, epsilon: float, order: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_blocks, "_TABLE_CHUNK", 300)  # several blocks a pass, in several passes
    m = HybridProjectiveGeometry(k, epsilon, order)
    table = np.exp(m.log_likelihood(m.every_report()))
    for prior in priors(k):
        best = float((table * prior).max(axis=1).sum())
        assert m.vulnerability(prior) == pytest.approx(best, rel=1e-12)


@small
def test_profile_is_that_of_the_channel(k: int, epsilon: float, order: int) -> None:
    m = HybridProjectiveGeometry(k, epsilon, order)
    table = blocks_of(m).channel(epsilon)
    for level in (0.0, epsilon / 3, 0.9 * epsilon):
        assert m.exact_delta(level) == pytest.approx(worst_divergence(table, level), rel=1e-9)
    assert m.exact_delta(epsilon + 1e-9) == 0


def test_error_of_the_published_setting() -> None:
    """Means of 300 published trials, in squared counts of 1000 users."""
    m = HybridProjectiveGeometry(k=22_000, epsilon=5.0, field_order=5)
    zipf = 1 / np.arange(1, 22_001)
    junta = np.where(np.arange(22_000) < 256, 1 / 256, 0)
    for data, published in ((zipf / zipf.sum(), 34.9), (junta, 34.8)):
        assert m.mse(1000, data) * 1000**2 == pytest.approx(published, rel=0.005)
    best = ProjectiveGeometryResponse(k=22_000, epsilon=5.0).mse(1000)
    assert m.mse(1000) / best == pytest.approx(1 + 1 / 4, rel=0.01)
    cheaper = HybridProjectiveGeometry(k=22_000, epsilon=5.0, field_order=3)
    assert cheaper.mse(1000) / best == pytest.approx(1 + 1 / 2, rel=0.01)


@pytest.mark.parametrize("epsilon", [1e-9, 1e-3, 15.0, 21.0])
def test_extreme_budgets(epsilon: float) -> None:
    m = HybridProjectiveGeometry(k=50, epsilon=epsilon)
    assert m.exact_epsilon() == pytest.approx(epsilon, rel=1e-6)
    assert 1 / 50 <= m.vulnerability() <= 1
    assert 0 <= m.mse(1, np.full(50, 1 / 50)) < math.inf
    reports = m.privatize(np.arange(50), rng=np.random.default_rng(0))
    assert m.aggregate(reports).supports.size == 50 + m.used_blocks


# --- the decoder -----------------------------------------------------------------------------


@small
def test_decoder_equals_brute_force(
    k: int, epsilon: float, order: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    m, rng = HybridProjectiveGeometry(k, epsilon, order), np.random.default_rng(k)
    blocks = blocks_of(m)
    for num_reports in (0, 1, 100):
        reports = rng.integers(0, m.universe_size, num_reports)
        counts = m.aggregate(reports)
        assert counts.supports.dtype == np.int64
        np.testing.assert_array_equal(counts.supports, blocks.summary(reports.tolist()))
        with monkeypatch.context() as patch:
            patch.setattr(_blocks, "_TABLE_CHUNK", 1)
            np.testing.assert_array_equal(m.aggregate(reports).supports, counts.supports)


@pytest.mark.parametrize(("k", "order"), [(200, 3), (60_000, 3), (20_000, 5), (1800, 31)])
@pytest.mark.parametrize("num_reports", [2**20, 2**44])
def test_transform_is_exact_for_very_many_reports(k: int, order: int, num_reports: int) -> None:
    """Against the recursion over coordinates, which counts in whole numbers."""
    m, rng = HybridProjectiveGeometry(k, 1.0, order), np.random.default_rng(k)
    size = m.block_size
    spread = rng.multinomial(num_reports, rng.dirichlet(np.full(size, 0.1)))
    few = np.where(np.isin(np.arange(size), rng.integers(0, size, 7)), num_reports // 7, 0)
    for tallies in (spread, few, num_reports * (np.arange(size) == size // 2)):
        seen = np.flatnonzero(tallies)
        exact = m._space.count_orthogonal(seen, size, tallies[seen])
        np.testing.assert_array_equal(m._count(tallies[None])[0], exact)


def test_aggregates_of_a_stream_add_up() -> None:
    m = HybridProjectiveGeometry(k=300, epsilon=2.0)
    reports = np.random.default_rng(1).integers(0, m.universe_size, 100_001)
    whole = m.aggregate(reports)
    first, second = m.aggregate(reports[:70_000]), m.aggregate(reports[70_000:])
    merged = first + second + m.aggregate([])
    assert merged.num_users == whole.num_users == reports.size
    np.testing.assert_array_equal(merged.supports, whole.supports)


# --- the sampler -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "epsilon", "order", "value"),
    [
        *((26, 0.2, 3, v) for v in (0, 1, 4, 12, 13, 25)),
        *((12, 1.0, 5, v) for v in (0, 5, 11)),
        *((50, 1.0, 5, v) for v in (0, 30, 49)),
        *((20, 2.5, 3, v) for v in (3, 19)),
    ],
)
def test_reports_follow_the_channel(k: int, epsilon: float, order: int, value: int) -> None:
    m = HybridProjectiveGeometry(k, epsilon, order)
    reports = m.privatize(np.full(200_000, value), rng=np.random.default_rng(value))
    expected = blocks_of(m).channel(epsilon)[:, value] * reports.size
    assert expected.min() >= 25
    observed = np.bincount(reports, minlength=m.universe_size)
    statistic = float(((observed - expected) ** 2 / expected).sum())
    assert statistic <= stats.chi2(m.universe_size - 1).isf(1e-6)


# --- whole counts ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "epsilon", "order", "users"),
    [
        (4, 0.5, 3, [1, 1, 0, 1]),
        (5, 1.0, 3, [0, 1, 0, 1, 1]),
        (5, 2.5, 3, [2, 0, 0, 0, 1]),
        (9, 1.0, 3, [0, 0, 0, 1, 0, 0, 0, 0, 1]),
    ],
)
def test_joint_law_of_sampled_counts(k: int, epsilon: float, order: int, users: list[int]) -> None:
    """1500 summaries against every combination of the users' messages."""
    m, rng = HybridProjectiveGeometry(k, epsilon, order), np.random.default_rng(7)
    blocks = blocks_of(m)
    table = blocks.channel(epsilon)
    rows = np.array([blocks.summary([u]) for u in range(m.universe_size)])
    laws = [table[:, v] for v, many in enumerate(users) for _ in range(many)]
    drawn = np.array([m.sample_counts(users, rng=rng).supports for _ in range(1500)])
    assert_follows(drawn, sum_law(laws, rows))


@pytest.mark.parametrize(
    ("k", "epsilon", "order"), [(1000, 0.5, 3), (700, 1.0, 5), (1000, 3.0, 5), (300, 6.0, 5)]
)
def test_error_of_sampled_counts_of_very_many_users(k: int, epsilon: float, order: int) -> None:
    m, rng = HybridProjectiveGeometry(k, epsilon, order), np.random.default_rng(5)
    users = rng.multinomial(2**40, rng.dirichlet(np.full(k, 0.3)))
    counts = [m.sample_counts(users, rng=rng) for _ in range(20)]
    assert {c.num_users for c in counts} == {2**40}
    errors = [float(((m.estimate(c) - users / 2**40) ** 2).mean()) for c in counts]
    assert_mean(np.array(errors), m.mse(2**40, users / 2**40))


# --- contracts and refusals ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "epsilon", "order"),
    [(2, 0.1, 5), (7, 0.3, 3), (10, 1.0, 5), (26, 1.0, 3), (30, 3.0, 5), (40, 4.0, 7), (8, 6.0, 3)],
)
def test_contracts(k: int, epsilon: float, order: int) -> None:
    m = HybridProjectiveGeometry(k, epsilon, order)
    contracts = (FrequencyOracle, HasVariance, HasBits, HasExactEpsilon, HasExactDelta, HasCounts)
    for contract in (*contracts, HasReports, HasBayesVulnerability):
        assert isinstance(m, contract)
    check_mechanism(m)


@pytest.mark.parametrize(
    ("k", "epsilon", "order", "message"),
    [
        (1, 1.0, 5, "k must be at least 2"),
        (10, 0.0, 5, "epsilon must be positive"),
        (10, 1.0, 2, "field_order must be at least 3, got 2"),
        (10, 1.0, 9, "field_order must be an odd prime, got 9"),
        (10, 1.0, 4, "field_order must be an odd prime, got 4"),
        (10, 1.0, 37, "field_order must be at most 31, got 37"),
        (10, 500.0, 5, "number of messages below 2\\*\\*31, got 10, 500.0 and 5"),
        (10, 21.4, 5, "number of messages below 2\\*\\*31"),
        (2**31, 1.0, 5, "number of messages below 2\\*\\*31"),
    ],
)
def test_bad_parameters(k: int, epsilon: float, order: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HybridProjectiveGeometry(k, epsilon, order)


def test_bad_input() -> None:
    m, rng = HybridProjectiveGeometry(k=10, epsilon=1.0), np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"values must lie in \[0, 10\), got 10"):
        m.privatize([10], rng=rng)
    with pytest.raises(ValueError, match=r"lie in \[0, 12\), got 12"):
        m.aggregate([12])
    with pytest.raises(TypeError, match="Generator"):
        m.sample_counts([1] * 10, rng=np.random)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="histogram must hold counts of at least 0"):
        m.sample_counts([0] * 10, rng=rng)
    with pytest.raises(TypeError, match="field_order must be a whole number"):
        HybridProjectiveGeometry(10, 1.0, 5.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="above the limit of 1048576"):
        HybridProjectiveGeometry(10, 15.0).every_report()
