"""The controls: what they send, by definition, and what that costs."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.protocols import (
    LocalHashingOnly,
    StickyUnaryEncoding,
    SummationHistogramEncoding,
    TextbookHistogramEncoding,
)
from ldpaudit.testing.components import check_mechanism


def sent(k: int, p: float, q: float) -> np.ndarray:
    """P(bits | value), shape (2**k, k), by going through every coin of the faulty client.

    All k noise bits are drawn first; then the own bit is switched on with p and left
    alone otherwise.
    """
    table = np.zeros((2**k, k))
    for own, noise, on in itertools.product(range(k), itertools.product((0, 1), repeat=k), (0, 1)):
        chance = math.prod(q if bit else 1 - q for bit in noise) * (p if on else 1 - p)
        bits = [1 if on and j == own else bit for j, bit in enumerate(noise)]
        table[sum(bit << j for j, bit in enumerate(bits)), own] += chance
    return table


def meant(epsilon: float, *, optimized: bool) -> tuple[float, float]:
    """P(own bit) and P(other bit) of the protocol that the client means to be."""
    if optimized:
        return 0.5, 1 / (math.exp(epsilon) + 1)
    q = 1 / (math.exp(epsilon / 2) + 1)
    return 1 - q, q


@pytest.mark.parametrize("optimized", [False, True])
@pytest.mark.parametrize("epsilon", [0.01, 0.25, 1.0, 4.0, 10.0])
@pytest.mark.parametrize("k", [2, 3, 6])
def test_the_bit_that_is_never_cleared(k: int, epsilon: float, optimized: bool) -> None:
    m = StickyUnaryEncoding(k, epsilon, optimized)
    p, q = meant(epsilon, optimized=optimized)
    table = np.exp(m.log_likelihood(m.every_report()))
    np.testing.assert_allclose(table, sent(k, p, q), rtol=1e-11, atol=1e-300)
    ratios = np.log(table.max(axis=1) / table.min(axis=1))
    e = math.exp(epsilon)
    closed = math.log(e + 2) if optimized else math.log(1 + math.exp(epsilon / 2) + e)
    assert m.exact_epsilon() == pytest.approx(closed, rel=1e-12)
    assert ratios.max() == pytest.approx(closed, rel=1e-9)
    assert m.vulnerability() == pytest.approx(table.max(axis=1).sum() / k, rel=1e-11)
    apart = np.maximum(table[:, 0] - e * table[:, 1], 0).sum()
    assert m.exact_delta(epsilon) == pytest.approx(apart, rel=1e-9)


def test_the_server_of_the_package_multiplies_frequencies() -> None:
    """Slopes of its estimate, p (1 - q) / (p - q), as measured on the package by others."""
    for epsilon, slope in ((1.0, 1.582), (0.25, 4.52), (2.0, 1.157), (4.0, 1.019)):
        for optimized in (False, True):
            m = StickyUnaryEncoding(4, epsilon, optimized)
            p, q = meant(epsilon, optimized=optimized)
            assert (m.p_star - m.q_star) / (p - q) == pytest.approx(slope, abs=0.006)


@pytest.mark.parametrize(("k", "buckets"), [(2, 2), (3, 2), (4, 3), (3, 5)])
def test_hashing_alone_by_every_hash_function(k: int, buckets: int) -> None:
    """An ideal hash: each of g**k functions as likely, the bucket of the value is reported."""
    m = LocalHashingOnly(k, 1.0, buckets)
    functions = list(itertools.product(range(buckets), repeat=k))
    success = sum(len(set(function)) for function in functions) / k / len(functions)
    apart = sum(function[0] != function[1] for function in functions) / len(functions)
    assert m.vulnerability() == pytest.approx(success, rel=1e-12)
    closed = buckets / k * (1 - (1 - 1 / buckets) ** k)
    assert success == pytest.approx(closed, rel=1e-12)
    for epsilon in (0.0, 1.0, 20.0):
        assert m.exact_delta(epsilon) == pytest.approx(apart, rel=1e-12)
    assert m.exact_epsilon() == math.inf


def test_hashing_alone_sends_the_bucket_of_the_value() -> None:
    k, buckets, n = 30, 7, 20_000
    m = LocalHashingOnly(k, 1.0, buckets)
    rng = np.random.default_rng(1)
    values = rng.integers(0, k, n)
    reports = m.privatize(values, rng=rng)
    table = m.log_likelihood(reports)
    assert set(np.unique(table)) == {-math.inf, 0.0}
    assert (table[np.arange(n), values] == 0).all()
    others = np.isfinite(table).sum() - n
    mean = n * (k - 1) / buckets  # 6 standard errors, about 2e-9
    assert abs(others - mean) < 6 * math.sqrt(mean * (1 - 1 / buckets))


@pytest.mark.parametrize(
    ("name", "extra"), [("lho", {"buckets": 4}), ("sticky-ue", {"optimized": True})]
)
def test_the_contract_tells_them_from_protocols(name: str, extra: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="exceeds epsilon"):
        check_mechanism(ldpaudit.mechanism(name, k=6, epsilon=1.0, **extra))


@pytest.mark.parametrize(
    ("name", "extra", "message"),
    [
        ("lho", {"buckets": 1}, "buckets must be at least 2, got 1"),
        ("lho", {"buckets": 2**31}, "buckets must be at most 2147483647, got 2147483648"),
        ("lho", {}, "lho needs the parameter 'buckets'"),
        ("sticky-ue", {"optimized": "yes"}, "optimized must be True or False, got 'yes'"),
        ("sticky-ue", {}, "sticky-ue needs the parameter 'optimized'"),
    ],
)
def test_parameters_are_checked(name: str, extra: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        ldpaudit.mechanism(name, k=6, epsilon=1.0, **extra)


def test_our_own_audit_convicts_textbook_noise() -> None:
    """At default settings but for fewer reports; the verdict's own error is 1e-4."""
    m = TextbookHistogramEncoding(10, 1.0, 2.0)
    result = ldpaudit.audit(m, attacks=[], trials=4000)
    assert (result.verdict, result.exact_epsilon) == ("violation", math.inf)


class Blind:
    """Snapped noise without its likelihood: only the reports can tell."""

    def __init__(self, k: int) -> None:
        self.m, self.k, self.epsilon = SummationHistogramEncoding(k, 1.0), k, 1.0

    def privatize(self, values: Any, *, rng: np.random.Generator) -> Any:
        return self.m.privatize(values, rng=rng)


def test_it_finds_nothing_in_noise_on_a_grid() -> None:
    """False alarm 1e-4."""
    result = ldpaudit.audit(Blind(10), attacks=[], trials=4000)
    assert result.verdict != "violation"
    assert result.epsilon_lower is not None
    assert result.epsilon_lower < 1


def test_no_double_is_sent_for_one_value_only() -> None:
    """Near 0, of textbook noise nearly half of the doubles are no multiple of 2**-53."""
    for m, share in ((TextbookHistogramEncoding(2, 1.0, 2.0), 0.4), (Blind(2), 0.0)):
        reports = m.privatize(np.zeros(50_000, dtype=np.int64), rng=np.random.default_rng(6))
        near = reports[(np.abs(reports) < 0.25).all(axis=1)] * 2.0**53
        own, other = (near != np.rint(near)).mean(axis=0)
        assert own == 0
        assert other >= share
        assert share or other == 0
