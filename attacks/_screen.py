"""Which of the many traces of reports say anything: only those become columns.

A trace is kept if it differs between the inputs in training reports, beyond what the largest
of so many differences reaches by chance; batches that are scored later pay for no other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np

from ldpaudit.arrays import Bools, Floats, Ints

from ._by_value import ByValue, plain_values
from ._encoding import Batch, Bins, Codes, Column, Part, Values
from ._lookup import Lookup, numbered
from ._steps import Raw, Step, ordered, texts
from ._traces import traces_of

#: Most numbers (training reports x parts) in which traces are looked for.
_LOOKED_AT = 2**20
#: Standard errors that a value needs where another one is no accident.
_IN_PLAY = 2.5
#: Most values that are counted each by itself, and most times that are told apart.
_LEVELS, _TIMES = 256, 3
#: Reports for each value, at least, of which counts alone are learned from.
_OFTEN = 500
_GOLDEN = 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class Seen:
    """How often a value came under either input in the first half of the training reports.

    Never, once, twice or more often under each: a value that occurs under one input only is
    found by equality, whatever it looks like. Codes 1 to 16; 0 came under none.
    """

    known: Raw
    codes: Codes
    size: int = (_TIMES + 1) ** 2

    @classmethod
    def learn(cls, values: Raw, places: Ints, first: Bools) -> tuple[Seen, Codes]:
        """From all values in order and which one each report has; labelled are the first reports.

        And the codes of the other ones.
        """
        told = len(first)
        one, two = (
            np.minimum(np.bincount(places[:told][side], minlength=len(values)), _TIMES)
            for side in (first, ~first)
        )
        codes = (one * (_TIMES + 1) + two).astype(np.uint16)
        came = codes > 0
        return cls(values[came], codes[came]), codes[places[told:]]

    @cached_property
    def _codes(self) -> Lookup:
        return Lookup(self.known, self.codes, 0)

    def __call__(self, column: Raw) -> Codes:
        return self._codes(_comparable(column))


@dataclass(frozen=True)
class Whole:
    """One number for each different report, whatever its form."""

    def __call__(self, part: Raw) -> Raw:
        if part.dtype.kind == "O":
            digests = (blake2b(_bytes(row), digest_size=8).digest() for row in part.tolist())
            return np.frombuffer(b"".join(digests), dtype=np.uint64)
        rows = np.ascontiguousarray(part).view(np.uint8).reshape(len(part), -1)
        places = np.arange(1, rows.shape[1] + 1, dtype=np.uint64) * np.uint64(_GOLDEN)
        weights = (places ^ places >> np.uint64(31)) * np.uint64(0xBF58476D1CE4E5B9) | np.uint64(1)
        return rows.astype(np.uint64) @ (weights ^ weights >> np.uint64(27) | np.uint64(1))


class Traces(NamedTuple):
    """Columns that say something; how many reports in front they know."""

    columns: tuple[Column, ...] = ()
    known: int = 0


def find_traces(reports: Raw, parts: list[Part], first: Bools) -> Traces:
    """Traces that differ between the inputs, the clearest first and `Seen` last.

    >>> from ldpaudit.attacks._encoding import parts_of
    >>> first = np.arange(200) % 2 == 0
    >>> texts = np.array(["a" * (5 + own) for own in first])
    >>> found = find_traces(texts, list(parts_of(texts)), first)
    >>> [column.steps for column in found.columns][0]
    (Size(),)
    """
    rows = min(len(reports), max(_LEVELS, _LOOKED_AT // len(parts)))
    batch, own = Batch(reports[:rows]), first[:rows]
    each: tuple[Any, Any] = own.astype(np.float64), None
    found: list[tuple[float, Column]] = []
    levels = 1
    for part in parts:
        looked = (
            part if part.kind in ("table", "counts") else part._replace(found=part.found[:rows])
        )
        read, weights, few = batch, each, ByValue.of(looked)
        way: tuple[Step, ...] = ()
        if few is not None:
            read, way, looked = Batch(few.values.found), part.steps, few.values
            ones, total = (np.bincount(few.places, w, len(looked.found)) for w in each)
            weights = ones, total
        for steps, coder in traces_of(looked):
            column = read.part(steps)
            if coder is None:
                seen, counts = _counts(column, *weights)
                coder = Values(seen)
            else:
                _, counts = _counts(coder(column).astype(np.int64), *weights)
            levels += counts.shape[1]
            if counts.shape[1] > 1:
                found.append((float(_errors(counts).max()), Column((*way, *steps), coder)))
    half = rows // 2
    for steps, values, places in _scattered(parts, batch):
        coder, codes = Seen.learn(values, places, own[:half])
        _, counts = _counts(codes.astype(np.int64), each[0][half:])
        levels += counts.shape[1]
        if counts.shape[1] > 1:
            found.append((float(_errors(counts).max()), Column(steps, coder)))
    limit = math.sqrt(2 * math.log(levels)) + 1
    kept = sorted(
        (entry for entry in found if entry[0] > limit),
        key=lambda entry: (isinstance(entry[1].coder, Seen), -entry[0]),
    )
    return Traces(tuple(column for _, column in kept), half)


def says_all(parts: list[Part], reports: int) -> bool:
    """Whether reports are one number or text of few, each so often that no trace says more."""
    found = plain_values(parts[0]) if len(parts) == 1 else None
    return found is not None and _OFTEN * found[0].size <= reports


def _scattered(parts: list[Part], batch: Batch) -> Iterator[tuple[tuple[Step, ...], Raw, Ints]]:
    """Parts of too many values to count each, some of which come again; and whole reports.

    Their values in order, and which one each report has.
    """
    whole = len(parts) > 1 and (
        parts[0].found.dtype.kind == "O" or not parts[0].found.dtype.hasobject
    )
    ways: list[tuple[Step, ...]] = [(Whole(),)] if whole else []
    ways += [
        part.steps
        for part in parts
        if isinstance(part.coder, Bins) or (part.kind == "text" and part.coder is not None)
    ]
    for steps in ways:
        column = _comparable(batch.part(steps))
        if column.dtype.kind in "iu" and (np.diff(np.sort(column)) != 0).all():
            continue  # none comes again, which sorting shows sooner than numbering
        values, places = numbered(column)
        if _LEVELS < len(values) < len(places):
            yield steps, values, places


def _comparable(column: Raw) -> Raw:
    return column if column.dtype.kind in "biufU" else texts(column)


def _counts(column: Ints, first: Floats, all_: Ints | None = None) -> tuple[Ints, Floats]:
    """The levels of a column, the common ones of many; how often each came from either input.

    Of each entry so many reports are of the `first` input, and so many in all, 1 if not told.
    """
    low = int(column.min())
    offsets = column - low
    total, ones = np.bincount(offsets, all_), np.bincount(offsets, first)
    counts = np.stack([ones, total - ones])
    seen = np.flatnonzero(total)
    if len(seen) > _LEVELS:
        seen = np.sort(seen[np.argsort(-total[seen], kind="stable")[:_LEVELS]])
    return seen + low, counts[:, seen]


def _errors(counts: Floats) -> Floats:
    """Standard errors by which each level differs from what both inputs would give alike."""
    ones, total = counts[0].sum(), counts.sum()
    share, both = ones / total, counts.sum(axis=0)
    spread = both * np.maximum(1 - both / total, 1 / total) * share * (1 - share)
    return np.asarray(np.abs(counts[0] - share * both) / np.sqrt(np.maximum(spread, 1e-12)))


def _bytes(row: object) -> bytes:
    if isinstance(row, np.ndarray):
        return repr(row.tolist()).encode()
    return repr(ordered(row)).encode("utf-8", "surrogatepass")
