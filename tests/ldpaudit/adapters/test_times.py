"""Times and durations are whole numbers of their unit in every container."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest

import ldpaudit

TIMES = [datetime(2024, 1, 1, 7, second=second) for second in (5, 1, 9, 4)]
SECOND = int(datetime(2024, 1, 1, 7, tzinfo=UTC).timestamp())
STAMPS = pd.Series(TIMES).astype("datetime64[us]")
EAST = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    "times",
    [
        TIMES,
        STAMPS.tolist(),
        np.array(TIMES, dtype=object),
        np.array(TIMES, dtype="datetime64[us]"),
        np.array(TIMES, dtype=">M8[us]"),
        STAMPS,
        pd.DataFrame({"y": STAMPS.astype(object)}),
        [time.replace(tzinfo=UTC).astimezone(EAST) for time in TIMES],
        [{"y": time} for time in TIMES],
    ],
)
def test_times(times: Any) -> None:
    reports = ldpaudit.from_samples(times, [1, 2], epsilon=1.0).in_order()[0]
    expected = [1_000_000 * (SECOND + second) for second in (5, 1, 9, 4)]
    assert reports.dtype == np.int64
    assert reports.tolist() == [*expected, 1, 2]


def test_durations() -> None:
    durations = [timedelta(seconds=3), timedelta(microseconds=1)]
    for given in (durations, np.array(durations, dtype="timedelta64[us]"), pd.Series(durations)):
        reports = ldpaudit.from_samples(given, [1], epsilon=1.0).in_order()[0]
        ticks = reports // (1000 if getattr(given, "dtype", None) == "timedelta64[ns]" else 1)
        assert ticks.tolist()[:2] == [3_000_000, 1]


@pytest.mark.parametrize(
    "times",
    [
        [TIMES[0], None],
        [TIMES[0], np.datetime64("NaT")],
        [pd.Timestamp(TIMES[0]), pd.NaT],
        np.array([TIMES[0], "NaT"], dtype="datetime64[s]"),
        pd.Series([TIMES[0], None]),
    ],
)
def test_a_missing_time_is_refused(times: Any) -> None:
    with pytest.raises(ValueError, match="a value is missing in row 2 of first"):
        ldpaudit.from_samples(times, [1, 2], epsilon=1.0)
