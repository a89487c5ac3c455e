"""Text files of cells: comma, semicolon or tab between them, compressed or not."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from ldpaudit.adapters.cells import MISSING, is_number
from ldpaudit.adapters.tables import Table

#: How compressed text is opened, by its ending.
_OPEN: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_BROKEN = (EOFError, zlib.error, lzma.LZMAError)
#: Lines that show the separator.
_LOOKED_AT = 100


def text_of(path: Path) -> str:
    """The text of a file, decompressed by its ending."""
    ending = path.suffix.lower()
    try:
        if ending == ".zst":
            raw = _zstd(path)
        else:
            with _OPEN.get(ending, open)(path, "rb") as file:
                raw = file.read()
        return str(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError(f"cannot read {str(path)!r}: it is not UTF-8 text.") from None
    except _BROKEN as error:
        raise ValueError(f"cannot read {str(path)!r}: {error}.") from None


def _zstd(path: Path) -> Any:
    try:
        return import_module("compression.zstd").decompress(path.read_bytes())
    except ImportError:  # before Python 3.14
        pass
    try:
        pa = import_module("pyarrow")
    except ImportError:
        raise ValueError(".zst needs pyarrow: pip install 'ldpaudit[parquet]'.") from None
    try:
        with pa.CompressedInputStream(pa.OSFile(str(path)), "zstd") as stream:
            return stream.read()
    except pa.ArrowException as error:
        raise ValueError(f"cannot read {str(path)!r}: {error}.") from None


def read_delimited(path: Path, separator: str | None) -> Table:
    """The cells of a text file; rows of one column may be empty."""
    text = text_of(path)
    if separator is None:
        separator = _separator(text, "\t" if ".ts" in path.name or ".tab" in path.name else ",")
    rows: list[list[str]] = []
    lines: list[int] = []
    source, width = repr(str(path)), 0
    try:
        for line, row in _rows(text, separator):
            if row and not width:
                width = len(row)
            if row and len(row) != width:
                raise ValueError(
                    f"line {line} of {source} must have {width} cells, got {len(row)}."
                )
            rows.append([cell.strip() for cell in row])
            lines.append(line)
    except csv.Error as error:
        raise ValueError(f"cannot read {source}: {error}.") from None
    rows, lines = _without_blanks(rows, lines, width)
    columns = [list(column) for column in zip(*rows, strict=True)]
    return Table(source, [""] * width, columns, lines, commas=separator != ",")


def _rows(text: str, separator: str) -> Any:
    """Numbered rows; lines that are one list each are one cell each."""
    plain = text.splitlines()
    full = [line.strip() for line in plain if line.strip()]
    if full and all(line[0] + line[-1] in ("[]", "{}", "()") for line in full):
        yield from (
            (number, [line] if line.strip() else []) for number, line in enumerate(plain, 1)
        )
        return
    reader = csv.reader(
        io.StringIO(text, newline=""), strict=True, skipinitialspace=True, delimiter=separator
    )
    for row in reader:
        yield reader.line_num, row


def _separator(text: str, usual: str) -> str:
    """The separator that cuts all of the first lines into one number of cells, at least two."""
    first = [line for line in text.splitlines()[:_LOOKED_AT] if line.strip()]
    for separator in dict.fromkeys((usual, "\t", ";")):
        try:
            widths = {len(row) for row in csv.reader(first, delimiter=separator)}
        except csv.Error:
            continue
        if len(widths) == 1 and widths.pop() > 1:
            # A comma may also be that of a decimal, between semicolons.
            if separator == "," and any(all(other in line for line in first) for other in "\t;"):
                continue
            return separator
    return usual


def _without_blanks(
    rows: list[list[str]], lines: list[int], width: int
) -> tuple[list[list[str]], list[int]]:
    """Blank lines of one column are empty reports, but for one at the end; of more, nothing."""
    while rows and not rows[-1] and (width != 1 or all(rows[:-1])):
        rows, lines = rows[:-1], lines[:-1]
    if width == 1:
        return [row or [""] for row in rows], lines
    kept = [place for place, row in enumerate(rows) if row]
    return [rows[place] for place in kept], [lines[place] for place in kept]


def with_names(tables: list[Table], header: bool | None) -> list[Table]:
    """The same with the first line of text files taken as names, where it is no report."""
    files = [table for table in tables if table.lines is not None]
    tops = [_row(table, 0) for table in files if len(table)]
    # The same words first in both files, and in neither again.
    words = (
        len(tops) == 2
        and tops[0] == tops[1]
        and not any(cell[:1].isdigit() or cell[:1] in tuple("[{(") for cell in tops[0])
        and not any(tops[0] in zip(*(c[1:] for c in table.columns), strict=True) for table in files)
    )
    out = []
    for table in tables:
        if table.lines is not None:
            if len(table) and (words or _above_numbers(table) if header is None else header):
                table = replace(
                    table,
                    names=list(_row(table, 0)),
                    columns=[column[1:] for column in table.columns],
                    lines=table.lines[1:],
                )
            if not len(table):
                raise ValueError(f"{table.source} must hold at least one report, got none.")
        out.append(table)
    return out


def _row(table: Table, place: int) -> tuple[str, ...]:
    return tuple(column[place] for column in table.columns)


def _above_numbers(table: Table) -> bool:
    """Whether the first row has a word above a column of numbers."""
    for name, *below in table.columns:
        known = {cell for cell in below if cell.lower() not in MISSING}
        word = name.lower() not in MISSING and not name[:1].isdigit()
        if word and not is_number(name) and known and all(map(is_number, known)):
            return True
    return False
