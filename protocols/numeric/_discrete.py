"""Exact draws of geometric laws: whole numbers only, nothing rounded.

The ways are those of Canonne, Kamath and Steinke, *The discrete Gaussian for
differential privacy*, NeurIPS 2020, Algorithms 1 and 2, for arrays.
"""

from __future__ import annotations

import numpy as np

from ldpaudit.arrays import Bools, Ints

#: Largest denominator of a ratio: a thousand times as much is still an int64.
MAX_DENOMINATOR = 2**52


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
    """P(Y = y) proportional to exp(-y numerator / denominator), y = 0, 1, ...."""
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


def signed(sizes: Ints, rng: np.random.Generator) -> tuple[Ints, Bools]:
    """Sizes with a fair sign, and which to draw again: a negative zero would count zero twice."""
    negative = rng.integers(0, 2, sizes.size).astype(np.bool_)
    return np.where(negative, -sizes, sizes), negative & (sizes == 0)
