"""How often each of several inputs gave each code of many columns, each report counted but once.

Columns of two codes are counted eight at a time, and what a column of few values tells (such as
the parity of each) is counted by value.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints

from ._encoding import Codes
from ._lookup import numbered

#: Most codes that are counted where they stand.
_FEW = 4096
#: Reports that are looked at first.
_GLANCE = 2048
#: Bits of each byte, the lowest first.
_BITS = (np.arange(256)[:, None] >> np.arange(8) & 1).astype(np.float64)


class Tables(NamedTuple):
    """How often each input was drawn, gave a 1 in each flag, and each code of other columns."""

    drawn: Ints  # shape (inputs,)
    flags: Floats  # shape (inputs, flags)
    others: list[Floats]  # each of shape (inputs, codes)

    def together(self, other: Tables) -> Tables:
        """Those of both parts of the reports."""
        others = [one + two for one, two in zip(self.others, other.others, strict=True)]
        return Tables(self.drawn + other.drawn, self.flags + other.flags, others)

    def most_told(self, columns: int, levels: int) -> Floats:
        """How often each input gave each level of the columns that tell most, shape (inputs, m).

        Of each column those levels that came most.
        """
        others = [table[:, table.any(axis=0)] for table in self.others]
        tells = np.append(self._flags_tell(), [_spread(table, self.drawn) for table in others])
        kept, count = np.argsort(-tells, kind="stable")[:columns], self.flags.shape[1]
        ones = self.flags[:, kept[kept < count]]
        tables = [others[place - count] for place in kept[kept >= count]]
        most = [t[:, np.argsort(-t.sum(axis=0), kind="stable")[:levels]] for t in tables]
        return np.concatenate([self.drawn[:, None] - ones, ones, *most], axis=1)

    def _flags_tell(self) -> Floats:
        """The chi-square statistic of the clearer level of each flag."""
        expected = np.outer(self.drawn, self.flags.sum(axis=0) / self.drawn.sum())
        squares = (self.flags - expected) ** 2
        sides = (expected, self.drawn[:, None] - expected)
        clear = [(squares / np.maximum(side, 0.5)).sum(axis=0) for side in sides]
        return np.asarray(np.maximum(*clear))


class Told(NamedTuple):
    """A column that another one tells: its code for each of the other's."""

    by: int
    codes: Codes

    def table(self, table: Floats) -> Floats:
        """How often each came, shape (..., codes), from how often each of the other's did."""
        own = self.codes[:, None] == np.arange(int(self.codes.max()) + 1)
        return np.asarray(table @ own.astype(np.float64))


class Columns(NamedTuple):
    """Codes of reports: columns of two codes as bits, eight to a byte, and others as they are."""

    packed: list[npt.NDArray[np.uint8]]
    flags: int
    others: list[Codes]
    sizes: list[int]  # how many codes each of the others has
    told: list[Told]

    @classmethod
    def of(cls, flags: list[npt.NDArray[np.uint8]], others: list[Codes]) -> Columns:
        """From columns of 0 and 1, and from other codes."""
        packed = []
        for start in range(0, len(flags), 8):
            byte = flags[start].copy()
            for place, flag in enumerate(flags[start + 1 : start + 8], 1):
                byte |= flag << np.uint8(place)
            packed.append(byte)
        return cls(packed, len(flags), [], [], []).beside(others, [])

    def beside(self, others: list[Codes], told: list[Told]) -> Columns:
        """With more columns, and with what others tell."""
        # Of many codes rather those that came than a table of nothing.
        more = [numbered(own)[1] if int(own.max()) >= _FEW else own for own in others]
        sizes = [int(own.max()) + 1 for own in more]
        return self._replace(
            others=self.others + more, sizes=self.sizes + sizes, told=self.told + told
        )

    def whole(self, most: int) -> Ints | None:
        """A number for each different report; None if there are more, or one column says it."""
        if self.flags + len(self.others) < 2:
            return None
        found: list[npt.NDArray[Any]] = [*self.packed, *self.others]
        for rows in (slice(_GLANCE), slice(None)):  # a few may show that there are more
            cells = np.zeros(1, dtype=np.int64)
            for codes in found:
                _, cells = numbered(cells * (int(codes.max()) + 1) + codes[rows])
                if cells.max() >= most:
                    return None
        return cells

    def part(self, rows: slice) -> Columns:
        """Of some reports."""
        packed, others = [own[rows] for own in self.packed], [own[rows] for own in self.others]
        return self._replace(packed=packed, others=others)

    def tables(self, inputs: Ints, count: int) -> Tables:
        """How often each of so many inputs gave each code."""
        ones, cells = [np.empty((count, 0))], inputs * len(_BITS)
        for byte in self.packed:
            table = np.bincount(cells + byte, minlength=count * len(_BITS))
            ones.append(table.reshape(count, -1) @ _BITS)
        others = []
        for own, size in zip(self.others, self.sizes, strict=True):
            table = np.bincount(inputs * size + own, minlength=count * size)
            others.append(table.reshape(count, size).astype(np.float64))
        return Tables(
            np.bincount(inputs, minlength=count),
            np.concatenate(ones, axis=1)[:, : self.flags],
            others + [one.table(others[one.by]) for one in self.told],
        )

    def ones(self, rows: Ints) -> Floats:
        """How many of some reports have a 1 in each flag."""
        bytes_ = [np.bincount(own[rows], minlength=len(_BITS)) @ _BITS for own in self.packed]
        return np.concatenate([np.empty(0), *bytes_])[: self.flags]

    def sums(self, weights: Floats, rows: Ints) -> Floats:
        """The weights of the flags that are 1 of some reports, summed up."""
        padded, out = np.append(weights, np.zeros(-len(weights) % 8)), np.zeros(len(rows))
        for own, each in zip(self.packed, padded.reshape(-1, 8), strict=True):
            out += (_BITS @ each)[own[rows]]
        return out


def scores(known: Columns, learned: list[Ints], seen: Columns, judged: list[Ints]) -> list[Floats]:
    """Log ratios of two kinds of known reports, summed over columns, for two kinds of others."""
    ones = np.array([known.ones(rows) for rows in learned])
    sizes = np.array([[len(rows)] for rows in learned])
    came, not_ = (np.log((own + 0.5) / (sizes + 1)) for own in (ones, sizes - ones))
    weights, base = came[0] - came[1], not_[0] - not_[1]
    found = [seen.sums(weights - base, rows) + base.sum() for rows in judged]
    for place, (own, other) in enumerate(zip(known.others, seen.others, strict=True)):
        size = known.sizes[place]
        table = np.array([np.bincount(own[rows], minlength=size) for rows in learned], dtype=float)
        ratio = _ratio(table)
        for one in known.told:
            if one.by == place:
                ratio = ratio + _ratio(one.table(table))[one.codes]
        for score, rows in zip(found, judged, strict=True):
            score += ratio[other[rows]]
    return found


def _ratio(table: Floats) -> Floats:
    """Log ratios of how often each code came, shape (2, codes), half of one added."""
    one, two = np.log((table + 0.5) / (table.sum(axis=1, keepdims=True) + 1))
    return np.asarray(one - two)


def _spread(table: Floats, drawn: Ints) -> float:
    """The chi-square statistic of the clearest level."""
    if table.shape[1] < 2:
        return 0.0
    expected = np.outer(drawn, table.sum(axis=0) / drawn.sum())
    return float(np.max(((table - expected) ** 2 / np.maximum(expected, 0.5)).sum(axis=0)))
