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


def propose(flat: Bytes, first: Ints, lacking: Ints, values: Small, single: bool) -> int:
    """Set proposed bits of rows that lack some, and return how many rows still do.

    Row i starts at bit first[i] and takes one of `values`, in turn, if `single`, else as many as
    it lacks. Rows that lack none any more leave both lists.
    """
    proposed = kept = 0
    for i in range(first.size):
        start, left = first[i], lacking[i]
        for _ in range(1 if single else lacking[i]):
            bit = start + np.int64(values[proposed])
            proposed += 1
            byte, mark = flat[bit >> 3], np.uint8(1) << np.uint8(bit & 7)
            left -= byte & mark == 0
            flat[bit >> 3] = byte | mark
        if left:
            first[kept], lacking[kept] = start, left
            kept += 1
    return kept


def count_bits(words: Words, planes: Words, totals: Ints) -> None:
    """Add to totals[j] how many rows hold bit j; the number of rows is a multiple of 8.

    `planes` are zeros of shape (10, words a row): plane p holds bit p of all sums. Seven full
    adders turn eight rows and the planes of weight 1, 2 and 4 into the new planes and one row of
    carries, which the others take one after the other. They are added to the totals before the
    last one overflows, and are zeros again in the end.
    """
    rows, width = words.shape
    ones, twos, fours = planes[0], planes[1], planes[2]
    for start in range(0, rows, 1016):
        for i in range(start, min(start + 1016, rows), 8):
            a, b, c, d = words[i], words[i + 1], words[i + 2], words[i + 3]
            e, f, g, h = words[i + 4], words[i + 5], words[i + 6], words[i + 7]
            for j in range(width):
                one, two, four = ones[j], twos[j], fours[j]
                either = one ^ a[j]
                first, one = (one & a[j]) | (either & b[j]), either ^ b[j]
                either = one ^ c[j]
                second, one = (one & c[j]) | (either & d[j]), either ^ d[j]
                either = two ^ first
                third, two = (two & first) | (either & second), either ^ second
                either = one ^ e[j]
                first, one = (one & e[j]) | (either & f[j]), either ^ f[j]
                either = one ^ g[j]
                second, one = (one & g[j]) | (either & h[j]), either ^ h[j]
                either = two ^ first
                last, two = (two & first) | (either & second), either ^ second
                either = four ^ third
                carry, four = (four & third) | (either & last), either ^ last
                ones[j], twos[j], fours[j] = one, two, four
                for p in range(3, 10):
                    kept = planes[p, j]
                    planes[p, j] = kept ^ carry
                    carry &= kept
        for j in range(width):
            for p in range(10):
                plane, weight = planes[p, j], np.uint64(p)
                for bit in range(64):
                    one = plane >> np.uint64(bit) & np.uint64(1)
                    totals[64 * j + bit] += np.int64(one << weight)
                planes[p, j] = 0


def add_folded(vector: Floats, labels: Small, moduli: Ints, weights: Floats, total: Floats) -> None:
    """Add sum_j weight_j A_j^T A_j vector to the total, over the blocks of a scrambled design.

    Entries of a residue are added up in the order of the domain, and every value takes the sum
    of its residue. `labels` have a row a block.
    """
    sums = np.zeros(moduli.max())
    for block in range(moduli.size):
        own = labels[block]
        sums[:] = 0
        for value in range(vector.size):
            sums[own[value]] += vector[value]
        sums *= weights[block]
        for value in range(total.size):
            total[value] += sums[own[value]]


def find_places(block: Floats, steps: int, low: int, last: int, places: Ints) -> bool:
    """Set places[i, j] to steps block[i, j] - low; False if one is not whole and in [0, last]."""
    found = True
    for i in range(block.shape[0]):
        for j in range(block.shape[1]):
            entry = block[i, j] * steps - low
            within = 0 <= entry <= last
            place = np.int64(entry if within else 0.0)
            found &= within and place == entry
            places[i, j] = place
    return found
