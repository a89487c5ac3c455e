"""The law of `subset_rows` on each of its paths: sparse and dense starts, both ways to fill.

Generators are fixed; every statistical test raises a false alarm with
probability 1e-6, or 6e-7 where it says 5 standard errors.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from ldpaudit.arrays import Bytes
from ldpaudit.protocols._kernels._bits import column_counts, subset_rows, unpack

ALARM = 1e-6
SPARSE, DENSE = (40, 2), (12, 5)  # 16 w <= m draws positions, otherwise words
FEW, MANY = 500, 200_000  # rows a call: several proposals at a time, and one each


def draw(num_values: int, size: int, own: int, num_rows: int, batch: int, seed: int) -> Bytes:
    """Subsets of users who all hold `own`, in calls of `batch` rows; the own one is in or not."""
    rng = np.random.default_rng(seed)
    calls = [
        subset_rows(np.full(batch, own), num_values, size, 0.5, rng)
        for _ in range(num_rows // batch)
    ]
    return np.concatenate(calls)


@pytest.mark.parametrize("batch", [FEW, MANY])
@pytest.mark.parametrize(("num_values", "size"), [SPARSE, DENSE, (20, 1), (9, 8), (2, 1)])
def test_every_subset_is_as_likely_given_the_own_value(
    num_values: int, size: int, batch: int
) -> None:
    own = num_values // 3
    bits = unpack(draw(num_values, size, own, MANY, batch, seed=1), num_values)
    codes = bits @ (1 << np.arange(num_values, dtype=np.int64))
    for included in (False, True):
        others = [value for value in range(num_values) if value != own]
        names = [
            sum(1 << value for value in subset) + (included << own)
            for subset in itertools.combinations(others, size - included)
        ]
        group = codes[bits[:, own] == included]
        found, seen = np.unique(group, return_counts=True)
        assert set(found.tolist()) <= set(names)
        expected = len(group) / len(names)
        assert expected >= 5
        missing = (len(names) - len(found)) * expected
        statistic = float(((seen - expected) ** 2).sum() / expected + missing)
        if len(names) > 1:
            assert statistic <= stats.chi2(len(names) - 1).isf(ALARM)


@pytest.mark.parametrize("inclusion", [0.0, 0.02, 0.5, 0.93, 1.0])
@pytest.mark.parametrize(("num_values", "size"), [SPARSE, DENSE])
def test_the_own_value_is_in_with_its_probability(
    num_values: int, size: int, inclusion: float
) -> None:
    rng = np.random.default_rng(2)
    own = rng.integers(0, num_values, MANY)
    bits = unpack(subset_rows(own, num_values, size, inclusion, rng), num_values)
    held = int(bits[np.arange(MANY), own].sum(dtype=np.int64))
    law = stats.binom(MANY, inclusion)
    assert law.ppf(ALARM / 2) <= held <= law.isf(ALARM / 2)


@pytest.mark.parametrize(
    ("num_values", "size", "num_rows"),
    [
        *((1, 1, 3), (3, 3, 50), (2, 1, 50), (64, 63, 50), (64, 4, 50), (65, 4, 50)),
        *((100, 27, 60_000), (1024, 1, 5000), (1024, 275, 5000), (20_000, 360, 500)),
        *((20_000, 5400, 300), (70_000, 1, 20), (70_000, 35_000, 20)),
    ],
)
def test_sizes_are_exact_and_padding_is_zero(num_values: int, size: int, num_rows: int) -> None:
    rng = np.random.default_rng(3)
    own = rng.integers(0, num_values, num_rows)
    rows = subset_rows(own, num_values, size, 1.0 if size == num_values else 0.5, rng)
    assert rows.shape == (num_rows, math.ceil(num_values / 8))
    assert rows.dtype == np.uint8
    assert rows.flags["C_CONTIGUOUS"]
    assert (np.bitwise_count(rows).sum(axis=1, dtype=np.int64) == size).all()
    assert (unpack(rows, num_values).sum(axis=1, dtype=np.int64) == size).all()


@pytest.mark.parametrize(("size", "num_rows"), [(360, 6000), (5400, 2000)])
def test_large_domains_are_exchangeable(size: int, num_rows: int) -> None:
    """Value counts, and pairs that share a byte, as in uniform subsets of the others.

    The counts of a simple random sample have covariance n q (1 - q) (M I - J) / (M - 1).
    """
    num_values, own = 20_000, 17
    rows = draw(num_values, size, own, num_rows, num_rows, seed=4)
    in_rows = unpack(rows, num_values)[:, own].astype(np.bool_)
    others = num_values - 1
    for included in (False, True):
        group = rows[in_rows == included]
        share = (size - included) / others
        counts = np.delete(column_counts(group, num_values), own)
        variance = len(group) * share * (1 - share) * others / (others - 1)
        statistic = float(((counts - len(group) * share) ** 2).sum() / variance)
        law = stats.chi2(others - 1)
        assert law.isf(1 - ALARM / 2) <= statistic <= law.isf(ALARM / 2)

    rows = np.delete(rows, own // 8, axis=1)
    held = np.bitwise_count(rows).astype(np.int64)
    pairs = (held * (held - 1) // 2).sum(axis=1)
    left = size - in_rows
    mean = rows.shape[1] * 28 * left * (left - 1) / (others * (others - 1))
    gap = pairs - mean
    assert abs(gap.mean()) <= 5 * gap.std() / math.sqrt(num_rows)


def test_users_are_independent() -> None:
    """Neighbours' subsets in a contingency table."""
    num_values, size, own = 6, 2, 1
    bits = unpack(draw(num_values, size, own, MANY, FEW, seed=5), num_values)
    _, codes = np.unique(bits @ (1 << np.arange(num_values)), return_inverse=True)
    table = np.zeros((15, 15))
    np.add.at(table, (codes[::2], codes[1::2]), 1)
    assert stats.chi2_contingency(table).pvalue >= ALARM


@pytest.mark.parametrize(("num_values", "size"), [SPARSE, DENSE, (20_000, 360)])
def test_same_generator_same_subsets(num_values: int, size: int) -> None:
    own = np.arange(600) % num_values  # more than a chunk of rows at 20,000 values
    one, two = (subset_rows(own, num_values, size, 0.6, np.random.default_rng(6)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert len(np.unique(one, axis=0)) > 1
