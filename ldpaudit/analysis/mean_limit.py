"""The limit for means: how little error an unbiased estimate can have, given what reports tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.parameters import parameters, positive

if TYPE_CHECKING:
    from ldpaudit.arrays import Floats

Numbers: TypeAlias = Sequence[float] | npt.NDArray[Any]

#: Budgets for which the least variances are computed: beyond, 31 inputs are too few to be
#: near the truth, and below, rounding is of the size of what is sought.
LEAST_EPSILON, LARGEST_EPSILON = 0.1, 8.0
#: Inputs of the program of the worst case, and cells of that of the average.
_INPUTS, _CELLS = 31, 41
#: Proven lower bounds (worst case, average) on [-1, 1], as `solved` gives them, rounded down.
TABLE = {
    0.25: (63.975, 63.786),
    0.5: (15.998, 15.951),
    1.0: (3.9888, 3.873),
    1.5: (1.6909, 1.5536),
    2.0: (0.86488, 0.77399),
    2.5: (0.49297, 0.43307),
    3.0: (0.30381, 0.25904),
    3.5: (0.1931, 0.16201),
    4.0: (0.1268, 0.10446),
    5.0: (0.057165, 0.046192),
    6.0: (0.0269, 0.02144),
    7.0: (0.012948, 0.010199),
    8.0: (0.0062961, 0.0048595),
}


@dataclass(frozen=True)
@parameters(epsilon=positive())
class MeanFrontier:
    r"""The least error of any unbiased estimate of a mean; build it with `frontier_mean`.

    Attributes
    ----------
    epsilon : float
        Privacy budget, natural logarithm.

    Raises
    ------
    TypeError, ValueError
        If `epsilon` is no positive finite number.

    Notes
    -----
    **What reports tell limits the error**, whatever epsilon is. Let a user's number x (or
    vector) have any prior, S its variance (for vectors E||x - Ex||^2), one report Y a user,
    and R2 = E||E[x|Y] - Ex||^2 / S, the share of S that one report explains. An estimate of
    the mean of n fixed users that is unbiased for every data set has, on average over
    users drawn from the prior,

        n MSE >= S (1 - R2) / R2    (the mean of the users themselves),
        n MSE >= S / R2             (the mean of the population).

    *Proof.* Centre x. Let T be the estimate, t the mean of the n numbers, M = R2 S. T is
    unbiased given the numbers, so E<T, t> = E||t||^2 = S/n. Given all reports the numbers are
    independent, and each depends on its own report alone, so E||E[t|Y]||^2 = M/n; and by
    Cauchy and Schwarz S/n = E<T, E[t|Y]> <= sqrt(E||T||^2 M/n). Hence E||T||^2 >= S^2 / (n M),
    the error against the population; and E||T - t||^2 = E||T||^2 - 2 S/n + S/n. Equality holds
    exactly where T is the sum of terms proportional to E[x|Y]. QED

    In words: to estimate a mean with error S v / n, reports must explain 1 / (1 + v) of each
    person's variance. Duchi's mechanism and, among vectors, PrivUnit are on the limit.

    **Least variances at a given epsilon**, on [-1, 1], over all mechanisms with public
    coins: `worst_variance` and `mean_variance` are proven lower bounds, within about 1% of
    what can be reached. They come from linear programs over finitely many inputs (Badanidiyuru
    et al., NeurIPS 2023, for a known prior), whose columns have two levels (Kairouz, Oh and
    Viswanath, JMLR 2016) and any real estimate. The program's dual is checked for all real
    estimates, and what it is broken by is taken off:

    - *Worst case.* A mechanism on [-1, 1] is one on 31 of its numbers: least over more
      mechanisms, the worst of fewer inputs.
    - *Average over the interval.* Given the centre of a cell, draw a number uniformly from the
      cell and send it: that is a mechanism on the centres, unbiased, whose variance at a
      centre is the cell's average plus width^2 / 12. So the least average over centres,
      weighted by widths, less the average of width^2 / 12, is at most that over [-1, 1].

    Values for some budgets are shipped; others take some seconds once. No value is
    interpolated.

    Examples
    --------
    >>> limit = frontier_mean(1.0)
    >>> round(limit.error_at(0.0712), 3)
    4.348
    >>> round(limit.worst_variance, 2), round(limit.mean_variance, 2)
    (3.99, 3.87)
    """

    epsilon: float

    @overload
    def error_at(self, share: float, variance: float = ..., target: str = ...) -> float: ...
    @overload
    def error_at(self, share: Numbers, variance: float = ..., target: str = ...) -> Floats: ...
    def error_at(
        self, share: float | Numbers, variance: float = 1 / 3, target: str = "users"
    ) -> float | Floats:
        """Return n times the least mean squared error where reports explain `share`.

        Parameters
        ----------
        share : float or array of any shape
            R2 in [0, 1]; infinite error at 0.
        variance : float, default 1/3
            S, the variance of the prior: that of numbers uniform on [-1, 1], or 1 for unit
            vectors of uniform direction.
        target : {"users", "population"}
            What the estimate is compared with: the mean of the users, or that of the law
            they are drawn from.

        Returns
        -------
        float or array
            In squared units of the prior.

        Raises
        ------
        TypeError, ValueError
            If a share lies outside [0, 1], the variance is not positive, or the target
            is another one.
        """
        validate.check_known("target", target, ("users", "population"))
        spread = validate.check_positive("variance", variance)
        shares = validate.check_floats("share", share)
        if not ((shares >= 0) & (shares <= 1)).all():  # nan is not
            raise ValueError(f"share must lie in [0, 1], got {validate.shown(share)}.")
        with np.errstate(divide="ignore"):
            out = spread / shares if target == "population" else spread * (1 / shares - 1)
        return np.asarray(out) if out.ndim else float(out)

    @property
    def two_point_variance(self) -> float:
        """Least variance where only -1 and 1 occur, 4 e / (e-1)^2: binary response has it."""
        return 1 / math.sinh(min(self.epsilon, 700.0) / 2) ** 2

    @property
    def worst_variance(self) -> float:
        """No mechanism on [-1, 1] has a smaller worst-case variance: a proven lower bound.

        ValueError for budgets below 0.1 or above 8.
        """
        return self._least[0]

    @property
    def mean_variance(self) -> float:
        """No unbiased estimate has a smaller average over [-1, 1]: a proven lower bound.

        ValueError for budgets below 0.1 or above 8.
        """
        return self._least[1]

    @cached_property
    def _least(self) -> tuple[float, float]:
        if self.epsilon in TABLE:
            return TABLE[self.epsilon]
        if not LEAST_EPSILON <= self.epsilon <= LARGEST_EPSILON:
            raise ValueError(
                f"epsilon must lie in [{LEAST_EPSILON}, {LARGEST_EPSILON}] for least variances, "
                f"got {self.epsilon}."
            )
        return solved(self.epsilon)


def solved(epsilon: float) -> tuple[float, float]:
    """The two least variances at a budget, from their linear programs."""
    from ldpaudit.analysis._mean_programs import cells, least_variance, mirrored

    worst = least_variance(mirrored(_INPUTS), epsilon).lower
    centres, widths = cells(_CELLS)
    average = least_variance(centres, epsilon, widths / 2).lower
    average -= float((widths / 2) @ widths**2) / 12
    return max(worst, 1 / math.sinh(epsilon / 2) ** 2), average


def frontier_mean(epsilon: float) -> MeanFrontier:
    """Limit of all unbiased estimates of a mean from reports that keep epsilon-LDP.

    Parameters
    ----------
    epsilon : float
        Privacy budget, natural logarithm, positive and finite.

    Returns
    -------
    MeanFrontier
        With ``error_at(share)``, ``worst_variance`` and ``mean_variance``; the proofs are
        in its docstring.

    Raises
    ------
    TypeError, ValueError
        If `epsilon` is no positive finite number.

    Examples
    --------
    >>> frontier_mean(4.0).error_at([0.25, 0.5, 1.0])
    array([1.        , 0.33333333, 0.        ])
    """
    return MeanFrontier(epsilon)
