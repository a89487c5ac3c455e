"""Reports that are sets: packed bit rows, drawn and counted in whole batches.

A row of `width` bytes holds the support of one report; bit j of the row is bit
j % 8 of byte j // 8 (``bitorder="little"``), and bits past the domain are 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bools, Bytes, Ints, Words

from ._compiled import Loops, compiled

#: Bytes worked on at a time. A constant: reports must not depend on the machine.
_CHUNK = 2**19
#: Bytes of a table of single bits, which is written here and there: it stays in a near cache.
_SPARSE_CHUNK = 2**21


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


def take_columns(packed: Bytes, columns: Ints) -> Bools:
    """Whether each row holds each of the named bits, shape (rows, len(columns))."""
    if 8 * columns.size < packed.shape[1]:
        shifted = packed[:, columns >> 3] >> (columns & 7).astype(np.uint8)
        return (shifted & np.uint8(1)).astype(np.bool_)
    table: Bools = unpack(packed, packed.shape[1] * 8).view(np.bool_)
    return table[:, columns]


def column_counts(packed: Bytes, num_values: int, of: Ints | None = None) -> Ints:
    """How many rows hold each bit: of all rows, or `of` those named."""
    totals, row_width = np.zeros(num_values, dtype=np.int64), width(num_values)
    num_rows = len(packed) if of is None else of.size
    chunks = (
        packed[rows if of is None else of[rows]][:, :row_width]
        for rows in row_chunks(num_rows, row_width)
    )
    if loops := compiled(num_rows * row_width):
        _count(loops, chunks, totals)
    else:
        for rows in chunks:
            _add_columns(rows.copy() if of is None else rows, totals)
    return totals


def _count(loops: Loops, chunks: Iterable[Bytes], totals: Ints) -> None:
    """Add the column sums of packed rows to `totals`, compiled."""
    words = planes = np.zeros((0, -(-totals.size // 64)), dtype="<u8")
    counts = np.zeros(64 * words.shape[1], dtype=np.int64)
    for rows in chunks:
        eights = -(-len(rows) // 8) * 8
        if not words.size:  # none is larger than the first one
            words, planes = (np.zeros((many, words.shape[1]), "<u8") for many in (eights, 10))
        words.view(np.uint8)[: len(rows), : rows.shape[1]] = rows
        words[len(rows) : eights] = 0
        loops.count_bits(words[:eights], planes, counts)
    totals += counts[: totals.size]


def _add_columns(rows: Bytes, totals: Ints) -> None:
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


def set_own_bits(packed: Bytes, own: Ints, bits: Bools) -> None:
    """Overwrite bit own[i] of row i with bits[i], in place."""
    flat, marks = packed.reshape(-1), _marks(own)
    places = np.arange(len(own)) * packed.shape[1] + (own >> 3)
    flat[places] = flat[places] & ~marks | marks * bits


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
    lifted = rng.integers(0, 8 * num_bytes, hits)
    if loops := compiled(8 * hits):
        loops.set_bits(flat[None], lifted[None])
    else:
        _set_bits(flat, lifted)
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
) -> Words:
    """Words whose bits are 1 with the first binary digits of `probability`."""
    numerator = math.floor(probability * 2**digits)
    words = np.zeros(num_words, dtype="<u8")
    for digit in range(digits):  # from the last one
        fresh = rng.integers(0, 2**64, num_words, dtype=np.uint64)
        (np.bitwise_or if numerator >> digit & 1 else np.bitwise_and)(words, fresh, out=words)
    return words


def _set_bits(flat: Bytes, bits: Ints) -> None:
    """Set the named bits; of those that meet in a byte one is written, and the rest tried again."""
    while bits.size:
        places, marks = bits >> 3, _marks(bits)
        flat[places] |= marks
        bits = bits[flat[places] & marks == 0]


def subset_rows(
    own: Ints, num_values: int, size: int, inclusion: float, rng: np.random.Generator
) -> Bytes:
    """Packed subsets of fixed size that hold own[i] with probability `inclusion`."""
    packed = np.empty((len(own), width(num_values)), dtype=np.uint8)
    for rows, drawn in subset_chunks(own, num_values, size, inclusion, rng):
        packed[rows] = drawn
    return packed


def subset_chunks(
    own: Ints, num_values: int, size: int, inclusion: float, rng: np.random.Generator
) -> Iterator[tuple[slice, Bytes]]:
    """The rows of `subset_rows`, some at a time.

    Every row holds its own value until the end; one that should not has one
    value more, and loses it then. The others are a uniform subset of the other
    values, for no step can tell two of them apart: the start is exchangeable;
    rows are kept or drawn afresh by their size alone; missing values are proposed
    uniformly, never more of them than are missing.
    """
    row_width = width(num_values)
    loops = compiled(len(own) * size)

    def start(mine: Ints, wanted: Ints) -> tuple[Words, Ints]:
        words = np.zeros((mine.size, -(-num_values // 64)), dtype=np.uint64)
        packed = words.view(np.uint8)
        _start_rows(packed[:, :row_width], num_values, size, rng, loops)
        set_own_bits(packed, mine, np.ones(mine.size, dtype=np.bool_))
        return words, wanted - _row_sizes(words)

    for rows in row_chunks(len(own), max(8, row_width // 2)):
        mine = own[rows]
        included = rng.random(mine.size) < inclusion
        wanted = size + 1 - included
        words, lacking = start(mine, wanted)
        while (over := np.flatnonzero(lacking < 0)).size:
            words[over], lacking[over] = start(mine[over], wanted[over])
        _fill(words, wanted, lacking, num_values, rng, loops)
        set_own_bits(words.view(np.uint8), mine, included)
        yield rows, words.view(np.uint8)[:, :row_width]


def _start_rows(
    packed: Bytes, num_values: int, size: int, rng: np.random.Generator, loops: Loops | None
) -> None:
    """Fill rows of zeros with exchangeable bits, somewhat fewer than `size` as a rule."""
    num_rows, row_width = packed.shape
    if 16 * size > num_values:  # dense: random words cost less than single positions
        mean = max(0, size - 1 - math.sqrt(size))
        probability = math.floor(256 * mean / num_values) / 256
        packed[:] = bernoulli_rows(num_rows, num_values, probability, rng)
        return
    step = max(1, _SPARSE_CHUNK // (8 * row_width))
    for start in range(0, num_rows, step):
        rows = packed[start : start + step]
        positions = rng.integers(0, num_values, (len(rows), size - 1))
        if loops:
            loops.set_bits(rows, positions)
            continue
        table = np.zeros((len(rows), 8 * row_width), dtype=np.uint8)
        positions += np.arange(len(rows))[:, None] * table.shape[1]
        table.reshape(-1)[positions] = 1
        rows[:] = np.packbits(table, bitorder="little").reshape(rows.shape)


def _fill(
    words: Words,
    wanted: Ints,
    lacking: Ints,
    num_values: int,
    rng: np.random.Generator,
    loops: Loops | None,
) -> None:
    """Set as many uniform unset bits of each row as it lacks of those that are wanted.

    Where rows are many, each proposes one value and sees whether it is new. Few
    propose as many as they lack and are counted again, for some may meet.
    """
    flat, row_bits = words.view(np.uint8).reshape(-1), 64 * words.shape[1]

    def values(many: int) -> npt.NDArray[np.unsignedinteger]:
        return rng.integers(0, num_values, many, np.uint16 if num_values <= 2**12 else np.uint32)

    short = np.flatnonzero(lacking)
    first, lacking = short * row_bits, lacking[short]
    while first.size > 2048:
        drawn = values(first.size)
        if loops:
            left = loops.propose(flat, first, lacking, drawn, True)
            first, lacking = first[:left], lacking[:left]
            continue
        bits = first + drawn
        places = bits >> 3
        before = flat[places]
        flat[places] = after = before | _marks(bits)
        lacking -= after != before
        more = lacking > 0
        first, lacking = first[more], lacking[more]

    while loops and first.size:
        left = loops.propose(flat, first, lacking, values(lacking.sum()), False)
        first, lacking = first[:left], lacking[:left]
    short = first // row_bits
    wanted = wanted[short]
    while short.size:
        bits = np.repeat(short * row_bits, lacking)
        bits += values(bits.size)
        _set_bits(flat, bits)
        lacking = wanted - _row_sizes(words.take(short, axis=0))
        more = lacking > 0
        short, wanted, lacking = short[more], wanted[more], lacking[more]


def _marks(bits: Ints) -> Bytes:
    """The byte with the named bit set."""
    return np.left_shift(np.uint8(1), (bits & 7).astype(np.uint8))


def _row_sizes(words: Words) -> Ints:
    """Number of set bits of each row."""
    counts = np.bitwise_count(words)
    if counts.shape[1] > 16:
        narrow = np.uint16 if 64 * counts.shape[1] < 2**16 else np.int64
        return np.asarray(np.add.reduce(counts, axis=1, dtype=narrow), dtype=np.int64)
    sizes = np.zeros(len(words), dtype=np.int64)
    for column in counts.T:  # on short rows a reduction costs more than what it adds up
        sizes += column
    return sizes
