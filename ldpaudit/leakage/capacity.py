"""Information in one report: mutual information, and the most any prior can make of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.leakage.channels import check_channel

#: Rounds of the search for the capacity; its result says how close it came.
_ROUNDS = 20_000


def mutual_information(channel: npt.ArrayLike, prior: npt.ArrayLike | None = None) -> float:
    """Mutual information of a user's value and the report, in nats.

    Parameters
    ----------
    channel : array of shape (k, reports)
        P(report | value), one row per value.
    prior : array of shape (k,), optional
        Probabilities of the values; None means uniform.

    Returns
    -------
    float
        Expected log ratio of P(report | value) to P(report), at least 0.

    Raises
    ------
    ValueError
        If the channel or the prior is not made of distributions.

    Notes
    -----
    At most min(epsilon, epsilon^2 / 8) for epsilon-LDP: given the report,
    the log ratio of posterior to prior spans an interval of length epsilon that
    holds 0, and the divergence of two laws whose log ratio spans epsilon is at
    most epsilon^2 / 8 (a variance of at most epsilon^2 / 4, integrated along the
    exponential family that joins the two).

    Examples
    --------
    >>> round(mutual_information([[0.75, 0.25], [0.25, 0.75]]), 6)
    0.130812
    """
    from scipy.special import rel_entr

    table = check_channel(channel)
    weights = validate.check_distribution("prior", prior, len(table))
    table, weights = table[weights > 0], weights[weights > 0]
    return max(0.0, float(weights @ rel_entr(table, weights @ table).sum(axis=1)))


def min_capacity(channel: npt.ArrayLike) -> float:
    """Log of the largest factor by which a report raises any attacker's success, in nats.

    The largest min-entropy leakage over all priors, reached by the uniform one,
    and the largest g-leakage over all priors and gains: ln sum_y max_x P(y | x).

    Parameters
    ----------
    channel : array of shape (k, reports)
        P(report | value), one row per value.

    Returns
    -------
    float
        From 0 to ln k; at most ln(k e / (e + k - 1)), e = exp(epsilon), for epsilon-LDP.

    Raises
    ------
    ValueError
        If the channel is not made of distributions.

    Notes
    -----
    The limit for epsilon-LDP: the k probabilities of a report add up to at least
    (1 + (k - 1) / e) times their maximum, and over all reports to k. Randomized
    response reaches it. Source: Braun, Chatzikokolakis and Palamidessi,
    *Quantitative notions of leakage for one-try attacks*, MFPS 2009; Alvim et
    al., CSF 2012.

    Examples
    --------
    >>> round(min_capacity([[0.75, 0.25], [0.25, 0.75]]), 4)  # ln 1.5
    0.4055
    """
    return math.log(float(check_channel(channel).max(axis=0).sum()))


@dataclass(frozen=True, eq=False)
class Capacity:
    """Shannon capacity between two certified numbers, in nats.

    Attributes
    ----------
    lower : float
        Mutual information under `prior`.
    upper : float
        Largest divergence of a row from the reports' law under `prior`.
    prior : array of shape (k,)
        The best prior found.

    Examples
    --------
    >>> shannon_capacity([[0.75, 0.25], [0.25, 0.75]]).prior
    array([0.5, 0.5])
    """

    lower: float
    upper: float
    prior: Floats


def shannon_capacity(channel: npt.ArrayLike, tolerance: float = 1e-9) -> Capacity:
    """Largest mutual information of value and report over all priors.

    Parameters
    ----------
    channel : array of shape (k, reports)
        P(report | value), one row per value.
    tolerance : float, default 1e-9
        Gap between the two ends at which the search ends; it also ends after
        20,000 rounds, with whatever gap is left.

    Returns
    -------
    Capacity
        ``.lower`` <= capacity <= ``.upper``, up to rounding, and the prior.

    Raises
    ------
    ValueError, TypeError
        If the channel is not made of distributions or the tolerance is not positive.

    Notes
    -----
    The algorithm of Blahut and Arimoto: with D_x the divergence of row x from the
    law of reports under the prior w, replace w_x by w_x exp(D_x), normalised.
    Any prior brackets the capacity C: sum_x w_x D_x is its mutual information, so
    at most C; and for the best prior w' the sum of w'_x D_x is C plus a
    divergence, so max_x D_x is at least C. Source: Blahut, *Computation of
    channel capacity and rate-distortion functions*, IEEE Transactions on
    Information Theory 1972; Arimoto, the same volume.

    Examples
    --------
    >>> found = shannon_capacity([[0.9, 0.1], [0.5, 0.5]])
    >>> round(found.lower, 6), found.upper - found.lower < 1e-9, found.prior.round(3)
    (0.102301, True, array([0.538, 0.462]))
    """
    table = check_channel(channel)
    tolerance = validate.check_positive("tolerance", tolerance)
    table = table[:, table.max(axis=0) > 0]
    prior = np.full(len(table), 1 / len(table))
    divergence = _divergence(table, prior)
    for _ in range(_ROUNDS):
        if divergence.max() - prior @ divergence <= tolerance:
            break
        prior = prior * np.exp(divergence - divergence.max())
        prior /= prior.sum()
        divergence = _divergence(table, prior)
    return Capacity(max(0.0, float(prior @ divergence)), max(0.0, float(divergence.max())), prior)


def _divergence(table: Floats, prior: Floats) -> Floats:
    """Divergence of each row from the law of reports under the prior."""
    from scipy.special import rel_entr

    return np.asarray(rel_entr(table, prior @ table).sum(axis=1))
