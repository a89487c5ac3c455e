"""Codes of columns as levels, of which some stand out; tables of which reports have them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ldpaudit.arrays import Bools, Floats, Ints

from ._encoding import Codes
from ._logistic import SPARSE

#: So few levels make a table that is not sparse, and it has no more entries than that.
_DENSE, _ENTRIES = 64, 2**22


@dataclass(frozen=True)
class Levels:
    """Codes of columns, each with the standard errors by which the inputs differ in it."""

    column: Ints
    code: Codes
    errors: Floats
    shares: Floats  # of the reports that have each

    @classmethod
    def of(cls, tables: list[tuple[Ints, Ints]], first: Bools) -> Levels:
        """All levels that came, of two in a column the rarer one."""
        n, share = len(first), first.mean()
        spread = math.sqrt(share * (1 - share))
        columns, codes, came, told = list[Ints](), list[Codes](), list[Ints](), list[Ints]()
        for column, (counts, ones) in enumerate(tables):
            seen = np.flatnonzero(counts)
            if len(seen) == 2:
                seen = seen[[counts[seen].argmin()]]
            columns.append(np.full(len(seen), column))
            codes.append(seen.astype(np.uint16))
            came.append(counts[seen])
            told.append(ones[seen])
        times, ones = np.concatenate(came), np.concatenate(told)
        variance = times * np.maximum(1 - times / n, 1 / n)
        errors = (ones - share * times) / (spread * np.sqrt(variance))
        return cls(np.concatenate(columns), np.concatenate(codes), errors, times / n)

    @property
    def order(self) -> Ints:
        """Their numbers, the clearest first."""
        return np.argsort(-np.abs(self.errors), kind="stable")

    def table(
        self, codes: Codes, asked: Ints, beside: Ints | None = None, dtype: Any = np.float64
    ) -> Any:
        """Which reports have which of the levels asked for, and those beside: shape (n, m).

        Sparse only where that is less work than loading what multiplies sparse tables.
        """
        marks = self._marks(codes, asked)
        if beside is not None:
            marks = map(np.logical_and, marks, self._marks(codes, beside))
        size = len(codes) * len(asked)
        if size <= _ENTRIES and (len(asked) <= _DENSE or self.shares[asked].mean() > SPARSE):
            if beside is None:
                return (codes.T[self.column[asked]] == self.code[asked, None]).astype(dtype).T
            dense = np.empty((len(codes), len(asked)), dtype, order="F")
            for place, own in enumerate(marks):
                dense[:, place] = own
            return dense
        from scipy.sparse import csc_array

        rows = [np.flatnonzero(own) for own in marks]
        ends = np.cumsum([0, *map(len, rows)])
        ones = np.ones(ends[-1], dtype=np.float32)
        shape = (len(codes), len(asked))
        return csc_array((ones, np.concatenate(rows), ends), shape=shape).tocsr()

    def _marks(self, codes: Codes, asked: Ints) -> Iterator[Bools]:
        for column, code in zip(self.column[asked], self.code[asked], strict=True):
            yield codes[:, column] == code
