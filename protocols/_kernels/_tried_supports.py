"""Supports without a table: values are tried until one is found, never all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ldpaudit.arrays import Bools, Ints

#: Values that are tried for all reports that are still open before the next ones.
_FIRST = 16
#: Tries at a time: their scratch stays in a near cache.
_CACHED = 2**14


@dataclass(frozen=True)
class TriedSupports:
    """Values of [0, k) that a test says each report supports.

    Only the `counts` values from `starts` on can be, of each report; None means all k.
    `meet` says of the reports with these numbers, shape (m,), and of places after their start,
    shape (w,) or (m, w), whether the values there are supported, shape (m, w).
    """

    num: int
    k: int
    meet: Callable[[Ints, Ints], Bools]
    starts: Ints | None = None
    counts: Ints | None = None

    def first(self) -> Ints:
        """Smallest supported value of each report, -1 where there is none."""
        out = np.full(self.num, -1, dtype=np.int64)
        open_ = np.arange(self.num)
        start, step = 0, _FIRST
        while open_.size and start < self.k:
            found = self._meet(open_, np.arange(start, min(start + step, self.k)))
            has = found.any(axis=1)
            out[open_[has]] = start + found[has].argmax(axis=1)
            open_, start = open_[~has], start + step
            step = max(_FIRST, start // 4)
            if self.counts is not None:
                open_ = open_[self.counts[open_] > start]
        return self._values(out)

    def pick(self, k: int, rng: np.random.Generator) -> Ints:
        """A uniform supported value of each report, of all k where there is none.

        Uniform values are tried until one is supported, which makes it a uniform one of those;
        a report of which few or none are is looked through in the end.
        """
        out = np.full(self.num, -1, dtype=np.int64)
        open_, tries, total = np.arange(self.num), _FIRST, 0
        while open_.size and total + tries <= k:
            ends = k if self.counts is None else np.maximum(self.counts[open_], 1)[:, None]
            tried = rng.integers(0, ends, (open_.size, tries))
            found = self._meet(open_, tried)
            has = found.any(axis=1)
            out[open_[has]] = tried[has, found[has].argmax(axis=1)]
            open_, total = open_[~has], total + tries
            tries = max(_FIRST, total // 4)  # few in vain, and few turns where there is none
            if self.counts is not None:
                open_ = open_[self.counts[open_] > 0]
        most = self.k if self.counts is None else int(self.counts[open_].max(initial=1))
        step = max(1, _CACHED // most)
        for start in range(0, open_.size, step):
            rows = open_[start : start + step]
            found = self._meet(rows, np.arange(most))
            sizes = found.sum(axis=1)
            place = rng.integers(0, np.maximum(sizes, 1))
            before = (found.cumsum(axis=1) <= place[:, None]).sum(axis=1)
            out[rows] = np.where(sizes > 0, before, -1)
        bare = np.flatnonzero(out < 0)
        values = self._values(out)
        values[bare] = rng.integers(0, k, bare.size)
        return values

    def holds(self, reports: Ints, value: int) -> Bools:
        """Whether these reports support one value."""
        place = np.full(len(reports), value)
        if self.starts is not None:
            place -= self.starts[reports]
        return self._meet(reports, place[:, None])[:, 0]

    def _values(self, places: Ints) -> Ints:
        """Values at these places of the reports; -1 stays."""
        if self.starts is None:
            return places
        return np.where(places < 0, -1, places + self.starts)

    def _meet(self, rows: Ints, places: Ints) -> Bools:
        out = np.empty((rows.size, places.shape[-1]), dtype=np.bool_)
        step = max(1, _CACHED // max(1, out.shape[1]))
        for start in range(0, rows.size, step):
            part = slice(start, start + step)
            tried = places[part] if places.ndim > 1 else places
            if self.counts is None:
                out[part] = self.meet(rows[part], tried)
                continue
            inside = (tried >= 0) & (tried < self.counts[rows[part], None])
            out[part] = inside & self.meet(rows[part], np.where(inside, tried, 0))
        return out
