"""Hadamard response against its definition, word by word.

The reference counts shared ones of Python integers; it shares nothing with the
code. Statistical tests fix their generator and raise a false alarm with
probability 1e-6 or less.
"""

from __future__ import annotations

import math

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
from ldpaudit.protocols._kernels._hadamard import even_words, walsh_hadamard
from ldpaudit.protocols.categorical.hadamard_response import HadamardResponse
from ldpaudit.testing.components import check_mechanism

from .blocks import (
    Blocks,
    assert_evenly_spread,
    assert_follows,
    assert_mean,
    priors,
    sum_law,
    user_variances,
    worst_divergence,
)

#: One block and many, blocks full, half full and unused, b from 2 to 64.
SMALL = [
    *((k, 0.1) for k in (2, 3, 4, 7, 8, 40)),
    *((k, 1.0) for k in (2, 3, 7, 10, 13, 15, 16)),
    *((k, 2.0) for k in (5, 12, 13, 33)),
    *((k, 4.0) for k in (6, 10, 40)),
    *((k, 9.0) for k in (2, 9)),
]
small = pytest.mark.parametrize(("k", "epsilon"), SMALL)


def reference(k: int, num_blocks: int, block_size: int) -> Blocks:
    """Value x has id x mod (b - 1) + 1 in block x div (b - 1); ones shared are counted."""
    universe = num_blocks * block_size
    value_block = np.array([x // (block_size - 1) for x in range(k)])
    message_block = np.array([u // block_size for u in range(universe)])
    supports = np.array(
        [
            [
                u // block_size == x // (block_size - 1)
                and ((u % block_size) & (x % (block_size - 1) + 1)).bit_count() % 2 == 0
                for x in range(k)
            ]
            for u in range(universe)
        ]
    )
    return Blocks(supports, message_block, value_block)


def blocks_of(m: HadamardResponse) -> Blocks:
    return reference(m.k, m.num_blocks, m.block_size)


# --- parameters ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "epsilon", "num_blocks", "block_size"),
    [
        (10, 1.0, 2, 8),
        (10, 4.0, 16, 2),
        (100, 1.0, 2, 64),
        (100, 4.0, 32, 8),
        (22_000, 5.0, 128, 256),
        (13, 2.0, 4, 8),  # a quarter of 13 rounded down leaves room for 12 values
        (2, 0.1, 1, 4),
        (3, 0.69, 1, 4),
        (3, 0.7, 2, 4),  # one block is enough for all, the other holds no value
        (2, 700.0, 2, 2),
    ],
)
def test_number_and_size_of_blocks(
    k: int, epsilon: float, num_blocks: int, block_size: int
) -> None:
    m = HadamardResponse(k, epsilon)
    assert (m.num_blocks, m.block_size) == (num_blocks, block_size)
    assert 2**m.bits == m.universe_size == num_blocks * block_size


def test_blocks_follow_their_rule_and_hold_all_values() -> None:
    for k in range(2, 300):
        for epsilon in (0.05, 0.5, 0.6931, 0.6932, 1.0, 1.5, 2.0, 3.0, 5.0, 9.0):
            m = HadamardResponse(k, epsilon)
            limit = min(math.exp(epsilon), 2 * k)
            assert m.num_blocks == 2 ** (math.ceil(math.log2(limit)) - 1)
            assert m.block_size == 2 ** math.ceil(math.log2(math.ceil(k / m.num_blocks) + 1))
            assert m.used_blocks <= m.num_blocks


# --- the channel -----------------------------------------------------------------------------


@small
def test_likelihood_is_the_defined_channel(k: int, epsilon: float) -> None:
    m = HadamardResponse(k, epsilon)
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
def test_estimate_is_unbiased_and_its_error_exact(k: int, epsilon: float) -> None:
    m, blocks = HadamardResponse(k, epsilon), blocks_of(HadamardResponse(k, epsilon))
    table, universe = blocks.channel(epsilon), m.universe_size
    single = np.array([m.estimate(m.aggregate([u])) for u in range(universe)])
    np.testing.assert_allclose(
        single, blocks.scores(epsilon, m.block_size // 2, m.block_size / 4), atol=1e-9, rtol=1e-9
    )
    np.testing.assert_allclose(table.T @ single, np.eye(k), atol=1e-9)
    variances = user_variances(table, single)
    frequencies = np.random.default_rng(k).dirichlet(np.ones(k))
    error = float((frequencies @ variances).mean())
    assert m.mse(1, frequencies) == pytest.approx(error, rel=1e-9)
    assert m.mse(7, frequencies) == pytest.approx(error / 7, rel=1e-9)
    # f = 0: a user of another block, or of the same where there is no other.
    assert m.mse(1) == pytest.approx(float(variances[0, -1]), rel=1e-9)


@small
def test_variances_of_a_user_in_closed_form(k: int, epsilon: float) -> None:
    m, e = HadamardResponse(k, epsilon), math.exp(epsilon)
    own, same, other = m._variances
    spread, blocks = (e - 1) ** 2, m.num_blocks
    assert own == pytest.approx((e + 1) * (e - 1 + 2 * blocks) / spread - 1, rel=1e-9)
    assert same == pytest.approx((e + 1) * (e - 1 + 2 * blocks) / spread, rel=1e-9)
    if blocks > 1:
        assert other == pytest.approx(2 * (e - 1 + 2 * blocks) / spread, rel=1e-9)


@small
def test_vulnerability_is_that_of_the_channel(k: int, epsilon: float) -> None:
    m = HadamardResponse(k, epsilon)
    table = blocks_of(m).channel(epsilon)
    assert m.vulnerability() == pytest.approx(float(table.max(axis=1).sum()) / k, rel=1e-12)
    for prior in priors(k):
        best = float((table * prior).max(axis=1).sum())
        assert m.vulnerability(prior) == pytest.approx(best, abs=1e-12, rel=1e-12)


@pytest.mark.parametrize(("k", "epsilon"), [(300, 0.5), (700, 1.5), (400, 5.0)])
def test_vulnerability_in_larger_universes(
    k: int, epsilon: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_blocks, "_TABLE_CHUNK", 300)  # several blocks a pass, in several passes
    m = HadamardResponse(k, epsilon)
    table = np.exp(m.log_likelihood(m.every_report()))
    for prior in priors(k):
        best = float((table * prior).max(axis=1).sum())
        assert m.vulnerability(prior) == pytest.approx(best, rel=1e-12)


@small
def test_profile_is_that_of_the_channel(k: int, epsilon: float) -> None:
    m = HadamardResponse(k, epsilon)
    table = blocks_of(m).channel(epsilon)
    for level in (0.0, epsilon / 3, 0.9 * epsilon):
        assert m.exact_delta(level) == pytest.approx(worst_divergence(table, level), rel=1e-9)
    assert m.exact_delta(epsilon + 1e-9) == 0


@pytest.mark.parametrize(
    ("k", "epsilon", "flat", "averaged", "success"),
    [
        (10, 1.0, 3.87353, 5.70371, 0.190147),
        (10, 4.0, 0.0595929, 0.119296, 0.663544),
        (100, 1.0, 3.87353, 5.63997, 0.0190147),
        (100, 4.0, 0.0818711, 0.223262, 0.139896),
    ],
)
def test_independently_computed_figures(
    k: int, epsilon: float, flat: float, averaged: float, success: float
) -> None:
    m = HadamardResponse(k, epsilon)
    assert f"{m.mse(1):.6g}" == f"{flat:g}"
    assert f"{m.mse(1, np.full(k, 1 / k)):.6g}" == f"{averaged:g}"
    assert f"{m.vulnerability():.6g}" == f"{success:g}"


def test_error_of_the_published_setting() -> None:
    m = HadamardResponse(k=22_000, epsilon=5.0)
    zipf = 1 / np.arange(1, 22_001)
    error = m.mse(1000, zipf / zipf.sum()) * 1000**2  # in squared counts of 1000 users
    assert round(error, 2) == 68.80
    assert error == pytest.approx(68.9, rel=0.005)  # mean of 300 published trials


@pytest.mark.parametrize("epsilon", [1e-9, 1e-3, 40.0, 700.0])
def test_extreme_budgets(epsilon: float) -> None:
    m = HadamardResponse(k=50, epsilon=epsilon)
    assert m.exact_epsilon() == pytest.approx(epsilon, rel=1e-6)
    assert 1 / 50 <= m.vulnerability() <= 1 + 1e-12
    assert 0 <= m.mse(1, np.full(50, 1 / 50)) < math.inf
    reports = m.privatize(np.arange(50), rng=np.random.default_rng(0))
    if epsilon >= 40:
        np.testing.assert_allclose(m.estimate(m.aggregate(reports)), 1 / 50, rtol=1e-9)


# --- the decoder -----------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [0, 1, 2, 5])
def test_transform_against_its_matrix(bits: int) -> None:
    size = 2**bits
    signs = np.array([[(-1) ** (u & x).bit_count() for x in range(size)] for u in range(size)])
    rows = np.random.default_rng(bits).integers(-9, 9, (3, size))
    np.testing.assert_array_equal(walsh_hadamard(rows.copy()), rows @ signs)


@small
def test_decoder_equals_brute_force(
    k: int, epsilon: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    m, rng = HadamardResponse(k, epsilon), np.random.default_rng(k)
    blocks = blocks_of(m)
    for num_reports in (0, 1, 100):
        reports = rng.integers(0, m.universe_size, num_reports)
        counts = m.aggregate(reports)
        assert counts.supports.dtype == np.int64
        np.testing.assert_array_equal(counts.supports, blocks.summary(reports.tolist()))
        with monkeypatch.context() as patch:
            patch.setattr(_blocks, "_TABLE_CHUNK", 1)
            np.testing.assert_array_equal(m.aggregate(reports).supports, counts.supports)


def test_aggregates_of_a_stream_add_up() -> None:
    m = HadamardResponse(k=300, epsilon=2.0)
    reports = np.random.default_rng(1).integers(0, m.universe_size, 100_001)
    whole = m.aggregate(reports)
    first, second = m.aggregate(reports[:70_000]), m.aggregate(reports[70_000:])
    merged = first + second + m.aggregate([])
    assert merged.num_users == whole.num_users == reports.size
    np.testing.assert_array_equal(merged.supports, whole.supports)


# --- the sampler -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "epsilon", "value"),
    [
        *((7, 0.1, v) for v in range(7)),
        *((10, 1.0, v) for v in (0, 6, 7, 9)),
        *((13, 2.0, v) for v in (0, 5, 12)),
        *((10, 4.0, v) for v in (0, 9)),
    ],
)
def test_reports_follow_the_channel(k: int, epsilon: float, value: int) -> None:
    m = HadamardResponse(k, epsilon)
    reports = m.privatize(np.full(200_000, value), rng=np.random.default_rng(value))
    expected = blocks_of(m).channel(epsilon)[:, value] * reports.size
    assert expected.min() >= 25
    observed = np.bincount(reports, minlength=m.universe_size)
    statistic = float(((observed - expected) ** 2 / expected).sum())
    assert statistic <= stats.chi2(m.universe_size - 1).isf(1e-6)


# --- whole counts ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "users", [{0: 2}, {1: 2}, {4: 1, 6: 1}, {0: 1, 3: 2}, {5: 3}, {2: 1, 7: 2}]
)
def test_joint_law_of_drawn_words(users: dict[int, int]) -> None:
    """50,000 draws of all users at once against every combination of their words."""
    counts = np.zeros((50_000, 8), dtype=np.int64)
    laws = []
    for own, many in users.items():
        counts[:, own] = many
        fit = np.array([(own & word).bit_count() % 2 == 0 for word in range(8)])
        laws += [fit / fit.sum()] * many
    drawn = even_words(counts, np.random.default_rng(3))
    assert_follows(drawn, sum_law(laws, np.eye(8, dtype=np.int64)))


@pytest.mark.parametrize("own", [0, 1, 64, 77, 96, 127])
def test_many_drawn_words_are_multinomial(own: int) -> None:
    counts = np.zeros((1, 128), dtype=np.int64)
    counts[0, own] = 10**9
    drawn = even_words(counts, np.random.default_rng(own))[0]
    fit = np.array([(own & word).bit_count() % 2 == 0 for word in range(128)])
    assert drawn[~fit].sum() == 0
    assert drawn.sum() == 10**9
    assert_evenly_spread(drawn[fit])


@pytest.mark.parametrize(
    ("k", "epsilon", "users"),
    [(3, 0.5, [2, 0, 1]), (3, 1.0, [1, 1, 1]), (4, 1.0, [1, 0, 0, 2]), (3, 2.0, [2, 1, 0])],
)
def test_joint_law_of_sampled_counts(k: int, epsilon: float, users: list[int]) -> None:
    """1500 summaries against every combination of the users' messages."""
    m, rng = HadamardResponse(k, epsilon), np.random.default_rng(7)
    blocks = blocks_of(m)
    table = blocks.channel(epsilon)
    rows = np.array([blocks.summary([u]) for u in range(m.universe_size)])
    laws = [table[:, v] for v, many in enumerate(users) for _ in range(many)]
    drawn = np.array([m.sample_counts(users, rng=rng).supports for _ in range(1500)])
    assert_follows(drawn, sum_law(laws, rows))


@pytest.mark.parametrize(("k", "epsilon"), [(1000, 0.5), (700, 1.0), (1000, 3.0), (300, 6.0)])
def test_error_of_sampled_counts_of_very_many_users(k: int, epsilon: float) -> None:
    m, rng = HadamardResponse(k, epsilon), np.random.default_rng(5)
    users = rng.multinomial(2**40, rng.dirichlet(np.full(k, 0.3)))
    counts = [m.sample_counts(users, rng=rng) for _ in range(20)]
    assert {c.num_users for c in counts} == {2**40}
    errors = [float(((m.estimate(c) - users / 2**40) ** 2).mean()) for c in counts]
    assert_mean(np.array(errors), m.mse(2**40, users / 2**40))


# --- contracts and refusals ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "epsilon"), [(2, 0.1), (7, 0.3), (10, 1.0), (31, 1.0), (10, 3.0), (60, 4.0), (6, 8.0)]
)
def test_contracts(k: int, epsilon: float) -> None:
    m = HadamardResponse(k, epsilon)
    contracts = (FrequencyOracle, HasVariance, HasBits, HasExactEpsilon, HasExactDelta, HasCounts)
    for contract in (*contracts, HasReports, HasBayesVulnerability):
        assert isinstance(m, contract)
    check_mechanism(m)


def test_bad_input() -> None:
    m, rng = HadamardResponse(k=10, epsilon=1.0), np.random.default_rng(0)
    for call in (lambda: m.privatize([10], rng=rng), lambda: m.log_likelihood([0], [10])):
        with pytest.raises(ValueError, match=r"values must lie in \[0, 10\), got 10"):
            call()
    with pytest.raises(ValueError, match=r"lie in \[0, 16\), got 16"):
        m.aggregate([16])
    with pytest.raises(TypeError, match="Generator"):
        m.privatize([0], rng=np.random)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="prior must sum to 1"):
        m.vulnerability(np.ones(10))
    with pytest.raises(ValueError, match="histogram must be 10 whole numbers"):
        m.sample_counts(np.ones(9, dtype=np.int64), rng=rng)
    with pytest.raises(ValueError, match="list of 2097152 reports"):
        HadamardResponse(k=2**20, epsilon=0.5).every_report()
    with pytest.raises(ValueError, match="epsilon must be at least 0"):
        m.exact_delta(-1.0)
    with pytest.raises(ValueError, match="k must be at least 2, got 1"):
        HadamardResponse(k=1, epsilon=1.0)
    with pytest.raises(ValueError, match="epsilon must be positive"):
        HadamardResponse(k=2, epsilon=0.0)
