"""Reports of any form as columns of small codes: what a learned witness reads.

Which columns there are depends on the form of the reports and is found in training reports:

- fields of structured arrays, entries of rows, of tuples and of lists of one length;
- rows of uint8 and byte strings: each of their bits, for packed bits are the common form
  of subsets (of bits kept a byte each, the other seven are constant and left out);
- dictionaries: the entry of each key, which keys there are, and in which order;
- times: the day of the week, the hour, the minute, the second;
- sets, and lists of varying length: for each item, how often the report holds it;
- numbers or texts of at most 256 distinct values: one code a value;
- texts that write numbers, lists, sets or objects: those;
- more integers: quantile bins, and each of their bits; more floats: quantile bins, finer
  in the tails; more texts: the 256 most common ones and, if all have one length, each of
  their characters;
- anything else: the text that `str` gives.

Constant columns are left out. Code 0 stands for what training has not shown. What else a
receiver sees (lengths, types, last digits, lowest bits) is in `_traces`.

The seed of a hash is such a column too, but tells nothing: how it maps values to buckets
is not in the reports, so that local hashing with a sound hash cannot be learned from them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Ints

from ._lookup import Lookup, different
from ._steps import (
    CLOCK,
    Alone,
    Bag,
    Bit,
    Bytes,
    Clock,
    Entry,
    Field,
    Key,
    Layout,
    Letters,
    Raw,
    Step,
    Text,
    Ticks,
    Times,
    as_array,
    exact,
    form,
    items_of,
    length,
    texts,
)
from ._written import Written, written

__all__ = ["Batch", "Codes", "Column", "Part", "as_array", "find_columns", "parts_of"]

Codes = npt.NDArray[np.uint16]

#: Most values of a column that each have a code of their own.
_LEVELS = 256
#: Share of lists that must have one length for their entries to be told apart by place.
_USUAL = 0.9
#: Most items of sets, or characters of texts, that are columns.
ITEMS = 4096
#: Shares of the training reports below the edges of bins.
_TAIL = np.array([0.001, 0.002, 0.005, 0.01, 0.02])
_SHARES = np.concatenate((_TAIL, np.linspace(0.04, 0.96, 24), 1 - _TAIL[::-1]))


@dataclass(frozen=True)
class Values:
    """A code for each of the known values, numbers or texts, from 1 on in their order."""

    known: Raw

    @property
    def size(self) -> int:
        return len(self.known) + 1

    @cached_property
    def _codes(self) -> Lookup:
        return Lookup(self.known, np.arange(1, self.size, dtype=np.uint16), 0)

    def __call__(self, column: Raw) -> Codes:
        return self._codes(texts(column) if self.known.dtype.kind == "U" else exact(column))


@dataclass(frozen=True)
class Bins:
    """A code for each interval from one edge to below the next, from 1 on; nan has 0."""

    edges: Raw

    @property
    def size(self) -> int:
        return len(self.edges) + 2

    def __call__(self, column: Raw) -> Codes:
        asked = exact(column)
        places = np.searchsorted(self.edges, asked, side="right") + 1
        if asked.dtype.kind in "biu":
            return np.asarray(places, dtype=np.uint16)
        return np.where(_is_nan(asked), 0, places).astype(np.uint16)


@dataclass(frozen=True)
class Flag:
    """Codes 1 and 2 of bits that are 0 and 1."""

    size: int = 3

    def __call__(self, column: Raw) -> Codes:
        return np.asarray(np.add(column, 1, dtype=np.uint16))


class Coder(Protocol):
    """Codes of a column, each below `size`; 0 stands for what training has not shown."""

    @property
    def size(self) -> int: ...

    def __call__(self, column: Raw) -> Codes: ...


class Batch:
    """Reports, and the parts on the way to the last column that was asked for."""

    def __init__(self, reports: Raw) -> None:
        self.reports = reports
        self._way: list[tuple[Step, Raw]] = []

    def part(self, steps: tuple[Step, ...]) -> Raw:
        """What is found at the end of a way; what the last way shared is made once."""
        part = self.reports
        for depth, step in enumerate(steps):
            if depth < len(self._way) and self._way[depth][0] is step:
                part = self._way[depth][1]
                continue
            part = step(part)
            self._way[depth:] = [(step, part)]
        return part


@dataclass(frozen=True)
class Column:
    """One column of reports: the way to it, and the codes of what is found there."""

    steps: tuple[Step, ...]
    coder: Coder

    @property
    def size(self) -> int:
        """Number of codes, that of the unknown included."""
        return self.coder.size

    def __call__(self, reports: Raw | Batch) -> Codes:
        """Codes of a batch of reports, shape (n,), each below `size`."""
        batch = reports if isinstance(reports, Batch) else Batch(reports)
        part = batch.part(self.steps[:-1])
        return np.asarray(self.coder(self.steps[-1](part) if self.steps else part))


class Part(NamedTuple):
    """A part of the reports: the way to it, what is there, and its own code if it has one."""

    steps: tuple[Step, ...]
    found: Raw
    coder: Coder | None
    kind: str  # rows, items, text, written, integer, float, or table and counts of items


def find_columns(reports: Raw) -> tuple[Column, ...]:
    """The columns of training reports, by the rules above.

    Examples
    --------
    >>> packed = np.array([[5], [1], [4]], dtype=np.uint8)
    >>> [column(packed).tolist() for column in find_columns(packed)]
    [[2, 2, 1], [2, 1, 2]]
    >>> column, = find_columns(np.array(["no", "yes", "no"]))
    >>> column(np.array(["yes", "maybe"])).tolist()
    [2, 0]
    """
    return columns_of(parts_of(reports))


def columns_of(parts: Iterable[Part]) -> tuple[Column, ...]:
    """The columns among parts of reports."""
    return tuple(Column(part.steps, part.coder) for part in parts if part.coder is not None)


def parts_of(part: Raw, steps: tuple[Step, ...] = ()) -> Iterator[Part]:
    """A part of the reports and all that it is taken apart into, down to single columns."""
    coder: Coder | None = None
    ways: Iterable[Step] = ()
    again = bool(steps) and isinstance(steps[-1], Written)
    if part.dtype.names:
        kind, ways = "rows", map(Field, part.dtype.names)
    elif part.dtype.kind == "S":
        kind, ways = "text", [Letters(part.dtype.itemsize)]
    elif part.ndim > 1 and part.dtype == np.uint8:
        kind, ways = "rows", [Bytes()]
    elif part.ndim > 1:
        kind, ways = "rows", map(Entry, range(part[:1].size))
    elif part.dtype.kind in "Mm":
        kind, ways = "rows", [Ticks(), *(map(Clock, CLOCK) if part.dtype.kind == "M" else ())]
    elif part.dtype.kind in "biufU":
        coder, ways, kind = _code(part, again)
    else:
        coder, ways, kind = _of_objects(part, again)
    yield Part(steps, part, coder, kind)
    for step in ways:
        if isinstance(step, Bag):
            yield from _counted(step(part), (*steps, step))
        elif isinstance(step, Bytes):
            yield from _bits_of(step(part), (*steps, step))
        else:
            yield from parts_of(step(part), (*steps, step))


def _of_objects(part: Raw, again: bool) -> tuple[Coder | None, Iterable[Step], str]:
    """Of objects their own code if they have one, the ways to what they are made of, the kind."""
    coder: Coder | None = None
    ways: Iterable[Step] = ()
    rows = part.tolist()
    forms = set(map(form, set(map(type, rows))))
    if "dict" in forms:
        kind, ways = "rows", [Layout(), *map(Key, _keys(rows))]
    elif any(length(row) >= 0 for row in rows):
        kind, ways = "items", _entries(rows)
    elif forms == {"bytes"}:
        kind, ways = "text", [Letters(min(max(map(len, rows)), ITEMS) or 1)]
    elif forms <= {"int", "bool"}:
        coder, _, kind = _code(exact(part))
        ways = _bits(rows) if isinstance(coder, Bins) else ()
        kind = "integer"
    elif forms.isdisjoint({"str", "bytes", "int", "float", "bool", "nothing"}):
        kind, ways = "rows", [Text()]
    else:
        number = forms <= {"int", "float", "bool", "nothing"}
        coder, ways, kind = _code(exact(part) if number else texts(part), again)
    return coder, ways, kind


def _counted(table: Raw, steps: tuple[Step, ...]) -> Iterator[Part]:
    """A column for each item that not all hold equally often."""
    yield Part(steps, table, None, "table")
    for place in range(table.shape[1]):
        step = Times(place)
        counts = step(table)
        seen = np.flatnonzero(np.bincount(counts))
        if len(seen) > 1:
            yield Part((*steps, step), counts, Values(seen), "counts")


def _bits_of(rows: Raw, steps: tuple[Step, ...]) -> Iterator[Part]:
    """The bits of rows of bytes, each a column unless it is constant."""
    for place in range(8 * rows.shape[1]):
        bit = Bit(place)(rows)
        constant = np.count_nonzero(bit.view(np.bool_)) in (0, len(bit))
        yield Part((*steps, Bit(place)), bit, None if constant else Flag(), "integer")


def _code(column: Raw, again: bool = False) -> tuple[Values | Bins | None, Iterable[Step], str]:
    """How to code a column of numbers or texts, if it is not constant, and to take it apart.

    What is left of texts that were read is not read `again`.
    """
    values, counts = _different(column)
    kind = {"U": "text", "f": "float", "O": "float"}.get(column.dtype.kind, "integer")
    if len(values) <= _LEVELS:
        return (Values(values) if len(values) > 1 else None), (), kind
    if kind == "text":
        read = None if again else written(values)
        if read is not None:
            return None, [read], "written"
        common = np.sort(values[np.argsort(-counts, kind="stable")[:_LEVELS]])
        lengths = np.unique(np.strings.str_len(values))
        apart = len(lengths) == 1 and lengths[0] <= ITEMS
        return Values(common), [Letters(int(lengths[0]))] if apart else (), kind
    known = ~_is_nan(values)
    edges = Bins(_edges(values[known], counts[known]))
    if column.dtype.kind == "O":
        return edges, _bits(column.tolist()), kind
    return edges, () if kind == "float" else [Bytes()], kind


def _different(column: Raw) -> tuple[Raw, Raw]:
    """The different values in order, nan last, and how often each comes."""
    if column.dtype.kind != "O":
        return different(column)
    nan = _is_nan(column)
    values, counts = np.unique(column[~nan], return_counts=True)
    if nan.any():
        values, counts = np.append(values, np.nan), np.append(counts, np.count_nonzero(nan))
    return values, counts


def _edges(values: Raw, counts: Ints) -> Raw:
    """Edges of bins at the quantiles; a value that is several of them has a bin of its own.

    Of different numbers in order, and how often each came.
    """
    below = np.cumsum(counts)
    ranks = np.ceil(_SHARES * below[-1] - 1).clip(min=0)
    places, copies = np.unique(np.searchsorted(below, ranks, side="right"), return_counts=True)
    edges, again = values[places], places[copies > 1]
    if values.dtype.kind != "O":
        with np.errstate(over="ignore"):  # above the largest number there is none
            return np.union1d(edges, np.nextafter(values[again], np.inf))
    after = again[again + 1 < len(values)] + 1
    return np.union1d(edges, values[after])


def _bits(rows: list[Any]) -> Iterable[Step]:
    """The bits of whole numbers of any size, as many as the largest has."""
    largest = max((abs(int(x)) for x in rows if isinstance(x, int | np.integer)), default=0)
    return map(Bit, range(min(largest.bit_length(), ITEMS)))


def _is_nan(column: Raw) -> Raw:
    return column != column  # of objects too


def _entries(rows: list[Any]) -> Iterable[Step]:
    """The entries of tuples or lists of one length; else the items of what they are."""
    places = {length(row) if not isinstance(row, set | frozenset) else -1 for row in rows}
    if len(places) == 1 and places != {-1}:
        return map(Entry, range(places.pop()))
    items = Counter(item for row in rows if length(row) > 0 for item in items_of(row))
    order = sorted(items, key=lambda item: (-items[item], str(item)))[:ITEMS]
    bag = Bag({item: place for place, item in enumerate(order)})
    common, count = Counter(length(row) for row in rows).most_common(1)[0]
    ways: list[Step] = [Alone()] if any(length(row) < 0 for row in rows) else []
    if common >= 0 and -1 not in places and count >= _USUAL * len(rows):
        ways += map(Entry, range(common))
    return [*ways, bag]


def _keys(rows: list[Any]) -> list[Any]:
    """The keys of dictionaries, the common ones first."""
    keys = Counter(key for row in rows if isinstance(row, dict) for key in row)
    return sorted(keys, key=lambda key: (-keys[key], str(key)))[:ITEMS]
