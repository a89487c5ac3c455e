"""Cells of text files as numbers or texts, those of one column in all files together."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from ldpaudit.adapters.arrays import Raw

#: Says in an error where a cell stands, by file and row.
Place: TypeAlias = Callable[[int, int], str]

_WHOLE = re.compile(r"[+-]?(?:0|[1-9][0-9]*)")
# No zero before other digits: "0101" is a row of bits, not a hundred and one.
_NUMBER = re.compile(
    r"[+-]?(?:(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
    r"|(?:[iI][nN][fF](?:[iI][nN][iI][tT][yY])?))"
)
_COMMA = re.compile(r"[+-]?(?:0|[1-9][0-9]*)(?:,[0-9]+)?")
#: What files write for a missing number. In a column of text all but "" may be reports.
MISSING = frozenset(
    {"", "na", "n/a", "nan", "-nan", "none", "null", "<na>", "nat", "#n/a", "#na", "\\n"}
    | {"#n/a n/a", "1.#qnan", "-1.#ind", "1.#ind", "."}
)
#: Share of cells up to which those that are no number are taken for slips, not for reports.
_ODD = 0.01
#: Different cells up to which a column loses nothing when it is read as texts.
_FEW = 256


def is_number(cell: str) -> bool:
    """Whether a cell is a number.

    >>> [is_number(cell) for cell in ("-1.5e3", "Infinity", "0101", "1,000", "")]
    [True, True, False, False, False]
    """
    return _NUMBER.fullmatch(cell) is not None


def typed(
    parts: Sequence[list[str]], place: Place, *, commas: bool = False, empty: bool = False
) -> list[Raw]:
    """One column of every file: numbers if it holds numbers alone in all of them, else texts.

    With `commas` numbers may have a decimal comma; `empty` says that a text may be empty.

    Raises
    ------
    ValueError
        If a number is missing, or a few of many cells are no numbers.
    """
    if commas:
        parts = _with_points(parts)
    distinct = {cell for cells in parts for cell in cells}
    known = {cell for cell in distinct if cell.lower() not in MISSING}
    numbers = {cell for cell in known if is_number(cell)}
    numeric = bool(numbers) and _numeric(parts, known, numbers, place)
    gone = distinct - known if numeric else set() if empty else distinct & {""}
    for file, cells in enumerate(parts):
        row = next((row for row, cell in enumerate(cells) if cell in gone), None)
        if row is not None:
            raise ValueError(f"a value is missing {place(file, row)}.")
    return [_column(cells, known, numeric) for cells in parts]


def _with_points(parts: Sequence[list[str]]) -> Sequence[list[str]]:
    """Decimal commas as points, where every cell is a number with one or none."""
    known = {cell for cells in parts for cell in cells if cell.lower() not in MISSING}
    if not known or not all(map(_COMMA.fullmatch, known)):
        return parts
    return [[cell.replace(",", ".") for cell in cells] for cells in parts]


def _numeric(parts: Sequence[list[str]], known: set[str], numbers: set[str], place: Place) -> bool:
    """Whether a column holds numbers; an error names the first of a few cells that are none."""
    odd = known - numbers
    if not odd:
        return True
    total = sum(map(len, parts))
    count = sum(cell in odd for cells in parts for cell in cells)
    if len(numbers) <= _FEW or count > _ODD * total:
        return False
    file, row = next(
        (file, row)
        for file, cells in enumerate(parts)
        for row, cell in enumerate(cells)
        if cell in odd
    )
    raise ValueError(
        f"{parts[file][row]!r} {place(file, row)} is no number, as {count:,} of {total:,} cells of "
        "its column are none; write a number, or leave the line out."
    )


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
