"""Texts that write something else down: numbers, lists, sets, objects, whole numbers in hex."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ldpaudit.adapters.arrays import objects

from ._steps import Raw, texts

# No zero before other digits: "0101" is a row of bits, not a hundred and one.
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INFINITY = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_HEX = re.compile(r"(?:0[xX])?[0-9a-fA-F]+")
#: What stands around lists, as Python, JSON and numpy write them, and what they are.
_AROUND = {"[": "]", "(": ")", "{": "}"}
#: Share of different texts that must be of one kind, and texts that show it.
_MOST, _LOOKED_AT = 0.9, 2_000
_DEEP = 200


@dataclass(frozen=True)
class Written:
    """What texts write down, of one kind; a text of no such kind stays what it is."""

    kind: str

    def __call__(self, part: Raw) -> Raw:
        read = _READ[self.kind]
        known: dict[str, Any] = {}
        rows = []
        for text in texts(part).tolist():
            if text not in known:
                found = read(text)
                known[text] = text if found is None else found
            rows.append(known[text])
        return _whole(rows)


def written(different: Raw) -> Written | None:
    """How to read different texts, if nearly all of them are of one kind.

    >>> written(np.array(["{3,17}", "{5, 1}"])), written(np.array(["3f", "1a7"]))
    (Written(kind='list'), Written(kind='hex'))
    >>> Written("list")(np.array(['{3, 17}', '[1, [2]]', '{"a": 1}', "no"])).tolist()
    [frozenset({17, 3}), (1, (2,)), {'a': 1}, 'no']
    """
    looked = different[:: max(1, len(different) // _LOOKED_AT)].tolist()
    for kind, read in _READ.items():
        if sum(read(text) is not None for text in looked) >= _MOST * len(looked):
            if kind == "hex" and not any(re.search("[a-fA-FxX]", text) for text in looked):
                return None
            return Written(kind)
    return None


def _whole(rows: list[Any]) -> Raw:
    """Numbers of one type as an array of it, anything else as objects."""
    kinds = set(map(type, rows))
    mixed = len(kinds) > 1 and any(abs(x) > 2**53 for x in rows if isinstance(x, int))
    if kinds <= {int, float} and not mixed:  # a double would round those
        try:
            array = np.array(rows, dtype=np.int64 if kinds <= {int} else np.float64)
        except OverflowError:
            return objects(rows)
        return array
    return objects(rows)


def _number(text: str) -> int | float | None:
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return int(text) if text.lstrip("+-").isdigit() else float(text)
    return float(text) if _INFINITY.fullmatch(text) else None


def _hex(text: str) -> int | None:
    text = text.strip()
    return int(text, 16) if _HEX.fullmatch(text) else None


def _list(text: str) -> Any:
    """A list, set or object; None if it is none."""
    text = text.strip()
    for name in ("frozenset(", "set("):
        if text.startswith(name) and text.endswith(")"):
            found = _list(text[len(name) : -1] or "{}")
            return None if found is None or isinstance(found, dict) else frozenset(found)
    if text == "{}":  # rather no item than no key
        return frozenset()
    if _AROUND.get(text[:1]) != text[-1:] or len(text) < 2:
        return None
    try:
        if text[0] != "(":
            return _frozen(json.loads(text))
    except (ValueError, RecursionError):
        pass
    inside = text[1:-1].strip().removesuffix(",")
    if len(inside) > 0 and _depth(inside):
        return None
    parts = re.split(r"\s*,\s*|\s+", inside) if inside else []
    items = [_item(part) for part in parts]
    return frozenset(items) if text[0] == "{" else tuple(items)


def _item(text: str) -> Any:
    number = _number(text)
    return text.strip("'\"") if number is None else number


def _depth(inside: str) -> bool:
    """Whether something is nested that is no JSON."""
    return bool(re.search(r"[\[\](){}:]", inside))


def _frozen(value: Any, depth: int = 0) -> Any:
    """What JSON holds, lists as tuples."""
    if isinstance(value, list) and depth < _DEEP:
        return tuple(_frozen(entry, depth + 1) for entry in value)
    return value


#: From a text to what it writes down, None if nothing of the kind.
_READ: dict[str, Callable[[str], Any]] = {"number": _number, "list": _list, "hex": _hex}
