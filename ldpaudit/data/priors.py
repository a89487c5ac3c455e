"""Synthetic laws of values, and users apportioned to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ldpaudit import validate

if TYPE_CHECKING:
    from ldpaudit.arrays import Floats
from ldpaudit.contracts import Values

#: Above this, shares times users no longer resolve single users in double precision.
MAX_USERS = 10**12


def zipf(k: int, s: float = 1.0) -> Floats:
    """Return probabilities proportional to 1 / rank^s, shape (k,).

    Raises
    ------
    TypeError, ValueError
        If `k` is not a whole number of at least 2 or `s` not positive and finite.

    Examples
    --------
    >>> zipf(3).round(3)
    array([0.545, 0.273, 0.182])
    """
    k, s = validate.check_integer("k", k, 2, validate.MAX_DOMAIN), validate.check_positive("s", s)
    weights = np.arange(1, k + 1, dtype=np.float64) ** -s
    out: Floats = weights / weights.sum()
    return out


def spike(k: int) -> Floats:
    """Return the prior of value 0 alone, shape (k,).

    The hardest histogram for a uniform error: with fixed users the error of an
    unbiased linear estimate is the mean of what each user's value costs, so no
    histogram is worse than all users on the costliest value (which is value 0
    where a mechanism treats all values alike).

    Raises
    ------
    TypeError, ValueError
        If `k` is not a whole number of at least 2.

    Examples
    --------
    >>> spike(3)
    array([1., 0., 0.])
    """
    out = np.zeros(validate.check_integer("k", k, 2, validate.MAX_DOMAIN))
    out[0] = 1.0
    return out


def uniform(k: int) -> Floats:
    """Return equal probabilities, shape (k,).

    Raises
    ------
    TypeError, ValueError
        If `k` is not a whole number of at least 2.

    Examples
    --------
    >>> uniform(4)
    array([0.25, 0.25, 0.25, 0.25])
    """
    k = validate.check_integer("k", k, 2, validate.MAX_DOMAIN)
    return np.full(k, 1 / k)


def dirichlet(k: int, concentration: float = 1.0, *, rng: np.random.Generator) -> Floats:
    """Draw probabilities from a symmetric Dirichlet law, shape (k,).

    Concentration 1 is uniform over the simplex; smaller is more uneven.

    Raises
    ------
    TypeError, ValueError
        If `k` is not a whole number of at least 2, `rng` is no Generator, or
        `concentration` is not positive or too extreme to draw from.

    Examples
    --------
    >>> float(dirichlet(5, 0.5, rng=np.random.default_rng(0)).sum().round(12))
    1.0
    """
    k = validate.check_integer("k", k, 2, validate.MAX_DOMAIN)
    alpha = np.full(k, validate.check_positive("concentration", concentration))
    with np.errstate(all="ignore"):
        out = validate.check_generator(rng).dirichlet(alpha)
    if not abs(out.sum() - 1) < 1e-9:
        raise ValueError(f"concentration is too extreme to draw from, got {concentration!r}.")
    return out


def apportion(frequencies: npt.ArrayLike, num_users: int) -> Values:
    """Turn shares into whole users by the largest-remainder method.

    Every value gets the whole part of its quota (share times `num_users`); the
    users left over go one each to the largest remainders. Remainders that agree
    to nine decimals tie, and a tie goes to the lower value.

    Parameters
    ----------
    frequencies : array_like, shape (k,)
        Shares of at least 0; they need not sum to 1.
    num_users : int
        From 1 to 10**12.

    Returns
    -------
    ndarray of int64, shape (k,)
        Sums to `num_users`; each entry is within 1 of its quota.

    Raises
    ------
    TypeError, ValueError
        If a share is negative or not finite, all are 0, or `num_users` is out of range.

    Examples
    --------
    >>> apportion([0.5, 0.25, 0.25], 5)
    array([3, 1, 1])
    """
    num_users = validate.check_integer("num_users", num_users, 1, MAX_USERS)
    shares = validate.check_floats("frequencies", frequencies)
    if shares.ndim != 1 or not np.isfinite(shares).all() or (shares < 0).any():
        raise ValueError("frequencies must be one row of finite shares of at least 0.")
    if not shares.any():
        raise ValueError("frequencies must not all be 0.")
    shares = shares / shares.max()  # their sum cannot overflow
    # Rounded, so that the last bit of a sum decides nothing.
    quotas = np.round(shares / shares.sum() * num_users, 9)
    users: Values = np.floor(quotas).astype(np.int64)
    left_over = num_users - int(users.sum())
    users[np.argsort(-np.round(quotas - users, 9), kind="stable")[:left_over]] += 1
    return users
