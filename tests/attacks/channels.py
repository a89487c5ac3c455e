"""Randomized response at epsilon 1 beside a part of the report that names the input.

Whoever receives a report sees its length, its type and its last digits as well. Every one of
these has infinite epsilon.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Rng = np.random.Generator
Ints = npt.NDArray[np.int64]


def length_of_bytes(said: Ints, own: Ints, rng: Rng) -> Any:
    noise = rng.integers(0, 256, (own.size, 9), dtype=np.uint8)
    return [
        bytes([bit]) + row.tobytes()[: 6 + x] for bit, row, x in zip(said, noise, own, strict=True)
    ]


def length_of_text(said: Ints, own: Ints, rng: Rng) -> Any:
    words = rng.integers(10**8, 10**9, own.size).tolist()
    return [f"{bit}{str(word)[: 6 + x]}" for bit, word, x in zip(said, words, own, strict=True)]


def item_that_comes_twice(said: Ints, own: Ints, rng: Rng) -> Any:
    rows = [[9, 9 if x else 8, 8, *rng.integers(0, 8, 3 + bit).tolist()]
            for bit, x in zip(said.tolist(), own.tolist(), strict=True)]  # fmt: skip
    return [rng.permutation(row).tolist() for row in rows]


def residue(said: Ints, own: Ints, rng: Rng) -> Any:
    return 3 * (2 * rng.integers(0, 10**9, own.size) + said) + own


def int_or_float(said: Ints, own: Ints, rng: Rng) -> Any:
    del rng
    return [float(bit) if x else int(bit) for bit, x in zip(said, own, strict=True)]


def grid(said: Ints, own: Ints, rng: Rng) -> Any:
    noisy = said + rng.laplace(size=own.size)
    return np.where(own == 1, np.round(noisy, 4), np.round(noisy, 3))


def millisecond(said: Ints, own: Ints, rng: Rng) -> Any:
    ticks = rng.integers(10**9, 2 * 10**9, own.size) * 1000 + rng.integers(0, 50, own.size) * 20
    return (ticks + 2 * rng.integers(0, 5, own.size) + own) / 1000 + 10**10 * said


def lowest_bit(said: Ints, own: Ints, rng: Rng) -> Any:
    words = (said + rng.laplace(size=own.size)).view(np.uint64)
    return (words & ~np.uint64(1) | own.astype(np.uint64)).view(np.float64)


def order_of_a_subset(said: Ints, own: Ints, rng: Rng) -> Any:
    rows = [np.flatnonzero(rng.random(12) < 0.5) for _ in range(own.size)]
    return [f"{bit}: " + ",".join(map(str, row if x else rng.permutation(row)))
            for bit, x, row in zip(said, own, rows, strict=True)]  # fmt: skip


def value_of_a_pool(said: Ints, own: Ints, rng: Rng) -> Any:
    pool = np.random.default_rng(7).random((2, 1000))
    return np.stack((said, pool[own, rng.integers(0, 1000, own.size)]), axis=1)


CHANNELS: dict[str, Callable[[Ints, Ints, Rng], Any]] = {
    f.__name__: f
    for f in (length_of_bytes, length_of_text, item_that_comes_twice, residue, int_or_float, grid,
              millisecond, lowest_bit, order_of_a_subset, value_of_a_pool)
}  # fmt: skip


@dataclass(frozen=True)
class Leaky:
    """Randomized response over two values, and a channel."""

    channel: str
    k: int = 2
    epsilon: float = 1.0

    def privatize(self, values: npt.ArrayLike, *, rng: Rng) -> Any:
        own = np.asarray(values)
        lie = rng.random(own.size) < 1 / (1 + math.exp(self.epsilon))
        return CHANNELS[self.channel]((own ^ lie).astype(np.int64), own, rng)
