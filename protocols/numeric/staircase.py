"""Staircase noise on a grid, drawn exactly: the least variance of all additive noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import cached_property

import numpy as np

from ldpaudit.arrays import Floats, Ints

from ._lookup import Halfwords, Lookup, Outcomes, falling
from ._noise import STEPS, WholeNoise


@dataclass(frozen=True)
class Staircase(WholeNoise):
    """Staircase mechanism: the number plus noise whose law falls in steps, on a grid.

    Parameters
    ----------
    epsilon : float
        Privacy budget in natural-log units, at least 1e-6.
    low, high : float, default -1.0 and 1.0
        Ends of the interval of inputs.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports are int64 of shape (n,), in steps of a grid of 2^14 from `low`, to which the
    number is rounded at random. Noise of size jS + i, S = 2^14 and 0 <= i < S, has
    probability proportional to b^j where i < `stair` and to b^(j+1) elsewhere, b =
    exp(-epsilon). `stair` is the one of least variance, a share of S that goes to the
    published gamma. All is drawn with whole numbers; nothing leaks by floating point.

    It has less variance than Laplace noise and gives more away: at epsilon = 1 one report
    explains 9.5% of the variance of a uniform prior against 6.4%.

    Source: Geng and Viswanath, *The optimal mechanism in differential privacy*, ISIT 2014
    (arXiv 1212.1186), Theorem 5 for the variance.

    Examples
    --------
    >>> m = Staircase(epsilon=1.0)
    >>> reports = m.privatize([-1.0, 0.2, 1.0], rng=np.random.default_rng(0))
    >>> reports.dtype, round(m.worst_variance(), 4), round(m.posterior_mean_share(), 4)
    (dtype('int64'), 7.6724, 0.0948)
    """

    epsilon: float
    low: float = -1.0
    high: float = 1.0

    @cached_property
    def stair(self) -> int:
        """Number of noises 0, 1, ... before the law first falls."""
        b, d = math.exp(-self.epsilon), -math.expm1(-self.epsilon)
        # The root of b - 2 b^2 + 2 b^4 - b^5 = b (1 - b)^3 (1 + b).
        gamma = -b / d + (b * (1 + b)) ** (1 / 3) / (2 ** (1 / 3) * d)
        near = range(max(1, round(gamma * STEPS) - 1), min(STEPS, round(gamma * STEPS) + 2))
        return min(near, key=lambda stair: _variance(stair, self.exact_epsilon()))

    @property
    def _period(self) -> int:
        return STEPS.bit_length() - 1

    @property
    def _near_words(self) -> int:
        return 2

    @cached_property
    def _around(self) -> Blocks:
        numerator, denominator = self._rate
        return Blocks((numerator * STEPS, denominator), self.stair)

    def _near_zero(self, words: Halfwords, rng: np.random.Generator) -> Outcomes:
        return self._around.place(words, rng)

    @property
    def _noise_variance(self) -> float:
        return _variance(self.stair, self.exact_epsilon())

    def _log_weight(self, distance: Ints) -> Floats:
        falls = (distance + (STEPS - self.stair)) // STEPS
        return np.asarray(-self.exact_epsilon() * falls)

    @property
    def _log_total(self) -> float:
        return math.log(_moments(self.stair, self.exact_epsilon())[0])


@dataclass(frozen=True)
class Blocks(Lookup):
    """The noises in [-S, S) of one weight, parted into blocks of powers of two.

    Outcomes are blocks; within one all noises are alike. The law is as for a rate, which is that
    of a whole period, and a first stair.
    """

    rate: tuple[int, int]
    stair: int
    first = 0

    @cached_property
    def _parted(self) -> list[tuple[int, int, bool]]:
        """First noise and size of each block, a multiple of the size, and whether it is low."""
        found = []
        ends = [-STEPS, 1 - self.stair, 0, self.stair, STEPS]
        for start, end, low in zip(ends, ends[1:], (True, False, False, True), strict=False):
            while start < end:
                most = 1 << (end - start).bit_length() - 1
                size = min(most, start & -start or most)
                found.append((start, size, low))
                start += size
        return found

    def _weights(self, context: Context) -> Sequence[Decimal]:
        fall = falling(self.rate, context)
        return [context.multiply(size, fall if low else 1) for _, size, low in self._parted]

    @cached_property
    def _starts(self) -> Outcomes:
        return np.array([start for start, _, _ in self._parted], dtype=np.int16)

    @cached_property
    def _masks(self) -> Outcomes:
        return np.array([size - 1 for _, size, _ in self._parted], dtype=np.int16)

    def place(self, words: Halfwords, rng: np.random.Generator) -> Outcomes:
        """Noises from two rows of words: a block and a place in it."""
        block = self.draw(words[0], rng)
        inside = self._masks.take(block) & words[1].view(np.int16)
        return np.asarray(self._starts.take(block) ^ inside)


def _moments(stair: int, epsilon: float) -> tuple[float, float]:
    """Sums of h(|z|) and of z^2 h(|z|) over all z."""
    b, rest = math.exp(-epsilon), -math.expm1(-epsilon)
    powers = (1 / rest, b / rest**2, b * (1 + b) / rest**3)  # sums of b^j, j b^j, j^2 b^j
    high = [_power_sum(stair, order) for order in (0, 1, 2)]
    low = [_power_sum(STEPS, order) - part for order, part in enumerate(high)]
    first, linear, square = (up + b * down for up, down in zip(high, low, strict=True))
    total = first * powers[0]
    squares = square * powers[0] + 2 * STEPS * linear * powers[1] + STEPS**2 * first * powers[2]
    return 2 * total - 1, 2 * squares


def _variance(stair: int, epsilon: float) -> float:
    total, squares = _moments(stair, epsilon)
    return squares / total


def _power_sum(count: int, order: int) -> int:
    """Sum of i^order over i = 0..count-1."""
    if order == 0:
        return count
    if order == 1:
        return count * (count - 1) // 2
    return (count - 1) * count * (2 * count - 1) // 6
