"""Recorded reports of two inputs, from arrays or files: nothing is evaluated or unpickled."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ldpaudit.adapters.arrays import Raw, checked, common_dtype, stack

Source: TypeAlias = Any

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)")
# No zero before other digits: "0101" is a row of bits, not a hundred and one.
_NUMBER = re.compile(
    r"[+-]?(?:(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf)"
)
#: What files write for a missing number. In a column of text all but "" may be reports.
_MISSING = frozenset({"", "na", "n/a", "nan", "none", "null", "<na>"})


class _Table(NamedTuple):
    """Reports of one input, with the names of the columns if they have any."""

    reports: Raw
    names: list[str] | None = None


class _Cells(NamedTuple):
    """A CSV file as text, with the number of the line on which each row ends."""

    path: Path
    rows: list[list[str]]
    lines: list[int]
    names: list[str] | None = None


def read_pair(first: Source, second: Source, header: bool | None) -> tuple[Raw, int]:
    """Reports of both inputs one after the other, and how many are of the first."""
    paths = [Path(s).resolve() for s in (first, second) if isinstance(s, str | Path)]
    if first is second or (len(paths) == 2 and paths[0] == paths[1]):
        raise ValueError("the reports of the two inputs must be recorded apart, got the same.")
    loaded = [_load(first, "first"), _load(second, "second")]
    one, two = _typed(_without_headers(loaded, header))
    if one.names is not None and two.names is not None and one.names != two.names:
        raise ValueError(f"both files must have the same columns, got {one.names} and {two.names}.")
    a, b = one.reports, two.reports
    if "O" in (a.dtype.kind, b.dtype.kind) and a.shape[1:] != b.shape[1:]:
        # Of several lengths in one of them, and so in both together.
        return stack([*a, *b], lambda place: f"in row {place + 1} of both"), len(a)
    if a.shape[1:] != b.shape[1:] or (a.dtype.kind in "US") != (b.dtype.kind in "US"):
        raise ValueError(
            "reports of both inputs must have the same form, got "
            f"{a.dtype} of shape {a.shape} and {b.dtype} of shape {b.shape}."
        )
    dtype = common_dtype([a, b])
    return np.concatenate([a.astype(dtype), b.astype(dtype)]), len(a)


def _load(source: Source, which: str) -> _Table | _Cells:
    """One source; the columns of CSV files are typed later, those of both files together."""
    if not isinstance(source, str | Path):
        return _Table(_checked(_as_reports(source, which), which))
    path, ending = Path(source), Path(source).name.lower()
    try:
        if ending.endswith((".csv", ".csv.gz")):
            return _read_csv(path)
        if ending.endswith((".parquet", ".pq")):
            return _read_parquet(path)
        if ending.endswith(".npy"):
            return _Table(_checked(_read_npy(path), repr(str(path))))
    except OSError as error:
        raise ValueError(f"cannot read {str(path)!r}: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise ValueError(f"cannot read {str(path)!r}: it is not UTF-8 text.") from None
    except (csv.Error, EOFError, zlib.error) as error:
        raise ValueError(f"cannot read {str(path)!r}: {error}.") from None
    raise ValueError(
        f"{which} must be an array or the path of a .csv, .csv.gz, .parquet, .pq or .npy file, "
        f"got {str(source)!r}."
    )


def _as_reports(source: Source, which: str) -> Raw | list[Any]:
    if hasattr(source, "__array__"):
        reports = np.asarray(source)
        return reports[:, 0] if reports.ndim == 2 and reports.shape[1] == 1 else reports
    if isinstance(source, dict | bytes) or not hasattr(source, "__iter__"):
        raise TypeError(f"{which} must be an array or a path, got {type(source).__name__}.")
    return list(source)


def _checked(reports: Raw | list[Any], label: str) -> Raw:
    """Reports as an array without missing values; rows are counted from 1."""

    def where(place: int) -> str:
        return f"in row {place + 1} of {label}"

    if isinstance(reports, np.ndarray) and reports.ndim == 0:
        raise ValueError(f"{label} must have one report per row, got a single value.")
    if len(reports) == 0:
        raise ValueError(f"{label} must hold at least one report, got none.")
    if isinstance(reports, np.ndarray) and reports.dtype.kind != "O":
        return checked(reports, where)
    return stack(list(reports), where)


def _read_npy(path: Path) -> Raw:
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


def _read_parquet(path: Path) -> _Table:
    try:
        pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise ValueError("Parquet needs pyarrow: pip install 'ldpaudit[parquet]'.") from None
    try:
        table = pq.read_table(path)
    except pa.ArrowException as error:
        reason = next(iter(str(error).splitlines()), "not a Parquet file").rstrip(".")
        raise ValueError(f"cannot read {str(path)!r}: {reason}.") from None
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        kind = getattr(column.type, "value_type", column.type)  # of a dictionary: of its entries
        text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        number = pa.types.is_primitive(kind) and not pa.types.is_temporal(kind)
        if not (text or number) or pa.types.is_nested(column.type):
            raise ValueError(f"column {name!r} of {str(path)!r} must hold numbers or texts.")
        if column.null_count:
            row = column.to_pylist().index(None) + 1
            raise ValueError(f"a value is missing in row {row} of {str(path)!r}, column {name!r}.")
        columns.append(np.asarray(column.to_pylist() or np.empty(0)))
    if not columns:
        raise ValueError(f"{str(path)!r} must hold at least one report, got none.")
    return _Table(_checked(_joined(columns), repr(str(path))), table.column_names)


def _read_csv(path: Path) -> _Cells:
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    cells = _Cells(path, [], [])
    with opened(path, "rt", encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text, strict=True, skipinitialspace=True)
        for row in filter(None, reader):  # an empty line is no report
            cells.rows.append([cell.strip() for cell in row])
            cells.lines.append(reader.line_num)
            if len(row) != len(cells.rows[0]):
                raise ValueError(
                    f"line {reader.line_num} of {str(path)!r} must have {len(cells.rows[0])} "
                    f"cells, got {len(row)}."
                )
    return cells


def _without_headers(loaded: list[_Table | _Cells], header: bool | None) -> list[_Table | _Cells]:
    """The same with the first line of CSV files taken as names, where it is no report."""
    files = [part for part in loaded if isinstance(part, _Cells)]
    tops = [part.rows[0] for part in files if part.rows]
    # The same words first in both files, and in neither again.
    words = (
        len(tops) == 2
        and tops[0] == tops[1]
        and not any(cell[:1].isdigit() for cell in tops[0])
        and not any(tops[0] in part.rows[1:] for part in files)
    )
    out: list[_Table | _Cells] = []
    for part in loaded:
        if isinstance(part, _Cells):
            named = header if header is not None else words or _above_numbers(part.rows)
            if named:
                part = _Cells(part.path, part.rows[1:], part.lines[1:], part.rows[0])
            if not part.rows:
                raise ValueError(f"{str(part.path)!r} must hold at least one report, got none.")
        out.append(part)
    return out


def _above_numbers(rows: list[list[str]]) -> bool:
    """Whether the first row has a word above a column of numbers."""
    for name, *below in zip(*rows, strict=True):
        known = {cell for cell in below if cell.lower() not in _MISSING}
        word = name.lower() not in _MISSING and not name[:1].isdigit()
        if word and not _NUMBER.fullmatch(name) and known and all(map(_NUMBER.fullmatch, known)):
            return True
    return False


def _typed(loaded: list[_Table | _Cells]) -> list[_Table]:
    """Cells as numbers where those of a column are numbers in every CSV file, else as texts."""
    files = [part for part in loaded if isinstance(part, _Cells)]
    widths = [len(part.rows[0]) for part in files]
    if len(set(widths)) > 1:
        raise ValueError(
            f"reports of both inputs must have the same form, got {widths[0]} columns in one file "
            f"and {widths[1]} in the other."
        )
    columns = [_same_column(files, place) for place in range(max(widths, default=0))]
    joined = iter([_joined([column[i] for column in columns]) for i in range(len(files))])
    return [
        _Table(next(joined), part.names) if isinstance(part, _Cells) else part for part in loaded
    ]


def _same_column(files: list[_Cells], place: int) -> list[Raw]:
    """One column of every file: numbers if it holds numbers alone in all of them, else texts."""
    parts = [[row[place] for row in part.rows] for part in files]
    distinct = {cell for cells in parts for cell in cells}
    known = {cell for cell in distinct if cell.lower() not in _MISSING}
    numeric = bool(known) and all(map(_NUMBER.fullmatch, known))
    missing = distinct - known if numeric else distinct & {""}
    for part, cells in zip(files, parts, strict=True):
        if gone := missing.intersection(cells):
            line = part.lines[min(cells.index(cell) for cell in gone)]
            raise ValueError(f"a value is missing in line {line} of {str(part.path)!r}.")
    return [_column(cells, known, numeric) for cells in parts]


def _column(cells: list[str], known: set[str], numeric: bool) -> Raw:
    if not numeric:
        return np.array(cells)
    if not all(map(_WHOLE.fullmatch, known)):
        return np.array(cells, dtype=np.float64)
    least, most = min(map(int, known)), max(map(int, known))
    if least >= -(2**63) and most < 2**63:
        return np.array([int(cell) for cell in cells], dtype=np.int64)
    if least >= 0 and most < 2**64:
        return np.array([int(cell) for cell in cells], dtype=np.uint64)
    return np.array(cells)  # too large for any integer of numpy: told apart as texts


def _joined(columns: list[Raw]) -> Raw:
    """Columns side by side, shape (n, width); a single one as it is."""
    if len(columns) == 1:
        return columns[0]
    out = np.empty((len(columns[0]), len(columns)), dtype=common_dtype(columns))
    for place, column in enumerate(columns):
        out[:, place] = column.tolist() if out.dtype.kind == "O" else column
    return out
