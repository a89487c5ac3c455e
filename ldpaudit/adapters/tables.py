"""Reports as named columns, whatever they were read from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ldpaudit import validate
from ldpaudit.adapters.arrays import Raw, checked, common_dtype, rows_of, stack
from ldpaudit.adapters.cells import typed
from ldpaudit.adapters.times import without_times
from ldpaudit.arrays import Ints

#: Cells of the first line that an error shows.
_SHOWN = 6


@dataclass(frozen=True)
class Later:
    """A column that is read once it is known that it is needed, and which rows: None means all.

    What is not read may miss values.
    """

    read: Callable[[Ints | None], Raw]
    size: int

    def __len__(self) -> int:
        return self.size

    def rows(self, kept: Ints) -> Later:
        """Only these rows of it."""
        return Later(lambda rows: self.read(kept if rows is None else kept[rows]), len(kept))


@dataclass(frozen=True)
class Table:
    """Columns of one source: arrays whose first axis is the row, cells of a text file, or `Later`.

    `names` are "" where a column has none; `lines` are the lines of a text file on which rows
    end, and `commas` says that its numbers may have a decimal comma. `numbers` are the rows'
    own, counted from 1, where some were left out.
    """

    source: str
    names: list[str]
    columns: list[Any]
    lines: list[int] | None = None
    commas: bool = False
    numbers: Sequence[int] | None = None

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    @property
    def named(self) -> bool:
        """Whether the columns have names."""
        return any(self.names)

    def where(self, row: int, column: int | None = None) -> str:
        """A row, and a column if it has a name, as a message says it."""
        number = self.numbers[row] if self.numbers is not None else row + 1
        line = f"line {self.lines[row]}" if self.lines else f"row {number}"
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
        if self.lines is not None and not self.named:
            raise ValueError(self._unnamed(name))
        validate.check_known(f"column of {self.source}", name, known)
        raise ValueError(f"{self.source} must name its columns to choose {name!r}.")

    def _unnamed(self, name: str) -> str:
        """Why a text file has no such column: its first line is no line of names."""
        top = [column[0] for column in self.columns] if len(self) else []
        cells = "1 cell" if len(top) == 1 else f"{len(top)} cells"
        return (
            f"{self.source} has no column {name!r}: its first line is read as {cells}, "
            f"{', '.join(map(repr, top[:_SHOWN]))}{', ...' if len(top) > _SHOWN else ''}; check "
            "the separator and the names of its columns."
        )

    def without(self, places: Sequence[int]) -> Table:
        """The table without some columns."""
        kept = [i for i in range(len(self.names)) if i not in places]
        return replace(
            self, names=[self.names[i] for i in kept], columns=[self.columns[i] for i in kept]
        )

    def rows(self, kept: Ints) -> Table:
        """The table of these rows, counted from 0."""
        own = kept.tolist()
        columns = [
            [column[i] for i in own]
            if isinstance(column, list)
            else column.rows(kept)
            if isinstance(column, Later)
            else column[kept]
            for column in self.columns
        ]
        lines = None if self.lines is None else [self.lines[i] for i in own]
        numbers = [i + 1 if self.numbers is None else self.numbers[i] for i in own]
        return replace(self, columns=columns, lines=lines, numbers=numbers)


def typed_together(tables: Sequence[Table], *, empty: bool | None = None) -> list[Table]:
    """The tables with all columns read, cells of text files by column in all of them.

    `empty` says whether texts may be empty; None means where they are the only column.
    """
    if empty is None:
        empty = all(len(table.columns) == 1 for table in tables)
    tables = [
        replace(table, columns=[c.read(None) if isinstance(c, Later) else c for c in table.columns])
        for table in tables
    ]
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
        columns.append(typed(cells, where, commas=commas, empty=empty))
    new = iter([[column[i] for column in columns] for i in range(len(files))])
    return [
        replace(table, columns=next(new), lines=table.lines) if table.lines is not None else table
        for table in tables
    ]


def read_values(
    source: str,
    name: str,
    values: Sequence[Any],
    rows: Ints | None = None,
    *,
    lines: list[int] | None = None,
) -> Raw:
    """A column of Python values, each a report of its own, in all rows or in some."""
    table = Table(source, [name], [], lines)
    if rows is not None:
        table = table.rows(rows)
        values = [values[row] for row in rows.tolist()]

    def where(row: int) -> str:
        return table.where(row, 0)

    return stack(without_times(values, where), where)


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
