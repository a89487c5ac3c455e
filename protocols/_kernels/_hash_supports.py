"""Supports of hashed reports: values are hashed until one is found, never all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ldpaudit.arrays import Bools, Bytes, Ints, Words
from ldpaudit.supports import PackedSupports

#: Values that are tried for all reports that are still open before the next ones.
_FIRST = 16
#: Hashes at a time: their words stay in a near cache.
_CACHED = 2**14


@dataclass(frozen=True)
class HashSupports:
    """Values of [0, k) that hash into the bucket of each report.

    `meet` says of seeds, buckets and values, broadcast, whether the value is in the bucket;
    `packed` has the bits of all values for some reports.
    """

    seeds: Words
    buckets: Words
    k: int
    meet: Callable[[Words, Words, Words | int], Bools]
    packed: Callable[[Ints], Bytes]

    def first(self) -> Ints:
        """Smallest supported value of each report, -1 where there is none."""
        out = np.full(self.seeds.size, -1, dtype=np.int64)
        open_ = np.arange(out.size)
        start, step = 0, _FIRST
        while open_.size and start < self.k:
            values = np.arange(start, min(start + step, self.k), dtype=np.uint64)
            found = self._meet(open_, values)
            has = found.any(axis=1)
            out[open_[has]] = start + found[has].argmax(axis=1)
            open_, start, step = open_[~has], start + step, 2 * step
        return out

    def pick(self, k: int, rng: np.random.Generator) -> Ints:
        """A uniform supported value of each report, of all k where there is none.

        Uniform values are tried until one is supported, which makes it a uniform one of those.
        """
        out = np.empty(self.seeds.size, dtype=np.int64)
        open_, tries, total = np.arange(out.size), _FIRST, 0
        while open_.size and total + tries <= k:
            tried = rng.integers(0, k, (open_.size, tries))
            found = self._meet(open_, tried.astype(np.uint64))
            has = found.any(axis=1)
            out[open_[has]] = tried[has, found[has].argmax(axis=1)]
            open_, tries, total = open_[~has], 2 * tries, total + tries
        if open_.size:  # few values, or none: all are looked at
            out[open_] = PackedSupports(self.packed(open_)).pick(k, rng)
        return out

    def _meet(self, rows: Ints, values: Words) -> Bools:
        out = np.empty((rows.size, values.shape[-1]), dtype=np.bool_)
        step = max(1, _CACHED // out.shape[1])
        for start in range(0, rows.size, step):
            part = slice(start, start + step)
            some = rows[part, None]
            tried = values[part] if values.ndim > 1 else values
            out[part] = self.meet(self.seeds[some], self.buckets[some], tried)
        return out

    def holds(self, reports: Ints, value: int) -> Bools:
        """Whether these reports support one value."""
        return self.meet(self.seeds[reports], self.buckets[reports], value)
