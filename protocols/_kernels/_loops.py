"""The heaviest loops, element by element: what Numba compiles, in one pass.

Each is the naive form of what the arrays of numpy do, and gives the same bytes.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bytes, Floats, Ints, Words

#: Whole numbers of 16 or 32 bits.
Small: TypeAlias = npt.NDArray[Any]


def add_supports(seeds: Words, first: Small, length: Small, totals: Ints) -> None:
    """Add to totals[j] how many reports of local hashing support values 2j and 2j + 1.

    Half a word of the seed's stream supports its value if it is one of `length` from `first`.
    """
    for pair in range(totals.shape[0]):
        step = np.uint64(pair + 1) * np.uint64(0x9E3779B97F4A7C15)
        even = odd = 0
        for i in range(seeds.size):
            word = seeds[i] + step
            word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            word ^= word >> np.uint64(31)
            low, high = np.uint32(word), np.uint32(word >> np.uint64(32))
            even += np.uint32(low - first[i]) < length[i]
            odd += np.uint32(high - first[i]) < length[i]
        totals[pair, 0] += even
        totals[pair, 1] += odd


def set_bits(packed: Bytes, positions: Ints) -> None:
    """Set the bits positions[i] of row i."""
    for i in range(positions.shape[0]):
        row = packed[i]
        for j in range(positions.shape[1]):
            place = np.uint64(positions[i, j])
            row[place >> np.uint64(3)] |= np.uint8(1) << np.uint8(place & np.uint64(7))


def count_bits(words: Words, planes: Words, totals: Ints) -> None:
    """Add to totals[j] how many rows hold bit j.

    `planes` are zeros of shape (6, words a row): plane p holds bit p of all sums, to which a row
    is added by carries; they are added to the totals before one overflows.
    """
    rows, width = words.shape
    for start in range(0, rows, 63):
        for i in range(start, min(start + 63, rows)):
            for j in range(width):
                carry = words[i, j]
                for p in range(6):
                    kept = planes[p, j]
                    planes[p, j] = kept ^ carry
                    carry &= kept
        for j in range(width):
            for p in range(6):
                plane, weight = planes[p, j], np.uint64(p)
                for bit in range(64):
                    one = plane >> np.uint64(bit) & np.uint64(1)
                    totals[64 * j + bit] += np.int64(one << weight)
                planes[p, j] = 0


def add_folded(
    vector: Floats, orders: Small, labels: Small, moduli: Ints, weights: Floats, total: Floats
) -> None:
    """Add sum_j weight_j A_j^T A_j vector to the total, over the blocks of a scrambled design.

    The entries in their scrambled order are added up by rows of the block's size; every value
    takes the sum of its residue. `labels` have a row a value.
    """
    sums = np.zeros((moduli.size, moduli.max()))
    for block in range(moduli.size):
        size, order, own = moduli[block], orders[block], sums[block]
        for start in range(0, order.size, size):
            for residue in range(min(size, order.size - start)):
                own[residue] += vector[order[start + residue]]
        own *= weights[block]
    for value in range(total.size):
        entry = total[value]
        for block in range(moduli.size):
            entry += sums[block, labels[value, block]]
        total[value] = entry
