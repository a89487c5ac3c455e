"""Packed bit rows against loops and numpy, and the law of random bits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from ldpaudit.arrays import Bytes
from ldpaudit.protocols._kernels._bits import (
    bernoulli_rows,
    column_counts,
    pack,
    row_chunks,
    set_own_bits,
    take_columns,
    unpack,
    width,
)

SIZES = [1, 2, 7, 8, 9, 15, 16, 17, 64, 100, 1023]


def random_bits(rows: int, num_values: int, seed: int) -> Bytes:
    return np.random.default_rng(seed).integers(0, 2, (rows, num_values), dtype=np.uint8)


@pytest.mark.parametrize("num_values", SIZES)
def test_pack_puts_value_j_in_bit_j_mod_8_of_byte_j_div_8(num_values: int) -> None:
    bits = random_bits(5, num_values, seed=1)
    packed = pack(bits)
    assert packed.shape == (5, width(num_values)) == (5, math.ceil(num_values / 8))
    for row, packed_row in zip(bits, packed, strict=True):
        naive = [0] * width(num_values)
        for j, bit in enumerate(row.tolist()):
            naive[j // 8] += bit << (j % 8)
        assert packed_row.tolist() == naive
    np.testing.assert_array_equal(unpack(packed, num_values), bits)


@pytest.mark.parametrize("num_values", SIZES)
def test_set_own_bits_changes_nothing_else(num_values: int) -> None:
    rng = np.random.default_rng(2)
    bits = random_bits(64, num_values, seed=3)
    own = rng.integers(0, num_values, 64)
    wanted = rng.random(64) < 0.5
    packed = pack(bits)
    set_own_bits(packed, own, wanted)
    for row, (value, bit) in enumerate(zip(own, wanted, strict=True)):
        bits[row, value] = bit
    np.testing.assert_array_equal(packed, pack(bits))


@pytest.mark.parametrize("num_values", SIZES)
@pytest.mark.parametrize("num_columns", [0, 1, 2, 40])
def test_take_columns_reads_single_bits(num_values: int, num_columns: int) -> None:
    """Few columns go bit by bit, many through the whole table: the same answer."""
    bits = random_bits(20, num_values, seed=4)
    columns = np.random.default_rng(5).integers(0, num_values, num_columns)
    taken = take_columns(pack(bits), columns)
    assert taken.dtype == np.bool_
    naive = [[bool(row[j]) for j in columns] for row in bits]
    np.testing.assert_array_equal(taken, np.array(naive).reshape(20, num_columns))


@pytest.mark.parametrize("num_rows", [0, 1, 254, 255, 256, 511, 1000])
def test_column_counts_of_full_rows_do_not_overflow(num_rows: int) -> None:
    full = pack(np.ones((num_rows, 13), dtype=np.uint8))
    np.testing.assert_array_equal(column_counts(full, 13), np.full(13, num_rows))


@pytest.mark.parametrize("num_values", SIZES)
def test_column_counts(num_values: int) -> None:
    bits = random_bits(777, num_values, seed=6)
    np.testing.assert_array_equal(column_counts(pack(bits), num_values), bits.sum(axis=0))


@pytest.mark.parametrize(("num_rows", "row_size"), [(0, 5), (1, 1), (100, 2**20), (10**6, 3)])
def test_row_chunks_cover_every_row_once(num_rows: int, row_size: int) -> None:
    rows = [
        index
        for chunk in row_chunks(num_rows, row_size)
        for index in range(chunk.start, chunk.stop)
    ]
    assert rows == list(range(num_rows))


@pytest.mark.parametrize(
    "probability",
    [
        1e-4,
        0.001,
        1 / 256 - 1e-9,
        1 / 256,
        1 / 256 + 1e-9,
        0.0180,
        0.1192,
        0.25,
        0.2689,
        97 / 256 - 1e-9,
        97 / 256,
        97.999 / 256,
        0.5,
        0.73,
        0.99,
    ],
)
def test_bernoulli_rows_have_the_probability(probability: float) -> None:
    """Counts of 2**25 bits are Binomial: two-sided exact, false alarm 1e-6 each."""
    rng = np.random.default_rng(7)
    packed = bernoulli_rows(2**12, 2**13, probability, rng)
    ones = int(np.bitwise_count(packed).sum(dtype=np.int64))
    law = stats.binom(2**25, probability)
    assert law.ppf(5e-7) <= ones <= law.isf(5e-7)


@pytest.mark.parametrize("probability", [1e-4, 0.0180, 0.2689, 0.4, 97 / 256, 0.5])
def test_bernoulli_bits_are_independent(probability: float) -> None:
    """Spread of row and column totals, and pairs of bits, as in a product law.

    Six statistics, each within 5 standard errors: false alarm about 6e-7 each.
    """
    num_rows, num_values = 20_000, 400
    rng = np.random.default_rng(8)
    bits = unpack(bernoulli_rows(num_rows, num_values, probability, rng), num_values)
    spread = probability * (1 - probability)
    for axis, (others, length) in enumerate([(num_rows, num_values), (num_values, num_rows)]):
        totals = bits.sum(axis=axis, dtype=np.int64)
        # Sum of squares of `length` independent binomial totals, standardised.
        statistic = float(((totals - others * probability) ** 2).sum()) / (others * spread)
        kurtosis = 2 + (1 - 6 * spread) / (others * spread)
        assert abs(statistic - length) <= 5 * math.sqrt(length * kurtosis)
    for lag in (1, 3, 8, 64):
        pairs = int((bits[:, lag:] & bits[:, :-lag]).sum(dtype=np.int64))
        number = num_rows * (num_values - lag)
        # Pairs that share a bit are correlated: at most two neighbours a pair.
        variance = probability**2 * (1 - probability**2)
        variance += 2 * (probability**3 - probability**4)
        assert abs(pairs - number * probability**2) <= 5 * math.sqrt(number * variance)


@pytest.mark.parametrize("num_values", SIZES)
def test_padding_bits_are_zero(num_values: int) -> None:
    packed = bernoulli_rows(500, num_values, 0.97, np.random.default_rng(9))
    assert packed.shape == (500, width(num_values))
    table = np.unpackbits(packed, axis=1, bitorder="little")
    assert not table[:, num_values:].any()
    assert table[:, :num_values].any()


def test_no_rows_and_a_vanishing_probability() -> None:
    rng = np.random.default_rng(10)
    assert bernoulli_rows(0, 10, 0.3, rng).shape == (0, 2)
    assert not bernoulli_rows(100, 10, 1e-300, rng).any()
