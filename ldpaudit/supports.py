"""Supports of reports as packed bits: their first value, any of them, and how many there are.

Where a likelihood has two levels, the values that are likelier than the others are all that an
attacker reads in a report. A row of bits holds them, eight to a byte, and is never unfolded.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from ldpaudit.arrays import Bools, Bytes, Ints, Words

_ONE = np.uint64(1)
#: Place of the n-th set bit of a byte, shape (256, 8); 8 where there are fewer.
_PLACES = np.array(
    [([bit for bit in range(8) if byte >> bit & 1] + 8 * [8])[:8] for byte in range(256)]
)


class Counted(Protocol):
    """Supports whose sizes are known, and whose values can be asked for by place."""

    def sizes(self) -> Ints:
        """Number of supported values of each report."""

    def nth(self, places: Ints) -> Ints:
        """The supported value of each report at this place of its ascending values, from 0."""


def pick(supports: Counted, k: int, rng: np.random.Generator) -> Ints:
    """A uniform supported value of each report, of all k where there is none."""
    sizes = supports.sizes()
    places = np.where(sizes == 0, k, sizes)
    places -= rng.integers(1, places + 1)
    return np.where(sizes == 0, places, supports.nth(places))


@dataclass(frozen=True)
class PackedSupports:
    """Supports of n reports, one row of bits each.

    Attributes
    ----------
    rows : uint8 array of shape (n, ceil(k / 8))
        Bit v % 8 of byte v // 8 says whether value v is supported; bits from k on are 0.

    Examples
    --------
    >>> found = PackedSupports(np.packbits([[0, 1, 1], [0, 0, 0]], axis=1, bitorder="little"))
    >>> found.first(), found.sizes(), found.nth(np.array([1, 0]))[:1]
    (array([ 1, -1]), array([2, 0]), array([2]))
    """

    rows: Bytes

    @cached_property
    def _words(self) -> Words:
        width = -(-self.rows.shape[1] // 8) * 8
        rows = np.ascontiguousarray(self.rows)
        if width != rows.shape[1]:
            rows = np.zeros((len(rows), width), dtype=np.uint8)
            rows[:, : self.rows.shape[1]] = self.rows
        return rows.view("<u8")

    @cached_property
    def _ends(self) -> Ints:
        """How many bits are set up to the end of each word."""
        counts = np.bitwise_count(self._words)
        return np.cumsum(counts, axis=1, dtype=np.int64)

    def first(self) -> Ints:
        """Smallest supported value of each report, -1 where there is none."""
        words = self._words
        word, place = words[:, 0].copy(), np.zeros(len(words), dtype=np.int64)
        rest = np.flatnonzero(word == 0)
        if rest.size and words.shape[1] > 1:
            place[rest] = (words[rest] != 0).argmax(axis=1)
            word[rest] = words[rest, place[rest]]
        below = (word & (~word + _ONE)) - _ONE  # ones below the lowest set bit
        return np.where(word == 0, -1, 64 * place + np.bitwise_count(below))

    def sizes(self) -> Ints:
        """Number of supported values of each report."""
        return self._ends[:, -1]

    def below(self, values: Ints) -> Ints:
        """Number of supported values of each report below values[i], at most the rows' bits."""
        row, place = np.arange(len(values)), np.minimum(values >> 6, self._words.shape[1] - 1)
        mask = np.where(
            values - 64 * place >= 64, ~np.uint64(0), (_ONE << (values & 63).astype("u8")) - _ONE
        )
        inside = np.bitwise_count(self._words[row, place] & mask)
        before = self._ends[row, place] - np.bitwise_count(self._words[row, place])
        return np.asarray(before + inside)

    def nth(self, places: Ints) -> Ints:
        """The supported value of each report at this place of its ascending values, from 0."""
        row = np.arange(len(places))
        word = np.minimum((self._ends <= places[:, None]).sum(axis=1), self._words.shape[1] - 1)
        chosen = self._words[row, word]
        rest = places - self._ends[row, word] + np.bitwise_count(chosen)
        parts = chosen[:, None].view(np.uint8)
        ends = np.cumsum(np.bitwise_count(parts), axis=1, dtype=np.int64)
        byte = np.minimum((ends <= rest[:, None]).sum(axis=1), 7)
        part = parts[row, byte]
        rest = rest - ends[row, byte] + np.bitwise_count(part)
        return np.asarray(64 * word + 8 * byte + _PLACES[part, np.clip(rest, 0, 7)])

    def pick(self, k: int, rng: np.random.Generator) -> Ints:
        """A uniform supported value of each report, of all k where there is none."""
        return pick(self, k, rng)

    def holds(self, reports: Ints, value: int) -> Bools:
        """Whether these reports support one value."""
        found: Bools = (self.rows[reports, value >> 3] >> np.uint8(value & 7) & 1).astype(np.bool_)
        return found


@dataclass(frozen=True)
class OwnSupports:
    """Supports of one value each, which is the report: `values` of shape (n,)."""

    values: Ints

    def first(self) -> Ints:
        """The value of each report."""
        return self.values

    def pick(self, k: int, rng: np.random.Generator) -> Ints:  # noqa: ARG002
        """The value of each report: there is no choice."""
        return self.values

    def holds(self, reports: Ints, value: int) -> Bools:
        """Whether these reports are one value."""
        return np.asarray(self.values[reports] == value)
