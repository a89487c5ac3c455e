"""g-leakage: what a report is worth to an attacker who has an aim of their own.

A gain function g(w, x) says what the action w is worth when the user's value is
x: the value itself, a neighbour of it, its category, whether it is a sensitive
one. Bayes vulnerability is the gain that is 1 for the right value and else 0.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.leakage.channels import check_channel


def check_gain(gain: npt.ArrayLike, k: int) -> Floats:
    """Return a gain function as a (guesses, k) table of finite numbers of at least 0.

    Raises
    ------
    ValueError
        If it has another shape, or an entry is negative or no finite number.
    """
    table = validate.check_floats("gain", gain)
    if table.ndim != 2 or not len(table) or table.shape[1] != k:
        raise ValueError(f"gain must have shape (guesses >= 1, {k}), got {table.shape}.")
    if not np.isfinite(table).all() or (table < 0).any():
        raise ValueError("gain must hold finite numbers of at least 0.")
    return table


def prior_g_vulnerability(gain: npt.ArrayLike, prior: npt.ArrayLike) -> float:
    """Expected gain of the best guess without a report: max_w sum_x prior_x g(w, x).

    Parameters
    ----------
    gain : array of shape (guesses, k)
        Worth of each guess for each value, at least 0.
    prior : array of shape (k,)
        Probabilities of the values.

    Returns
    -------
    float
        In units of the gain.

    Raises
    ------
    ValueError
        If the gain or the prior is malformed.

    Examples
    --------
    >>> prior_g_vulnerability([[1, 0, 0], [0, 1, 1]], [0.4, 0.3, 0.3])
    0.6
    """
    weights = validate.check_floats("prior", prior)
    weights = validate.check_distribution("prior", weights, weights.size)
    return float((check_gain(gain, weights.size) @ weights).max())


def g_vulnerability(
    channel: npt.ArrayLike, gain: npt.ArrayLike, prior: npt.ArrayLike | None = None
) -> float:
    """Expected gain of the best guess from a report: sum_y max_w sum_x prior_x P(y | x) g(w, x).

    Parameters
    ----------
    channel : array of shape (k, reports)
        P(report | value), one row per value.
    gain : array of shape (guesses, k)
        Worth of each guess for each value, at least 0. The identity gives
        `bayes_vulnerability`.
    prior : array of shape (k,), optional
        Probabilities of the values; None means uniform.

    Returns
    -------
    float
        In units of the gain, at least `prior_g_vulnerability`.

    Raises
    ------
    ValueError
        If the channel, the gain or the prior is malformed.

    Notes
    -----
    Source: Alvim, Chatzikokolakis, Palamidessi and Smith, *Measuring information
    leakage using generalized gain functions*, CSF 2012.

    Examples
    --------
    Whether the value is 0 or not, which is all this attacker asks:

    >>> import ldpaudit
    >>> from ldpaudit.leakage import channel
    >>> table = channel(ldpaudit.mechanism("grr", k=3, epsilon=1.0))
    >>> aim = [[1, 0, 0], [0, 1, 1]]
    >>> round(g_vulnerability(table, aim), 4), round(prior_g_vulnerability(aim, [1 / 3] * 3), 4)
    (0.7174, 0.6667)
    """
    table = check_channel(channel)
    weights = validate.check_distribution("prior", prior, len(table))
    worth = check_gain(gain, len(table))
    validate.check_table_size(table.shape[1], len(worth))
    return float(((worth * weights) @ table).max(axis=0).sum())


def g_leakage(
    channel: npt.ArrayLike, gain: npt.ArrayLike, prior: npt.ArrayLike | None = None
) -> float:
    """Log of the factor by which a report raises the best guess's expected gain, in nats.

    Parameters
    ----------
    channel : array of shape (k, reports)
        P(report | value), one row per value.
    gain : array of shape (guesses, k)
        Worth of each guess for each value, at least 0.
    prior : array of shape (k,), optional
        Probabilities of the values; None means uniform.

    Returns
    -------
    float
        ln(g_vulnerability / prior_g_vulnerability), at least 0.

    Raises
    ------
    ValueError
        If an argument is malformed, or no guess is worth anything under the prior.

    Notes
    -----
    Whatever the gain and the prior, it is at most the channel's
    `ldpaudit.leakage.min_capacity` M, and so at most epsilon for epsilon-LDP:
    each term of g_vulnerability is at most max_x P(y | x) times the prior one,
    and the sum over reports of that maximum is exp(M) (Alvim et al., CSF 2012).

    Examples
    --------
    >>> round(g_leakage([[0.75, 0.25], [0.25, 0.75]], [[1, 0], [0, 1]]), 4)
    0.4055
    """
    after, before = _both(channel, gain, prior)
    if before == 0:
        raise ValueError("gain must be positive for some guess at a value of positive prior.")
    return math.log(after) - math.log(before)


def additive_g_leakage(
    channel: npt.ArrayLike, gain: npt.ArrayLike, prior: npt.ArrayLike | None = None
) -> float:
    """Amount by which a report raises the best guess's expected gain.

    Parameters
    ----------
    channel : array of shape (k, reports)
        P(report | value), one row per value.
    gain : array of shape (guesses, k)
        Worth of each guess for each value, at least 0.
    prior : array of shape (k,), optional
        Probabilities of the values; None means uniform.

    Returns
    -------
    float
        g_vulnerability - prior_g_vulnerability, at least 0, in units of the gain.

    Raises
    ------
    ValueError
        If an argument is malformed.

    Examples
    --------
    >>> additive_g_leakage([[0.75, 0.25], [0.25, 0.75]], [[1, 0], [0, 1]])
    0.25
    """
    after, before = _both(channel, gain, prior)
    return after - before


def _both(
    channel: npt.ArrayLike, gain: npt.ArrayLike, prior: npt.ArrayLike | None
) -> tuple[float, float]:
    """The g-vulnerability with a report and without."""
    table = check_channel(channel)
    weights = validate.check_distribution("prior", prior, len(table))
    return g_vulnerability(table, gain, weights), prior_g_vulnerability(gain, weights)
