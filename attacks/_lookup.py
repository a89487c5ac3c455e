"""Different values, and where they are known: whole numbers near one another need no sorting."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

#: Whole numbers between which there are so many, or so many for each report, are counted.
_FEW, _EACH = 2**12, 4
#: Entries of a table of what is known, and for each known value, at most.
_TABLE, _THIN = 2**21, 64
#: Differences of whole numbers up to here are exact.
_EXACT = 2**62


@dataclass(frozen=True, eq=False)
class Lookup:
    """The answer to each of some known values, in their order, and another to any other value.

    >>> lookup = Lookup(np.array([3, 5]), np.array([10, 20]), 0)
    >>> lookup(np.array([5, 4, 3, 99])).tolist()
    [20, 0, 10, 0]
    """

    known: Array
    answers: Array
    other: int

    @cached_property
    def _table(self) -> Array | None:
        """An answer for each whole number from one below the least known to one above all."""
        known = self.known
        if known.dtype.kind not in "iu" or not known.size or not _near(known, _thin(known)):
            return None
        table = np.full(int(known[-1]) - int(known[0]) + 3, self.other, dtype=self.answers.dtype)
        table[_offsets(known, int(known[0]) - 1)] = self.answers
        return table

    def __call__(self, asked: Array) -> Array:
        """Answers, of the shape of what is asked."""
        if asked.dtype.kind in "biu" and asked.dtype != np.uint64 and self._table is not None:
            below = int(self.known[0]) - 1
            return np.take(self._table, _offsets(asked, below), mode="clip")
        places = np.searchsorted(self.known, asked).clip(max=len(self.known) - 1)
        return np.where(self.known[places] == asked, self.answers[places], self.other).astype(
            self.answers.dtype, copy=False
        )


def different(column: Array) -> tuple[Array, Array]:
    """The different values in order, and how often each comes.

    >>> different(np.array([5, 3, 5]))
    (array([3, 5]), array([1, 2]))
    """
    if not _counted(column):
        return np.unique(column, return_counts=True)
    low = int(column.min())
    counts = np.bincount(_offsets(column, low))
    seen = np.flatnonzero(counts)
    return _values(seen, low, column), counts[seen]


def numbered(column: Array) -> tuple[Array, Array]:
    """The different values in order, and the place of each entry among them.

    >>> numbered(np.array([5, 3, 5]))
    (array([3, 5]), array([1, 0, 1]))
    """
    if not _counted(column):
        return np.unique(column, return_inverse=True)
    low = int(column.min())
    offsets = _offsets(column, low)
    came = np.bincount(offsets) > 0
    return _values(np.flatnonzero(came), low, column), (np.cumsum(came) - 1)[offsets]


def _counted(column: Array) -> bool:
    """Whether a column is one of whole numbers that lie close together."""
    if column.ndim != 1 or column.dtype.kind not in "biu" or not column.size:
        return False
    return column.dtype.kind == "b" or _near(column, max(_FEW, _EACH * column.size))


def _near(column: Array, most: int) -> bool:
    low, high = int(column.min()), int(column.max())
    return high - low < most and max(abs(low), abs(high)) < _EXACT


def _thin(known: Array) -> int:
    return max(_FEW, min(_TABLE, _THIN * known.size))


def _offsets(column: Array, low: int) -> npt.NDArray[np.int64]:
    """Whole numbers less the least."""
    return np.asarray(np.subtract(column, low, dtype=np.int64, casting="unsafe"))


def _values(offsets: Array, low: int, column: Array) -> Array:
    return (offsets + low).astype(column.dtype)
