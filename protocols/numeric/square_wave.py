"""The square wave mechanism (SW) for distributions, and their estimates by EM."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats
from ldpaudit.collecting.estimands import Distribution, Mean
from ldpaudit.parameters import integer, one_of, parameters
from ldpaudit.validate import check_integer

from ._expectation_maximization import band_channel, maximize
from ._summaries import ReportSums, itself, sums
from ._window import AffineWindow, grid


@dataclass(frozen=True)
@parameters(cells=integer(2, 4096), aim=one_of(("mean", "ems", "em")))
class SquareWave(AffineWindow):
    """SW: a report within b of the number more often than elsewhere, for distributions.

    Parameters
    ----------
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    low, high : float, default -1.0 and 1.0
        Ends of the interval of inputs.
    cells : int, default 256
        Cells of equal width in which reports are counted and the distribution is
        estimated, 2 to 4,096.
    aim : {"mean", "ems", "em"}, default "mean"
        What the server estimates, and what audits and studies measure the error of: the mean,
        or the distribution by smoothed EM or by EM. Reports are the same.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    With the number v in [0, 1], the published report lies in [-b, 1 + b], where
    b = (epsilon e - e + 1) / (2 e (e - 1 - epsilon)), e = exp(epsilon), and within b of v its
    density is e times that elsewhere. As for `Piecewise`, this one works on a grid of up
    to 2^18 steps, to which inputs are rounded at random, and draws whole numbers below a whole
    total: nothing leaks by floating point.

    `estimate` is the affine estimate of the mean, unbiased, and `variance` is its
    variance. `estimate_distribution` is by EM: it is biased, and so is its mean.

    Source: Li et al., *Estimating numerical distributions under local differential
    privacy*, SIGMOD 2020 (arXiv 1912.01051): SW, EM and EMS. Their stopping rule (a rise of
    the log-likelihood below 1e-3 exp(epsilon) for EM and below 1e-3 for EMS) is quoted from
    memory.

    Examples
    --------
    >>> m = SquareWave(epsilon=1.0)
    >>> round(m.worst_variance(), 4), round(m.posterior_mean_share(), 4)
    (5.5161, 0.1017)
    >>> rng = np.random.default_rng(0)
    >>> counts = m.aggregate(m.privatize(rng.uniform(0, 1, 50_000), rng=rng))
    >>> shares = m.estimate_distribution(counts)
    >>> shares.shape, round(float(shares[128:].sum()), 1)
    ((256,), 1.0)
    """

    epsilon: float
    low: float = -1.0
    high: float = 1.0
    cells: int = 256
    aim: str = "mean"

    @property
    def estimand(self) -> Any:
        """The mean, or the distribution in as many bins as there are cells."""
        if self.aim == "mean":
            return Mean()
        return Distribution(self.low, self.high, self.cells)

    @property
    def half_width(self) -> float:
        """The published b, as a share of the interval."""
        return _half_width(self.epsilon)

    @property
    def outputs(self) -> int:
        """Number of different reports."""
        return self._outputs

    @cached_property
    def _grid(self) -> tuple[int, int]:
        return grid(2 * self.half_width)

    @property
    def _steps(self) -> int:
        return self._grid[0]

    @property
    def _width(self) -> int:
        return self._grid[1]

    def aggregate(self, reports: npt.ArrayLike) -> ReportSums:
        """Sums of reports and of their squares, and how many lie in each cell; they add up."""
        seen = self._checked(reports)
        cell = seen * self.cells // self._outputs
        histogram = np.bincount(cell, minlength=self.cells).astype(np.int64)
        return ReportSums(seen.size, *sums(seen, itself), histogram)

    def estimate_distribution(self, counts: ReportSums, smooth: bool | None = None) -> Floats:
        """Share of users in each cell of the interval, by (smoothed) EM; biased.

        Parameters
        ----------
        counts : ReportSums
            Summary of the reports, from `aggregate`.
        smooth : bool, optional
            None is False for the aim "em", else True. True is EMS: each share is averaged
            with its neighbours' after every step, with weights 1/4, 1/2, 1/4. False is EM,
            the most likely shares, which follows the noise.

        Returns
        -------
        array of shape (cells,)
            Shares, at least 0, that sum to 1; the first cell begins at `low`.
        """
        check_integer("num_users of counts", counts.num_users, 1)
        smooth = self.aim != "em" if smooth is None else smooth
        if counts.histogram is None or counts.histogram.shape != (self.cells,):
            raise ValueError(f"counts must hold a histogram of {self.cells} cells.")
        law = self._law
        inside = band_channel(self.cells, self._width / self._steps)
        channel = law.silent / self.cells + law.telling * inside
        tolerance = 1e-3 if smooth else 1e-3 * math.exp(min(self.epsilon, 30.0))
        return maximize(counts.histogram.astype(np.float64), channel, smooth, tolerance)


def _half_width(epsilon: float) -> float:
    """The published b, by series where both of its differences cancel."""
    if epsilon < 0.5:
        # (x - 1 + exp(-x)) / x^2 and (exp(x) - 1 - x) / x^2, sums over x^j / (j + 2)!.
        terms = [epsilon**j / math.factorial(j + 2) for j in range(20)]
        even, odd = math.fsum(terms[::2]), math.fsum(terms[1::2])
        return (even - odd) / (2 * (even + odd))
    shrunk = math.exp(-epsilon)
    return (epsilon - 1 + shrunk) * shrunk / (2 * (1 - shrunk - epsilon * shrunk))
