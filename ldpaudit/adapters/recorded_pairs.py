"""Recorded reports of two inputs: two sources, or one log with the true inputs beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ldpaudit import validate
from ldpaudit.adapters.arrays import Raw, joined
from ldpaudit.adapters.delimited import with_names
from ldpaudit.adapters.endings import split_columns
from ldpaudit.adapters.files import load, same_form
from ldpaudit.adapters.growing import apart, growing, is_default_index
from ldpaudit.adapters.tables import Table, reports_of, typed_together

#: Labels that an error lists.
_LISTED = 6


class Recorded(NamedTuple):
    """Reports of both inputs, those of the first in front, and what they were read from.

    `whole` are the reports with the `growing` columns, None where none was left out.
    """

    reports: Raw
    start: int
    columns: tuple[str, ...] = ()
    growing: tuple[str, ...] = ()
    whole: Raw | None = None
    labels: tuple[str, ...] | None = None


def read_pair(
    first: Any,
    second: Any,
    *,
    header: bool | None,
    columns: Sequence[str] | None,
    separator: str | None,
) -> Recorded:
    """Reports of two sources."""
    sources, chosen = [], []
    for source in (first, second):
        file, named = split_columns(source) if isinstance(source, str) else (source, None)
        sources.append(file)
        chosen.append(columns if named is None else named)
    paths = [Path(s).resolve() for s in sources if isinstance(s, str | Path)]
    if first is second or (len(paths) == 2 and paths[0] == paths[1]):
        raise ValueError("the reports of the two inputs must be recorded apart, got the same.")
    loaded = [load(s, which, separator) for s, which in zip(sources, _WHICH, strict=True)]
    if header is None and all(map(_first_holds, loaded, chosen)):
        header = True
    tables = with_names(loaded, header)
    tables = [table.chosen(own) for table, own in zip(tables, chosen, strict=True)]
    tables = typed_together(tables)
    if None in chosen:
        tables = _without_index(tables)
    same_form(tables)
    return _recorded(tables, keep=None not in chosen)


_WHICH = ("first", "second")


def read_log(
    log: Any,
    label: str,
    inputs: Sequence[Any] | None,
    *,
    header: bool | None,
    columns: Sequence[str] | None,
    separator: str | None,
) -> Recorded:
    """Reports of one log, cut in two by the column that holds the true input."""
    file, named = split_columns(log) if isinstance(log, str) else (log, None)
    columns = columns if named is None else named
    table = load(file, "first", separator)
    if header is None and _first_holds(table, [label]):
        header = True
    (table,) = with_names([table], header)
    place = table.place(label)
    (told,) = typed_together([table.chosen([label])], empty=False)
    own = np.asarray(told.columns[0])
    if own.ndim != 1:
        raise ValueError(f"label must name a column of single values, got {label!r}.")
    texts = np.array([str(value) for value in own.tolist()])
    pair = _two_labels(label, own, inputs)
    kept = table.chosen(columns) if columns is not None else table.without([place])
    if not kept.columns:
        raise ValueError(f"{table.source} must have a column beside {label!r}, got none.")
    mine = np.isin(texts, pair)  # other inputs may have answered nothing
    (kept,) = typed_together([kept.rows(np.flatnonzero(mine))], empty=False)
    if columns is None:
        (kept,) = _without_index([kept])
    parts = [kept.rows(np.flatnonzero(texts[mine] == text)) for text in pair]
    return _recorded(parts, keep=columns is not None)._replace(labels=pair)


def _two_labels(label: str, own: Raw, inputs: Sequence[Any] | None) -> tuple[str, str]:
    """The texts of the two inputs that are told apart."""
    different, counts = np.unique(own, return_counts=True)
    known = [str(value) for value in different.tolist()]
    if inputs is None and len(known) == 2:
        return known[0], known[1]
    told = ", ".join(
        f"{value} ({count:,})" for value, count in zip(known[:_LISTED], counts, strict=False)
    )
    more = ", ..." if len(known) > _LISTED else ""
    if inputs is None or len(inputs) != 2:
        raise ValueError(
            f"column {label!r} holds {len(known)} inputs, {told}{more}: name the two that are told "
            "apart, inputs=(A, B) (--values A,B)."
        )
    pair = tuple(map(str, inputs))
    for text in pair:
        validate.check_known(f"input of column {label!r}", text, known)
    if pair[0] == pair[1]:
        raise ValueError(f"inputs must be different, got {pair[0]} twice.")
    return pair[0], pair[1]


def _first_holds(table: Table, columns: Sequence[str] | None) -> bool:
    """Whether the first line of a text file holds a name that is asked for."""
    if table.lines is None or not columns or not len(table):
        return table.lines is None
    return any(column[0] in columns for column in table.columns)


def _without_index(tables: Sequence[Table]) -> list[Table]:
    """The tables without a first column in which pandas wrote its own row numbers."""
    if any(len(table.names) < 2 for table in tables):
        return list(tables)
    if all(is_default_index(table.names[0], table, 0) for table in tables):
        return [table.without([0]) for table in tables]
    return list(tables)


def _recorded(tables: Sequence[Table], *, keep: bool) -> Recorded:
    """Reports of both inputs; columns that only grow are left out unless they were asked for."""
    tables = apart(tables)
    names = [name or str(place + 1) for place, name in enumerate(tables[0].names)]
    several = len(names) > 1
    places = growing(tables) if len(tables[0].names) == len(tables[1].names) else []
    grown = tuple(names[place] if several else tables[0].names[0] for place in places)
    left_out = bool(places) and len(places) < len(names) and not keep
    kept = [table.without(places) for table in tables] if left_out else list(tables)
    shown = (
        tuple(name for place, name in enumerate(names) if not (left_out and place in places))
        if tables[0].named
        else ()
    )
    whole = _both(tables) if left_out else None
    return Recorded(_both(kept), len(tables[0]), shown, grown, whole)


def _both(tables: Sequence[Table]) -> Raw:
    """Reports of both inputs one after the other."""
    a, b = map(reports_of, tables)
    objects = "O" in (a.dtype.kind, b.dtype.kind)
    if not objects and (
        a.shape[1:] != b.shape[1:]
        or (a.dtype.kind in "US") != (b.dtype.kind in "US")
        or a.dtype.names != b.dtype.names
    ):
        raise ValueError(
            "reports of both inputs must have the same form, got "
            f"{a.dtype} of shape {a.shape} and {b.dtype} of shape {b.shape}."
        )
    return joined([a, b])
