"""Columns that only grow: row numbers, times, running ids. They are no part of a report's noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ldpaudit.adapters.tables import Table

#: Fewest rows of which a growing column is no accident, and least share of different values.
_ROWS, _DIFFERENT = 20, 0.5


def growing(tables: Sequence[Table]) -> list[int]:
    """Places of the columns that only grow in every table, in the order of its rows.

    Of n independent draws, all different, that has probability 1 / n!, at most 1e-18.

    Examples
    --------
    >>> ids, answers = np.arange(30), np.arange(30) % 2
    >>> growing([Table("log", ["id", "answer"], [ids, answers])])
    [0]
    """
    return [
        place
        for place in range(len(tables[0].columns))
        if all(_grows(np.asarray(table.columns[place])) for table in tables)
    ]


def _grows(column: np.ndarray) -> bool:
    if column.ndim != 1 or column.dtype.kind not in "iufUO" or len(column) < _ROWS:
        return False
    if column.dtype.kind == "O" and set(map(type, column.tolist())) != {int}:
        return False  # whole numbers beyond 64 bits grow as any others do
    if not bool(np.all(column[1:] >= column[:-1])):
        return False
    return int(np.count_nonzero(column[1:] != column[:-1])) + 1 >= _DIFFERENT * len(column)


def apart(tables: Sequence[Table]) -> list[Table]:
    """Tables of rows as such of columns, where some of these only grow.

    >>> rows = np.column_stack((np.arange(30) % 2, np.arange(30)))
    >>> [table.names for table in apart([Table("log", [""], [rows])])]
    [['', '']]
    """
    shapes = {np.shape(table.columns[0])[1:] for table in tables if len(table.columns) == 1}
    if any(len(table.columns) != 1 for table in tables) or [len(s) for s in shapes] != [1]:
        return list(tables)
    (width,) = shapes.pop()
    split = [
        replace(
            table,
            names=[""] * width,
            columns=[_plain(column) for column in np.asarray(table.columns[0]).T],
        )
        for table in tables
    ]
    return split if growing(split) else list(tables)


def _plain(column: np.ndarray) -> np.ndarray:
    """Texts among other things as an array of texts."""
    if column.dtype.kind == "O" and set(map(type, column.tolist())) == {str}:
        return column.astype(np.str_)
    return column


def is_default_index(name: str, table: Table, place: int) -> bool:
    """Whether a column is what pandas writes in front of a CSV: no name, and numbers that grow."""
    column = np.asarray(table.columns[place])
    whole = column.ndim == 1 and column.dtype.kind in "iu"
    unnamed = table.named and (name == "" or name.startswith("Unnamed: "))
    return bool(unnamed and whole and np.all(column[1:] > column[:-1]))
