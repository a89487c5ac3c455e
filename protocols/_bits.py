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

#: Entries worked on at a time. A constant: reports must not depend on the machine.
_CHUNK = 2**18


def width(num_values: int) -> int:
    """Bytes of a packed row of `num_values` bits."""
    return -(-num_values // 8)


def row_chunks(num_rows: int, row_size: int) -> Iterator[slice]:
    """Slices of rows that hold about _CHUNK entries each."""
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
    for start in range(0, len(packed), 255):  # 255 rows cannot overflow a uint8 sum
        block = unpack(packed[start : start + 255], num_values)
        totals += np.add.reduce(block, axis=0, dtype=np.uint8)
    return totals


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

    AND and OR of random words by the binary digits of floor(256 q) give bits of
    probability floor(256 q) / 256. OR-ing in a Poisson number of uniform
    positions then lifts it to q: a position is hit with 1 - exp(-rate),
    independently of the others, and rate solves base + (1 - base) * that = q.
    """
    row_width = width(num_values)
    num_bytes = num_rows * row_width
    base = math.floor(256 * probability)
    words = _fixed_point_words(base, -(-num_bytes // 8), rng)
    flat = words.view(np.uint8)[:num_bytes]
    missing = (probability - base / 256) / (1 - base / 256)
    hits = rng.poisson(-math.log1p(-missing) * 8 * num_bytes) if missing > 0 else 0
    positions = rng.integers(0, 8 * num_bytes, hits)
    marks = np.left_shift(np.uint8(1), (positions & 7).astype(np.uint8))
    np.bitwise_or.at(flat, positions >> 3, marks)
    packed = flat.reshape(num_rows, row_width)
    if num_values % 8:
        packed[:, -1] &= np.uint8(2 ** (num_values % 8) - 1)
    return packed


def subset_rows(
    own: npt.NDArray[np.int64],
    num_values: int,
    size: int,
    inclusion: float,
    rng: np.random.Generator,
) -> Bytes:
    """Packed subsets of fixed size that hold own[i] with probability `inclusion`.

    Given whether the own value is in, the rest is a uniform subset of the other
    values: every step below treats them alike (independent bits, rows chosen by
    size alone, uniform proposals), so a set that ends with a fixed size is
    uniform among the sets of that size.
    """
    packed = np.empty((len(own), width(num_values)), dtype=np.uint8)
    # A little below the target, in 256ths: too large a row costs a fresh start.
    start = max(0, math.floor(256 * (size - 1 - 4 * math.sqrt(size)) / num_values)) / 256
    for rows in row_chunks(len(own), num_values):
        mine = own[rows]
        if start:
            bits = unpack(bernoulli_rows(len(mine), num_values, start, rng), num_values)
        else:
            bits = np.zeros((len(mine), num_values), dtype=np.uint8)
        index = np.arange(len(mine))
        included = rng.random(len(mine)) < inclusion
        bits[index, mine] = included
        lacking = size - np.add.reduce(bits, axis=1, dtype=np.int32)
        over = lacking < 0
        if over.any():
            bits[over] = 0
            bits[index[over], mine[over]] = included[over]
            lacking[over] = size - included[over]
        _fill(bits, mine, lacking, size, rng)
        packed[rows] = pack(bits)
    return packed


def _fill(
    bits: Bytes,
    own: npt.NDArray[np.int64],
    lacking: npt.NDArray[np.int32],
    size: int,
    rng: np.random.Generator,
) -> None:
    """Set uniform unset bits other than the own one until each row holds `size`."""
    num_values = bits.shape[1]
    flat = bits.reshape(-1)
    short = np.flatnonzero(lacking)
    while short.size:
        rows = np.repeat(short, lacking[short])  # as many proposals as bits: never too many
        columns = rng.integers(0, num_values - 1, rows.size)
        columns += columns >= own[rows]
        flat[rows * num_values + columns] = 1
        lacking[short] = size - np.add.reduce(bits[short], axis=1, dtype=np.int32)
        short = short[lacking[short] > 0]


def _fixed_point_words(
    numerator: int, num_words: int, rng: np.random.Generator
) -> npt.NDArray[np.uint64]:
    """Words whose bits are 1 with probability numerator / 256, numerator < 256."""
    words = np.zeros(num_words, dtype=np.uint64)
    started = False
    for digit in range(8):  # from the least significant digit of the probability
        one = numerator >> digit & 1
        if not (one or started):
            continue
        started = True
        fresh = rng.integers(0, 2**64, num_words, dtype=np.uint64)
        (np.bitwise_or if one else np.bitwise_and)(words, fresh, out=words)
    return words
