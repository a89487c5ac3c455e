"""What every receiver sees of a report beside its values: lengths, types, order, last digits.

Each is a way to a column, of small whole numbers as a rule. Which of them say anything is
decided in `_screen`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ldpaudit.arrays import Ints, Words

from ._encoding import ITEMS, Coder, Part, parts_of
from ._lookup import different
from ._steps import (
    Bag,
    Entry,
    Number,
    Ordered,
    Raw,
    Step,
    Times,
    Tokens,
    form,
    forms,
    integers,
    items_of,
    length,
    numbers,
)

#: Moduli of whole numbers; decimal places of digits, before the point and after it.
MODULI, WHOLE, DECIMAL = (2, 3, 5, 7, 11, 13), (0, 1, 2, 3), (1, 2, 3, 4, 6, 9)
#: Most decimals that are told apart, and lowest bits of a float.
_DECIMALS, _LOW = 12, 4
#: Most decimals of numbers that are read as whole ones without their point.
_SCALED = 6
#: Most places of tokens, and most characters, that are columns.
_PLACES, _CHARACTERS = 16, 64
#: Fewest different values of a column whose values do not say all.
_FEW = 16
#: Texts that show whether texts are more than one word each.
_LOOKED_AT = 256
#: Share of texts that must be numbers to be read as such.
_MOST = 0.5
#: What is looked at in each kind of part, in words.
SEEN = {
    "rows": "sums and order of the entries of rows, distances of vectors to mean reports of both "
    "inputs, keys of dictionaries and their order, "
    "days of the week, hours, minutes and seconds of times",
    "items": "types, lengths and order of lists, sets and arrays, how often each item comes, "
    "the first and last items",
    "text": "types, lengths, characters, words and numbers of texts, each with its place",
    "written": "lengths and order of texts that write numbers, lists, sets or objects",
    "integer": f"types, values, bits, residues modulo {', '.join(map(str, MODULI))} and "
    "decimal digits of whole numbers",
    "float": "types, sizes, digits at several decimal places, number of decimals, lowest bits "
    "and grid of doubles, residues without the point of those with few decimals",
}


def looked_at(parts: Iterable[Part]) -> tuple[str, ...]:
    """What is looked at in parts of these kinds, in words."""
    kinds = {part.kind for part in parts}
    return tuple(text for kind, text in SEEN.items() if kind in kinds)


@dataclass(frozen=True)
class Form:
    """What kind of thing each entry is."""

    known: tuple[str, ...]

    def __call__(self, part: Raw) -> Raw:
        if part.dtype.kind != "O":
            (kind,) = forms([part[0]]) if part.ndim > 1 else (form(part.dtype.type),)
            return np.full(len(part), self._place(kind))
        places = {kind: place for place, kind in enumerate(self.known)}
        return np.array([places.get(kind, len(places)) for kind in forms(part.tolist())])

    def _place(self, kind: str) -> int:
        return self.known.index(kind) if kind in self.known else len(self.known)


@dataclass(frozen=True)
class Size:
    """Length of texts, byte strings, lists and sets, none above 65,535; -1 of anything else."""

    def __call__(self, part: Raw) -> Raw:
        if part.dtype.kind in "US":
            return np.strings.str_len(part)
        sized = (len(row) if hasattr(row, "__len__") else -1 for row in part.tolist())
        return np.minimum(np.fromiter(sized, dtype=np.int64, count=len(part)), 2**16 - 1)


@dataclass(frozen=True)
class Descents:
    """How often an entry is less than the one before it: 0 of what is in order."""

    def __call__(self, part: Raw) -> Raw:
        if part.ndim > 1:
            rows = part.reshape(len(part), -1)
            return np.minimum((rows[:, 1:] < rows[:, :-1]).sum(axis=1), 255)
        return np.array([_descents(row) for row in part.tolist()])


@dataclass(frozen=True)
class Sum:
    """Bits that are set in rows of bytes, else entries that are not 0."""

    def __call__(self, part: Raw) -> Raw:
        rows = part.reshape(len(part), -1)
        if rows.dtype == np.uint8:
            return np.bitwise_count(rows).sum(axis=1, dtype=np.int64)
        return np.count_nonzero(rows, axis=1)


@dataclass(frozen=True)
class Residue:
    """What is left of whole numbers modulo a small one, of others without their point."""

    modulus: int
    decimals: int = 0

    def __call__(self, part: Raw) -> Raw:
        if self.decimals:
            part = np.rint(numbers(part).astype(np.float64) * 10.0**self.decimals)
        return (integers(part) % self.modulus).astype(np.int64)


@dataclass(frozen=True)
class Digit:
    """A decimal digit of numbers, `place` places after the point."""

    place: int

    def __call__(self, part: Raw) -> Raw:
        if self.place <= 0 and part.dtype.kind in "iu":
            return np.abs(part) // part.dtype.type(10**-self.place) % part.dtype.type(10)
        if part.dtype.kind == "O":
            return self._exact(part)
        return self._rounded(part)

    def _exact(self, part: Raw) -> Raw:
        """Of numbers of any size: whole ones past the reach of doubles by their own digits."""
        digits = self._rounded(part)
        unread = np.flatnonzero(digits == 10)
        if self.place > 0:
            return digits
        whole = np.abs(integers(part[unread]))
        known = whole != 0  # 0 is what is no whole number
        digits[unread[known]] = whole[known] // 10**-self.place % 10
        return digits

    def _rounded(self, part: Raw) -> Raw:
        # A little more than the number, for 0.3 is a little less than three tenths.
        with np.errstate(invalid="ignore", over="ignore"):
            scaled = np.abs(numbers(part).astype(np.float64)) * 10.0**self.place + 2.0**-10
            digit = np.floor(np.fmod(scaled, 10))
        return np.where(scaled < 2.0**53, digit, 10).astype(np.int64)  # nan is not


@dataclass(frozen=True)
class Decimals:
    """How many decimals are needed to write numbers, up to a limit."""

    def __call__(self, part: Raw) -> Raw:
        number = numbers(part).astype(np.float64)
        needed, left = np.full(len(number), _DECIMALS + 1), np.arange(len(number))
        for place in range(_DECIMALS + 1):
            now = number[left]
            exact = np.round(now, place) == now
            needed[left[exact]] = place
            left = left[~exact]
        return needed


@dataclass(frozen=True)
class Low:
    """Lowest bits of the mantissas of doubles, as a number."""

    first: int
    width: int

    def __call__(self, part: Raw) -> Raw:
        return (_words(part) >> np.uint64(self.first) & np.uint64(2**self.width - 1)).astype(
            np.int64
        )


@dataclass(frozen=True)
class Zeros:
    """How many of the lowest bits of doubles are 0: 52 of powers of two."""

    def __call__(self, part: Raw) -> Raw:
        return _zeros(_words(part) | np.uint64(2**52))


@dataclass(frozen=True)
class Grid:
    """The largest power of two that divides numbers: 0 of 2^-1100 and below."""

    def __call__(self, part: Raw) -> Raw:
        number = numbers(part).astype(np.float64)
        mantissa, exponent = np.frexp(np.where(np.isfinite(number), number, 0))
        zeros = _zeros((np.abs(mantissa) * 2.0**53).astype(np.uint64) | np.uint64(2**63))
        return np.where(mantissa == 0, 0, exponent + zeros + 1047).clip(0)


@dataclass(frozen=True)
class Special:
    """-0.0, 0.0, infinite and no number of either sign are told apart; 0 is any other."""

    def __call__(self, part: Raw) -> Raw:
        number = numbers(part).astype(np.float64)
        zero = (number == 0) * (1 + np.signbit(number))
        none = np.isnan(number) * (5 + np.signbit(number))
        return zero + 3 * np.isposinf(number) + 4 * np.isneginf(number) + none


@dataclass(frozen=True)
class Comes:
    """How often rows hold a number, none above 255."""

    number: float

    def __call__(self, part: Raw) -> Raw:
        rows = part.reshape(len(part), -1)
        return np.minimum((rows == self.number).sum(axis=1), 255)


def traces_of(part: Part) -> Iterator[tuple[tuple[Step, ...], Coder | None]]:
    """Ways to all traces of a part, with how they are coded where they are no small numbers."""
    steps, found, _, kind = part
    for step in _own(part):
        yield (*steps, step), None
    if kind == "items":
        yield from _parts_at(in_order := _sorted(part), _places(in_order.found))
        yield from _counts_at(part, [row for row in found.tolist() if length(row) > 0])
    elif kind == "written":
        yield (*steps, Tokens(), Descents()), None
    elif kind == "text" and found.dtype.kind == "U":
        tokens = Tokens()(found[:_LOOKED_AT])
        if any(length(row) != 1 for row in tokens.tolist()):
            yield from _parts_at(part, [Tokens()])
        yield from _counts_at(part, found.tolist(), _CHARACTERS)
        if np.isfinite(Number()(found)).mean() > _MOST:
            yield from _parts_at(part, [Number()])


def glances_of(part: Part) -> Iterator[tuple[tuple[Step, ...], Coder | None]]:
    """Ways to what is seen of objects at a glance, however many parts they have."""
    if part.found.dtype.kind == "O":
        yield from (((*part.steps, step), None) for step in (*_types(part.found), Size()))


def _types(found: Raw) -> Iterator[Step]:
    """What kind of thing each object is, unless all are of one kind."""
    rows = found.tolist()
    kinds = set(map(type, rows))
    known = sorted(set(forms(rows) if np.ndarray in kinds else map(form, kinds)))
    if len(known) > 1:
        yield Form(tuple(known))


def _own(part: Part) -> Iterator[Step]:
    """Traces that are small numbers, each of the part itself."""
    found, kind = part.found, part.kind
    if kind in ("table", "counts") or found.dtype.names:
        return
    if found.ndim > 1:
        yield from _of_rows(found)
        return
    if found.dtype.kind == "O":
        yield from _types(found)
    if kind in ("text", "items", "written"):
        yield Size()
    if kind == "items":
        yield Descents()
    if kind in ("integer", "float") and many_values(part):
        yield from _of_numbers(found, kind)
    elif found.dtype.kind == "f" and bool(np.any((found == 0) & np.signbit(found))):
        yield Special()
    elif found.dtype.kind == "f" and bool(np.isnan(found).any()):
        yield from (Special(), Low(0, _LOW))  # what no number is, is written in its bits


def many_values(part: Part) -> bool:
    """Whether the values of a column do not say all."""
    return part.coder is not None and part.coder.size > _FEW


def _of_rows(found: Raw) -> Iterator[Step]:
    """Of reports that are rows of numbers: their sum and order, and how often each number comes."""
    if found.dtype.kind in "biuf":
        yield from (Sum(), Descents())
    if found.dtype.kind in "iu" and found.dtype != np.uint8:
        values, counts = different(found.ravel())
        yield from map(Comes, values[np.argsort(-counts, kind="stable")[:_CHARACTERS]].tolist())


def _of_numbers(found: Raw, kind: str) -> Iterator[Step]:
    """Of numbers of many kinds: digits and residues, and what a double's low bits say."""
    if kind == "float":
        yield from (Low(place, 1) for place in range(_LOW))
        yield from (Low(0, _LOW), Zeros(), Grid(), Decimals(), Special())
        yield from map(Digit, DECIMAL)
        decimals = int(Decimals()(found[np.isfinite(numbers(found))]).max(initial=0))
        if 0 < decimals <= _SCALED:
            yield from (Residue(modulus, decimals) for modulus in MODULI)
    if kind == "integer" or np.nanmax(np.abs(numbers(found))) >= 2:
        yield from map(Residue, MODULI)
        yield from (Digit(-place) for place in WHOLE)


def _sorted(part: Part) -> Part:
    """The same, sets as tuples."""
    if not any(isinstance(row, set | frozenset) for row in part.found.tolist()):
        return part
    step = Ordered()
    return part._replace(steps=(*part.steps, step), found=step(part.found))


def _places(found: Raw) -> list[Step]:
    """The first and the last entries of lists of several lengths."""
    lengths = {length(row) for row in found.tolist()}
    if len(lengths) == 1:
        return []
    return [Entry(-1), *map(Entry, range(min(_PLACES, max(lengths))))]


def _parts_at(part: Part, ways: Iterable[Step]) -> Iterator[tuple[tuple[Step, ...], Coder | None]]:
    """Columns and traces of what a part is taken apart into for its traces alone."""
    for way in ways:
        for inner in parts_of(way(part.found), (*part.steps, way)):
            if inner.coder is not None:
                yield inner.steps, inner.coder
            if inner.kind == "text" and inner.found.dtype.kind == "U":
                if np.isfinite(Number()(inner.found)).mean() > _MOST:
                    way_on = (*inner.steps, Number())
                    for step in _own(Part(way_on, Number()(inner.found), inner.coder, "float")):
                        yield (*way_on, step), None
            else:
                for step in _own(inner):
                    yield (*inner.steps, step), None
                if inner.kind == "items":
                    yield from _parts_at(inner, _places(inner.found))


def _counts_at(
    part: Part, rows: list[Any], most: int = ITEMS
) -> Iterator[tuple[tuple[Step, ...], Coder | None]]:
    """How often each item comes in lists of one length, or each character in texts."""
    if part.kind == "items" and len({len(row) for row in rows}) > 1:
        return  # its columns already
    items = Counter(item for row in rows for item in items_of(row))
    common = sorted(items, key=lambda item: (-items[item], str(item)))[:most]
    bag = Bag({item: place for place, item in enumerate(common)})
    for place in range(len(common)):
        yield (*part.steps, bag, Times(place)), None


def _descents(row: Any) -> int:
    """Of numbers, also such as are written as texts, by size; marks between them do not count."""
    if length(row) < 2 or isinstance(row, set | frozenset):
        return 0
    items = [item for item in row if not isinstance(item, str) or item.isalnum()]
    if all(isinstance(item, str) and item.isdecimal() for item in items):
        items = [int(item) for item in items]
    try:
        return min(sum(bool(after < before) for before, after in pairwise(items)), 255)
    except (TypeError, ValueError):
        return 0


def _words(part: Raw) -> Words:
    """The bits of numbers as doubles."""
    return np.ascontiguousarray(numbers(part), dtype=np.float64).view(np.uint64)


def _zeros(words: Words) -> Ints:
    """How many lowest bits are 0, of words that are not."""
    lowest = words & (~words + np.uint64(1))
    return np.bitwise_count(lowest - np.uint64(1)).astype(np.int64)
