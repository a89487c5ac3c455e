"""Times and durations as whole numbers of their unit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from ldpaudit.adapters.arrays import Raw, Where, missing

#: What stands for a missing time.
_NOTHING = ("NoneType", "NaTType")


def without_times(values: Sequence[Any], where: Where) -> Sequence[Any]:
    """Values of Python: where all are times, or all durations, whole numbers of the finest unit.

    Times with a zone are counted in UTC, those without as they are.

    Examples
    --------
    >>> without_times([datetime(1970, 1, 1, 0, 0, 1), datetime(1970, 1, 2)], str)
    [1000000, 86400000000]
    >>> without_times([timedelta(seconds=2)], str), without_times([date(1970, 1, 3)], str)
    ([2000000], [2])
    >>> without_times(["1970-01-01"], str)
    ['1970-01-01']
    """
    kinds = {kind for kind in set(map(type, values)) if kind.__name__ not in _NOTHING}
    for of_times in ((date, np.datetime64), (timedelta, np.timedelta64)):
        if kinds and all(issubclass(kind, of_times) for kind in kinds):
            gone = next((row for row, value in enumerate(values) if missing(value)), None)
            if gone is not None:
                raise ValueError(f"a value is missing {where(gone)}.")
            ticks: list[int] = whole(np.array(list(map(_numpy, values)))).tolist()
            return ticks
    return values


def whole(times: Raw) -> Raw:
    """An array of times or durations as int64, whole numbers of its unit."""
    return np.asarray(times.astype(times.dtype.newbyteorder("=")).view(np.int64))


def _numpy(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC).replace(tzinfo=None)
    if hasattr(value, "asm8"):  # of pandas
        return value.asm8
    if isinstance(value, np.generic):
        return value
    return np.timedelta64(value) if isinstance(value, timedelta) else np.datetime64(value)
