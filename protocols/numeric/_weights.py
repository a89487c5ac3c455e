"""Whole weights whose ratio is at most exp(epsilon), and positions on a grid of steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Context, Decimal

import numpy as np

from ldpaudit.arrays import Floats

#: Weights of a law sum to at most this: they are exact as doubles, and so are their quotients.
TOTAL = 2**52
#: A share below 1 times this, added to a position on a grid of up to 2**21 steps, is rounded to no
#: whole number.
ROUNDED_DOWN = 1 - 2.0**-30


@dataclass(frozen=True)
class Weights:
    """`blind` for each of `outputs` outputs, and `extra` more for each of `width` of them.

    A report is one of all outputs with probability outputs * blind / total, else one of
    the `width` that belong to the input. Both weights are whole numbers and
    (blind + extra) / blind is at most exp(epsilon), so that drawing a whole number below
    the total keeps epsilon-LDP to the last bit.
    """

    outputs: int
    width: int
    blind: int
    extra: int

    @property
    def told(self) -> int:
        """Weight of reports that tell the input, width * extra."""
        return self.width * self.extra

    @property
    def total(self) -> int:
        """Sum of all weights."""
        return self.outputs * self.blind + self.told

    @property
    def telling(self) -> float:
        """Probability that a report tells the input."""
        return self.told / self.total

    @property
    def silent(self) -> float:
        """Probability that it does not, without cancellation."""
        return self.outputs * self.blind / self.total

    @property
    def log_ratio(self) -> float:
        """Exact epsilon: log of the likelier weight over the other, (blind + extra) / blind."""
        return math.log1p(self.extra / self.blind)


def weights(epsilon: float, outputs: int, width: int) -> Weights:
    """The weights of least error in epsilon whose total is at most TOTAL."""
    gap = outputs + width * math.expm1(min(epsilon, 200.0))
    blind = max(1, math.floor(TOTAL / gap))
    most = (TOTAL - outputs * blind) // width
    return Weights(outputs, width, blind, min(whole_gap(epsilon, blind), most))


def below(
    total: int, size: int, rng: np.random.Generator, most: int = TOTAL, rest: Floats | None = None
) -> Floats:
    """Uniform whole numbers below a total of at most `most`, a power of two up to TOTAL.

    Exact: numpy's uniform doubles are whole multiples of 2**-53, all equally likely. `rest` is
    filled with what is left over of them, in [0, 1), with 53 bits less those of `most`.
    """
    drawn = rng.random(size)
    drawn *= most
    whole = np.floor(drawn, out=None if rest is not None else drawn)
    if rest is not None:
        np.subtract(drawn, whole, out=rest)  # of a number drawn again as good as a fresh one
    while size and whole.max() >= total:  # seldom: totals are just below their powers of two
        again = np.flatnonzero(whole >= total)
        whole[again] = np.floor(rng.random(again.size) * most)
    return whole


def whole_gap(epsilon: float, base: int) -> int:
    """The largest whole number that is at most (exp(epsilon) - 1) * base."""
    context = Context(prec=60, Emax=10**6, Emin=-(10**6))
    ratio = context.subtract(context.exp(Decimal(epsilon)), Decimal(1))
    product = context.multiply(ratio, Decimal(base))
    return int(product.to_integral_value(rounding=ROUND_FLOOR, context=context))
