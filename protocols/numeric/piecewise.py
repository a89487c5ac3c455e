"""The piecewise mechanism (PM): a report near the number more often than elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from ._window import AffineWindow, grid


@dataclass(frozen=True)
class Piecewise(AffineWindow):
    """PM: uniform on a window around the number with probability s / (s + 1), else outside it.

    Parameters
    ----------
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    low, high : float, default -1.0 and 1.0
        Ends of the interval of inputs.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    With s = exp(epsilon / 2) the published mechanism reports a real number in [-K, K],
    K = (s + 1) / (s - 1). Compared in doubles, the ends of its window leak: a report just
    outside one number's window cannot come from it by rounding. So this one works on a
    grid: inputs are rounded at random to up to 2^18 steps, which keeps the mean; reports are the
    whole numbers below `outputs`; and every choice is a whole number below a whole total,
    with weights whose ratio is at most exp(epsilon). The estimate is affine in the report.

    Where the interval is [-1, 1], the variance at x is x^2 / (s-1) + (s+3) / (3 (s-1)^2)
    up to a share below 1e-8 that the grid adds; `variance` is the grid's own.

    Source: Wang et al., *Collecting and analyzing multidimensional data with local
    differential privacy*, ICDE 2019, Algorithm 2.

    Examples
    --------
    >>> import numpy as np
    >>> m = Piecewise(epsilon=4.0)
    >>> reports = m.privatize([-1.0, 0.2, 1.0], rng=np.random.default_rng(0))
    >>> m.bits, round(m.worst_variance(), 5), round(m.mean_variance(), 5)
    (18, 0.24135, 0.13701)
    >>> round(m.posterior_mean_share(), 4)
    0.7236
    """

    epsilon: float
    low: float = -1.0
    high: float = 1.0

    @property
    def outputs(self) -> int:
        """Number of different reports."""
        return self._outputs

    @cached_property
    def _grid(self) -> tuple[int, int]:
        return grid(math.exp(-self.epsilon / 2))

    @property
    def _steps(self) -> int:
        return self._grid[0]

    @property
    def _width(self) -> int:
        return self._grid[1]
