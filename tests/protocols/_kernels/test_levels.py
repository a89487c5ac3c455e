"""Likelihoods by look-up, against single bits and single reports."""

from __future__ import annotations

import math

import numpy as np
import pytest

import ldpaudit
from ldpaudit.protocols._kernels._bits import pack, width
from ldpaudit.protocols._kernels._levels import bit_factors, row_sizes
from ldpaudit.protocols.categorical.local_hashing import hash_to_buckets

SIZES = [1, 2, 7, 8, 9, 16, 29, 31, 64, 100, 1023]


def random_bits(rows: int, num_values: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 2, (rows, num_values), dtype=np.uint8)


@pytest.mark.parametrize("num_values", SIZES)
@pytest.mark.parametrize("num_columns", [0, 1, 2, 40, None])
@pytest.mark.parametrize("rows", [0, 1, 20])
def test_bit_factors_read_single_bits(num_values: int, num_columns: int | None, rows: int) -> None:
    """Few columns go bit by bit, many byte by byte, all in order as they are: the same answer."""
    bits = random_bits(rows, num_values)
    columns = np.arange(num_values)
    if num_columns is not None:
        columns = np.random.default_rng(2).integers(0, num_values, num_columns)
    found = bit_factors(pack(bits), columns, (-0.1, 0.3))
    naive = [[0.3 if row[j] else -0.1 for j in columns] for row in bits]
    np.testing.assert_array_equal(found, np.array(naive).reshape(rows, columns.size))


@pytest.mark.parametrize("num_values", SIZES)
@pytest.mark.parametrize("rows", [0, 1, 20])
def test_row_sizes_count_bits(num_values: int, rows: int) -> None:
    bits = random_bits(rows, num_values)
    packed = pack(bits)
    assert packed.shape == (rows, width(num_values))
    assert row_sizes(packed).tolist() == bits.sum(axis=1).tolist()
    assert row_sizes(packed[::-2]).tolist() == bits[::-2].sum(axis=1).tolist()


def test_row_sizes_above_a_byte() -> None:
    assert row_sizes(np.full((2, 300), 255, dtype=np.uint8)).tolist() == [2400, 2400]


@pytest.mark.parametrize(("name", "k"), [("oue", 37), ("ss", 37), ("mss", 64), ("smss", 64)])
def test_the_row_of_all_values_is_made_of_single_ones(name: str, k: int) -> None:
    """One report and one value at a time; values in any order, twice or not at all."""
    m = ldpaudit.mechanism(name, k=k, epsilon=1.3)
    reports = m.privatize(np.arange(k), rng=np.random.default_rng(3))
    whole = m.log_likelihood(reports)
    asked = np.array([5, 0, 5, k - 1])
    np.testing.assert_allclose(m.log_likelihood(reports, asked), whole[:, asked], rtol=1e-14)
    for row in range(0, k, 6):
        one = [float(m.log_likelihood(reports[row : row + 1], [v])[0, 0]) for v in range(k)]
        np.testing.assert_allclose(whole[row], one, rtol=1e-14)
    # Ties decide guesses, so they must be ties to the last bit.
    assert all(len(set(row.tolist())) <= 2 for row in whole)


@pytest.mark.parametrize("buckets", [2, 3, 5, 2**31 - 1])
@pytest.mark.parametrize("k", [2, 9])
def test_hashes_are_compared_without_being_scaled(buckets: int, k: int) -> None:
    """All values at once against the bucket of each; a bucket that cannot be holds none."""
    epsilon = math.log(buckets - 1) if buckets > 2 else 0.1
    m = ldpaudit.mechanism("blh" if buckets == 2 else "olh", k=k, epsilon=epsilon)
    assert m.num_buckets == buckets
    reports = m.privatize(np.arange(1000) % k, rng=np.random.default_rng(4))
    reports["bucket"][:2] = buckets, 2**32 - 1
    seeds = np.ascontiguousarray(reports["seed"])
    whole = m.log_likelihood(reports)
    high, low = math.log(m.p_star), math.log(m.p_star) - epsilon
    for value in range(k):
        same = hash_to_buckets(seeds, value, buckets) == reports["bucket"]
        np.testing.assert_allclose(whole[:, value], np.where(same, high, low), rtol=1e-12)
    np.testing.assert_array_equal(m.log_likelihood(reports, [k - 1, 0]), whole[:, [k - 1, 0]])
    assert not (whole[:2] == high).any()
