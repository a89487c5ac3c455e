"""The limit that no unbiased estimate can pass, and the mechanisms that no other beats.

`frontier` is the least mean squared error that an unbiased estimate from epsilon-LDP reports
of independent users can have at a given attack success; `non_dominated` compares mechanisms
only with one another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.arrays import Bools, Floats
from ldpaudit.parameters import domain_size, parameters, positive

Numbers: TypeAlias = Sequence[float] | npt.NDArray[Any]

#: The curve has up to k vertices, held in memory.
MAX_K = 10**7


@dataclass(frozen=True)
@parameters(k=domain_size(MAX_K), epsilon=positive())
class Frontier:
    r"""The least error of any unbiased estimate by epsilon-LDP, at attack success up to V.

    Build it with `frontier`. It speaks of a uniform prior and a uniform truth,
    of the success V of the best single guess from one report (Bayes
    vulnerability), and of unbiased estimates: clipped, projected or prior-aware
    estimates are biased and may fall below it.

    Attributes
    ----------
    k : int
        Number of values, from 2 to 10**7.
    epsilon : float
        Privacy parameter, natural logarithm.

    Raises
    ------
    TypeError, ValueError
        If `k` is not a whole number in range or `epsilon` not positive and finite.

    Notes
    -----
    A mechanism is its columns :math:`c_y(x) = P(y | x)`; write :math:`m_y` for
    the mean of a column over x and e for :math:`\exp(\varepsilon)`.

    1. *Error and information.* Reports are y with probability :math:`m_y` at
       uniform truth, so one report's Fisher information on the sum-zero
       subspace, where frequencies can move, has the trace
       :math:`\sum_y |c_y - m_y|^2 / m_y = k v`, with
       :math:`v = \sum_y m_y \mathrm{var}(c_y / m_y)`. Cramer-Rao, and the
       inequality of the arithmetic and harmonic means over the k - 1
       eigenvalues, give n MSE >= :math:`(k-1)^2 / (k^2 v)`. (With the symmetrised
       information a = k v / (k-1) this reads (k-1) / (k a).)
    2. *Only the law of a normalised column matters.* The :math:`m_y` sum to 1,
       so c = :math:`c_y / m_y`, drawn with probability :math:`m_y`, is a random
       vector of mean 1 with max c <= e min c; V = E[max c] / k and v = E[var c].
    3. *The largest variance at a given maximum.* Fix M = max c. Variance is
       convex, so on the box [M/e, M] cut by "mean 1" it is largest at a vertex:
       w entries M, one entry r, the others M/e. While w stays the same r is
       linear in M, so this variance is a convex quadratic of M and lies below
       its chord. Chords end where r reaches an end of the box: at the columns
       of SubsetSelection with w = k, ..., 1, whose (M, variance) lie on the
       parabola (M - 1)(1 - M/e) of Bhatia and Davis. A polygon inscribed in a
       concave curve is concave, so by Jensen E[var c] is at most the polygon at
       E[M] = k V.
    4. *The curve.* Success at most V allows any smaller success, so v is the
       polygon made non-decreasing: zero at V <= 1/k (hence infinite error) and
       constant beyond the best SubsetSelection. Each vertex is
       SubsetSelection(w) and each edge a public coin between two of them, so
       the vertices' error is reached and not only bounded.

    The error above is against the population (users drawn independently). For
    fixed users and an estimate unbiased for every data set, the law of total
    variance at uniform truth takes away the sampling variance (1 - 1/k) / k.

    Examples
    --------
    >>> limit = frontier(k=10, epsilon=4.0)
    >>> round(limit.mse_at(1.0), 4), round(limit.mse_at(1.0, target="users"), 4)
    (0.1267, 0.0367)
    >>> limit.mse_at([0.1, 0.5]).round(4)
    array([   inf, 0.2243])
    """

    k: int
    epsilon: float

    @cached_property
    def _curve(self) -> tuple[Floats, Floats, Floats]:
        """Success V, information v and shortfall k - 1 - v of SS at w = k, ..., the best."""
        k, q, gap = self.k, math.exp(-self.epsilon), -math.expm1(-self.epsilon)
        w = np.arange(k, 0, -1, dtype=np.float64)
        total = w * gap + k * q  # (w e + k - w) / e: nothing overflows
        information = w * (k - w) * (gap / total) ** 2
        # Only sums of positive terms, so that the fixed-user limit keeps its digits near 0.
        shortfall = k * (w * (w - 1) * gap**2 + (k - 1) * q * (2 * w * gap + k * q)) / total**2
        stop = max(int(information.argmax()), 1) + 1
        return np.minimum(1 / total[:stop], 1.0), information[:stop], shortfall[:stop]

    @cached_property
    def points(self) -> Floats:
        """Vertices of the curve, from the least success to the least error.

        Shape (j, 2) with 1 <= j < k: attack success V and the error against the
        population of one user, i.e. n times the mean squared error per item.
        They are SubsetSelection with w = k - 1, k - 2, ... down to the w of
        least error. The starting point, infinite error at V = 1/k, is left out.

        Examples
        --------
        >>> frontier(k=3, epsilon=1.0).points.round(4)
        array([[0.4223, 3.1182],
               [0.5761, 1.6756]])
        """
        success, information, _ = self._curve
        with np.errstate(divide="ignore", over="ignore"):
            error = (1 - 1 / self.k) ** 2 / information[1:]
        out = np.column_stack((success[1:], error))
        out.flags.writeable = False
        return out

    @overload
    def mse_at(self, success: float, target: str = ...) -> float: ...
    @overload
    def mse_at(self, success: Numbers, target: str = ...) -> Floats: ...
    def mse_at(self, success: float | Numbers, target: str = "population") -> float | Floats:
        """Return n times the least mean squared error per item at attack success at most V.

        Parameters
        ----------
        success : float or array of any shape
            Attack success V in (0, 1], under a uniform prior.
        target : {"population", "users"}
            What the estimate is compared with: the law that users are drawn
            from, or the histogram of the users themselves (as in most
            simulations). Never compare one with the other.

        Returns
        -------
        float or ndarray
            For one user (n = 1): divide by the number of users. Infinite up to
            V = 1/k, constant beyond the best SubsetSelection. A scalar gives a
            float, an array an array of its shape.

        Raises
        ------
        TypeError, ValueError
            If a success is not a number in (0, 1] or the target is unknown.

        Examples
        --------
        >>> round(frontier(k=100, epsilon=4.0).mse_at(1.0), 4)
        0.0747
        """
        at = _success(success)
        vertices, information, shortfall = self._curve
        v = np.where(at > 1 / self.k, np.interp(at, vertices, information), 0.0)
        return _mse(self.k, v, np.interp(at, vertices, shortfall), target)


def frontier(k: int, epsilon: float) -> Frontier:
    """Return the curve of attack success and error that no unbiased estimate can pass.

    Of epsilon-LDP reports of independent users, whatever the mechanism.

    Parameters
    ----------
    k : int
        Number of values, from 2 to 10**7; time and memory grow like k.
    epsilon : float
        Privacy parameter, positive and finite, natural logarithm.

    Returns
    -------
    Frontier
        The curve; its notes hold the proof.

    Raises
    ------
    TypeError, ValueError
        If `k` is not a whole number in range or `epsilon` not positive and finite.

    Examples
    --------
    >>> frontier(k=100, epsilon=1.0).points[-1].round(4)  # success, least error of all
    array([0.0186, 3.6094])
    """
    return Frontier(k, epsilon)


@overload
def mse_without_epsilon(k: int, success: float, target: str = ...) -> float: ...
@overload
def mse_without_epsilon(k: int, success: Numbers, target: str = ...) -> Floats: ...
def mse_without_epsilon(
    k: int, success: float | Numbers, target: str = "population"
) -> float | Floats:
    """Return n times the least mean squared error at attack success V, whatever epsilon.

    The limit of `Frontier.mse_at` for large epsilon at each V, made smooth:
    var(c) <= max(c) - 1 for a column of mean 1, so n MSE >= (k-1)^2 / (k^2 (kV - 1)).

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    success : float or array of any shape
        Attack success V in (0, 1], under a uniform prior.
    target : {"population", "users"}
        As in `Frontier.mse_at`.

    Returns
    -------
    float or ndarray
        For one user (n = 1); infinite up to V = 1/k.

    Raises
    ------
    TypeError, ValueError
        If `k`, a success or the target is out of range.

    Examples
    --------
    >>> mse_without_epsilon(10, 1.0), mse_without_epsilon(10, 1.0, target="users")
    (0.09, 0.0)
    """
    k = validate.check_integer("k", k, 2)
    at = _success(success)
    return _mse(k, np.maximum(k * at - 1, 0.0), k * (1 - at), target)


def non_dominated(success: npt.ArrayLike, mse: npt.ArrayLike) -> Bools:
    """Mark the points that no other point beats: lower is better in both.

    A point is beaten by one that is at most equal in both and lower in one, so
    equal points stand or fall together and the order of the points is irrelevant.

    Parameters
    ----------
    success, mse : array_like, shape (n,)
        Any two costs; infinite is allowed, nan is not.

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    ValueError
        If the shapes differ or are not (n,), or a value is nan.

    Examples
    --------
    >>> non_dominated([0.1, 0.2, 0.2, 0.3], [3.0, 1.0, 1.0, 2.0])
    array([ True,  True,  True, False])
    """
    x, y = _floats("success", success), _floats("mse", mse)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"success and mse must both have shape (n,), got {x.shape} and {y.shape}.")
    if np.isnan(x).any() or np.isnan(y).any():
        raise ValueError("success and mse must not be nan.")
    order = np.lexsort((y, x))
    x, y = x[order], y[order]
    first = np.searchsorted(x, x)  # where the run of equal success starts: its lowest mse
    before = np.append(np.inf, np.minimum.accumulate(y))[first]  # lowest mse at lower success
    mask = np.empty(x.size, dtype=np.bool_)
    mask[order] = (y == y[first]) & ((first == 0) | (y < before))
    return mask


def _mse(k: int, information: Floats, shortfall: Floats, target: str) -> float | Floats:
    validate.check_known("target", target, ("population", "users"))
    # Population minus users is (k-1)/k^2, hence users = population * shortfall / (k-1).
    scale = k - 1 if target == "population" else np.maximum(shortfall, 0.0)
    blind = information <= 0
    with np.errstate(over="ignore"):  # an error above 1e308 is infinite
        out = (k - 1) / k**2 * scale / np.where(blind, 1.0, information)
    out = np.where(blind, np.inf, out)
    return float(out) if out.ndim == 0 else out


def _success(success: float | Numbers) -> Floats:
    at = _floats("success", success)
    bad = ~((at > 0) & (at <= 1))
    if bad.any():
        raise ValueError(f"success must lie in (0, 1], got {float(at[bad][0])!r}.")
    return at


def _floats(name: str, array: npt.ArrayLike) -> Floats:
    try:
        given = np.asarray(array)
        if given.size and given.dtype.kind not in "iuf":
            raise TypeError
        return given.astype(np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be numbers, got {type(array).__name__}.") from None
