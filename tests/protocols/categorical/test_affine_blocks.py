"""Affine blocks against the naive way: blocks member by member, channels report by report.

Generators are fixed; statistical checks take five standard errors (about 6e-7 each) or a rate
of 1e-6 where they say so.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest

import ldpaudit
from ldpaudit import testing
from ldpaudit.protocols import AffineBlockResponse, SubsetSelection
from ldpaudit.protocols._kernels import _progressions
from ldpaudit.protocols._kernels._progressions import count_progressions, short_steps
from tests.protocols.channels import covariance_trace, priors
from tests.protocols.counted import check_moments

Ints = npt.NDArray[np.int64]
Table = npt.NDArray[np.float64]

SMALL = [(k, epsilon) for k in (*range(2, 10), 13, 24) for epsilon in (0.2, 1.0, 2.0, 4.0)]


def counted_slowly(q: int, starts: Ints, steps: Ints, length: int) -> Ints:
    counts = np.zeros(q, dtype=np.int64)
    for start, step in zip(starts.tolist(), steps.tolist(), strict=True):
        counts[(start + step * np.arange(length)) % q] += 1
    return counts


def blocks(m: AffineBlockResponse) -> Ints:
    """Whether each block holds each residue, from the definition, shape (blocks, q)."""
    held = np.zeros((m.num_blocks, m.q), dtype=np.int64)
    for row, (a, b) in enumerate(itertools.product(range(1, m.num_steps + 1), range(m.q))):
        held[row, (b + a * np.arange(m.block_size)) % m.q] = 1
    return held


def channel(m: AffineBlockResponse) -> Table:
    """P(report | value): e to 1 for the blocks that hold it."""
    odds = np.where(blocks(m)[:, : m.k] == 1, math.exp(m.epsilon), 1.0)
    return np.asarray(odds / odds.sum(axis=0))


# --- counting --------------------------------------------------------------------------------


@pytest.mark.parametrize("q", [2, 3, 5, 7, 23, 101, 211])
def test_every_way_of_counting_is_the_slow_one(q: int) -> None:
    rng = np.random.default_rng(q)
    for length in {1, 2, max(1, q // 4), max(1, q // 2), q - 1}:
        starts, steps = rng.integers(0, q, 150), rng.integers(1, q, 150)
        slow = counted_slowly(q, starts, steps, length)
        for bound in (1, 2, 3, 5, 10, 60):
            found = _progressions._by_short_steps(q, starts, steps, length, bound)
            np.testing.assert_array_equal(found, slow)
        for way in (_progressions._one_by_one, _progressions._by_step, count_progressions):
            np.testing.assert_array_equal(way(q, starts, steps, length), slow)
            assert not way(q, starts[:0], steps[:0], length).any()


def test_counts_in_several_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progressions, "_CHUNK", 100)
    rng, q = np.random.default_rng(1), 61
    starts, steps = rng.integers(0, q, 500), rng.integers(1, q, 500)
    slow = counted_slowly(q, starts, steps, 20)
    for way in (_progressions._one_by_one, _progressions._by_short_steps):
        np.testing.assert_array_equal(way(q, starts, steps, 20), slow)


@pytest.mark.parametrize("q", [3, 23, 101, 1031])
def test_short_steps_are_as_short_as_promised(q: int) -> None:
    steps = np.arange(1, q)
    for bound in (1, 2, 7, 30, q):
        multiples, signed = short_steps(q, steps, bound)
        assert ((multiples * steps - signed) % q == 0).all()
        assert (multiples >= 1).all()
        assert (multiples <= bound).all()
        assert (np.abs(signed) * (bound + 1) <= q).all() or bound >= q
        assert (signed != 0).all()


# --- the mechanism ---------------------------------------------------------------------------


@pytest.mark.parametrize(("k", "epsilon"), SMALL)
def test_blocks_are_a_design_of_distinct_blocks(k: int, epsilon: float) -> None:
    m = AffineBlockResponse(k, epsilon)
    held = blocks(m)
    together = held.T @ held
    w = m.block_size
    assert (np.diag(together) == w * m.num_steps).all()
    pair = 0 if w == 1 else w * (w - 1) // 2  # w (w - 1) over all a, half of them here
    assert (together[~np.eye(m.q, dtype=bool)] == pair).all()
    assert len(np.unique(held, axis=0)) == m.num_blocks
    assert m.bits == math.ceil(math.log2(m.num_blocks))


@pytest.mark.parametrize(("k", "epsilon"), SMALL)
def test_channel_by_enumeration(k: int, epsilon: float) -> None:
    m = AffineBlockResponse(k, epsilon)
    table, reports = channel(m), m.every_report()
    np.testing.assert_allclose(np.exp(m.log_likelihood(reports)), table, rtol=1e-11)
    np.testing.assert_allclose(m.log_likelihood(reports, [k - 1])[:, 0], np.log(table[:, -1]))
    ratio = float(np.log(table.max(axis=1) / table.min(axis=1)).max())
    assert m.exact_epsilon() == pytest.approx(epsilon, abs=1e-9)
    assert ratio == pytest.approx(epsilon, abs=1e-9)
    assert m.exact_delta(epsilon) == pytest.approx(0, abs=1e-15)
    gap = float(np.maximum(table[:, 0] - math.exp(epsilon / 4) * table[:, 1], 0).sum())
    assert m.exact_delta(epsilon / 4) == pytest.approx(gap, abs=1e-12)
    single = np.array([m.estimate(m.aggregate(reports[i : i + 1])) for i in reports])
    np.testing.assert_allclose(table.T @ single, np.eye(k), atol=1e-9)
    for prior in priors(k):
        best = float((table * prior).max(axis=1).sum())
        assert m.vulnerability(prior) == pytest.approx(best, abs=1e-12)
        assert m.mse(1, prior) == pytest.approx(covariance_trace(table, single, prior), rel=1e-8)
    assert m.vulnerability() == pytest.approx(float(table.max(axis=1).sum()) / k, abs=1e-12)


@pytest.mark.parametrize(("k", "epsilon"), [(6, 0.2), (8, 1.0), (8, 2.0), (13, 1.0)])
def test_largest_support_by_enumeration(k: int, epsilon: float) -> None:
    m = AffineBlockResponse(k, epsilon)
    held = blocks(m)
    for size in range(1, min(k, 5) + 1):
        for targets in itertools.combinations(range(k), size):
            most = held[:, list(targets)].sum(axis=1).max()
            assert m.largest_support(np.array(targets)) == most


@pytest.mark.parametrize(
    ("epsilon", "error"), [(0.5, 15.352), (1.0, 3.6005), (2.0, 0.7001), (4.0, 0.06499)]
)
def test_published_size(epsilon: float, error: float) -> None:
    """Figures of a derivation made before this code, to the digits printed there."""
    m = AffineBlockResponse(100, epsilon)
    assert m.mse(1, np.full(100, 0.01)) == pytest.approx(error, rel=1.5e-4)
    whole = SubsetSelection(101, epsilon)
    assert m.mse(1) == pytest.approx(whole.mse(1), rel=1e-12)
    assert m.vulnerability() == pytest.approx(whole.vulnerability() * 101 / 100, rel=1e-12)


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 4.0])
def test_wide_domain_has_the_error_of_subset_selection_in_28_bits(epsilon: float) -> None:
    m, whole = AffineBlockResponse(22_000, epsilon), SubsetSelection(22_000, epsilon)
    uniform = np.full(22_000, 1 / 22_000)
    assert m.mse(1, uniform) / whole.mse(1, uniform) == pytest.approx(1, abs=1e-6)
    assert m.bits == m.wire_bits == 28
    assert math.log2(m.num_blocks) == pytest.approx(27.85, abs=0.005)
    assert {len(message) for message in m.pack([0, m.num_blocks - 1])} == {4}


def test_measured_error_is_the_exact_one() -> None:
    m, rng, n = AffineBlockResponse(100, 1.0), np.random.default_rng(5), 5000
    users = np.repeat(np.arange(100), n // 100)
    errors = [
        float(np.mean((m.estimate(m.aggregate(m.privatize(users, rng=rng))) - 0.01) ** 2))
        for _ in range(200)
    ]
    deviation = np.std(errors, ddof=1) / math.sqrt(len(errors))
    assert abs(np.mean(errors) - m.mse(n, np.full(100, 0.01))) <= 5 * deviation


@pytest.mark.parametrize(("k", "epsilon"), [(3, 1.0), (7, 1.0), (8, 3.0), (13, 0.5), (29, 1.0)])
def test_sampled_counts_have_the_moments_of_the_law(k: int, epsilon: float) -> None:
    """Means and all covariances of 2**30 users, against the table of blocks; rate 1e-6."""
    m, rng = AffineBlockResponse(k, epsilon), np.random.default_rng(9)
    users = rng.integers(0, 2**30 // k, k)
    users[0] = 0
    table, held = channel(m), blocks(m)[:, :k].astype(float)
    mean, second = np.zeros(k), np.zeros((k, k))
    for value, many in enumerate(users.tolist()):
        here = table[:, value] @ held
        mean += many * here
        second += many * (held.T * table[:, value] @ held - np.outer(here, here))
    draws = np.array([m.sample_counts(users, rng=rng).supports for _ in range(400)], dtype=float)
    check_moments(draws, mean, second)


def test_sampled_counts_of_few_users_follow_the_joint_law() -> None:
    """Every count vector of two users at k = 3 against the whole law, five standard errors."""
    m, rng, repeats = AffineBlockResponse(4, 0.5), np.random.default_rng(3), 1000
    table, held = channel(m), blocks(m)[:, :4]
    law: dict[tuple[int, ...], float] = {}
    for (i, p), (j, r) in itertools.product(enumerate(table[:, 0]), enumerate(table[:, 2])):
        key = tuple((held[i] + held[j]).tolist())
        law[key] = law.get(key, 0.0) + p * r
    seen = dict.fromkeys(law, 0)
    for _ in range(repeats):
        seen[tuple(m.sample_counts([1, 0, 1, 0], rng=rng).supports.tolist())] += 1
    for key, chance in law.items():
        deviation = math.sqrt(chance * (1 - chance) / repeats)
        assert abs(seen[key] / repeats - chance) <= 5 * deviation


def test_too_many_blocks_to_draw_or_to_rank() -> None:
    m = AffineBlockResponse(30_000, 1.0)
    with pytest.raises(ValueError, match="at most 16777216 blocks"):
        m.sample_counts(np.ones(30_000, dtype=int), rng=np.random.default_rng(0))
    uneven = np.arange(1, 30_001) / (30_000 * 30_001 / 2)
    with pytest.raises(ValueError, match="at most 268435456 blocks"):
        m.vulnerability(uneven)
    assert m.vulnerability() > 1 / 30_000


@pytest.mark.parametrize(("k", "epsilon"), [(2, 1.0), (9, 1.0), (100, 4.0), (22_000, 1.0)])
def test_wire_form_there_and_back(k: int, epsilon: float) -> None:
    m = AffineBlockResponse(k, epsilon)
    reports = m.privatize(np.arange(k)[:500], rng=np.random.default_rng(0))
    messages = m.pack(reports)
    assert {len(message) for message in messages} == {math.ceil(m.wire_bits / 8)}
    np.testing.assert_array_equal(m.unpack(messages), reports)
    assert m.unpack([]).size == 0


def test_wire_form_refuses_what_it_did_not_make() -> None:
    m = AffineBlockResponse(100, 1.0)  # 5050 blocks, 13 bits in two bytes
    with pytest.raises(TypeError, match="message 1 must be bytes, got str"):
        m.unpack([b"\0\0", "no"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="message 0 must have 2 bytes, got 3"):
        m.unpack([b"\0\0\0"])
    with pytest.raises(ValueError, match="message 0 must be padded with zeros"):
        m.unpack([b"\0\1"])
    with pytest.raises(ValueError, match="message 0 must name a block below 5050, got 8191"):
        m.unpack([b"\xff\xf8"])


@pytest.mark.parametrize(("k", "epsilon"), [(2, 1.0), (12, 1.0)])
def test_contract(k: int, epsilon: float) -> None:
    """The checker's statistics raise a false alarm at 1e-6."""
    assert testing.check_mechanism(ldpaudit.mechanism("pi-rappor", k=k, epsilon=epsilon))


@pytest.mark.parametrize(
    ("k", "epsilon"),
    [(100, 1.0), (100, 4.0), pytest.param(1024, 2.0, marks=pytest.mark.slow)],
)
def test_audits_show_nearly_all_of_epsilon(k: int, epsilon: float) -> None:
    m = ldpaudit.mechanism("pi-rappor", k=k, epsilon=epsilon)
    found = ldpaudit.audit(m, attacks=[], trials=100_000, seed=0).to_dict()
    assert found["verdict"] == "consistent"
    assert found["epsilon_lower"]["value"] >= 0.97 * epsilon
