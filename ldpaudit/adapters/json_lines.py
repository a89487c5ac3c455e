"""JSON, one report per line or one list of reports."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from ldpaudit.adapters.delimited import text_of
from ldpaudit.adapters.tables import Later, Table, read_values


def read_json(path: Path) -> Table:
    """The rows of a file; keys that all of them have are columns, any others one dictionary."""
    source, text = repr(str(path)), text_of(path)
    rows: list[Any] = []
    lines: list[int] = []
    if ".json" in path.suffixes:
        try:
            whole = json.loads(text)
        except (ValueError, RecursionError):
            whole = None
        if isinstance(whole, list) and whole:
            return rows_as_table(whole, source)
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except (ValueError, RecursionError):
                raise ValueError(f"line {number} of {source} is no JSON.") from None
            lines.append(number)
    if not rows:
        raise ValueError(f"{source} must hold at least one report, got none.")
    return rows_as_table(rows, source, lines)


def rows_as_table(rows: list[Any], source: str, lines: list[int] | None = None) -> Table:
    """Rows as one column, or as columns where all are dictionaries with keys in common."""
    if not all(isinstance(row, dict) for row in rows):
        return _table(source, [""], [rows], lines)
    keys = [key for key in rows[0] if all(key in row for row in rows)]
    columns = [[row[key] for row in rows] for key in keys]
    names = list(map(str, keys))
    rest = [{key: value for key, value in row.items() if key not in keys} for row in rows]
    if any(rest) or not keys:
        names, columns = [*names, ""], [*columns, rest]
    return _table(source, names, columns, lines)


def _table(
    source: str, names: list[str], columns: list[list[Any]], lines: list[int] | None
) -> Table:
    own = [
        Later(partial(read_values, source, name, values, lines=lines), len(values))
        for name, values in zip(names, columns, strict=True)
    ]
    return Table(source, names, own)
