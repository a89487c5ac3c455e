"""Laplace noise on a grid, drawn exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ldpaudit.arrays import Floats, Ints

from ._lookup import Halfwords, Outcomes
from ._noise import WholeNoise
from ._periods import MOST_BITS, Near


@dataclass(frozen=True)
class Laplace(WholeNoise):
    """Laplace mechanism: the number plus two-sided geometric noise on a grid of 2^14 steps.

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
    Reports are int64 of shape (n,), in steps from `low`. The number is rounded at random to
    a step, which keeps the mean, and the noise z has probability proportional to
    exp(-epsilon |z| / 2^14): an input moves it by at most 2^14 steps, the whole interval.
    The variance is that of real Laplace noise, 2 ((high - low) / epsilon)^2, up to the
    square of a step.

    The noise is drawn with whole numbers only, its rate rounded down by at most 2^-36 of
    epsilon = 1. The textbook form, the number plus Laplace noise in doubles, is not
    offered: the last digits of its reports tell the input whatever epsilon is (Mironov,
    CCS 2012).

    Source: Dwork, McSherry, Nissim and Smith, *Calibrating noise to sensitivity in private
    data analysis*, TCC 2006; on whole numbers: Ghosh, Roughgarden and Sundararajan, STOC
    2009. The sampler, digits of two's complement by tables with an exact rest, is ours.

    Examples
    --------
    >>> m = Laplace(epsilon=1.0)
    >>> reports = m.privatize([-1.0, 0.2, 1.0], rng=np.random.default_rng(0))
    >>> reports.dtype, round(m.worst_variance(), 4), round(m.posterior_mean_share(), 4)
    (dtype('int64'), 8.0, 0.0641)
    """

    epsilon: float
    low: float = -1.0
    high: float = 1.0

    @cached_property
    def _period(self) -> int:
        # Noise falls by little over a period, a 64th or so, and yet there are few noises in one.
        numerator, denominator = self._rate
        return min(MOST_BITS, max(0, (denominator // numerator).bit_length() - 7))

    @property
    def _near_words(self) -> int:
        return 1

    @cached_property
    def _around(self) -> Near:
        return Near(self._rate, 2**self._period)

    def _near_zero(self, words: Halfwords, rng: np.random.Generator) -> Outcomes:
        return self._around.draw(words[0], rng)

    @property
    def _per_step(self) -> float:
        top, bottom = self._rate
        return top / bottom

    @property
    def _noise_variance(self) -> float:
        return 0.5 / math.sinh(self._per_step / 2) ** 2

    def _log_weight(self, distance: Ints) -> Floats:
        return np.asarray(-self._per_step * distance)

    @property
    def _log_total(self) -> float:
        return -math.log(math.tanh(self._per_step / 2))
