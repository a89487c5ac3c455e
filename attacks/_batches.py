"""Reports in slices whose supports stay small, however many values there are."""

from __future__ import annotations

from collections.abc import Iterator

#: Reports of one slice.
_STEP = 2**14


def batches(reports: int) -> Iterator[slice]:
    """Slices of so many reports."""
    for start in range(0, reports, _STEP):
        yield slice(start, min(start + _STEP, reports))
