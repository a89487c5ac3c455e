"""Draws against the stated law: chi-square, exact counts, wires."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from ldpaudit.protocols.numeric import (
    Dithered,
    Duchi,
    Hybrid,
    Laplace,
    Piecewise,
    Rounded,
    SquareWave,
    Staircase,
)

#: Chi-square statistics below this quantile: 6e-7 false alarms each.
SURE = 1 - 6e-7


def chi_square(counts: Any, expected: Any) -> None:
    kept = expected > 5
    rest = counts[~kept].sum(), expected[~kept].sum()
    counts, expected = np.append(counts[kept], rest[0]), np.append(expected[kept], rest[1])
    if expected[-1] < 5:
        counts, expected = counts[:-1], expected[:-1]
    statistic = ((counts - expected) ** 2 / expected).sum()
    assert statistic < stats.chi2.ppf(SURE, expected.size)


@pytest.mark.parametrize(
    "m",
    [
        Duchi(0.4),
        Rounded(2.2, levels=5),
        Dithered(2.2),
        Dithered(5.0),
        Piecewise(0.9),
        Piecewise(6.0),
        Hybrid(1.4),
        Hybrid(0.5),
        SquareWave(1.5),
        Laplace(0.6),
        Laplace(5.0),
        Laplace(90.0),
        Staircase(0.8),
        Staircase(4.5),
        Staircase(20.0),
    ],
    ids=repr,
)
@pytest.mark.parametrize("x", [-1.0, 0.4142, 1.0])
def test_reports_follow_the_likelihood(m: Any, x: float) -> None:
    n = 60_000
    reports = m.privatize(np.full(n, x), rng=np.random.default_rng(7)).astype(np.int64)
    if isinstance(m, Laplace | Staircase):
        far = round((1.5 + 30 / m.epsilon) * m._steps)
        every = np.arange(-far, far + 1)
    else:
        far, every = 0, np.arange(m._outputs)
    law = np.exp(m.log_likelihood(every, [x]))[:, 0]
    cells = np.arange(every.size) * 200 // every.size if every.size > 200 else every
    if isinstance(m, Hybrid):
        cells[-2:] = [200, 201]
    expected = n * np.bincount(cells, law)
    chi_square(np.bincount(cells[reports + far], minlength=expected.size), expected)
    if isinstance(m, Dithered):  # level and dither apart
        parts = every >> (m.dithers.bit_length() - 1)
        levels = reports >> (m.dithers.bit_length() - 1)
        chi_square(np.bincount(levels, minlength=m.levels), n * np.bincount(parts, law))  # type: ignore[arg-type]


@pytest.mark.parametrize("m", [Duchi(1.1), Rounded(2.6, levels=4, low=0, high=10)], ids=repr)
def test_drawn_counts_have_the_law_of_counted_reports(m: Any) -> None:
    """Mean and covariance over 4,000 draws, five standard errors: 6e-7 an entry."""
    rng = np.random.default_rng(11)
    values, users = m.low + (m.high - m.low) * np.array([0.0, 0.2, 0.77]), np.array([3, 2, 4])
    draws = np.array([m.sample_counts(values, users, rng=rng).levels for _ in range(4_000)])
    assert (draws.sum(axis=1) == 9).all()
    law = np.exp(m.log_likelihood(m.every_report(), values))
    mean = law @ users
    covariance = np.diag(mean) - (law * users) @ law.T
    error = np.sqrt(np.diag(covariance) / len(draws))
    assert (np.abs(draws.mean(axis=0) - mean) < 5 * error).all()
    products = (draws - mean)[:, :, None] * (draws - mean)[:, None, :]
    spread = products.std(axis=0) / math.sqrt(len(draws))
    assert (np.abs(products.mean(axis=0) - covariance) < 5 * spread).all()


def test_drawn_counts_are_checked_and_cheap() -> None:
    m = Duchi(1.0)
    rng = np.random.default_rng(0)
    counts = m.sample_counts([-1.0, 1.0], [10**11, 10**11], rng=rng)
    assert counts.num_users == 2 * 10**11
    assert abs(m.estimate(counts)) < 5 * math.sqrt(m.worst_variance() / 2e11)
    with pytest.raises(ValueError, match="histogram must be 2 whole numbers, one per value"):
        m.sample_counts([0.0, 1.0], [1, 2, 3], rng=rng)
    with pytest.raises(ValueError, match="histogram must hold 1 to"):
        m.sample_counts([0.0, 1.0], [0, 0], rng=rng)


@pytest.mark.parametrize(
    "maker", [Duchi, Rounded, Dithered, Piecewise, Hybrid, SquareWave, Laplace]
)
def test_summaries_add_up_whatever_the_order(maker: Any) -> None:
    m, rng = maker(1.7), np.random.default_rng(2)
    reports = m.privatize(rng.uniform(-1, 1, 40_000), rng=rng)
    whole = m.aggregate(reports)
    parts = m.aggregate(reports[25_000:]) + m.aggregate(reports[:25_000])
    assert m.estimate(whole) == m.estimate(parts)
    assert m.standard_error(whole) == m.standard_error(parts)
    naive = m.report_estimates(reports)
    assert m.estimate(whole) == pytest.approx(naive.mean(), abs=1e-12)
    assert m.standard_error(whole) == pytest.approx(naive.std(ddof=1) / 200, rel=1e-9)
    assert m.standard_error(m.aggregate(reports[:1])) == math.inf
    with pytest.raises(ValueError, match="num_users of counts must be at least 1, got 0"):
        m.estimate(m.aggregate(reports[:0]))
    with pytest.raises(TypeError, match="unsupported operand"):
        _ = whole + 1
    other = Rounded(1.0, levels=7) if maker is Hybrid else Hybrid(1.0)
    with pytest.raises((ValueError, TypeError)):
        _ = whole + other.aggregate(other.privatize([0.0], rng=rng))


@pytest.mark.parametrize(
    "m",
    [Duchi(1.0), Rounded(4.0, levels=5), Dithered(3.0), Piecewise(1.0), Hybrid(1.0), SquareWave(2)],
)
def test_reports_return_from_the_wire(m: Any) -> None:
    rng = np.random.default_rng(1)
    reports = m.privatize(rng.uniform(-1, 1, 300), rng=rng)
    messages = m.pack(reports)
    assert {len(message) for message in messages} == {math.ceil(m.bits / 8)}
    np.testing.assert_array_equal(m.unpack(messages), reports)
    with pytest.raises(ValueError, match=r"message 0 must have \d bytes, got 9"):
        m.unpack([b"123456789"])
    with pytest.raises(TypeError, match="message 0 must be bytes, got str"):
        m.unpack(["a"])
    if m.bits % 8:
        broken = bytearray(messages[0])
        broken[-1] |= 1
        with pytest.raises(ValueError, match="message 0 must be padded with zeros"):
            m.unpack([bytes(broken)])
    last = (m._outputs << (8 * len(messages[0]) - m.bits)) % 256 ** len(messages[0])
    if m._outputs < 2**m.bits:
        with pytest.raises(ValueError, match=f"must be a report below {m._outputs}"):
            m.unpack([last.to_bytes(len(messages[0]), "big")])


@pytest.mark.parametrize("maker", [Laplace, Staircase])
def test_noisy_reports_return_from_the_wire(maker: Any) -> None:
    m, rng = maker(0.3), np.random.default_rng(1)
    reports = m.privatize(rng.uniform(-1, 1, 300), rng=rng)
    np.testing.assert_array_equal(m.unpack(m.pack(reports)), reports)
    with pytest.raises(ValueError, match="message 0 must have 8 bytes, got 1"):
        m.unpack([b"1"])
    with pytest.raises(TypeError, match="message 0 must be bytes"):
        m.unpack([3])
    with pytest.raises(ValueError, match=r"below 2\*\*43"):
        m.aggregate([2**50])


@pytest.mark.parametrize("maker", [Duchi, Dithered, Piecewise, Hybrid, Laplace])
def test_inputs_are_checked(maker: Any) -> None:
    m, rng = maker(1.0, low=0.0, high=2.0), np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"values must lie in \[0, 2\], got 2.5"):
        m.privatize([2.5], rng=rng)
    with pytest.raises(ValueError, match="got nan"):
        m.privatize([math.nan], rng=rng)
    with pytest.raises(TypeError, match="rng must be a"):
        m.privatize([1.0], rng=None)
    with pytest.raises(TypeError, match="reports must be integers"):
        m.aggregate([0.5])
    with pytest.raises(ValueError, match="reports must be one-dimensional"):
        m.aggregate([[1]])
    with pytest.raises(ValueError, match=r"epsilon must be positive and finite, got -1\.0"):
        maker(-1.0)
    with pytest.raises(ValueError, match="low must be below high"):
        maker(1.0, low=3.0, high=3.0)
    assert m.privatize([], rng=rng).shape == (0,)
    assert m.log_likelihood(m.privatize([1.0, 0.1], rng=rng), [0.0, 1.0, 2.0]).shape == (2, 3)
