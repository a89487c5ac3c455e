"""What one report of a channel reveals: exact measures from a table of probabilities."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.contracts import HasReports
from ldpaudit.validate import check_distribution


def check_channel(channel: npt.ArrayLike) -> Floats:
    """Return a channel as a (k, reports) table whose rows are distributions.

    Raises
    ------
    ValueError
        If it has fewer than two rows or a row is not a distribution.
    """
    table = validate.check_floats("channel", channel)
    if table.ndim != 2 or len(table) < 2:
        raise ValueError(f"channel must have shape (k >= 2, reports), got {table.shape}.")
    for value, row in enumerate(table):
        check_distribution(f"channel row {value}", row, table.shape[1])
    return table


def bayes_vulnerability(channel: npt.ArrayLike, prior: npt.ArrayLike | None = None) -> float:
    """Success of the best single guess: sum over reports of max_x prior_x P(y | x).

    Parameters
    ----------
    channel : array of shape (k, reports)
        P(report | value), one row per value.
    prior : array of shape (k,), optional
        Probabilities of the values; None means uniform.

    Returns
    -------
    float
        Probability that the guess is the user's value.

    Raises
    ------
    ValueError
        If the channel or the prior is not made of distributions.

    Notes
    -----
    Source: Smith, *On the foundations of quantitative information flow*, 2009.

    Examples
    --------
    >>> bayes_vulnerability([[0.75, 0.25], [0.25, 0.75]])
    0.75
    """
    table = check_channel(channel)
    weights = check_distribution("prior", prior, len(table))
    return float((weights[:, None] * table).max(axis=0).sum())


def top_vulnerability(channel: npt.ArrayLike, t: int, prior: npt.ArrayLike | None = None) -> float:
    """Success of the best list of `t` guesses: sum over reports of the t largest prior x P(y | x).

    Parameters
    ----------
    channel : array of shape (k, reports)
        P(report | value), one row per value.
    t : int
        Values that may be named, from 1 to k.
    prior : array of shape (k,), optional
        Probabilities of the values; None means uniform.

    Returns
    -------
    float
        Probability that the user's value is on the list; `bayes_vulnerability` at t = 1.

    Raises
    ------
    ValueError, TypeError
        If the channel or the prior is not made of distributions, or t is out of range.

    Notes
    -----
    Source: the t-tries gain function of Alvim, Chatzikokolakis, Palamidessi and
    Smith, *Measuring information leakage using generalized gain functions*, CSF 2012.

    Examples
    --------
    >>> table = [[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.2, 0.2, 0.6]]
    >>> round(top_vulnerability(table, 2), 9)
    0.8
    """
    table = check_channel(channel)
    weights = check_distribution("prior", prior, len(table))
    rest = len(table) - validate.check_integer("t", t, 1, len(table))
    return float(np.partition(weights[:, None] * table, rest, axis=0)[rest:].sum())


def posterior(log_likelihood: npt.ArrayLike, prior: npt.ArrayLike | None = None) -> Floats:
    """What an attacker believes after each report: prior x likelihood, normalised.

    Parameters
    ----------
    log_likelihood : array of shape (n, k)
        Log P(report | value), or a density's, one row per report: what a
        mechanism's ``log_likelihood(reports)`` returns.
    prior : array of shape (k,), optional
        Probabilities of the values before the report; None means uniform.

    Returns
    -------
    array of shape (n, k)
        Rows sum to 1.

    Raises
    ------
    ValueError
        If the table has not that shape, the prior is no distribution, or a
        report is impossible for every value of positive prior.

    Examples
    --------
    >>> import ldpaudit
    >>> m = ldpaudit.mechanism("grr", k=3, epsilon=1.0)
    >>> posterior(m.log_likelihood([2]), [0.8, 0.1, 0.1]).round(4)
    array([[0.6827, 0.0853, 0.232 ]])
    """
    table = validate.check_floats("log_likelihood", log_likelihood)
    if table.ndim != 2 or table.shape[1] < 2:
        raise ValueError(f"log_likelihood must have shape (n, k >= 2), got {table.shape}.")
    with np.errstate(divide="ignore"):
        joint = table + np.log(check_distribution("prior", prior, table.shape[1]))
    highest = joint.max(axis=1, keepdims=True)
    if not np.isfinite(highest).all():
        row = int(np.flatnonzero(~np.isfinite(highest[:, 0]))[0])
        raise ValueError(
            f"each report must be possible for a value of positive prior, report {row} is not."
        )
    np.exp(joint - highest, out=joint)
    return np.asarray(joint / joint.sum(axis=1, keepdims=True))


def min_entropy_leakage(channel: npt.ArrayLike, prior: npt.ArrayLike | None = None) -> float:
    """Log of the factor by which a report raises the best guess's success, in nats.

    Parameters
    ----------
    channel : array of shape (k, reports)
        P(report | value), one row per value.
    prior : array of shape (k,), optional
        Probabilities of the values; None means uniform.

    Returns
    -------
    float
        ln(vulnerability / max prior), at least 0; at most epsilon for epsilon-LDP.

    Raises
    ------
    ValueError
        If the channel or the prior is not made of distributions.

    Examples
    --------
    >>> round(min_entropy_leakage([[0.75, 0.25], [0.25, 0.75]]), 4)
    0.4055
    """
    table = check_channel(channel)
    weights = check_distribution("prior", prior, len(table))
    return math.log(bayes_vulnerability(table, weights)) - math.log(weights.max())


def exact_epsilon(channel: npt.ArrayLike) -> float:
    """Largest log ratio P(y | x) / P(y | x') over reports and pairs of values.

    Parameters
    ----------
    channel : array of shape (k, reports)
        P(report | value), one row per value.

    Returns
    -------
    float
        The channel's epsilon; inf where a report is possible for one value only.

    Raises
    ------
    ValueError
        If a row is not a distribution.

    Examples
    --------
    >>> round(exact_epsilon([[0.75, 0.25], [0.25, 0.75]]), 6) == round(math.log(3), 6)
    True
    """
    table = check_channel(channel)
    possible = table[:, table.max(axis=0) > 0]
    if (possible == 0).any():
        return math.inf
    return float((np.log(possible.max(axis=0)) - np.log(possible.min(axis=0))).max())


def channel(mechanism: HasReports) -> Floats:
    """Write down the whole channel of a mechanism that lists its reports.

    Parameters
    ----------
    mechanism : HasReports
        A mechanism with ``every_report`` and ``log_likelihood``.

    Returns
    -------
    array of shape (k, reports)
        P(report | value), one row per value.

    Raises
    ------
    ValueError
        If there are too many reports, or a row is not a distribution.

    Examples
    --------
    >>> import ldpaudit
    >>> table = channel(ldpaudit.mechanism("grr", k=3, epsilon=1.0))
    >>> table.shape, round(float(table[0, 0]), 4)
    ((3, 3), 0.5761)
    """
    return check_channel(np.exp(mechanism.log_likelihood(mechanism.every_report())).T)


def exact_delta(channel: npt.ArrayLike, epsilon: float) -> float:
    """Hockey-stick divergence: the largest P(A | x) - e^epsilon P(A | x') over events and pairs.

    Parameters
    ----------
    channel : array of shape (k, reports)
        P(report | value), one row per value.
    epsilon : float
        Privacy budget in natural-log units, at least 0.

    Returns
    -------
    float
        Least delta such that the channel is (epsilon, delta)-LDP; 0 where it is epsilon-LDP.

    Raises
    ------
    ValueError
        If a row is not a distribution or epsilon is negative or no finite number.

    Notes
    -----
    The best event holds every report with P(y | x) > e^epsilon P(y | x'), so it
    is a sum over reports. Source: Barthe and Olmedo, ICALP 2013; Balle, Barthe
    and Gaboardi, NeurIPS 2018.

    Examples
    --------
    >>> round(exact_delta([[0.75, 0.25], [0.25, 0.75]], 0.0), 4)
    0.5
    >>> exact_delta([[0.75, 0.25], [0.25, 0.75]], 1.2)
    0.0
    """
    table = check_channel(channel)
    factor = math.exp(min(validate.check_nonnegative("epsilon", epsilon), validate.MAX_EPSILON))
    pairs = (np.maximum(row - factor * table, 0.0).sum(axis=1).max() for row in table)
    return float(max(pairs))
