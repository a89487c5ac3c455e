"""Reports of any form, one by one, as one array whose first axis is the user."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any, NamedTuple, NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt

Raw: TypeAlias = npt.NDArray[Any]
#: Says in an error which report it is, by its place.
Where: TypeAlias = Callable[[int], str]

_NUMBER = (bool, int, float, np.bool_, np.integer, np.floating)
#: Types of Python that numpy stacks itself, with the kinds of arrays that lose nothing.
_PLAIN = {bool: "b", int: "iu", float: "f", str: "U"}
_LISTS = (tuple, list, np.ndarray)
#: Up to here a double holds every whole number.
_WHOLE = 2**53
_FORMS = "a number, text, bytes, or a tuple, list, set, array or dictionary of numbers and texts"


class _Row(NamedTuple):
    """One report as an array, of shape () if single; `parts` has the sizes of what was nested."""

    entries: Raw
    parts: tuple[int, ...] = ()


def stack(reports: Sequence[Any], where: Where) -> Raw:
    """One array of reports, shape (n, ...).

    Reports of one shape are stacked: numbers and texts as what they are, a mixture as
    objects, bytes as rows of uint8; what a report nests is written side by side. Reports of
    several shapes are tuples in an array of objects, bytes of several lengths stay bytes, sets
    are frozensets, dictionaries stay what they are, and a Decimal is the text that it prints.
    """
    plain = _plain(reports)
    if plain is not None:
        return checked(plain, where)
    reports = list(map(_without_decimals, reports))
    rows = [_row(report, place, where) for place, report in enumerate(reports)]
    if not rows:
        return np.empty(0)
    arrays = [row.entries for row in rows]
    if len({(row.entries.shape, row.parts) for row in rows}) > 1:
        return objects([_nested(report) for report in reports])
    dtype = common_dtype(arrays)
    if arrays[0].ndim == 0:
        return checked(objects([a.item() for a in arrays]).astype(dtype), where)
    out = np.empty((len(rows), *arrays[0].shape), dtype=dtype)
    for place, array in enumerate(arrays):
        out[place] = array
    return checked(out, where)


def _plain(reports: Sequence[Any]) -> Raw | None:
    """Reports that are all of one plain type, or lists of one length or sets of it; else None."""
    kinds = set(map(type, reports))
    if kinds and kinds <= {set, frozenset}:
        # One that is equal to no other thing, nan, must be named with its place.
        plain = set(map(type, chain.from_iterable(reports))) <= _PLAIN.keys() - {float}
        return objects(list(map(frozenset, reports))) if plain else None
    shape: tuple[int, ...] = (len(reports),)
    flat: Any = reports
    if len(kinds) == 1 and kinds <= {list, tuple}:
        lengths = set(map(len, reports))
        if len(lengths) > 1:
            return None
        shape, flat = (len(reports), lengths.pop()), list(chain.from_iterable(reports))
        kinds = set(map(type, flat))
    if len(kinds) != 1 or not kinds <= _PLAIN.keys():
        return None
    try:
        array = np.array(flat)
    except OverflowError:
        return None
    return array.reshape(shape) if array.dtype.kind in _PLAIN[kinds.pop()] else None


def joined(parts: Sequence[Raw]) -> Raw:
    """Batches of reports one after the other: of one form as it is, else each report an object.

    Examples
    --------
    >>> joined([np.array([2**63], dtype=np.uint64), np.array([1])])
    array([9223372036854775808,                   1], dtype=uint64)
    >>> joined([np.array([[1, 2]]), np.array([3])]).tolist()
    [(1, 2), 3]
    """
    arrays = [part for part in parts if len(part)] or list(parts[:1])
    kinds = {array.dtype.kind for array in arrays}
    one_kind = kinds <= set("biuf") or (len(kinds) == 1 and len(names_of(arrays)) == 1)
    if one_kind and len({array.shape[1:] for array in arrays}) == 1:
        if kinds <= set("biuf"):
            dtype = common_dtype(arrays)
            return np.concatenate([array.astype(dtype, copy=False) for array in arrays])
        return np.concatenate(arrays)
    raw = any(isinstance(row, bytes) for array in arrays if array.ndim == 1 for row in array)
    return objects([row for array in arrays for row in rows_of(array, raw=raw)])


def names_of(arrays: Iterable[Raw]) -> set[Any]:
    """The names of the fields of structured arrays; None for others."""
    return {array.dtype.names for array in arrays}


def rows_of(reports: Raw, *, raw: bool = False) -> list[Any]:
    """Reports as Python objects: scalars, else tuples; rows of uint8 as bytes if `raw`."""
    if reports.ndim == 1:
        return list(reports.tolist())
    flat = np.ascontiguousarray(reports).reshape(len(reports), -1)
    if raw and flat.dtype == np.uint8:
        return [row.tobytes() for row in flat]
    return list(map(tuple, flat.tolist()))


def checked(reports: Raw, where: Where) -> Raw:
    """The array itself, if it can hold reports and holds no nan."""
    if reports.dtype.kind not in "biufUSOV":
        raise TypeError(f"a report must be {_FORMS}, got dtype {reports.dtype}.")
    if reports.dtype.kind == "f" and (missing := np.isnan(reports)).any():
        row = int(np.argwhere(missing)[0, 0])
        raise ValueError(f"a report must not be nan, got {reports[row]} {where(row)}.")
    return reports


def common_dtype(arrays: Iterable[Raw]) -> np.dtype[Any]:
    """The dtype for the entries of all arrays: fractions make floats, if no integer is rounded."""
    given = list(arrays)
    dtypes = {array.dtype for array in given}
    kinds = {dtype.kind for dtype in dtypes}
    if len(dtypes) > 1 and not (kinds <= set("biuf") or kinds == {"U"}):
        return np.dtype(object)
    dtype = np.result_type(*dtypes)
    if dtype.kind == "f" and "f" not in kinds:  # int64 beside uint64
        least = min((int(array.min()) for array in given if array.size), default=0)
        return np.dtype(np.uint64 if least >= 0 else object)
    if dtype.kind == "f" and any(map(_beyond_doubles, given)):
        return np.dtype(object)
    return dtype


def _beyond_doubles(array: Raw) -> bool:
    """Whether it holds whole numbers, of 64 bits, some of which no double may hold."""
    if array.dtype.kind not in "iu" or array.dtype.itemsize < 8 or not array.size:
        return False
    return int(array.max()) > _WHOLE or int(array.min()) < -_WHOLE


def objects(entries: Sequence[Any]) -> Raw:
    """An array of shape (n,) of whatever the entries are."""
    return np.fromiter(entries, dtype=object, count=len(entries))


def missing(entry: Any) -> str | None:
    """How a missing value prints; None for anything that is one."""
    if entry is None:
        return "None"
    if type(entry).__name__ in ("NAType", "NaTType"):  # of pandas, which need not be loaded
        return repr(entry)
    if isinstance(entry, float | np.generic) and not isinstance(entry, np.void):
        return None if bool(entry == entry) else "nan"
    return None


def _row(report: Any, place: int, where: Where) -> _Row:
    if isinstance(report, bytes | bytearray):
        return _Row(np.frombuffer(bytes(report), dtype=np.uint8))
    if not isinstance(report, np.ndarray | np.generic) and hasattr(report, "__array__"):
        report = np.asarray(report)
    if isinstance(report, np.ndarray | np.generic) and report.dtype.kind in "biufUV":
        return _Row(np.asarray(report))
    if isinstance(report, np.ndarray) and report.ndim == 0:
        report = report.item()
    if isinstance(report, _LISTS):
        return _listed(report, place, where)
    if isinstance(report, dict):
        _check_parts(report, report, place, where)
        return _Row(objects([report]).reshape(()))
    if isinstance(report, set | frozenset):
        _kinds(report, report, place, where)
        return _Row(objects([frozenset(report)]).reshape(()))
    _kinds([report], report, place, where)
    return _Row(np.asarray(report))


def _without_decimals(report: Any) -> Any:
    """A report with every Decimal as text: a receiver sees all digits, also zeros at the end.

    >>> _without_decimals([Decimal("5.00"), (1, Decimal(2))])
    ['5.00', (1, '2')]
    """
    if isinstance(report, Decimal):
        return math.nan if report.is_nan() else str(report)
    if isinstance(report, dict):
        return {key: _without_decimals(part) for key, part in report.items()}
    if type(report) not in (list, tuple, set, frozenset) or set(map(type, report)) <= _PLAIN.keys():
        return report
    return type(report)(map(_without_decimals, report))


def _listed(report: Any, place: int, where: Where) -> _Row:
    """The entries of a list, those of nested ones side by side."""
    entries: list[Any] = list(report)
    parts: tuple[int, ...] = ()
    if any(isinstance(entry, _LISTS) for entry in entries):
        rows = [_row(entry, place, where).entries.ravel().tolist() for entry in entries]
        entries, parts = [entry for row in rows for entry in row], tuple(map(len, rows))
    if len(_kinds(entries, report, place, where)) > 1:
        plain = [entry.item() if isinstance(entry, np.generic) else entry for entry in entries]
        return _Row(objects(plain), parts)
    array = np.asarray(entries)
    if array.dtype.kind == "f":
        whole = [e for e in entries if not isinstance(e, float | np.floating)]
        if whole and len(whole) == len(entries):
            array = np.array(entries, dtype=np.uint64 if min(entries) >= 0 else object)
        elif any(abs(int(e)) > _WHOLE for e in whole):
            array = objects([e.item() if isinstance(e, np.generic) else e for e in entries])
    return _Row(array, parts)


def _nested(report: Any) -> Any:
    """A report as Python values: what is nested as tuples, so that it can be counted."""
    if isinstance(report, bytearray):
        return bytes(report)
    if isinstance(report, set):
        return frozenset(report)
    if not isinstance(report, np.generic | list | tuple) and hasattr(report, "__array__"):
        report = np.asarray(report).tolist()
    if isinstance(report, list | tuple):
        return tuple(map(_nested, report))
    return report.item() if isinstance(report, np.generic) else report


def _kinds(entries: Iterable[Any], report: Any, place: int, where: Where) -> set[bool]:
    """Which of numbers (False) and texts (True) there are; anything else is refused."""
    entries = list(entries)
    types = set(map(type, entries))
    if types <= _PLAIN.keys() and not (float in types and any(e != e for e in entries)):
        return {kind is str for kind in types}
    kinds = set()
    for entry in entries:
        if (what := missing(entry)) is not None:
            raise ValueError(f"a report must not be {what}, got {_shown(report)} {where(place)}.")
        if not isinstance(entry, (*_NUMBER, str)):
            name = type(entry).__name__
            _refuse(report, place, where, name if entry is report else f"{name} in")
        kinds.add(isinstance(entry, str))
    return kinds


def _check_parts(part: Any, report: Any, place: int, where: Where) -> None:
    """Refuse a dictionary that holds, at any depth, what is no report."""
    if isinstance(part, dict):
        for value in part.values():
            _check_parts(value, report, place, where)
    elif isinstance(part, tuple | list | set | frozenset):
        for value in part:
            _check_parts(value, report, place, where)
    elif not isinstance(part, bytes) and not hasattr(part, "__array__"):
        _kinds([part], report, place, where)


def _refuse(report: Any, place: int, where: Where, what: str) -> NoReturn:
    raise TypeError(f"a report must be {_FORMS}, got {what} {_shown(report)} {where(place)}.")


def _shown(report: Any) -> str:
    text = repr(report)
    return text if len(text) < 60 else f"{text[:57]}..."
