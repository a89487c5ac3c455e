"""Reports that are sets: packed bit rows, drawn and counted in whole batches.

A row of `width` bytes holds the support of one report; bit j of the row is bit
j % 8 of byte j // 8 (``bitorder="little"``), and bits past the domain are 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

#: Bytes worked on at a time. A constant: reports must not depend on the machine.
_CHUNK = 2**17


def width(num_values: int) -> int:
    """Bytes of a packed row of `num_values` bits."""
    return -(-num_values // 8)


def row_chunks(num_rows: int, row_size: int) -> Iterator[slice]:
    """Slices of rows of `row_size` bytes that hold about _CHUNK bytes each."""
    step = max(1, _CHUNK // max(1, row_size))
    for start in range(0, num_rows, step):
        yield slice(start, min(start + step, num_rows))


def unpack(packed: Bytes, num_values: int) -> Bytes:
    """Packed rows as a (rows, num_values) table of 0 and 1."""
    return np.unpackbits(packed, axis=1, count=num_values, bitorder="little")


def pack(bits: Bytes) -> Bytes:
    """A (rows, num_values) table of 0 and 1 as packed rows."""
    return np.packbits(bits, axis=1, bitorder="little")


def take_columns(packed: Bytes, columns: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether each row holds each of the named bits, shape (rows, len(columns))."""
    if 8 * columns.size < packed.shape[1]:
        shifted = packed[:, columns >> 3] >> (columns & 7).astype(np.uint8)
        return (shifted & np.uint8(1)).astype(np.bool_)
    table: npt.NDArray[np.bool_] = unpack(packed, packed.shape[1] * 8).view(np.bool_)
    return table[:, columns]


def column_counts(packed: Bytes, num_values: int) -> npt.NDArray[np.int64]:
    """How many rows hold each bit."""
    totals = np.zeros(num_values, dtype=np.int64)
    for rows in row_chunks(len(packed), packed.shape[1] // 8):
        _add_columns(packed[rows].copy(), totals)
    return totals


def _add_columns(rows: Bytes, totals: npt.NDArray[np.int64]) -> None:
    """Add the column sums of packed rows to `totals`; overwrites the rows.

    Full adders on whole rows: three rows of one weight become their sum bits, of
    that weight, and their carries, of twice the weight. Two rows a weight remain
    to be unpacked, however many there were.
    """
    weight = 1
    while len(rows):
        carries, filled = np.empty_like(rows[: len(rows) // 2]), 0
        while len(rows) > 2:
            third = len(rows) // 3
            first, second, last = rows[:third], rows[third : 2 * third], rows[2 * third : 3 * third]
            either = first ^ second
            carry = carries[filled : filled + third]
            np.bitwise_or(first & second, either & last, out=carry)
            np.bitwise_xor(either, last, out=last)
            rows, filled = rows[2 * third :], filled + third
        totals += weight * np.add.reduce(unpack(rows, totals.size), axis=0, dtype=np.int64)
        rows, weight = carries[:filled], 2 * weight


def set_own_bits(packed: Bytes, own: npt.NDArray[np.int64], bits: npt.NDArray[np.bool_]) -> None:
    """Overwrite bit own[i] of row i with bits[i], in place."""
    rows = np.arange(len(own))
    column, shift = own >> 3, (own & 7).astype(np.uint8)
    cleared = packed[rows, column] & ~(np.uint8(1) << shift)
    packed[rows, column] = cleared | (bits.astype(np.uint8) << shift)


def bernoulli_rows(
    num_rows: int, num_values: int, probability: float, rng: np.random.Generator
) -> Bytes:
    """Packed rows of independent bits, each 1 with `probability`.

    AND and OR of random words by the first binary digits of q give bits of
    probability base = floor(2**digits q) / 2**digits. OR-ing in a Poisson number
    of uniform positions then lifts it to q: a position is hit with
    1 - exp(-rate), independently of the others, and rate solves
    base + (1 - base) * that = q. Any number of digits gives the law; the cheapest
    is taken.
    """
    row_width = width(num_values)
    num_bytes = num_rows * row_width
    # A digit costs a random word for 64 bits, a hit somewhat more than two.
    digits = min(range(9), key=lambda many: many + 150 * _hit_rate(probability, many))
    words = _dyadic_words(probability, digits, -(-num_bytes // 8), rng)
    flat = words.view(np.uint8)[:num_bytes]
    hits = rng.poisson(_hit_rate(probability, digits) * 8 * num_bytes)
    _set_bits(flat, rng.integers(0, 8 * num_bytes, hits))
    packed = flat.reshape(num_rows, row_width)
    if num_values % 8:
        packed[:, -1] &= np.uint8(2 ** (num_values % 8) - 1)
    return packed


def _hit_rate(probability: float, digits: int) -> float:
    """Hits a bit that lift the first binary digits of `probability` to it."""
    base = math.floor(probability * 2**digits) / 2**digits
    return -math.log1p(-(probability - base) / (1 - base))


def _dyadic_words(
    probability: float, digits: int, num_words: int, rng: np.random.Generator
) -> npt.NDArray[np.uint64]:
    """Words whose bits are 1 with the first binary digits of `probability`."""
    numerator = math.floor(probability * 2**digits)
    words = np.zeros(num_words, dtype="<u8")
    for digit in range(digits):  # from the last one
        fresh = rng.integers(0, 2**64, num_words, dtype=np.uint64)
        (np.bitwise_or if numerator >> digit & 1 else np.bitwise_and)(words, fresh, out=words)
    return words


def _set_bits(flat: Bytes, bits: npt.NDArray[np.int64]) -> None:
    """Set the named bits; of those that meet in a byte one is written, and the rest tried again."""
    while bits.size:
        places, marks = bits >> 3, _marks(bits)
        flat[places] |= marks
        bits = bits[flat[places] & marks == 0]


def subset_rows(
    own: npt.NDArray[np.int64],
    num_values: int,
    size: int,
    inclusion: float,
    rng: np.random.Generator,
) -> Bytes:
    """Packed subsets of fixed size that hold own[i] with probability `inclusion`.

    Given whether the own value is in, the rest is a uniform subset of the other
    values. No step can tell two of them apart: the start is exchangeable and the
    own bit is then overwritten; rows are kept or drawn afresh by their size
    alone; the missing values are proposed uniformly, never more of them than are
    missing. A set whose law ignores names and whose size is fixed is uniform.
    """
    packed = np.empty((len(own), width(num_values)), dtype=np.uint8)

    def start(
        mine: npt.NDArray[np.int64], included: npt.NDArray[np.bool_]
    ) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
        words = np.zeros((mine.size, -(-num_values // 64)), dtype=np.uint64)
        words.view(np.uint8)[:, : packed.shape[1]] = _start_rows(mine.size, num_values, size, rng)
        set_own_bits(words.view(np.uint8), mine, included)
        return words, size - _row_sizes(words)

    for rows in row_chunks(len(own), packed.shape[1]):
        mine = own[rows]
        included = rng.random(mine.size) < inclusion
        words, lacking = start(mine, included)
        while (over := np.flatnonzero(lacking < 0)).size:
            words[over], lacking[over] = start(mine[over], included[over])
        _fill(words, mine, lacking, num_values, size, rng)
        packed[rows] = words.view(np.uint8)[:, : packed.shape[1]]
    return packed


def _start_rows(num_rows: int, num_values: int, size: int, rng: np.random.Generator) -> Bytes:
    """Packed exchangeable rows that hold somewhat fewer than `size` bits as a rule."""
    if 16 * size > num_values:  # dense: random words cost less than single positions
        mean = max(0, size - 1 - math.sqrt(size))
        return bernoulli_rows(num_rows, num_values, math.floor(256 * mean / num_values) / 256, rng)
    table = np.zeros((num_rows, 8 * width(num_values)), dtype=np.uint8)
    positions = rng.integers(0, num_values, (num_rows, size - 1))
    positions += np.arange(num_rows)[:, None] * table.shape[1]
    table.reshape(-1)[positions] = 1
    return np.packbits(table, bitorder="little").reshape(num_rows, -1)


def _fill(
    words: npt.NDArray[np.uint64],
    own: npt.NDArray[np.int64],
    lacking: npt.NDArray[np.int64],
    num_values: int,
    size: int,
    rng: np.random.Generator,
) -> None:
    """Set uniform unset bits other than the own one until each row holds `size`.

    A row proposes as many values at a time as it lacks and is counted again, for
    some may coincide; where rows are many it proposes one, and needs no count.
    """
    flat, row_bits = words.view(np.uint8).reshape(-1), 64 * words.shape[1]
    short = np.flatnonzero(lacking)
    while short.size:
        one_each = short.size > 4096
        rows = short if one_each else np.repeat(short, lacking[short])
        columns = rng.integers(0, num_values - 1, rows.size)
        columns += columns >= own[rows]
        bits = columns + rows * row_bits
        if one_each:
            places = bits >> 3
            before = flat[places]
            flat[places] = after = before | _marks(bits)
            lacking[short] -= after != before
        else:
            _set_bits(flat, bits)
            lacking[short] = size - _row_sizes(words.take(short, axis=0))
        short = short[lacking[short] > 0]


def _marks(bits: npt.NDArray[np.int64]) -> Bytes:
    """The byte with the named bit set."""
    return np.left_shift(np.uint8(1), (bits & 7).astype(np.uint8))


def _row_sizes(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Number of set bits of each row."""
    sizes: npt.NDArray[np.int64] = np.add.reduce(np.bitwise_count(words), axis=1, dtype=np.int64)
    return sizes
