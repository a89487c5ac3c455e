"""Parts of reports that every receiver sees: each alone tells the inputs apart, and is found."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ldpaudit.attacks import LearnedDistinguisher

Ints = npt.NDArray[np.int64]
Rng = np.random.Generator


def hour(own: Ints, rng: Rng) -> Any:
    return (rng.integers(0, 10**6, own.size) * 7200 + 3600 * own + 1234).astype("M8[s]")


def weekday(own: Ints, rng: Rng) -> Any:
    days = 7 * rng.integers(0, 1000, own.size) + 4 + own
    return (86_400 * days + rng.integers(0, 86_400, own.size)).astype("M8[s]")


def minute_of_objects(own: Ints, rng: Rng) -> Any:
    start, far = datetime.datetime(2024, 2, 28), rng.integers(0, 10**5, own.size)
    return [
        start + datetime.timedelta(minutes=int(2 * m + x)) for m, x in zip(far, own, strict=True)
    ]


def first_digit_of_objects(own: Ints, rng: Rng) -> Any:
    return [uuid.UUID(bytes=bytes([16 * (3 + int(x))]) + rng.bytes(15)) for x in own]


def trailing_zero_of_objects(own: Ints, rng: Rng) -> Any:
    cents = rng.integers(100, 999, own.size)
    return [Decimal(f"1.{c}{'0' * int(x)}") for c, x in zip(cents, own, strict=True)]


def order_of_keys(own: Ints, rng: Rng) -> Any:
    noise = rng.random(own.size).tolist()
    return [{"a": u, "b": 1} if x else {"b": 1, "a": u} for u, x in zip(noise, own, strict=True)]


def missing_key(own: Ints, rng: Rng) -> Any:
    noise = rng.random(own.size).tolist()
    return [{"a": u, "b": None} if x else {"a": u} for u, x in zip(noise, own, strict=True)]


def sign_of_nan(own: Ints, rng: Rng) -> Any:
    return np.stack((rng.random(own.size), np.copysign(np.nan, own - 0.5)), axis=1)


def payload_of_nan(own: Ints, rng: Rng) -> Any:
    words = np.uint64(0x7FF8000000000000) + own.astype(np.uint64)
    return np.stack((rng.random(own.size), words.view(np.float64)), axis=1)


def cents(own: Ints, rng: Rng) -> Any:
    return (7 * rng.integers(0, 10**8, own.size) + 3 * own) / 100


def entries_of_arrays(own: Ints, rng: Rng) -> Any:
    kinds, noise = (np.int32, np.int64), rng.integers(0, 2, (own.size, 20))
    return [row.astype(kinds[x]) for row, x in zip(noise, own, strict=True)]


def precision_of_arrays(own: Ints, rng: Rng) -> Any:
    kinds, noise = (np.float32, np.float64), rng.normal(size=own.size).astype(np.float32)
    return [(np.array([u], dtype=kinds[x]), 1) for u, x in zip(noise, own, strict=True)]


def order_of_bytes(own: Ints, rng: Rng) -> Any:
    kinds, noise = (">i4", "<i4"), rng.integers(0, 9, own.size)
    return [np.array(u, dtype=kinds[x]) for u, x in zip(noise, own, strict=True)]


CHANNELS: tuple[Callable[[Ints, Rng], Any], ...] = (
    hour, weekday, minute_of_objects, first_digit_of_objects, trailing_zero_of_objects,
    order_of_keys, missing_key, sign_of_nan, payload_of_nan, cents,
    entries_of_arrays, precision_of_arrays, order_of_bytes,
)  # fmt: skip


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_receiver_sees_it(channel: Callable[[Ints, Rng], Any]) -> None:
    """What tells all is told of other reports, but of a few that training has not shown."""
    rng = np.random.default_rng(0)
    first = rng.random(3_000) < 0.5
    witness = LearnedDistinguisher().fit(channel(1 - first, rng), first, rng=rng)
    other = rng.random(1_000) < 0.5
    score = witness.score(channel(1 - other, rng), None, (0, 1), rng=rng)  # type: ignore[arg-type]
    assert np.mean((score > 0) == other) > 0.97


@pytest.mark.parametrize("told", [0, 1])
def test_arrays_are_told_by_their_entries_where_all_of_a_batch_are_alike(told: int) -> None:
    """A batch of one type is stacked, which must not hide the type."""
    rng = np.random.default_rng(1)
    first = rng.random(2_000) < 0.5
    witness = LearnedDistinguisher().fit(entries_of_arrays(1 - first, rng), first, rng=rng)
    reports = entries_of_arrays(np.full(500, told), rng)
    score = witness.score(reports, None, (0, 1), rng=rng)  # type: ignore[arg-type]
    assert np.all((score > 0) == (told == 0))
