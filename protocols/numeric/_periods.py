"""Geometric numbers, drawn exactly, digit by digit.

The digits of a geometric number are independent of one another: Y = a + s b, 0 <= a < s, has
P(Y) proportional to q^a (q^s)^b. So a short law is looked up for every digit, and the last one
alone has no end; from a place on it goes on with a fresh number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import cached_property

import numpy as np

from ldpaudit.arrays import Ints

from ._lookup import Halfwords, Lookup, falling, powers

#: Most bits of a digit: its table has a spare cell for every second outcome.
MOST_BITS = 10


@dataclass(frozen=True)
class Near(Lookup):
    """Whole numbers v in [-reach, reach) with weight exp(-rate |v|)."""

    rate: tuple[int, int]
    reach: int

    @property
    def first(self) -> int:  # type: ignore[override]
        return -self.reach

    def _weights(self, context: Context) -> Sequence[Decimal]:
        sizes = powers(falling(self.rate, context), self.reach + 1, context)
        return sizes[:0:-1] + sizes[:-1]


@dataclass(frozen=True)
class Digit(Lookup):
    """Whole numbers y in [0, size) with weight exp(-rate y)."""

    rate: tuple[int, int]
    size: int
    first = 0

    def _weights(self, context: Context) -> Sequence[Decimal]:
        return powers(falling(self.rate, context), self.size, context)


@dataclass(frozen=True)
class Endless(Lookup):
    """Whole numbers y >= 0 with weight exp(-rate y), of a rate of at least 2^-7."""

    rate: tuple[int, int]
    first = 0

    @cached_property
    def _beyond(self) -> int:
        """Numbers from here on are one outcome, less likely than a cell."""
        numerator, denominator = self.rate
        return 12 * denominator // numerator + 1

    def _weights(self, context: Context) -> Sequence[Decimal]:
        base = falling(self.rate, context)
        *inside, last = powers(base, self._beyond + 1, context)
        return [*inside, context.divide(last, context.subtract(Decimal(1), base))]

    def _rest(self, size: int, rng: np.random.Generator) -> Ints:
        found = super()._rest(size, rng)
        far = np.flatnonzero(found == self._beyond)
        if far.size:  # What is beyond has the law of a fresh number: 20 times in a row, of
            # probability exp(-240), it would leave 16 bits.
            words = rng.integers(0, 2**16, far.size, dtype=np.uint16)
            found[far] += self.draw(words, rng)
        return found


@dataclass(frozen=True)
class Geometric:
    """Numbers 2^unit y, y >= 0, with probability proportional to exp(-rate y)."""

    rate: tuple[int, int]
    unit: int = 0

    @cached_property
    def _digits(self) -> list[tuple[int, Lookup]]:
        """Bits below each digit, and its law."""
        numerator, denominator = self.rate
        # The last digit's rate is between 2^-7 and 2^-6, if not larger from the start.
        low = max(0, (denominator // numerator).bit_length() - 7)
        many = -(-low // MOST_BITS)
        below, found = 0, list[tuple[int, Lookup]]()
        for place in range(many):
            bits = (low + place) // many
            found.append((self.unit + below, Digit((numerator << below, denominator), 2**bits)))
            below += bits
        return [*found, (self.unit + below, Endless((numerator << below, denominator)))]

    @property
    def words(self) -> int:
        """Words of 16 bits for one number."""
        return len(self._digits)

    def draw(self, words: Halfwords, rng: np.random.Generator) -> Ints:
        """Numbers from uniform words, a row of `words` for each digit."""
        total: Ints | None = None
        for (below, digit), row in zip(self._digits, words, strict=True):
            part = digit.draw(row, rng).astype(np.int64)
            part <<= below
            total = part if total is None else np.bitwise_or(total, part, out=total)
        return np.asarray(total)
