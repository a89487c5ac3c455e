"""Noise on whole numbers, drawn exactly: every probability is a whole number over 2^144.

A random word of 16 bits looks an outcome up in a table, where each has the whole part of
its 2^16 p cells; the cells that are left over (about one in a hundred) stand for one more
draw, from 128-bit sums of what the whole parts leave. So the law that is drawn is the law
that is stated, to the last bit, and no floating-point number is between the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints, Words

Small = npt.NDArray[Any]  # int16 or int32

#: Cells of the table.
_CELLS = 2**16
#: Most reach: the memory of the sums is 32 bytes an outcome.
MOST_REACH = 2**22


@dataclass(frozen=True, eq=False)
class GridNoise:
    """A symmetric law on the whole numbers from -reach to reach.

    `cells` are the whole parts of 2^16 p; `high` and `low` the words of 128-bit weights of
    what is left, which share the cells that are no outcome's.
    """

    reach: int
    cells: Ints
    high: Words
    low: Words

    @classmethod
    def near(cls, weights: Floats) -> GridNoise:
        """The law whose probabilities are those of positive symmetric weights, to 2^-43 of each."""
        reach = len(weights) // 2
        wanted = weights / weights.sum() * _CELLS
        cells = np.floor(wanted)
        cells[reach] = max(0.0, cells[reach] - 1)  # what rounding leaves is the centre's
        left = (wanted - cells) / (_CELLS - cells.sum()) * 2.0**64
        high = np.minimum(np.floor(left), 2.0**64 - 2**11)
        low = np.floor((left - high) * 2.0**64)
        highs, lows = high.astype(np.uint64), low.astype(np.uint64)
        others = np.arange(len(weights)) != reach
        missing = 2**128 - _total(highs[others], lows[others])
        highs[reach], lows[reach] = divmod(missing, 2**64)
        return cls(reach, cells.astype(np.int64), highs, lows)

    @property
    def spare(self) -> int:
        """Cells that stand for one more draw."""
        return _CELLS - int(self.cells.sum())

    @cached_property
    def probabilities(self) -> Floats:
        """Probability of each outcome, rounded to a float; shape (2 reach + 1,)."""
        rest = self.high * 2.0**-64 + self.low * 2.0**-128
        return np.asarray((self.cells + self.spare * rest) / _CELLS)

    def numerators(self) -> list[int]:
        """The same as they are, over 2^144."""
        spare = self.spare
        return [
            (cells << 128) + spare * ((high << 64) + low)
            for cells, high, low in zip(
                self.cells.tolist(), self.high.tolist(), self.low.tolist(), strict=True
            )
        ]

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Small:
        """Independent noise, of the type `kind`."""
        out = np.empty(shape, dtype=self.kind)
        flat = out.reshape(-1)
        words = rng.integers(0, 2**64, -(-flat.size // 4), dtype=np.uint64).view(np.uint16)
        np.take(self._table, words[: flat.size], out=flat, mode="clip")
        rare = np.flatnonzero(flat > self.reach)
        flat[rare] = self._rarely(rare.size, rng)
        return out

    @property
    def kind(self) -> Any:
        """Type of numbers that hold twice an outcome."""
        return np.int16 if 2 * self.reach < 2**15 else np.int32

    @cached_property
    def _table(self) -> Small:
        """The outcome of each cell, one beyond the reach for the spare ones."""
        outcomes = np.arange(-self.reach, self.reach + 2).astype(self.kind)
        return np.repeat(outcomes, np.append(self.cells, self.spare))

    @cached_property
    def _sums(self) -> tuple[Words, Words]:
        """Sums of the weights up to each outcome, but for the last: their words."""
        low = np.cumsum(self.low[:-1])
        carried = np.cumsum(low < self.low[:-1], dtype=np.uint64)
        return np.cumsum(self.high[:-1]) + carried, low

    def _rarely(self, size: int, rng: np.random.Generator) -> Ints:
        """Outcomes by the weights of what is left."""
        high, low = self._sums
        asked = rng.integers(0, 2**64, size, dtype=np.uint64)
        places = np.searchsorted(high, asked)
        # Only where the first words are the same does a second one decide.
        tied = np.flatnonzero(high[np.minimum(places, len(high) - 1)] == asked)
        if tied.size:
            second = rng.integers(0, 2**64, tied.size, dtype=np.uint64)
            while tied.size:
                at = places[tied]
                on = (at < len(high)) & (high[np.minimum(at, len(high) - 1)] == asked[tied])
                on &= low[np.minimum(at, len(high) - 1)] <= second
                tied, second = tied[on], second[on]
                places[tied] += 1
        return np.asarray(places - self.reach)


def _total(high: Words, low: Words) -> int:
    """Sum of 128-bit numbers, in halves of words that cannot overflow."""
    halves = [(word >> shift & np.uint64(2**32 - 1)).sum(dtype=np.uint64)
              for word in (high, low) for shift in (np.uint64(32), np.uint64(0))]  # fmt: skip
    return sum(int(half) << place for half, place in zip(halves, (96, 64, 32, 0), strict=True))
