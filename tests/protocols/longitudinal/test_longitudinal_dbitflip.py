"""dBitFlipPM: every exact figure against its channel, and the channel against its definition."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.leakage import channels
from tests.protocols.channels import Table, pack, priors

from .histories import divergence

#: k, d, b
SHAPES = (
    (2, 1, None),
    (2, 2, None),
    (4, 1, None),
    (4, 3, None),
    (4, 4, None),
    (5, 2, 3),
    (6, 3, 3),
)


def built(k: int, d: int, buckets: int | None, epsilon: float = 1.3) -> Any:
    return ldpaudit.mechanism("dbitflip", k=k, epsilon=epsilon, d=d, buckets=buckets)


def defined(k: int, d: int, buckets: int | None, epsilon: float) -> tuple[Table, Table, Table]:
    """P(report | value), and the buckets and bits of each report, from the definition alone."""
    b = buckets or k
    p = math.exp(epsilon / 2) / (math.exp(epsilon / 2) + 1)
    rows, sampled, bits = [], [], []
    for chosen in itertools.combinations(range(b), d):
        for answer in itertools.product((0, 1), repeat=d):
            rows.append([
                math.prod(
                    p if (bit == 1) == (place == value * b // k) else 1 - p
                    for place, bit in zip(chosen, answer, strict=True)
                ) / math.comb(b, d)
                for value in range(k)
            ])  # fmt: skip
            sampled.append([place in chosen for place in range(b)])
            lit = {place for place, bit in zip(chosen, answer, strict=True) if bit}
            bits.append([place in lit for place in range(b)])
    return np.array(rows), np.array(sampled, dtype=np.uint8), np.array(bits, dtype=np.uint8)


@pytest.mark.parametrize("epsilon", [0.3, 1.3, 5.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_channel_by_enumeration(shape: tuple[int, int, int | None], epsilon: float) -> None:
    m = built(*shape, epsilon)
    table, sampled, bits = defined(*shape, epsilon)
    listed = m.every_report()
    assert np.array_equal(listed["sampled"], pack(sampled.astype(np.uint8)))
    assert np.array_equal(listed["bits"], pack(bits.astype(np.uint8)))
    assert np.allclose(np.exp(m.log_likelihood(listed)), table, rtol=1e-11, atol=0)
    assert np.allclose(np.exp(m.log_likelihood(listed, [1])), table[:, 1:2], rtol=1e-11, atol=0)
    assert np.allclose(table.sum(axis=0), 1)
    channel = table.T
    told = channels.exact_epsilon(channel)
    assert m.exact_epsilon() == pytest.approx(told)
    assert told == pytest.approx(epsilon if shape[1] > 1 else epsilon / 2)
    for budget in (0.0, told / 3, 0.9 * told, told):
        worst = max(divergence(*pair, budget) for pair in itertools.permutations(channel, 2))
        for found in (m.exact_delta(budget), m.composed_delta(budget, 7)):
            assert found == pytest.approx(worst, abs=1e-13)
    for prior in priors(m.k):
        best = float((table * prior).max(axis=1).sum())
        assert m.vulnerability(prior) == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_estimate_and_error_by_enumeration(shape: tuple[int, int, int | None]) -> None:
    """Of one user of each value: the mean is the bucket's share, and mse has the rest."""
    m = built(*shape)
    k, b = m.k, m.num_buckets
    channel = defined(*shape, 1.3)[0].T
    listed = m.every_report()
    alone = np.array([m.estimate(m.aggregate(listed[i : i + 1])) for i in range(len(listed))])
    bucket = np.arange(k) * b // k
    same = (bucket[:, None] == bucket).astype(float)
    assert np.allclose(channel @ alone, same / same.sum(axis=1), atol=1e-9)
    for value in range(k):
        error = channel[value] @ ((alone - np.eye(k)[value]) ** 2).mean(axis=1)
        assert m.mse(1, np.eye(k)[value]) == pytest.approx(error)
    if b == k:
        e = math.exp(1.3 / 2)
        assert m.mse(50) == pytest.approx(b / m.d * e / (e - 1) ** 2 / 50)


def test_a_history_is_one_report() -> None:
    m = built(4, 2, None)
    listed = m.every_report()
    table = m.history_log_likelihood([listed, listed, listed])
    assert np.array_equal(table, m.log_likelihood(listed))
    flipped = listed.copy()
    flipped["bits"] ^= flipped["sampled"]
    assert (m.history_log_likelihood([listed, flipped], [0, 2]) == -np.inf).all()
    with pytest.raises(ValueError, match="the same buckets of a user"):
        m.history_log_likelihood([listed, listed[::-1]])
    with pytest.raises(ValueError, match="2 buckets and bits of no others"):
        m.aggregate(built(4, 3, None).every_report())


def test_patterns_are_memos() -> None:
    """Every user sees all values; the first one again gives the first bits again."""
    rng = np.random.default_rng(5)
    for shape in ((6, 1, None), (6, 3, None), (6, 6, None), (8, 2, 4)):
        m = built(*shape)
        state = m.start(500, rng=rng)
        rounds = [m.privatize_round(np.full(500, v), state, rng=rng) for v in [*range(m.k), 0]]
        assert np.array_equal(rounds[0], rounds[-1])
        assert (m.spent(state) == m.num_memos * m.epsilon).all()
        assert m.worst_spent(10**6) == m.num_memos * m.epsilon
        assert m.num_memos == min(m.d + 1, m.num_buckets)
        for v, reports in enumerate(rounds):
            held = np.unpackbits(reports["sampled"], axis=1, bitorder="little")
            alike = held[:, v * m.num_buckets // m.k] == held[:, 0]
            outside = alike & (held[:, 0] == 0)
            assert np.array_equal(reports[outside], rounds[0][outside])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"d": 0}, "d must be at least 1"),
        ({"d": 5, "buckets": 4}, "d must be at most 4"),
        ({"d": 1, "buckets": 9}, "buckets must be at most 8"),
        ({"d": 1, "buckets": 1}, "buckets must be at least 2"),
    ],
)
def test_bad_parameters(given: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ldpaudit.mechanism("dbitflip", k=8, epsilon=1.0, **given)
