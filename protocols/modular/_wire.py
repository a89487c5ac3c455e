"""Reports as bytes: the block, then the rank of the subset or, where ranks are dear, its bits.

A message is ceil(log2 l) bits of block index followed by the subset's code, most
significant bit first, with zeros up to a whole byte.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

import numpy as np

from ldpaudit.arrays import Bytes, Ints, Rows
from ldpaudit.protocols._kernels._bits import pack as pack_bits
from ldpaudit.protocols._kernels._bits import row_chunks, unpack, width
from ldpaudit.protocols._kernels._checks import structured_rows
from ldpaudit.protocols._kernels._messages import check_bytes

from ._designs import Design

#: Largest size * bits that is ranked. Near it a report costs below a
#: millisecond each way (0.4 at 2596 bits of 20,000 values) and the tables of a
#: mechanism take some 80 MB (12 at 2596 bits); they are what forbids more.
_RANKED = 6_000_000


@dataclass(frozen=True)
class SubsetCode:
    """Subsets of `size` of `num_values` values as integers of `bits` bits.

    Ranked, codes are exactly 0 .. C(m, w) - 1. Leaves of 64 values (one leaf of m
    where C(m, w) < 2^63) are ranked in colexicographic order for all subsets at
    once, the sum of C(c_i, i) over the i-th smallest value c_i. Neighbours then
    merge in a binary tree: the subsets of m1 + m2 values are ordered by how many
    of the first m1 they hold, then by the rank of the first part, then of the
    second. A subset that is not ranked is its m bits, value 0 the most significant.
    """

    num_values: int
    size: int
    #: Binomials met so far; codes that share the dictionary share most of them.
    tables: dict[tuple[int, ...], list[int]] = field(default_factory=dict, compare=False)

    @cached_property
    def total(self) -> int:
        """Number of subsets, C(m, w)."""
        return math.comb(self.num_values, self.size)

    @property
    def ranked(self) -> bool:
        """Whether codes are ranks; a rule of m and w alone, see _RANKED."""
        return self.size * (self.total - 1).bit_length() <= _RANKED

    @cached_property
    def bits(self) -> int:
        """Bits of a code: ceil(log2 C(m, w)) ranked, m otherwise."""
        return (self.total - 1).bit_length() if self.ranked else self.num_values

    def encode(self, packed: Bytes) -> list[int]:
        """Codes of packed rows."""
        if not self.ranked:
            spare = -self.num_values % 8
            first_high = np.packbits(unpack(packed, self.num_values), axis=1)
            return [int.from_bytes(row.tobytes(), "big") >> spare for row in first_high]
        codes: list[int] = []
        for rows in row_chunks(len(packed), self.num_values):
            counts, ranks = self._rank_leaves(unpack(packed[rows], self.num_values))
            codes += map(self._merge, counts.tolist(), ranks.tolist())
        return codes

    def decode(self, codes: Sequence[int]) -> Bytes:
        """Packed rows of codes that `fault` finds nothing wrong with."""
        packed = np.empty((len(codes), width(self.num_values)), dtype=np.uint8)
        if not self.ranked:
            spare = -self.num_values % 8
            for row, code in zip(packed, codes, strict=True):
                row[:] = np.frombuffer((code << spare).to_bytes(row.size, "big"), np.uint8)
            return pack_bits(np.unpackbits(packed, axis=1, count=self.num_values))
        for rows in row_chunks(len(codes), self.num_values):
            leaves = np.array([self._split(code) for code in codes[rows]], dtype=np.int64)
            packed[rows] = pack_bits(self._unrank_leaves(leaves[:, 0], leaves[:, 1]))
        return packed

    def fault(self, code: int) -> str | None:
        """What is wrong with a code, or None."""
        if not self.ranked and code.bit_count() != self.size:
            return f"must hold {self.size} residues, got {code.bit_count()}"
        if self.ranked and code >= self.total:
            return f"must have a rank below C({self.num_values}, {self.size})"
        return None

    @cached_property
    def _leaf(self) -> int:
        return self.num_values if self.total < 2**63 else 64

    @cached_property
    def _levels(self) -> list[list[int]]:
        """Sizes of the parts, from the leaves to the whole."""
        full, rest = divmod(self.num_values, self._leaf)
        levels = [[self._leaf] * full + [rest] * (rest > 0)]
        while len(levels[-1]) > 1:
            parts = levels[-1]
            levels.append([sum(parts[i : i + 2]) for i in range(0, len(parts), 2)])
        return levels

    @cached_property
    def _binomials(self) -> Ints:
        """C(c, i) for value c and order i; what no subset needs is cut at 2^63 - 1."""
        orders = range(min(self.size, self._leaf) + 1)
        cut = 2**63 - 1
        table = [[min(math.comb(c, i), cut) for c in range(self._leaf)] for i in orders]
        return np.array(table, dtype=np.int64)

    def _rank_leaves(self, bits: Bytes) -> tuple[Ints, Ints]:
        """Sizes and ranks of the leaves of each row."""
        row, column = np.nonzero(bits)
        leaf, value = np.divmod(column, self._leaf)
        shape = len(bits), len(self._levels[0])
        cell = row * shape[1] + leaf
        counts = np.bincount(cell, minlength=shape[0] * shape[1])
        first = np.cumsum(counts) - counts
        order = np.arange(1, cell.size + 1) - first[cell]
        ranks = np.zeros(counts.size, dtype=np.int64)
        np.add.at(ranks, cell, self._binomials[order, value])
        return counts.reshape(shape), ranks.reshape(shape)

    def _unrank_leaves(self, counts: Ints, ranks: Ints) -> Bytes:
        """The rows whose leaves have these sizes and ranks, as a table of 0 and 1."""
        bits = np.zeros((counts.size, self._leaf), dtype=np.uint8)
        left = ranks.reshape(-1).copy()
        for order in range(int(counts.max(initial=0)), 0, -1):  # the largest value comes first
            cells = np.flatnonzero(counts.reshape(-1) >= order)
            below = self._binomials[order]
            values = np.searchsorted(below, left[cells], side="right") - 1
            left[cells] -= below[values]
            bits[cells, values] = 1
        return bits.reshape(len(counts), -1)[:, : self.num_values]

    def _merge(self, counts: list[int], ranks: list[int]) -> int:
        """The rank of a subset from those of its leaves."""
        for parts in self._levels[:-1]:
            last = len(parts) - len(parts) % 2
            merged = [
                self._below(parts[i], parts[i + 1], counts[i] + counts[i + 1])[counts[i]]
                + ranks[i] * self._row(parts[i + 1])[counts[i + 1]]
                + ranks[i + 1]
                for i in range(0, last, 2)
            ]
            ranks = merged + ranks[last:]
            counts = [sum(counts[i : i + 2]) for i in range(0, len(parts), 2)]
        return ranks[0]

    def _split(self, code: int) -> tuple[list[int], list[int]]:
        """Sizes and ranks of the leaves of a subset."""
        counts, ranks = [self.size], [code]
        for parts in self._levels[-2::-1]:
            last = len(parts) - len(parts) % 2
            halves: list[tuple[int, int]] = []
            for i in range(0, last, 2):
                count, rank = counts[i // 2], ranks[i // 2]
                below = self._below(parts[i], parts[i + 1], count)
                first = bisect_right(below, rank) - 1
                second_row = self._row(parts[i + 1])
                one, two = divmod(rank - below[first], second_row[count - first])
                halves += [(first, one), (count - first, two)]
            counts = [count for count, _ in halves] + counts[last // 2 :]
            ranks = [rank for _, rank in halves] + ranks[last // 2 :]
        return counts, ranks

    def _row(self, part: int) -> list[int]:
        """C(part, i) for every i up to the subset size."""
        key = part, min(part, self.size)
        if key not in self.tables:
            row = [1]
            for i in range(key[1]):
                row.append(row[-1] * (part - i) // (i + 1))
            self.tables[key] = row
        return self.tables[key]

    def _below(self, first: int, second: int, count: int) -> list[int]:
        """Number of `count`-subsets of two parts that hold fewer than i of the first."""
        key = first, second, count
        if key not in self.tables:
            rows = self._row(first), self._row(second)
            most = min(first, count)
            terms = (
                rows[0][i] * rows[1][count - i] if count - i <= second else 0 for i in range(most)
            )
            self.tables[key] = list(accumulate(terms, initial=0))
        return self.tables[key]


class WireReports(ABC):
    """Modular reports as bytes and back, for a protocol that has a design."""

    @property
    @abstractmethod
    def _design(self) -> Design:
        """Moduli and subset sizes."""

    @property
    @abstractmethod
    def _dtype(self) -> np.dtype[np.void]:
        """The structured type of reports."""

    @cached_property
    def _codes(self) -> tuple[SubsetCode, ...]:
        shared: dict[tuple[int, ...], list[int]] = {}
        return tuple(SubsetCode(b.num_values, b.size, shared) for b in self._design.blocks)

    @property
    def wire_bits(self) -> tuple[int, ...]:
        """Bits of a packed report of each block, before it is filled up to whole bytes.

        ceil(log2 l) + ceil(log2 C(m, w)) where subsets are ranked, which is where
        w ceil(log2 C(m, w)) is at most 6,000,000, and ceil(log2 l) + m otherwise.
        """
        return tuple(self._design.block_bits + code.bits for code in self._codes)

    def pack(self, reports: Rows) -> list[bytes]:
        """Reports in their fewest whole bytes, ceil(wire_bits / 8) for a report's block.

        Parameters
        ----------
        reports : structured array of shape (n,)
            Reports of this mechanism.

        Returns
        -------
        list of bytes
            One message a report: the block index, then the rank of the subset (or
            its bits, see `wire_bits`), most significant bit first, zero padded.

        Raises
        ------
        ValueError
            If a report is none of this mechanism.

        Examples
        --------
        >>> import numpy as np
        >>> from ldpaudit.protocols import ModularSubsetSelection
        >>> m = ModularSubsetSelection(k=8, epsilon=1.0, moduli=(5, 7))
        >>> reports = m.privatize([0, 3], rng=np.random.default_rng(0))
        >>> messages = m.pack(reports)
        >>> m.wire_bits, [len(message) for message in messages]
        ((4, 6), [1, 1])
        >>> bool((m.unpack(messages) == reports).all())
        True
        """
        rows = structured_rows(reports, self._dtype)
        if rows.size and rows["block"].max() >= len(self._codes):
            raise ValueError(
                f"reports must name a block below {len(self._codes)}, got {rows['block'].max()}."
            )
        messages = [b""] * rows.size
        for block, (code, bits) in enumerate(zip(self._codes, self.wire_bits, strict=True)):
            users = np.flatnonzero(rows["block"] == block)
            subsets = rows["subset"][users]
            _check_subsets(subsets, code)
            length = -(-bits // 8)
            head, spare = block << code.bits, 8 * length - bits
            for user, value in zip(users.tolist(), code.encode(subsets), strict=True):
                messages[user] = ((head | value) << spare).to_bytes(length, "big")
        return messages

    def unpack(self, messages: Iterable[bytes]) -> Rows:
        """Reports from the messages that `pack` makes.

        Parameters
        ----------
        messages : iterable of bytes
            One message a report.

        Returns
        -------
        structured array of shape (n,)
            The reports, equal to those that were packed.

        Raises
        ------
        TypeError
            If a message is no bytes object.
        ValueError
            If a message could not come from `pack`: a wrong length, a block or a
            rank out of range, bits of another number than the subset's size, or
            padding that is not zero.
        """
        blocks: list[int] = []
        values: list[int] = []
        for index, message in enumerate(messages):
            block, value = self._parse(index, message)
            blocks.append(block)
            values.append(value)
        reports = np.zeros(len(blocks), dtype=self._dtype)
        reports["block"] = blocks
        for block, code in enumerate(self._codes):
            users = np.flatnonzero(reports["block"] == block)
            packed = code.decode([values[user] for user in users])
            reports["subset"][users, : packed.shape[1]] = packed
        return reports

    def _parse(self, index: int, message: bytes) -> tuple[int, int]:
        """Block and code of a message, or what is wrong with it."""
        check_bytes(index, message)
        value, available = int.from_bytes(message, "big"), 8 * len(message)
        # A message too short to hold the block is too short for every block.
        block = value >> max(0, available - self._design.block_bits)
        if block >= len(self._codes):
            raise ValueError(
                f"message {index} must name a block below {len(self._codes)}, got {block}."
            )
        code, bits = self._codes[block], self.wire_bits[block]
        if len(message) != -(-bits // 8):
            raise ValueError(
                f"message {index} of block {block} must have {-(-bits // 8)} bytes, "
                f"got {len(message)}."
            )
        spare = available - bits
        if value & ((1 << spare) - 1):
            raise ValueError(f"message {index} must be padded with zeros.")
        value = value >> spare & ((1 << code.bits) - 1)
        if fault := code.fault(value):
            raise ValueError(f"message {index} {fault}.")
        return block, value


def _check_subsets(packed: Bytes, code: SubsetCode) -> None:
    """Refuse rows that are no subsets of the block."""
    held = np.bitwise_count(packed).sum(axis=1, dtype=np.int64)
    past = packed.copy()
    past[:, : code.num_values // 8] = 0
    if code.num_values % 8:
        past[:, code.num_values // 8] &= np.uint8(256 - 2 ** (code.num_values % 8))
    if (held != code.size).any() or past.any():
        raise ValueError(
            f"reports of this block must hold {code.size} residues below {code.num_values}."
        )
