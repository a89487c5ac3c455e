"""Duchi's mechanism: one bit whose mean is the number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats

from ._weights import below
from .rounded import Levels


@dataclass(frozen=True)
class Duchi(Levels):
    """Duchi's mechanism: +C with probability 1/2 + x / (2C), else -C, C = (e + 1) / (e - 1).

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
    Reports are uint32 of shape (n,), 0 for -C and 1 for +C: one bit. The variance at x
    is C^2 - x^2 where the interval is [-1, 1]; it is the two-level case of `Rounded`.
    Among all mechanisms that explain as much of a person's variance none has less error
    on average: its estimate is proportional to the attacker's posterior mean.

    Every choice is one whole number below a whole total, with weights whose ratio is at
    most exp(epsilon): floating point leaks nothing.

    Source: Duchi, Jordan and Wainwright, *Minimax optimal procedures for locally private
    estimation*, JASA 2018, one dimension; the same bit is in Harmony (Nguyen et al.,
    arXiv 1606.05053) and in the mean of dBitFlip (Ding et al., NeurIPS 2017).

    Examples
    --------
    >>> import numpy as np
    >>> m = Duchi(epsilon=1.0)
    >>> reports = m.privatize([-1.0, 0.2, 1.0], rng=np.random.default_rng(0))
    >>> m.bits, round(m.worst_variance(), 4), round(m.posterior_mean_share(), 4)
    (1, 4.6827, 0.0712)
    >>> counts = m.aggregate(m.privatize(np.full(10_000, 0.2), rng=np.random.default_rng(1)))
    >>> abs(m.estimate(counts) - 0.2) < 5 * m.standard_error(counts)
    True
    """

    epsilon: float
    low: float = -1.0
    high: float = 1.0
    _levels = 2

    def _draw(self, position: Floats, rng: np.random.Generator) -> npt.NDArray[np.uint32]:
        # The upper level has a weight from blind to blind + extra, whatever is rounded here.
        law = self._law
        position *= law.extra
        position += law.blind
        return (below(law.total, position.size, rng) < position).astype(np.uint32)
