"""The form of training reports: what comes in another form later is brought to it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ldpaudit.adapters.arrays import objects, rows_of
from ldpaudit.arrays import Bools

from ._steps import Raw, length


@dataclass(frozen=True)
class Form:
    """Of one batch alone nobody can tell whether all reports have one length, or one type.

    So reports of training fix the form. Reports that cannot have it are unknown, and a witness
    abstains from them.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    raw: bool
    arrays: bool

    @classmethod
    def of(cls, rows: Raw) -> Form:
        """The form of training reports.

        >>> form = Form.of(np.array([[1, 2], [3, 4]]))
        >>> rows, known = form.read(objects([(5, 6), (7,), "none"]))
        >>> rows.tolist(), known.tolist()
        ([[5, 6], [0, 0], [0, 0]], [True, False, False])
        """
        return cls(rows.dtype, rows.shape[1:], _any(bytes, rows), _any(np.ndarray, rows))

    def read(self, rows: Raw) -> tuple[Raw, Bools | None]:
        """Reports in this form, and which could be brought to it; None if all are in it."""
        if rows.dtype.names == self.dtype.names and rows.shape[1:] == self.shape:
            return rows, None
        single = not self.shape and not self.dtype.names
        if single and (self.dtype.kind == "O" or (rows.ndim == 1 and not rows.dtype.names)):
            own = rows if self.arrays and rows.ndim > 1 else rows_of(rows, raw=self.raw)
            return objects(own), None
        if rows.dtype.names == self.dtype.names and rows.ndim == 1:
            return self._fitted(rows)
        return self._unknown(len(rows))

    def _unknown(self, size: int) -> tuple[Raw, Bools]:
        dtype = object if self.dtype.kind == "U" else self.dtype  # of any length
        return np.zeros((size, *self.shape), dtype), np.zeros(size, dtype=np.bool_)

    def _fitted(self, rows: Raw) -> tuple[Raw, Bools]:
        """Rows of the right length among tuples, lists, arrays and byte strings."""
        out, known = self._unknown(len(rows))
        flat: Any = out.reshape(len(rows), -1)
        for place, row in enumerate(rows.tolist()):
            entries = list(row) if isinstance(row, bytes) else row
            if length(entries) != math.prod(self.shape):
                continue
            try:
                flat[place] = np.asarray(entries, dtype=out.dtype).ravel()
            except (TypeError, ValueError, OverflowError):
                continue
            known[place] = True
        return out, known


def _any(kind: type, rows: Raw) -> bool:
    """Whether a kind of things is among reports that are objects."""
    single = rows.dtype.kind == "O" and rows.ndim == 1
    return single and any(isinstance(row, kind) for row in rows.tolist())
