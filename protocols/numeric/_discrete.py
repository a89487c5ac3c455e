"""Exact draws of geometric laws: whole numbers only, nothing rounded.

Coins are those of Canonne, Kamath and Steinke, *The discrete Gaussian for differential
privacy*, NeurIPS 2020, Algorithms 1 and 2, for arrays. Geometric numbers come from uniform
ones by as many digits as each needs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Context, Decimal

import numpy as np

from ldpaudit.arrays import Bools, Floats, Ints

#: Largest denominator of a ratio: a thousand times as much is still an int64.
MAX_DENOMINATOR = 2**52
#: Logarithm, quotient and rate are each right to some units of 2**-52.
_OPEN = 2.0**-48


def falls(numerators: Ints, denominator: int, rng: np.random.Generator) -> Bools:
    """True with probability exp(-numerator / denominator), numerators up to the denominator."""
    # The number of successes of coins of probability x, x / 2, x / 3, ... in a row is even
    # with probability exp(-x).
    even = np.ones(numerators.size, dtype=np.bool_)
    alive = np.arange(numerators.size)
    trial = 0
    while alive.size:
        trial += 1
        succeeds = rng.integers(0, denominator, alive.size) < numerators[alive]
        if trial > 1:
            succeeds &= rng.integers(0, trial, alive.size) == 0
        alive = alive[succeeds]
        even[alive] = trial % 2 == 0
    return even


def falls_fast(numerator: int, denominator: int, size: int, rng: np.random.Generator) -> Bools:
    """True with probability exp(-numerator / denominator), for any ratio."""
    whole, rest = divmod(numerator, denominator)
    out = falls(np.full(size, rest), denominator, rng)
    for _ in range(min(whole, 10**4)):  # beyond, nobody is left
        alive = np.flatnonzero(out)
        if not alive.size:
            break
        out[alive] = falls(np.ones(alive.size, dtype=np.int64), 1, rng)
    return out


def geometric(numerator: int, denominator: int, size: int, rng: np.random.Generator) -> Ints:
    """P(Y = y) proportional to exp(-y numerator / denominator), y = 0, 1, ....

    Y is the whole part of -ln(U) denominator / numerator, U a uniform number of which 53 bits
    are drawn. Where these bits and a logarithm of doubles leave the whole part open, which is
    seldom, more bits and digits settle it: nothing is rounded.
    """
    if numerator << 33 < denominator:  # numbers so large that doubles would leave most open
        return _slow_geometric(numerator, denominator, size, rng)
    rate = numerator / denominator
    u = rng.random(size)
    with np.errstate(divide="ignore"):
        scaled = np.log(u) / -rate
    # One distance for all from whole numbers: nearly all are settled by it.
    least = 2.0**-20
    near = -math.log(least) / rate * _OPEN + 2.0**-52 / (least * rate)
    with np.errstate(invalid="ignore"):  # of 0 the logarithm is infinite, and left open
        whole = np.floor(scaled)
        clear = np.abs(scaled - whole - 0.5) < 0.5 - near
    clear &= u >= least
    if clear.all():
        return whole.astype(np.int64)
    left = np.flatnonzero(~clear)
    unsettled = left[_open(u[left], scaled[left], rate)]
    whole[unsettled] = 0
    out = whole.astype(np.int64)
    for index in unsettled:
        out[index] = _settled(int(u[index] * 2**53), numerator, denominator, rng)
    return out


def _open(u: Floats, scaled: Floats, rate: float) -> Bools:
    """Where rounding, and the bits of U that were not drawn, leave the whole part open."""
    open_by = scaled * _OPEN
    with np.errstate(invalid="ignore"):
        lower = scaled - open_by - 2.0**-52 / (np.maximum(u, 2.0**-53) * rate)
    return np.asarray(np.floor(lower) != np.floor(scaled + open_by))


def _settled(bits: int, numerator: int, denominator: int, rng: np.random.Generator) -> int:
    """Whole part of -ln(U) denominator / numerator, given the first 53 bits of U."""
    length = 53
    while True:
        bits = bits << 32 | int(rng.integers(0, 2**32))
        length += 32
        context = Context(prec=length + 40)  # a number of so many bits is exact
        scale = context.divide(Decimal(denominator), Decimal(numerator))
        if bits:
            shares = (context.divide(Decimal(n), Decimal(2**length)) for n in (bits + 1, bits))
            lower, upper = (context.multiply(-context.ln(share), scale) for share in shares)
            slack = context.multiply(upper, Decimal(10) ** (8 - context.prec))
            first = int(max(Decimal(0), context.subtract(lower, slack)))
            if first == int(context.add(upper, slack)):
                return first


def _slow_geometric(numerator: int, denominator: int, size: int, rng: np.random.Generator) -> Ints:
    """As `geometric`, by coins alone."""
    # X with P(X = x) proportional to exp(-x / denominator): its remainder, then its quotient.
    remainder = np.zeros(size, dtype=np.int64)
    waiting = np.arange(size)
    while waiting.size:
        drawn = rng.integers(0, denominator, waiting.size)
        kept = falls(drawn, denominator, rng)
        remainder[waiting[kept]] = drawn[kept]
        waiting = waiting[~kept]
    quotient = np.zeros(size, dtype=np.int64)
    alive = np.arange(size)
    while alive.size:
        alive = alive[falls(np.ones(alive.size, dtype=np.int64), 1, rng)]
        quotient[alive] += 1
    return (remainder + denominator * quotient) // numerator


def two_sided(draw: Callable[[int], Ints], size: int, rng: np.random.Generator) -> Ints:
    """Sizes that `draw` draws, with fair signs; a negative zero would count zero twice."""
    noise, again = _signed(draw(size), rng)
    waiting = np.flatnonzero(again)
    while waiting.size:
        noise[waiting], again = _signed(draw(waiting.size), rng)
        waiting = waiting[again]
    return noise


def _signed(sizes: Ints, rng: np.random.Generator) -> tuple[Ints, Bools]:
    """Sizes with a fair sign, and which to draw again."""
    negative = rng.integers(0, 2, sizes.size)
    # Two's complement: all bits turned, and 1 more.
    return (sizes ^ -negative) + negative, sizes < negative
