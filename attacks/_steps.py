"""Ways from reports to their parts: fields, entries, bits, letters, items, tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ldpaudit.contracts import Reports

Raw = Any  # an array, or a sparse table of counts

#: What a text is made of: words and numbers, and every other mark.
_TOKEN = re.compile(r"\w+|[^\w\s]")
#: Forms of scalars, by what a receiver can tell apart.
_FORMS: dict[type, str] = {
    bool: "bool", np.bool_: "bool", int: "int", float: "float", str: "str", bytes: "bytes",
    np.str_: "str", np.bytes_: "bytes", type(None): "nothing",
}  # fmt: skip
_PLAIN = {int, float, bool, type(None)}
_WHOLE_KINDS = {int, bool, type(None)}
#: Up to here a double holds every whole number.
_WHOLE = 2**53
#: What a receiver reads off a clock and a calendar: units, and after how many they come again.
CLOCK = {"D": 7, "h": 24, "m": 60, "s": 60}
_SEQUENCES = (tuple, list, set, frozenset, np.ndarray)


class Step(Protocol):
    """A way from reports, or a part of them, to a simpler part."""

    def __call__(self, part: Raw) -> Raw: ...


@dataclass(frozen=True)
class Field:
    """A field of a structured array."""

    name: str

    def __call__(self, part: Raw) -> Raw:
        return part[self.name]


@dataclass(frozen=True)
class Entry:
    """An entry of rows, tuples or lists, from the end if negative; None where one is too short."""

    place: int

    def __call__(self, part: Raw) -> Raw:
        if part.ndim > 1:
            return part.reshape(len(part), -1)[:, self.place]
        needed = self.place if self.place >= 0 else -self.place - 1
        rows, place = part.tolist(), self.place
        if set(map(type, rows)) <= {tuple, list}:
            return as_array([row[place] if len(row) > needed else None for row in rows])
        return as_array([ordered(row)[place] if length(row) > needed else None for row in rows])


@dataclass(frozen=True)
class Ordered:
    """Sets as tuples, in the order of the text of their items, so that they are sorted once."""

    def __call__(self, part: Raw) -> Raw:
        return as_objects(
            [tuple(ordered(row)) if isinstance(row, set | frozenset) else row for row in part]
        )


@dataclass(frozen=True)
class Bytes:
    """Rows of the bytes of whole numbers, the lowest first, and of rows of bytes, side by side.

    Each byte lies apart, so that all bits of a part are read from one pass over it.
    """

    def __call__(self, part: Raw) -> Raw:
        least = part.astype(part.dtype.newbyteorder("<"), copy=False)
        rows = np.ascontiguousarray(least).view(np.uint8).reshape(len(part), -1)
        return np.asfortranarray(rows)


@dataclass(frozen=True)
class Bit:
    """A bit of integers, or of rows of bytes, lowest first."""

    place: int

    def __call__(self, part: Raw) -> Raw:
        byte, place = divmod(self.place, 8)
        if part.ndim == 1:
            column, place = integers(part), self.place
        else:
            column = integers(part.reshape(len(part), -1)[:, byte])
        if column.dtype == object:
            return (column >> place & 1).astype(np.uint8)
        if place >= 8 * column.itemsize:
            return np.zeros(len(column), dtype=np.uint8)
        bits = column >> column.dtype.type(place) & column.dtype.type(1)
        return np.asarray(bits).astype(np.uint8, copy=False)


@dataclass(frozen=True)
class Letters:
    """Rows of the first characters of texts, or of the first bytes of byte strings."""

    width: int

    def __call__(self, part: Raw) -> Raw:
        if part.dtype.kind == "O":
            rows = part.tolist()
            if any(isinstance(x, bytes) for x in rows):
                part = np.array([x if isinstance(x, bytes) else b"" for x in rows])
            else:
                part = texts(part)
        kind = part.dtype.kind
        same = np.ascontiguousarray(part.astype(f"{kind}{self.width}"))
        return same.view(np.uint8 if kind == "S" else "U1").reshape(len(part), self.width)


@dataclass(frozen=True)
class Alone:
    """What is no list and no set; None for those."""

    def __call__(self, part: Raw) -> Raw:
        return as_array([None if length(row) >= 0 else row for row in part.tolist()])


@dataclass(frozen=True)
class Key:
    """An entry of dictionaries; None where one has no such key."""

    key: Any

    def __call__(self, part: Raw) -> Raw:
        return as_array(
            [row.get(self.key) if isinstance(row, dict) else None for row in part.tolist()]
        )


@dataclass(frozen=True, eq=False)
class Bag:
    """How often sets, lists, or texts (of characters) hold each of some items: a sparse table."""

    items: dict[Any, int]

    def __call__(self, part: Raw) -> Raw:
        from scipy.sparse import csc_array

        rows = [row if isinstance(row, (*_SEQUENCES, str)) else () for row in part.tolist()]
        sizes = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
        flat = chain.from_iterable(map(_plain, rows))
        found = np.fromiter(
            map(self.items.get, flat, repeat(-1)), dtype=np.int64, count=int(sizes.sum())
        )
        known = found >= 0
        places = np.repeat(np.arange(len(rows)), sizes)[known]
        ones = np.ones(len(places), dtype=np.int32)
        return csc_array((ones, (places, found[known])), shape=(len(rows), len(self.items)))


@dataclass(frozen=True)
class Times:
    """One column of a table of counts, none above 255."""

    place: int

    def __call__(self, part: Raw) -> Raw:
        out = np.zeros(part.shape[0], dtype=np.int64)
        own = slice(*part.indptr[self.place : self.place + 2])
        np.add.at(out, part.indices[own], part.data[own])
        return np.minimum(out, 255)


@dataclass(frozen=True)
class Tokens:
    """Texts as lists of the words, numbers and marks that they are made of."""

    def __call__(self, part: Raw) -> Raw:
        return as_objects([_TOKEN.findall(text) for text in texts(part).tolist()])


@dataclass(frozen=True)
class Number:
    """Texts as numbers, nan where one is none."""

    def __call__(self, part: Raw) -> Raw:
        out = np.full(len(part), np.nan)
        for place, text in enumerate(texts(part).tolist()):
            try:
                out[place] = float(text)
            except ValueError:
                continue
        return out


@dataclass(frozen=True)
class Ticks:
    """Times and durations as whole numbers of their unit."""

    def __call__(self, part: Raw) -> Raw:
        return part.astype(part.dtype.str[:2] + "8" + part.dtype.str[3:]).view(np.int64)


@dataclass(frozen=True)
class Clock:
    """Of times the day of the week, the hour, the minute or the second."""

    unit: str

    def __call__(self, part: Raw) -> Raw:
        return part.astype(f"M8[{self.unit}]").view(np.int64) % CLOCK[self.unit]


@dataclass(frozen=True)
class Text:
    """What `str` says of objects that are neither texts nor numbers."""

    def __call__(self, part: Raw) -> Raw:
        return texts(part)


@dataclass(frozen=True)
class Layout:
    """Which keys dictionaries have, in their order, as texts."""

    def __call__(self, part: Raw) -> Raw:
        return np.array([str(list(x)) if isinstance(x, dict) else "" for x in part.tolist()])


def as_array(reports: Reports) -> Raw:
    """Reports as an array whose first axis is the user; what numpy would make alike stays apart.

    Tuples, lists, sets, byte strings, and scalars of several types stay objects.
    """
    if hasattr(reports, "__array__"):
        return np.asarray(reports)
    rows = list(reports)
    kinds = set(map(type, rows))
    if kinds & {tuple, list, set, frozenset, bytes, dict}:
        return as_objects(rows)
    if np.ndarray in kinds:
        alike = kinds == {np.ndarray} and len({(row.dtype, row.shape) for row in rows}) == 1
        return np.asarray(rows) if alike else as_objects(rows)
    if len(set(map(form, kinds))) > 1 or (
        kinds <= {str, np.str_} and any(row.endswith("\0") for row in rows)
    ):
        return as_objects(rows)
    if not all(map(_scalar, kinds)):
        return as_objects(rows)
    array = np.asarray(rows)
    rounded = array.dtype.kind == "f" and set(map(form, kinds)) == {"int"}
    return as_objects(rows) if rounded else array


def as_objects(rows: list[Any]) -> npt.NDArray[np.object_]:
    """One entry a report, whatever it is."""
    return np.fromiter(rows, dtype=object, count=len(rows))


def form(kind: type) -> str:
    """What kind of thing a receiver takes a report for."""
    if issubclass(kind, np.integer):
        return "int"
    if issubclass(kind, np.floating):
        return "float"
    return _FORMS.get(kind, kind.__name__)


def forms(rows: list[Any]) -> list[str]:
    """What kind of thing each report is, of arrays with the type of their entries.

    >>> forms([1, np.zeros(2), np.zeros(2, dtype=np.float32), "no"])
    ['int', 'array of <f8', 'array of <f4', 'str']
    """
    kinds = {kind: form(kind) for kind in set(map(type, rows))}
    if np.ndarray not in kinds:
        return [kinds[type(row)] for row in rows]
    return [
        f"array of {row.dtype.str}" if isinstance(row, np.ndarray) else kinds[type(row)]
        for row in rows
    ]


def length(row: Any) -> int:
    """Length of a tuple, list, set or array; -1 of anything else."""
    if isinstance(row, np.ndarray):
        return len(row) if row.ndim else -1
    return len(row) if isinstance(row, _SEQUENCES) else -1


def ordered(row: Any) -> Any:
    """Something with places: a set has none, so that its items come in the order of their text."""
    return sorted(row, key=str) if isinstance(row, set | frozenset) else row


def numbers(column: Raw) -> Raw:
    """A column as numbers, nan where it holds anything else."""
    if column.dtype.kind in "biuf":
        return column
    rows = column.tolist()
    if set(map(type, rows)) <= _PLAIN:
        try:
            return np.array(rows, dtype=np.float64)  # nan of None
        except OverflowError:
            pass
    known = (int, float, np.number, np.bool_)
    return np.array([_float(x) if isinstance(x, known) else np.nan for x in rows])


def exact(column: Raw) -> Raw:
    """A column as numbers that lose no digit: objects where doubles would; nan as in `numbers`."""
    if column.dtype.kind in "biuf":
        return column
    rows = column.tolist()
    if (doubles := _whole_doubles(rows)) is not None:
        return doubles
    if all(-_WHOLE <= x <= _WHOLE for x in rows if isinstance(x, int | np.integer)):
        return numbers(column)
    known = (np.number, np.bool_)
    return as_objects(
        [
            x if isinstance(x, int | float) else x.item() if isinstance(x, known) else np.nan
            for x in rows
        ]
    )


def integers(column: Raw) -> Raw:
    """A column as whole numbers, of any size, rounded down; 0 where it holds anything else."""
    if column.dtype.kind in "iu":
        return column
    if column.dtype.kind == "b":
        return column.astype(np.uint8)
    if column.dtype.kind == "f":
        near = np.abs(column) < 2.0**62  # nan is not
        return np.floor(np.where(near, column, 0)).astype(np.int64)
    rows = column.tolist()
    if (doubles := _whole_doubles(rows)) is not None:
        return np.nan_to_num(doubles, copy=False).astype(np.int64)
    return as_objects([int(x) if isinstance(x, int | np.integer) else 0 for x in rows])


def _whole_doubles(rows: list[Any]) -> npt.NDArray[np.float64] | None:
    """Whole numbers as doubles, nan of None; None where a row is anything else or loses a digit."""
    if not set(map(type, rows)) <= _WHOLE_KINDS:
        return None
    try:
        doubles = np.array(rows, dtype=np.float64)
    except OverflowError:
        return None
    return None if (np.abs(doubles) >= _WHOLE).any() else doubles


def texts(column: Raw) -> Raw:
    """A column as texts."""
    return column if column.dtype.kind == "U" else np.array([*map(str, column.tolist())])


#: Kinds of items that are keys as they are.
_KEYS = {int, str, float, bool, bytes}


def _plain(row: Any) -> Iterable[Any]:
    """Items of a row, those that are no key of a dictionary as texts."""
    if isinstance(row, str):
        return row
    items: Iterable[Any] = row.tolist() if isinstance(row, np.ndarray) else row
    if _KEYS.issuperset(map(type, items)):
        return items
    return [item if item.__hash__ and not isinstance(item, tuple) else str(item) for item in items]


items_of: Callable[[Any], Iterable[Any]] = _plain


def _scalar(kind: type) -> bool:
    return kind in _FORMS or issubclass(kind, np.generic)


def _float(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:
        return np.inf if number > 0 else -np.inf
