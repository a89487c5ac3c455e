"""Reports of any form, one by one, as one array whose first axis is the user."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt

Raw: TypeAlias = npt.NDArray[Any]
#: Says in an error which report it is, by its place.
Where: TypeAlias = Callable[[int], str]

_NUMBER = (bool, int, float, np.bool_, np.integer, np.floating)
_FORMS = "a number, text, bytes, or a tuple, list, set or array of numbers and texts"


class _Row(NamedTuple):
    """One report as an array, of shape () if single; `parts` has the sizes of what was nested."""

    entries: Raw
    parts: tuple[int, ...] = ()


def stack(reports: Sequence[Any], where: Where) -> Raw:
    """One array of reports, shape (n, ...).

    Reports of one shape are stacked: numbers and texts as what they are, a mixture as
    objects, bytes as rows of uint8; what a report nests is written side by side. Reports of
    several lengths are tuples in an array of objects, and sets are frozensets.
    """
    rows = [_row(report, place, where) for place, report in enumerate(reports)]
    if not rows:
        return np.empty(0)
    forms = {(row.entries.shape, row.parts) for row in rows}
    arrays = [row.entries for row in rows]
    if len(forms) > 1:
        for place, row in enumerate(rows):
            if row.parts or row.entries.ndim > 1:
                _refuse(reports[place], place, where, "one whose nested parts differ in size:")
        return _objects([tuple(a.tolist()) if a.ndim else a.item() for a in arrays])
    dtype = common_dtype(arrays)
    if arrays[0].ndim == 0:
        return checked(_objects([a.item() for a in arrays]).astype(dtype), where)
    out = np.empty((len(rows), *arrays[0].shape), dtype=dtype)
    for place, array in enumerate(arrays):
        out[place] = array
    return checked(out, where)


def checked(reports: Raw, where: Where) -> Raw:
    """The array itself, if it can hold reports and holds no nan."""
    if reports.dtype.kind not in "biufUSOV":
        raise TypeError(f"a report must be {_FORMS}, got dtype {reports.dtype}.")
    if reports.dtype.kind == "f" and (missing := np.isnan(reports)).any():
        row = int(np.argwhere(missing)[0, 0])
        raise ValueError(f"a report must not be nan, got {reports[row]} {where(row)}.")
    return reports


def common_dtype(arrays: Iterable[Raw]) -> np.dtype[Any]:
    """The dtype for the entries of all arrays: fractions make floats, no 64-bit integer does."""
    given = list(arrays)
    dtypes = {array.dtype for array in given}
    kinds = {dtype.kind for dtype in dtypes}
    if len(dtypes) > 1 and not (kinds <= set("biuf") or kinds == {"U"}):
        return np.dtype(object)
    dtype = np.result_type(*dtypes)
    if dtype.kind == "f" and "f" not in kinds:  # int64 beside uint64
        least = min((int(array.min()) for array in given if array.size), default=0)
        return np.dtype(np.uint64 if least >= 0 else object)
    return dtype


def _row(report: Any, place: int, where: Where) -> _Row:
    if isinstance(report, bytes | bytearray):
        return _Row(np.frombuffer(bytes(report), dtype=np.uint8))
    if isinstance(report, np.ndarray | np.generic) and report.dtype.kind in "biufUV":
        return _Row(np.asarray(report))
    if isinstance(report, set | frozenset):
        _kinds(report, report, place, where)
        return _Row(_objects([frozenset(report)]).reshape(()))
    if not isinstance(report, tuple | list | np.ndarray):
        _kinds([report], report, place, where)
        return _Row(np.asarray(report))
    entries: list[Any] = list(report)
    parts: tuple[int, ...] = ()
    if any(isinstance(entry, tuple | list | np.ndarray) for entry in entries):
        rows = [_row(entry, place, where).entries.ravel().tolist() for entry in entries]
        entries, parts = [entry for row in rows for entry in row], tuple(map(len, rows))
    if len(_kinds(entries, report, place, where)) > 1:
        plain = [entry.item() if isinstance(entry, np.generic) else entry for entry in entries]
        return _Row(_objects(plain), parts)
    array = np.asarray(entries)
    if array.dtype.kind == "f" and not any(isinstance(e, float | np.floating) for e in entries):
        array = np.array(entries, dtype=np.uint64 if min(entries, default=0) >= 0 else object)
    return _Row(array, parts)


def _kinds(entries: Iterable[Any], report: Any, place: int, where: Where) -> set[bool]:
    """Which of numbers (False) and texts (True) there are; anything else is refused."""
    kinds = set()
    for entry in entries:
        if entry is None or entry != entry:
            what = "None" if entry is None else "nan"
            raise ValueError(f"a report must not be {what}, got {_shown(report)} {where(place)}.")
        if not isinstance(entry, (*_NUMBER, str)):
            name = type(entry).__name__
            _refuse(report, place, where, name if entry is report else f"{name} in")
        kinds.add(isinstance(entry, str))
    return kinds


def _refuse(report: Any, place: int, where: Where, what: str) -> NoReturn:
    raise TypeError(f"a report must be {_FORMS}, got {what} {_shown(report)} {where(place)}.")


def _shown(report: Any) -> str:
    text = repr(report)
    return text if len(text) < 60 else f"{text[:57]}..."


def _objects(entries: list[Any]) -> Raw:
    out = np.empty(len(entries), dtype=object)
    for place, entry in enumerate(entries):
        out[place] = entry
    return out
