"""Staircase noise on a grid, drawn exactly: the least variance of all additive noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ldpaudit.arrays import Floats, Ints

from ._discrete import falls_fast, geometric, two_sided
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
    def _per_period(self) -> tuple[int, int]:
        """The ratio of whole numbers that is the exact epsilon."""
        top, bottom = self._rate
        return top, bottom // STEPS

    def _noise(self, size: int, rng: np.random.Generator) -> Ints:
        def sizes(many: int) -> Ints:
            return geometric(*self._per_period, many, rng) * STEPS + self._places(many, rng)

        return two_sided(sizes, size, rng)

    def _places(self, size: int, rng: np.random.Generator) -> Ints:
        """Places within a period: those beyond the first stair have b of the weight."""
        places = np.empty(size, dtype=np.int64)
        waiting = np.arange(size)
        while waiting.size:
            drawn = rng.integers(0, STEPS, waiting.size)
            kept = drawn < self.stair
            low = np.flatnonzero(~kept)
            kept[low] = falls_fast(*self._per_period, low.size, rng)
            places[waiting[kept]] = drawn[kept]
            waiting = waiting[~kept]
        return places

    @property
    def _noise_variance(self) -> float:
        return _variance(self.stair, self.exact_epsilon())

    def _log_weight(self, distance: Ints) -> Floats:
        falls = (distance + (STEPS - self.stair)) // STEPS
        return np.asarray(-self.exact_epsilon() * falls)

    @property
    def _log_total(self) -> float:
        return math.log(_moments(self.stair, self.exact_epsilon())[0])


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
