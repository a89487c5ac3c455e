"""Exact draws from a law on a few thousand whole numbers: a table of cells, and a rest.

An outcome of probability p has floor(2^16 p) of 2^16 cells, of which a word of 16 bits names one.
Cells that are then left over, about one in a hundred, stand for one more draw by what the whole
parts leave. It is by a uniform number U in [0, 1) of as many bits as it needs: outcome k where U
lies between the sums of what is left before and up to k, and those sums are as long as U is. So
every outcome comes with its own probability,

    cells / 2^16 + spare / 2^16 (2^16 p - cells) / spare = p,

and nothing is rounded, even where p is no ratio of whole numbers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Sequence
from decimal import Context, Decimal
from functools import cached_property
from itertools import accumulate, repeat
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints

#: Whole numbers of 16 bits, with a sign and without one.
Outcomes: TypeAlias = npt.NDArray[np.int16]
Halfwords: TypeAlias = npt.NDArray[np.uint16]

_CELLS = 2**16
#: Bits of a uniform double: numpy's are whole multiples of 2**-53, all equally likely.
_BITS = 53


class Lookup(ABC):
    """A law on whole numbers from `first` on, two or more, of no rational probability."""

    first: int

    @abstractmethod
    def _weights(self, context: Context) -> Sequence[Decimal]:
        """Positive weights of the outcomes, each right to 10^(8 - context.prec) of itself."""

    def draw(self, words: Halfwords, rng: np.random.Generator) -> Outcomes:
        """The outcomes of uniform words; those of spare cells are drawn by what is left."""
        table = self._table
        found = table.take(words, mode="clip")
        spare = np.flatnonzero(words >= table.size)
        found[spare] = self._rest(spare.size, rng)
        return found

    def parts(self, bits: int) -> tuple[list[int], list[int]]:
        """Cells of each outcome, and sums of what is left up to each but the last, in 2^-bits.

        Both are rounded down. As no probability is rational, none of these numbers is whole, and
        with digits enough the error of the weights leaves no whole part open.
        """
        digits = 40 + bits // 3
        while True:
            context = Context(prec=digits)
            weights = [int(weight.scaleb(digits, context)) for weight in self._weights(context)]
            total = sum(weights)
            cells, left = zip(*(divmod(weight << 16, total) for weight in weights), strict=True)
            spare = total * (_CELLS - sum(cells))  # what is left adds up to it
            ends = [divmod(part << bits, spare) for part in accumulate(left[:-1])] if spare else []
            # All weights are wrong by 10^(8 - digits) of their sum at most, and so are shares of
            # it; a share is multiplied by 2^16, and a sum of them by no more than 2^bits.
            near = 10 ** (digits - 15)
            if spare and all(
                whole < near * min(part, whole - part) >> bits
                for part, whole in (
                    *((part, total) for part in left),
                    *((part, spare) for _, part in ends),
                )
            ):
                return list(cells), [end for end, _ in ends]
            digits *= 2

    @cached_property
    def _drawn(self) -> tuple[Outcomes, Floats]:
        """The outcome of each cell but the spare ones, and the sums in doubles, which are exact."""
        cells, ends = self.parts(_BITS)
        outcomes = np.arange(self.first, self.first + len(cells), dtype=np.int16)
        return np.repeat(outcomes, cells), np.array([-1.0, *ends]) * 2.0**-_BITS

    @property
    def _table(self) -> Outcomes:
        return self._drawn[0]

    def _rest(self, size: int, rng: np.random.Generator) -> Ints:
        """Outcomes by what the cells leave."""
        ends = self._drawn[1]
        uniform = rng.random(size)
        places = ends.searchsorted(uniform, side="right") - 1
        for tie in np.flatnonzero(ends.take(places) == uniform):
            places[tie] = self._settled(int(uniform[tie] * 2**_BITS), rng)
        return places + self.first

    def _settled(self, drawn: int, rng: np.random.Generator) -> int:
        """Place of a uniform number whose first bits do not tell it from a sum."""
        bits = _BITS
        while True:
            drawn = drawn << 32 | int(rng.integers(0, 2**32))
            bits += 32
            ends = self.parts(bits)[1]
            place = bisect_right(ends, drawn)
            if not place or ends[place - 1] != drawn:
                return place


def falling(rate: tuple[int, int], context: Context) -> Decimal:
    """exp(-numerator / denominator)."""
    return context.exp(context.divide(Decimal(-rate[0]), Decimal(rate[1])))


def powers(base: Decimal, count: int, context: Context) -> list[Decimal]:
    """base^0, base^1, ..., so many of them."""
    return list(accumulate(repeat(base, count - 1), context.multiply, initial=Decimal(1)))
