"""Parquet, Feather and Arrow, and what hands its columns over through Arrow's interface."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ldpaudit.adapters.arrays import Raw, stack
from ldpaudit.adapters.endings import PARQUET
from ldpaudit.adapters.tables import Later, Table
from ldpaudit.arrays import Ints


def read_arrow(path: Path) -> Table:
    """A file of either kind, or a folder of Parquet files, as the files hold it.

    Names of folders are no columns, and neither is an index that pandas keeps without a name.
    """
    pa = _pyarrow(f"{path.suffix or 'a folder of Parquet'} needs pyarrow")
    source = repr(str(path))
    try:
        if path.is_dir():
            files = _parts(path)
            if not files:
                raise ValueError(f"{source} must hold Parquet files, got none.")
            found = pa.concat_tables(map(_parquet, files))
        elif path.suffix.lower() in PARQUET:
            found = _parquet(path)
        else:
            found = _ipc(path, pa)
    except pa.ArrowException as error:
        reason = next(iter(str(error).splitlines()), "not a Parquet file").rstrip(".")
        raise ValueError(f"cannot read {source}: {reason}.") from None
    return as_table(found, source)


def from_stream(value: Any, source: str) -> Table:
    """What has `__arrow_c_stream__`: a frame, or one column."""
    pa = _pyarrow("the Arrow interface needs pyarrow")
    try:
        found = pa.table(value)
    except (TypeError, ValueError, pa.ArrowException):
        found = pa.table({"": pa.chunked_array(value)})
    return as_table(found, source)


def as_table(found: Any, source: str) -> Table:
    """The columns of an Arrow table; times are whole numbers of their unit."""
    names, columns = [], []
    hidden = _hidden(found.schema)
    for name, column in zip(found.column_names, found.columns, strict=True):
        if name in hidden and len(found.column_names) > 1:
            continue
        names.append(name)
        columns.append(Later(partial(_values, name, column, source), len(column)))
    if not columns or not len(found):
        raise ValueError(f"{source} must hold at least one report, got none.")
    return Table(source, names, columns)


def _values(name: str, column: Any, source: str, rows: Ints | None) -> Any:
    types = import_module("pyarrow").types
    where = Table(source, [name], [], numbers=None if rows is None else (rows + 1).tolist()).where
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if column.null_count:
        absent = np.asarray(column.is_null().to_pylist())
        absent = absent if rows is None else absent[rows]
        if absent.any():
            raise ValueError(f"a value is missing {where(int(absent.argmax()), 0)}.")
    if types.is_temporal(column.type) and not types.is_interval(column.type):
        whole = "int32" if column.type.bit_width == 32 else "int64"
        column = column.cast(whole)
    if types.is_primitive(column.type) and not types.is_decimal(column.type):
        return np.asarray((column if rows is None else column.take(rows)).to_numpy())
    values = column.to_pylist()
    if rows is not None:
        values = [values[row] for row in rows.tolist()]
    if types.is_decimal(column.type):
        return decimals(values)
    if types.is_map(column.type):
        values = list(map(dict, values))
    return stack(values, lambda row: where(row, 0))


def decimals(column: list[Decimal]) -> Raw:
    """Decimals that lose no digit: whole numbers and doubles, texts of what no double writes.

    Examples
    --------
    >>> decimals([Decimal(10**30 + 1), Decimal("5.00")]).tolist()
    [1000000000000000000000000000001, 5]
    >>> decimals([Decimal("0.5"), Decimal("2")])
    array([0.5, 2. ])
    >>> decimals([Decimal("0.5"), Decimal("0.12345678901234567890")]).tolist()
    [0.5, '0.12345678901234567890']
    """
    return stack(list(map(_number, column)), str)


def _number(entry: Decimal) -> int | float | str:
    if entry == entry.to_integral_value():
        return int(entry)
    rounded = float(entry)
    return rounded if Decimal(repr(rounded)) == entry else str(entry)


def _hidden(schema: Any) -> set[str]:
    """Columns in which pandas keeps an index that has no name."""
    kept = (schema.pandas_metadata or {}).get("index_columns", [])
    return {name for name in kept if isinstance(name, str) and name.startswith("__index_level_")}


def _parquet(path: Path) -> Any:
    """One file alone: what the names of its folders say is no column of it."""
    with import_module("pyarrow.parquet").ParquetFile(path) as file:
        return file.read()


def _ipc(path: Path, pa: Any) -> Any:
    ipc = import_module("pyarrow.ipc")
    try:
        return import_module("pyarrow.feather").read_table(str(path))
    except pa.ArrowInvalid:
        with pa.OSFile(str(path)) as file, ipc.open_stream(file) as stream:
            return stream.read_all()


def _parts(folder: Path) -> list[Path]:
    """The Parquet files below a folder, in the order of their names."""
    found = [path for path in folder.rglob("*") if path.suffix.lower() in PARQUET]
    inner = [(path, path.relative_to(folder).parts) for path in sorted(found)]
    return [path for path, parts in inner if not any(part[0] in "._" for part in parts)]


def _pyarrow(what: str) -> Any:
    try:
        return import_module("pyarrow")
    except ImportError:
        raise ValueError(f"{what}: pip install 'ldpaudit[parquet]'.") from None
