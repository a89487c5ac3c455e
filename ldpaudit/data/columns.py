"""Counting columns of somebody's file, as text: nothing is evaluated or unpickled."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from ldpaudit import validate
from ldpaudit.arrays import Ints

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
#: What files write for a missing number. In a column of text they may be names (Null, NA).
_NOT_A_NUMBER = frozenset({"na", "n/a", "nan", "none", "null", "<na>"})


def coded(
    source: str, path: Path, columns: Sequence[str]
) -> tuple[list[list[str]], Ints, list[int]]:
    """Each column's values in order; rows as places among them, (n, d); how often each occurs."""
    rows = count(path, columns)
    parts: list[Counter[str]] = [Counter() for _ in columns]
    for row, times in rows.items():
        for part, text in zip(parts, row, strict=True):
            part[text] += times
    named = [source] if len(columns) == 1 else [f"{path}:{name}" for name in columns]
    domains = [_domain(name, part) for name, part in zip(named, parts, strict=True)]
    place = [{text: i for i, text in enumerate(domain)} for domain in domains]
    codes = [[p[text] for p, text in zip(place, row, strict=True)] for row in rows]
    return domains, np.array(codes, dtype=np.int64), list(rows.values())


def _domain(source: str, counts: Counter[str]) -> list[str]:
    """The values of a column in their order; none may be missing."""
    missing = counts.pop("", 0)
    texts = [text for text in counts if text.lower() not in _NOT_A_NUMBER]
    numeric = all(NUMBER.fullmatch(text) for text in texts)
    if numeric:
        missing += sum(counts[text] for text in counts.keys() - set(texts))
        texts.sort(key=lambda text: (float(text), text))
    else:
        texts = sorted(counts)
    if missing:
        raise ValueError(f"a column must have no missing values, got {missing} in {source!r}.")
    if len(texts) < 2:
        raise ValueError(
            f"a column must have at least 2 distinct values, got {len(texts)} in {source!r}."
        )
    return texts


def count(path: Path, columns: Sequence[str]) -> Counter[tuple[str, ...]]:
    """Return how often each row of texts occurs in these columns; an empty text is missing."""
    with _readable(path):
        return (_count_csv if _is_csv(path) else _count_parquet)(path, columns)


def header(path: Path) -> list[str]:
    """The names of a file's columns."""
    with _readable(path):
        if _is_csv(path):
            with _lines(path) as lines:
                return _names(csv.reader(lines, strict=True, skipinitialspace=True))
        with _parquet(path) as file:
            return list(file.schema_arrow.names)


def _is_csv(path: Path) -> bool:
    return path.name.lower().endswith((".csv", ".csv.gz"))


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Whatever is wrong with the file becomes one sentence."""
    try:
        yield
    except OSError as error:
        raise ValueError(f"cannot read {str(path)!r}: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise ValueError(f"cannot read {str(path)!r}: it is not UTF-8 text.") from None
    except (csv.Error, EOFError, zlib.error) as error:
        raise ValueError(f"cannot read {str(path)!r}: {error}.") from None


def _lines(path: Path) -> IO[str]:
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    return cast("IO[str]", opened(path, "rt", encoding="utf-8-sig", newline=""))


def _names(rows: Iterator[list[str]]) -> list[str]:
    return [name.strip() for name in next(rows, [])]


def _count_csv(path: Path, columns: Sequence[str]) -> Counter[tuple[str, ...]]:
    counts: Counter[tuple[str, ...]] = Counter()
    with _lines(path) as lines:
        rows = csv.reader(lines, strict=True, skipinitialspace=True)
        names = _names(rows)
        at = [_position(path, column.strip(), names) for column in columns]
        for row in rows:
            if len(row) == len(names):
                counts[tuple(row[place].strip() for place in at)] += 1
            elif row:  # an empty line is no user
                raise ValueError(
                    f"line {rows.line_num} of {str(path)!r} must have "
                    f"{len(names)} cells, got {len(row)}."
                )
    return counts


@contextmanager
def _parquet(path: Path) -> Iterator[Any]:
    """The file, open; what pyarrow finds wrong with it becomes one sentence."""
    try:
        pa, pq = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise ValueError("Parquet needs pyarrow: pip install 'ldpaudit[parquet]'.") from None
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except pa.ArrowException as error:
        reason = next(iter(str(error).splitlines()), "not a Parquet file").rstrip(".")
        raise ValueError(f"cannot read {str(path)!r}: {reason}.") from None


def _count_parquet(path: Path, columns: Sequence[str]) -> Counter[tuple[str, ...]]:
    counts: Counter[tuple[str, ...]] = Counter()
    with _parquet(path) as file:
        types, schema = import_module("pyarrow").types, file.schema_arrow
        for column in columns:
            kind = schema.field(_position(path, column, schema.names)).type
            if types.is_nested(kind):
                raise ValueError(f"column {column!r} must hold plain values, got {kind}.")
        for batch in file.iter_batches(columns=list(columns)):
            # By name: asking for "a" also returns a column named "a.b".
            _count_batch([batch.column(column) for column in columns], counts)
    return counts


def _count_batch(columns: list[Any], counts: Counter[tuple[str, ...]]) -> None:
    if len(columns) == 1:
        for entry in columns[0].value_counts().to_pylist():
            counts[(_text(entry["values"]),)] += entry["counts"]
        return
    coded = [column.dictionary_encode() for column in columns]
    words = [[_text(word) for word in code.dictionary.to_pylist()] for code in coded]
    rows = Counter(zip(*(code.indices.to_pylist() for code in coded), strict=True))
    for row, times in rows.items():
        texts = ("" if at is None else found[at] for found, at in zip(words, row, strict=True))
        counts[tuple(texts)] += times


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _position(path: Path, column: str, header: list[str]) -> int:
    if not header:
        raise ValueError(f"{str(path)!r} must have a header row, got an empty file.")
    validate.check_known(f"column of {str(path)!r},", column, header)
    if header.count(column) > 1:
        raise ValueError(f"column {column!r} of {str(path)!r} must be unique.")
    return header.index(column)
