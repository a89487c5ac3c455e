"""Frames of pandas, column by column; the index is none."""

from __future__ import annotations

from typing import Any

import numpy as np

from ldpaudit.adapters.tables import Table, from_values


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
    values = [_values(*pair, source) for pair in zip(names, columns, strict=True)]
    return Table(source, names, values)


def _values(name: str, column: Any, source: str) -> Any:
    if (absent := np.asarray(column.isna())).any():
        row = int(absent.argmax()) + 1
        raise ValueError(
            f"a value is missing in row {row} of {source}"
            + (f", column {name!r}." if name else ".")
        )
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
    return from_values(source, [name], [values.tolist()]).columns[0]
