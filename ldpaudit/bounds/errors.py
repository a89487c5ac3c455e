"""The interval of a mean squared error that a few simulated collections have measured."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.validate import check_fraction

#: Logarithm of the most degrees of freedom that an interval is read back to.
_LARGEST = 25.0
#: Part of alpha for the degrees of freedom, which are estimated as well.
_SHARE = 0.2


@dataclass(frozen=True)
class MeasuredError:
    """A mean squared error over collections, and how good it is.

    Attributes
    ----------
    value : float
        Mean over collections of the squared length of the error vector.
    standard_error : float
        value x sqrt(2 / degrees): what is stored, and what intervals at other levels are
        made of; nan for fewer than two collections.
    """

    value: float
    standard_error: float

    @classmethod
    def of_upper(cls, value: float, upper: float, alpha: float) -> MeasuredError:
        """The one whose interval at `alpha` ends there."""
        from scipy.optimize import brentq

        def beyond(log_degrees: float) -> float:
            made = cls(value, value * math.sqrt(2 * math.exp(-log_degrees)))
            return math.log(made.interval(alpha)[1] / upper)

        if not value or upper <= value or beyond(_LARGEST) > 0:
            return cls(value, 0.0)
        if beyond(0.0) < 0:
            return cls(value, value * math.sqrt(2))
        return cls(value, value * math.sqrt(2 * math.exp(-float(brentq(beyond, 0, _LARGEST)))))

    @property
    def degrees(self) -> float:
        """Degrees of freedom of the chi-square law whose share the value is."""
        return 2 * (self.value / self.standard_error) ** 2 if self.standard_error else math.inf

    def interval(self, alpha: float) -> tuple[float, float]:
        """Two-sided interval at 1 - alpha, never below 0; (nan, nan) without a standard error.

        Examples
        --------
        >>> low, high = MeasuredError(8.0, 1.6).interval(0.05)
        >>> round(low, 2), round(high, 2)
        (5.51, 12.63)
        """
        from scipy.special import chdtri, gammaincinv

        tail = (1 - _SHARE) * check_fraction("alpha", alpha) / 2
        if math.isnan(self.standard_error) or not self.standard_error:
            return self.value + self.standard_error, self.value + self.standard_error
        total, shape = self.value * self.degrees, self.degrees / 2
        least = 2 * float(gammaincinv(shape, tail))
        upper = total / least if least else math.inf
        return float(total / chdtri(self.degrees, tail)), upper


def measured_error(errors: Floats, alpha: float, squares: Floats | None = None) -> MeasuredError:
    """The mean squared error over collections from their error vectors, shape (collections, d).

    `squares` are the squared errors of all collections, where vectors of the first alone are
    given.

    Errors of unbiased estimates from many users are nearly normal, so a squared error is a
    weighted sum of squared standard normals, and has nearly the law of a chi-square variable
    of (tr C)^2 / tr C^2 degrees of freedom, C the covariance (Satterthwaite): 1 of two
    frequencies that add up to 1, about k of k independent ones. The number is estimated from
    the cosines of the angles between collections, whose mean square is its inverse. A lower
    limit of it at a fifth of `alpha` enters, never less than 1, for which the interval is
    right whatever C is; the interval takes the rest. That of Student needs a sample that is
    nearly normal: of five collections of two values it covers 82% at 95%.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> found = measured_error(rng.normal(size=(10, 50)) / np.sqrt(50), alpha=0.05)
    >>> round(found.value, 2), found.degrees > 200
    (1.03, True)
    """
    from scipy.special import gammaincinv

    count, dimension = errors.shape
    products = errors @ errors.T
    own = np.diag(products)
    total = own if squares is None else squares
    value = float(total.mean())
    if total.size < 2:
        return MeasuredError(value, math.nan)
    if count < 2:
        return MeasuredError(value, value * math.sqrt(2 / total.size))
    one, two = np.triu_indices(count, 1)
    lengths = float(own[one] @ own[two])
    if not lengths:
        return MeasuredError(value, 0.0)
    limit = 2 * float(gammaincinv(one.size / 2, _SHARE * check_fraction("alpha", alpha)))
    inverse = float((products[one, two] ** 2).sum()) / lengths * one.size
    degrees = total.size * min(max(limit / inverse if inverse else math.inf, 1.0), float(dimension))
    return MeasuredError(value, value * math.sqrt(2 / degrees))
