"""Likelihoods of reports that are packed bits: one factor where a bit is set, one where not."""

from __future__ import annotations

import numpy as np

from ldpaudit.arrays import Bytes, Floats, Ints

from ._bits import unpack

#: The bits of every byte.
_BYTES = unpack(np.arange(256, dtype=np.uint8)[:, None], 8)


def bit_factors(packed: Bytes, columns: Ints, factors: tuple[float, float]) -> Floats:
    """Which of (unset, set) factors each row has at each named bit, shape (rows, len(columns)).

    Factors are looked up, never chosen by a branch: bits of reports are noise, which
    no processor can foresee.
    """
    pair = np.array(factors)
    if columns.size <= 2 * packed.shape[1]:
        table = np.empty((columns.size, len(packed)))
        for row, column in zip(table, columns.tolist(), strict=True):
            bits = packed[:, column >> 3] >> np.uint8(column & 7) & np.uint8(1)
            pair.take(bits, out=row, mode="clip")
        return table.T
    whole = pair[_BYTES].take(packed, axis=0).reshape(len(packed), 8 * packed.shape[1])
    if np.array_equal(columns, np.arange(columns.size)):
        return whole[:, : columns.size]
    return whole.take(columns, axis=1)


def row_sizes(packed: Bytes) -> Ints:
    """Number of set bits of each row, counted in the widest words that fill it."""
    width = packed.shape[1]
    sizes = [8] * (width // 8) + [size for size in (4, 2, 1) if width & size]
    words = np.dtype([(str(place), f"<u{size}") for place, size in enumerate(sizes)])
    rows = np.ascontiguousarray(packed).view(words)[:, 0]
    totals = np.zeros(len(packed), dtype=np.int64)
    for place in words.names or ():
        totals += np.bitwise_count(rows[place])
    return totals
