"""Reports of any form as columns of small codes: what a learned witness reads.

Which columns there are depends on the form of the reports and is found in training reports:

- fields of structured arrays, entries of rows, of tuples and of lists of one length;
- rows of uint8 and byte strings: each of their bits, for packed bits are the common form
  of subsets (of bits kept a byte each, the other seven are constant and left out);
- sets, and lists of varying length: for each item, whether the report holds it;
- numbers or texts of at most 256 distinct values: one code a value;
- more integers: quantile bins, and each of their bits; more floats: quantile bins, finer
  in the tails; more texts: the 256 most common ones and, if all have one length, each of
  their characters;
- anything else: the text that `str` gives.

Constant columns are left out. Code 0 stands for what training has not shown.

The seed of a hash is such a column too, but tells nothing: how it maps values to buckets
is not in the reports, so that local hashing with a sound hash cannot be learned from them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ldpaudit.contracts import Reports

Codes = npt.NDArray[np.uint16]
Raw = npt.NDArray[Any]

#: Most values of a column that each have a code of their own.
_LEVELS = 256
#: Most items of sets, or characters of texts, that are columns.
_ITEMS = 4096
#: Shares of the training reports below the edges of bins.
_TAIL = np.array([0.001, 0.002, 0.005, 0.01, 0.02])
_SHARES = np.concatenate((_TAIL, np.linspace(0.04, 0.96, 24), 1 - _TAIL[::-1]))


class _Step(Protocol):
    """A way from reports, or a part of them, to a simpler part."""

    def __call__(self, part: Raw) -> Raw: ...


@dataclass(frozen=True)
class _Field:
    """A field of a structured array."""

    name: str

    def __call__(self, part: Raw) -> Raw:
        return part[self.name]


@dataclass(frozen=True)
class _Entry:
    """An entry of rows, tuples or lists; None where one is too short."""

    place: int

    def __call__(self, part: Raw) -> Raw:
        if part.ndim > 1:
            return part.reshape(len(part), -1)[:, self.place]
        return as_array(
            [row[self.place] if _length(row) > self.place else None for row in part.tolist()]
        )


@dataclass(frozen=True)
class _Bit:
    """A bit of integers, or of rows of bytes, lowest first."""

    place: int

    def __call__(self, part: Raw) -> Raw:
        byte, place = divmod(self.place, 8)
        if part.ndim == 1:
            column, place = part, self.place
        else:
            column = part.reshape(len(part), -1)[:, byte]
        return np.asarray(column >> column.dtype.type(place) & column.dtype.type(1))


@dataclass(frozen=True)
class _Letters:
    """Rows of the first characters of texts, or of the first bytes of byte strings."""

    width: int

    def __call__(self, part: Raw) -> Raw:
        kind = part.dtype.kind
        same = np.ascontiguousarray(part.astype(f"{kind}{self.width}"))
        return same.view(np.uint8 if kind == "S" else "U1").reshape(len(part), self.width)


@dataclass(frozen=True)
class _Holds:
    """Whether a set or a list holds an item."""

    item: Any

    def __call__(self, part: Raw) -> Raw:
        held = [_length(row) > 0 and self.item in row for row in part.tolist()]
        return np.array(held, dtype=np.bool_)


@dataclass(frozen=True)
class _Values:
    """A code for each of the known values, numbers or texts, from 1 on in their order."""

    known: Raw

    @property
    def size(self) -> int:
        return len(self.known) + 1

    def __call__(self, column: Raw) -> Codes:
        asked = _texts(column) if self.known.dtype.kind == "U" else _numbers(column)
        places = np.searchsorted(self.known, asked).clip(max=len(self.known) - 1)
        return np.where(self.known[places] == asked, places + 1, 0).astype(np.uint16)


@dataclass(frozen=True)
class _Bins:
    """A code for each interval from one edge to below the next, from 1 on; nan has 0."""

    edges: Raw

    @property
    def size(self) -> int:
        return len(self.edges) + 2

    def __call__(self, column: Raw) -> Codes:
        asked = _numbers(column)
        places = np.searchsorted(self.edges, asked, side="right") + 1
        return np.where(np.isnan(asked), 0, places).astype(np.uint16)


@dataclass(frozen=True)
class Column:
    """One column of reports: the way to it, and the codes of what is found there."""

    steps: tuple[_Step, ...]
    coder: _Values | _Bins

    @property
    def size(self) -> int:
        """Number of codes, that of the unknown included."""
        return self.coder.size

    def __call__(self, reports: Raw) -> Codes:
        """Codes of a batch of reports, shape (n,), each below `size`."""
        part = reports
        for step in self.steps:
            part = step(part)
        return self.coder(part)


def as_array(reports: Reports) -> Raw:
    """Reports as an array whose first axis is the user; tuples, lists and sets stay objects."""
    if hasattr(reports, "__array__"):
        return np.asarray(reports)
    rows = list(reports)
    if not any(isinstance(row, tuple | list | set | frozenset) for row in rows):
        try:
            return np.asarray(rows)
        except ValueError:  # arrays of several shapes
            pass
    return np.fromiter(rows, dtype=object, count=len(rows))


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
    return tuple(_columns(reports, ()))


def _columns(part: Raw, steps: tuple[_Step, ...]) -> Iterator[Column]:
    """Columns of a part of the reports, which is coded as it is, taken apart, or both."""
    coder = None
    if part.dtype.names:
        parts: Iterable[_Step] = map(_Field, part.dtype.names)
    elif part.dtype.kind == "S":
        parts = [_Letters(part.dtype.itemsize)]
    elif part.ndim > 1 and part.dtype == np.uint8:
        parts = map(_Bit, range(8 * part[:1].size))
    elif part.ndim > 1:
        parts = map(_Entry, range(part[:1].size))
    elif _length(part[0]) >= 0:
        parts = _entries(part.tolist())
    else:
        column = part if part.dtype.kind in "biufU" else as_array(part.tolist())
        coder, parts = _code(column if column.dtype.kind in "biufU" else _texts(column))
    if coder is not None:
        yield Column(steps, coder)
    for step in parts:
        yield from _columns(step(part), (*steps, step))


def _code(column: Raw) -> tuple[_Values | _Bins | None, list[_Step]]:
    """How to code a column of numbers or texts, if it is not constant, and to take it apart."""
    values, counts = np.unique(column, return_counts=True)
    kind = column.dtype.kind
    if len(values) <= _LEVELS:
        return (_Values(values) if len(values) > 1 else None), []
    if kind == "U":
        common = np.sort(values[np.argsort(-counts, kind="stable")[:_LEVELS]])
        lengths = np.unique(np.strings.str_len(values))
        apart = len(lengths) == 1 and lengths[0] <= _ITEMS
        return _Values(common), [_Letters(int(lengths[0]))] if apart else []
    numbers = column[~np.isnan(column)]
    edges, copies = np.unique(
        np.quantile(numbers, _SHARES, method="inverted_cdf"), return_counts=True
    )
    # A value that is several edges has a bin of its own.
    edges = np.union1d(edges, np.nextafter(edges[copies > 1], np.inf))
    return _Bins(edges), [] if kind == "f" else [_Bit(i) for i in range(8 * column.itemsize)]


def _entries(rows: list[Any]) -> Iterable[_Step]:
    """The entries of tuples or lists of one length; else the items of what they are."""
    lengths = {_length(row) if isinstance(row, Sequence | np.ndarray) else -1 for row in rows}
    if len(lengths) == 1 and lengths != {-1}:
        return map(_Entry, range(lengths.pop()))
    items = Counter(item for row in rows if _length(row) > 0 for item in row)
    order = sorted(items, key=lambda item: (-items[item], str(item)))
    return map(_Holds, order[:_ITEMS])


def _length(row: Any) -> int:
    """Length of a tuple, list, set or array; -1 of anything else."""
    return len(row) if isinstance(row, tuple | list | set | frozenset | np.ndarray) else -1


def _numbers(column: Raw) -> Raw:
    """A column as numbers, nan where it holds anything else."""
    if column.dtype.kind in "biuf":
        return column
    known = (int, float, np.number, np.bool_)
    return np.array([float(x) if isinstance(x, known) else np.nan for x in column.tolist()])


def _texts(column: Raw) -> Raw:
    """A column as texts."""
    return column if column.dtype.kind == "U" else np.array([str(x) for x in column.tolist()])
