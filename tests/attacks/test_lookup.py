"""Values are found and numbered as by sorting, whatever they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ldpaudit.attacks._lookup import Lookup, different, numbered

COLUMNS: list[Any] = [
    np.array([3, 3, 7, -2]),
    np.array([True, False, True]),
    np.array([250, 3, 255], dtype=np.uint8),
    np.array([2**63 - 1, -(2**63), 0]),
    np.array([2**64 - 1, 2**64 - 2], dtype=np.uint64),
    np.array([10**12, 0, 5]),
    np.array([0.5, 2.0, 0.5]),
    np.array(["b", "a", "b"]),
    np.array([], dtype=np.int64),
]


@pytest.mark.parametrize("column", COLUMNS, ids=lambda c: str(c.dtype))
def test_values_are_those_of_sorting(column: Any) -> None:
    for found, expected in (
        (different(column), np.unique(column, return_counts=True)),
        (numbered(column), np.unique(column, return_inverse=True)),
    ):
        for own, other in zip(found, expected, strict=True):
            assert own.tolist() == other.tolist()
        assert found[0].dtype == column.dtype


@pytest.mark.parametrize("column", [c for c in COLUMNS if c.size], ids=lambda c: str(c.dtype))
def test_what_is_known_is_found_and_nothing_else(column: Any) -> None:
    known = np.unique(column)
    lookup = Lookup(known, np.arange(1, len(known) + 1, dtype=np.uint16), 0)
    expected = {value: place + 1 for place, value in enumerate(known.tolist())}
    asked = np.concatenate((column, known[:1], known[-1:]))
    if known.dtype.kind in "iu":
        asked = np.append(asked, np.array([0, 1, 77], dtype=known.dtype))
    assert lookup(asked).tolist() == [expected.get(value, 0) for value in asked.tolist()]
    assert lookup(asked).dtype == np.uint16


def test_numbers_of_another_kind_are_compared_by_value() -> None:
    lookup = Lookup(np.array([3, 5]), np.array([10, 20]), 0)
    assert lookup(np.array([3.0, 3.5, np.nan, 5.0])).tolist() == [10, 0, 0, 20]
    assert lookup(np.array([True, False])).tolist() == [0, 0]
    assert lookup(np.array([5, 2**64 - 1], dtype=np.uint64)).tolist() == [20, 0]
    assert lookup(np.array([-(2**63), 2**63 - 1, 3])).tolist() == [0, 0, 10]
