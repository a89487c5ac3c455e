"""Recorded reports from arrays, frames and files: nothing is evaluated or unpickled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from ldpaudit.adapters.arrow import from_stream, read_arrow
from ldpaudit.adapters.delimited import read_delimited
from ldpaudit.adapters.endings import FEATHER, JSON, KNOWN, PARQUET, TEXT, ending_of
from ldpaudit.adapters.frames import from_frame
from ldpaudit.adapters.json_lines import read_json, rows_as_table
from ldpaudit.adapters.tables import Table
from ldpaudit.adapters.times import whole

Source: TypeAlias = Any


def load(source: Source, which: str, separator: str | None = None) -> Table:
    """One source as a table; the cells of text files are typed later, those of both together.

    Raises
    ------
    TypeError, ValueError
        If it is no source of reports, cannot be read, or misses a value.
    """
    if isinstance(source, str | Path):
        return _read(Path(source), which, separator)
    if hasattr(source, "iloc"):
        return from_frame(source, which)
    if hasattr(source, "__arrow_c_stream__"):
        try:
            return from_stream(source, which)
        except ValueError:
            if not hasattr(source, "__array__"):
                raise
    if hasattr(source, "__array__"):
        return _from_array(np.asarray(source), which)
    if isinstance(source, dict | bytes) or not hasattr(source, "__iter__"):
        raise TypeError(f"{which} must be an array or a path, got {type(source).__name__}.")
    rows = list(source)
    if not rows:
        raise ValueError(f"{which} must hold at least one report, got none.")
    return rows_as_table(rows, which)


def _read(path: Path, which: str, separator: str | None) -> Table:
    ending = ending_of(path.name)
    try:
        if path.is_dir():
            return read_arrow(path)
        if ending in TEXT:
            return read_delimited(path, separator)
        if ending in JSON:
            return read_json(path)
        if ending in (*PARQUET, *FEATHER):
            return read_arrow(path)
        if ending == ".npy":
            return _from_array(_npy(path), repr(str(path)))
    except OSError as error:
        raise ValueError(f"cannot read {str(path)!r}: {error.strerror or error}.") from None
    raise ValueError(f"{which} must be an array or the path of {KNOWN}, got {str(path)!r}.")


def _npy(path: Path) -> np.ndarray[Any, Any]:
    try:
        reports = np.load(path, allow_pickle=False)
    except OSError:
        raise
    except Exception:  # of a damaged header, whatever Python's own parser raises
        raise ValueError(
            f"cannot read {str(path)!r}: it must be one array of numbers or texts; files with "
            "Python objects are not opened."
        ) from None
    if not isinstance(reports, np.ndarray):
        reports.close()
        raise ValueError(f"cannot read {str(path)!r}: it must be one array, got an archive.")
    return reports


def _from_array(reports: np.ndarray[Any, Any], source: str) -> Table:
    """An array as one column, of vectors if it has more axes, or as its named fields."""
    if reports.ndim == 0:
        raise ValueError(f"{source} must have one report per row, got a single value.")
    if not len(reports):
        raise ValueError(f"{source} must hold at least one report, got none.")
    if reports.dtype.kind == "O":
        return rows_as_table([_row(row) for row in reports], source)
    if reports.ndim == 2 and reports.shape[1] == 1:
        reports = reports[:, 0]
    if reports.dtype.kind in "mM":
        if (absent := np.isnat(reports)).any():
            row = int(np.argwhere(absent)[0, 0]) + 1
            raise ValueError(f"a value is missing in row {row} of {source}.")
        reports = whole(reports)
    if reports.dtype.names:
        names = list(reports.dtype.names)
        return Table(source, names, [reports[name] for name in names])
    return Table(source, [""], [reports])


def _row(row: Any) -> Any:
    return row.tolist() if isinstance(row, np.ndarray) else row


def same_form(tables: Sequence[Table]) -> None:
    """Refuse two tables whose columns have different names."""
    one, two = tables
    single = len(one.names) == len(two.names) == 1  # under whatever name
    if not single and one.named and two.named and one.names != two.names:
        raise ValueError(f"both files must have the same columns, got {one.names} and {two.names}.")
