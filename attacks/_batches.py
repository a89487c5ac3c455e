"""Reports in slices whose supports stay small, and values picked for all of a slice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ldpaudit.arrays import Bools, Ints

#: Reports of one slice.
_STEP = 2**14


def batches(reports: int) -> Iterator[slice]:
    """Slices of so many reports."""
    for start in range(0, reports, _STEP):
        yield slice(start, min(start + _STEP, reports))


def nth(marked: Bools, rank: Ints) -> Ints:
    """For each column of marks the row of that of a rank, from 0 on: as many rows as end before."""
    small = np.min_scalar_type(len(marked))
    passed, place = np.zeros((2, len(rank)), dtype=small)
    wanted, before = rank.astype(small), np.empty(len(rank), dtype=np.bool_)
    for row in marked.view(np.uint8):  # adding bytes to bytes is fastest
        np.add(passed, row, out=passed)
        np.less_equal(passed, wanted, out=before)
        np.add(place, before.view(np.uint8), out=place)
    return np.asarray(place, dtype=np.int64)


def how_many(marked: Bools) -> Ints:
    """How many rows of each column are marked."""
    small = np.min_scalar_type(len(marked))
    return np.asarray(marked.view(np.uint8).sum(axis=0, dtype=small), dtype=np.int64)
