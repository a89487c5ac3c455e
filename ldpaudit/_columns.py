"""Counting one column of somebody's file, as text: nothing is evaluated or unpickled."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections import Counter
from importlib import import_module
from pathlib import Path

from ldpaudit import _validate


def count(path: Path, column: str) -> tuple[Counter[str], int]:
    """Return how often each text occurs in a column, and how many cells are empty."""
    read = _count_csv if path.name.lower().endswith((".csv", ".csv.gz")) else _count_parquet
    try:
        return read(path, column)
    except OSError as error:
        raise ValueError(f"cannot read {str(path)!r}: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise ValueError(f"cannot read {str(path)!r}: it is not UTF-8 text.") from None
    except (csv.Error, EOFError, zlib.error) as error:
        raise ValueError(f"cannot read {str(path)!r}: {error}.") from None


def _count_csv(path: Path, column: str) -> tuple[Counter[str], int]:
    counts: Counter[str] = Counter()
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as lines:
        rows = csv.reader(lines, strict=True, skipinitialspace=True)
        header = [name.strip() for name in next(rows, [])]
        at = _position(path, column.strip(), header)
        for row in rows:
            if len(row) == len(header):
                counts[row[at].strip()] += 1
            elif row:  # an empty line is no user
                raise ValueError(
                    f"line {rows.line_num} of {str(path)!r} must have "
                    f"{len(header)} cells, got {len(row)}."
                )
    return counts, counts.pop("", 0)


def _count_parquet(path: Path, column: str) -> tuple[Counter[str], int]:
    try:
        pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise ValueError("Parquet needs pyarrow: pip install 'ldpaudit[parquet]'.") from None
    counts: Counter[str] = Counter()
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            kind = schema.field(_position(path, column, schema.names)).type
            if pa.types.is_nested(kind):
                raise ValueError(f"column {column!r} must hold plain values, got {kind}.")
            for batch in file.iter_batches(columns=[column]):
                # By name: asking for "a" also returns a column named "a.b".
                for entry in batch.column(column).value_counts().to_pylist():
                    value = entry["values"]
                    counts["" if value is None else str(value)] += entry["counts"]
    except pa.ArrowException as error:
        reason = next(iter(str(error).splitlines()), "not a Parquet file").rstrip(".")
        raise ValueError(f"cannot read {str(path)!r}: {reason}.") from None
    return counts, counts.pop("", 0)


def _position(path: Path, column: str, header: list[str]) -> int:
    if not header:
        raise ValueError(f"{str(path)!r} must have a header row, got an empty file.")
    _validate.known(f"column of {str(path)!r},", column, header)
    if header.count(column) > 1:
        raise ValueError(f"column {column!r} of {str(path)!r} must be unique.")
    return header.index(column)
