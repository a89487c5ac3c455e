"""What one report of a channel reveals: exact measures from a table of probabilities."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ldpaudit._validate import distribution


def check_channel(channel: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return a channel as a (k, reports) table whose rows are distributions.

    Raises
    ------
    ValueError
        If it has fewer than two rows or a row is not a distribution.
    """
    table = np.asarray(channel, dtype=np.float64)
    if table.ndim != 2 or len(table) < 2:
        raise ValueError(f"channel must have shape (k >= 2, reports), got {table.shape}.")
    for value, row in enumerate(table):
        distribution(f"channel row {value}", row, table.shape[1])
    return table


def bayes_vulnerability(channel: npt.ArrayLike, prior: npt.ArrayLike | None = None) -> float:
    """Success of the best single guess: sum over reports of max_x prior_x P(y | x).

    Parameters
    ----------
    channel : array of shape (k, reports)
        P(report | value), one row a value.
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
    weights = distribution("prior", prior, len(table))
    return float((weights[:, None] * table).max(axis=0).sum())


def min_entropy_leakage(channel: npt.ArrayLike, prior: npt.ArrayLike | None = None) -> float:
    """Log of the factor by which a report raises the best guess's success, in nats.

    Parameters
    ----------
    channel : array of shape (k, reports)
        P(report | value), one row a value.
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
    weights = distribution("prior", prior, len(table))
    return math.log(bayes_vulnerability(table, weights)) - math.log(weights.max())


def exact_epsilon(channel: npt.ArrayLike) -> float:
    """Largest log ratio P(y | x) / P(y | x') over reports and pairs of values.

    Parameters
    ----------
    channel : array of shape (k, reports)
        P(report | value), one row a value.

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
