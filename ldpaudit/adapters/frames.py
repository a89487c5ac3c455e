"""Frames of pandas, column by column; the index is none."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ldpaudit.adapters.arrays import stack
from ldpaudit.adapters.tables import Later, Table
from ldpaudit.adapters.times import without_times
from ldpaudit.arrays import Ints


def from_frame(frame: Any, source: str) -> Table:
    """A DataFrame or a Series as a table, each column in its own type."""
    if frame.ndim == 1:
        name = "" if frame.name is None else str(frame.name)
        names, columns = [name], [frame]
    else:
        names = list(map(str, frame.columns))
        columns = [frame.iloc[:, place] for place in range(len(names))]
    if not columns or not len(frame):
        raise ValueError(f"{source} must hold at least one report, got none.")
    if names == list(map(str, range(len(names)))):  # nobody named them
        names = [""] * len(names)
    values = [
        Later(partial(_values, name, column, source), len(column))
        for name, column in zip(names, columns, strict=True)
    ]
    return Table(source, names, values)


def _values(name: str, column: Any, source: str, rows: Ints | None) -> Any:
    if rows is not None:
        column = column.iloc[rows]
    numbers = None if rows is None else (rows + 1).tolist()
    where = partial(Table(source, [name], [], numbers=numbers).where, column=0)
    if (absent := np.asarray(column.isna())).any():
        raise ValueError(f"a value is missing {where(int(absent.argmax()))}.")
    kind = np.dtype(getattr(column.dtype, "numpy_dtype", getattr(column.dtype, "subtype", object)))
    if isinstance(column.dtype, np.dtype):
        kind = column.dtype
    if kind.kind in "biuf":
        return column.to_numpy(dtype=kind)
    if getattr(column.dtype, "kind", "O") in "Mm":
        return column.astype("int64").to_numpy()
    values = np.asarray(column)
    if values.dtype.kind in "biuf":  # of categories
        return values
    return stack(without_times(values.tolist(), where), where)
