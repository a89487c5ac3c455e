"""What a report on one attribute says of another one, which is correlated with it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.leakage.channels import check_channel


def correlated_channel(channel: npt.ArrayLike, joint: npt.ArrayLike) -> Floats:
    """Channel from one attribute to the reports on another: P(y | x) = sum_x' P(x' | x) P(y | x').

    Every measure of a channel then speaks of the attribute that was not asked for: its epsilon,
    the success of its best guess under its own prior, its capacity. Its epsilon never exceeds that
    of the reports, and is less where the attributes do not determine each other.

    Parameters
    ----------
    channel : array of shape (other, reports)
        P(report | value of the attribute that is reported on).
    joint : array of shape (k, other)
        Probabilities of both attributes' values together, those of the attribute in question by
        row. Each of its values must be possible.

    Returns
    -------
    array of shape (k, reports)
        P(report | value of the attribute in question).

    Raises
    ------
    ValueError
        If the channel or the joint is not made of distributions, or a value is impossible.

    Examples
    --------
    Randomized response on a test result, and what it says of a disease that the test shows with
    probability 0.9 and that 2 of 10 have:

    >>> import ldpaudit
    >>> from ldpaudit.leakage import bayes_vulnerability, channel, exact_epsilon
    >>> reports = channel(ldpaudit.mechanism("grr", k=2, epsilon=2.0))
    >>> joint = np.array([[0.72, 0.08], [0.02, 0.18]])
    >>> other = correlated_channel(reports, joint)
    >>> other.round(4)
    array([[0.8046, 0.1954],
           [0.1954, 0.8046]])
    >>> round(exact_epsilon(reports), 4), round(exact_epsilon(other), 4)
    (2.0, 1.4155)
    >>> round(bayes_vulnerability(other, joint.sum(axis=1)), 4)
    0.8046
    """
    table = check_channel(channel)
    law = validate.check_floats("joint", joint)
    if law.ndim != 2 or len(law) < 2 or law.shape[1] != len(table):
        raise ValueError(f"joint must have shape (k >= 2, {len(table)}), got {law.shape}.")
    law = validate.check_distribution("joint", law.ravel(), law.size).reshape(law.shape)
    own = law.sum(axis=1, keepdims=True)
    if not (own > 0).all():
        value = int(np.flatnonzero(own[:, 0] == 0)[0])
        raise ValueError(f"every value must be possible, joint row {value} is 0.")
    return np.asarray((law / own) @ table)
