"""Reports as named columns, whatever they were read from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ldpaudit import validate
from ldpaudit.adapters.arrays import Raw, checked, common_dtype, rows_of, stack
from ldpaudit.adapters.cells import typed


@dataclass(frozen=True)
class Table:
    """Columns of one source: arrays whose first axis is the row, or cells of a text file.

    `names` are "" where a column has none; `lines` are the lines of a text file on which rows
    end, and `commas` says that its numbers may have a decimal comma.
    """

    source: str
    names: list[str]
    columns: list[Any]
    lines: list[int] | None = None
    commas: bool = False

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    @property
    def named(self) -> bool:
        """Whether the columns have names."""
        return any(self.names)

    def where(self, row: int, column: int | None = None) -> str:
        """A row, and a column if it has a name, as a message says it."""
        line = f"line {self.lines[row]}" if self.lines else f"row {row + 1}"
        name = self.names[column] if column is not None else ""
        return f"in {line} of {self.source}" + (f", column {name!r}" if name else "")

    def chosen(self, columns: Sequence[str] | None) -> Table:
        """The table of these columns, by name or, counted from 1, by number; None means all."""
        if columns is None:
            return self
        places = [self.place(name) for name in columns]
        return replace(
            self,
            names=[self.names[i] for i in places],
            columns=[self.columns[i] for i in places],
        )

    def place(self, name: str) -> int:
        """The place of a column by its name, or by its number counted from 1."""
        if name in self.names:
            return self.names.index(name)
        if not self.named and name.isdigit() and 0 < int(name) <= len(self.names):
            return int(name) - 1
        known = [n for n in self.names if n] or list(map(str, range(1, len(self.names) + 1)))
        validate.check_known(f"column of {self.source}", name, known)
        raise ValueError(f"{self.source} must name its columns to choose {name!r}.")

    def without(self, places: Sequence[int]) -> Table:
        """The table without some columns."""
        kept = [i for i in range(len(self.names)) if i not in places]
        return replace(
            self, names=[self.names[i] for i in kept], columns=[self.columns[i] for i in kept]
        )


def typed_together(tables: Sequence[Table]) -> list[Table]:
    """The tables with the cells of text files as numbers or texts, by column in all of them."""
    files = [table for table in tables if table.lines is not None]
    widths = [len(table.columns) for table in files]
    if len(set(widths)) > 1:
        raise ValueError(
            f"reports of both inputs must have the same form, got {widths[0]} columns in one file "
            f"and {widths[1]} in the other."
        )
    columns = []
    for place in range(max(widths, default=0)):

        def where(file: int, row: int, place: int = place) -> str:
            return files[file].where(row, place)

        cells = [table.columns[place] for table in files]
        commas = all(table.commas for table in files)
        columns.append(typed(cells, where, commas=commas, empty=widths[0] == 1))
    new = iter([[column[i] for column in columns] for i in range(len(files))])
    return [
        replace(table, columns=next(new), lines=table.lines) if table.lines is not None else table
        for table in tables
    ]


def from_values(
    source: str, names: list[str], columns: Sequence[Sequence[Any]], lines: list[int] | None = None
) -> Table:
    """A table of columns of Python values, each a report of its own."""
    table = Table(source, names, list(columns), lines)
    arrays: list[Any] = [
        stack(column, lambda row, place=place: table.where(row, place))  # type: ignore[misc]
        for place, column in enumerate(columns)
    ]
    return Table(source, names, arrays)


def reports_of(table: Table) -> Raw:
    """Columns side by side, shape (n, width); a single one as it is."""
    columns = [np.asarray(column) for column in table.columns]
    if not len(table):
        raise ValueError(f"{table.source} must hold at least one report, got none.")
    for place, column in enumerate(columns):
        checked(column, lambda row, place=place: table.where(row, place))  # type: ignore[misc]
    if len(columns) == 1:
        return columns[0]
    parts: list[Raw] = []
    for column in columns:
        flat = column.reshape(len(column), -1) if column.dtype.names is None else column[:, None]
        parts += list(flat.T)
    out = np.empty((len(table), len(parts)), dtype=common_dtype(parts))
    for place, part in enumerate(parts):
        out[:, place] = rows_of(part) if out.dtype.kind == "O" else part
    return out
