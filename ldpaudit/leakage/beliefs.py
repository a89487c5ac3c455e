"""What naming a value succeeds at: the most under any prior, and by a prior that is not the truth.

An attacker acts on what they believe of the users. Where that is how common the values are, the
best guess succeeds with the Bayes vulnerability of that law. Here are the two figures beside it:
the most that any mechanism of an epsilon can give away under a law, and what an attacker of other
beliefs comes to under it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.contracts import HasBayesVulnerability, HasReports, HasSupports

#: Largest channel that is written down instead of left to be measured, in entries.
_LISTED = 2**22
#: Most values that are asked for one after the other, and most beliefs that are averaged exactly.
_STEPS, _BELIEFS = 2_048, 256


def largest_vulnerability(prior: npt.ArrayLike, epsilon: float) -> float:
    r"""Most that the best guess from one report can succeed under any epsilon-LDP mechanism.

    Parameters
    ----------
    prior : array of shape (k,)
        Probabilities of the values, which the attacker knows.
    epsilon : float
        Privacy budget in natural-log units, positive.

    Returns
    -------
    float
        The largest of :math:`e P_m / (e + m - 1)` over m = 1, ..., k, with e = exp(epsilon) and
        :math:`P_m` the sum of the m largest probabilities. Some mechanism reaches it.

    Raises
    ------
    ValueError
        If the prior is no distribution or epsilon is not positive and finite.

    Notes
    -----
    *Reached.* Randomized response over the m likeliest values, where everybody else sends any of
    them alike, is epsilon-LDP. Who takes each report at its word is right with probability
    :math:`e / (e + m - 1)` for those m values and never for the others.

    *Never passed.* All probabilities of a report y lie in a box [a, e a], a the least of them, and
    so are a mixture of its corners: e a on a set S of values and a elsewhere. Sending the corner
    instead of y tells no less, so that the best channel is a choice of weights :math:`z_S \ge 0`
    with :math:`\sum_S z_S (1 + (e - 1) [x \in S]) = 1` for every x, and its success is
    :math:`\sum_S z_S \max(e \max_{x \in S} \pi_x, \max_{x \notin S} \pi_x)`: a linear programme.
    By its duality, numbers :math:`\lambda_x` bound the success by their sum where
    :math:`\sum_x \lambda_x + (e - 1) \sum_{x \in S} \lambda_x` is at least the worth of every S.
    Take :math:`\Lambda = \max_m e P_m / (e + m - 1)` and
    :math:`\lambda_x = (e \pi_x - \Lambda)_+ / (e - 1)`. By the choice of :math:`\Lambda`,
    :math:`\sum_x (e \pi_x - \Lambda)_+ = (e - 1) \Lambda` (the left side is the largest
    :math:`e P_m - m \Lambda` over m, or 0), so the :math:`\lambda_x` add up to
    :math:`\Lambda`. They are at least 0; m = 1 says :math:`\Lambda \ge \max_x \pi_x`; and
    :math:`\Lambda + (e - 1) \lambda_x \ge e \pi_x` for every x in S. Hence the bound holds, and
    it is what the mechanism above reaches.

    Under a uniform prior all k values are best, :math:`e / (e + k - 1)`.

    Examples
    --------
    >>> largest_vulnerability([0.9, 0.1], 1.0)
    0.9
    >>> zipf = [1 / rank for rank in range(1, 9)]
    >>> law = [share / sum(zipf) for share in zipf]
    >>> [round(largest_vulnerability(law, epsilon), 4) for epsilon in (0.5, 1.0, 2.0, 3.0)]
    [0.3679, 0.4035, 0.5452, 0.7416]
    """
    law = validate.check_floats("prior", prior)
    law = validate.check_distribution("prior", law, law.size)
    q = math.exp(-min(validate.check_positive("epsilon", epsilon), validate.MAX_EPSILON))
    sums = np.cumsum(np.sort(law)[::-1])
    return float(min((sums / (1 + np.arange(law.size) * q)).max(), 1.0))


def success_by_belief(mechanism: Any, belief: npt.ArrayLike, law: npt.ArrayLike) -> float | None:
    """Success of the attacker who names the likeliest value by their own prior, where it is exact.

    Parameters
    ----------
    mechanism : Mechanism
        With ``vulnerability``, and with ``supports`` or ``every_report`` where the two differ.
    belief : array of shape (k,) or (n, k)
        What the attacker thinks of the users, or of each of n users; of equally likely values
        the smaller is named.
    law : array of shape (k,) or (n, k)
        How the values are drawn, for all users or each of them; each user counts alike.

    Returns
    -------
    float or None
        The probability of a right guess; None where neither a closed form nor a short list of
        reports gives it.

    Notes
    -----
    Where belief and law agree it is the Bayes vulnerability V. Where a likelihood has two levels,
    the supported values e times as likely as the others, V of a uniform law on m values T says how
    often none of them is supported: the sum over reports of the largest likelihood in T is m V(T),
    e times the level of each report where one of T is supported and the level alone where none
    is. The attacker asks for values from the one they think likeliest, takes the first that is
    supported, and their favourite where none is or where no support can outweigh the prior. So
    the j-th value asked for is named rightly with probability
    (j V_j - (j - 1) V_{j-1}) e / (e - 1), V_j of a uniform law on the first j; and the favourite,
    of m asked for, with probability 1 - (m V_m - 1) / (e - 1).

    Examples
    --------
    >>> import ldpaudit
    >>> m = ldpaudit.mechanism("oue", k=4, epsilon=1.0)
    >>> law = [0.7, 0.1, 0.1, 0.1]
    >>> round(success_by_belief(m, law, law), 4), round(success_by_belief(m, law[::-1], law), 4)
    (0.7, 0.1)
    """
    held, true = np.atleast_2d(np.asarray(belief)), np.atleast_2d(np.asarray(law))
    both = np.broadcast_arrays(held, true)
    pairs, times = np.unique(np.concatenate(both, axis=1), axis=0, return_counts=True)
    if len(pairs) > _BELIEFS:
        return None
    k = held.shape[1]
    found = [_success(mechanism, pair[:k], pair[k:]) for pair in pairs]
    if any(success is None for success in found):
        return None
    return float(np.average([success or 0.0 for success in found], weights=times))


def _success(mechanism: Any, belief: Floats, law: Floats) -> float | None:
    """The same for one belief and one law."""
    exact = isinstance(mechanism, HasBayesVulnerability)
    if exact and np.array_equal(belief, law):
        return float(mechanism.vulnerability(law))
    if exact and isinstance(mechanism, HasSupports):
        found = _of_two_levels(mechanism, belief, law)
        if found is not None:
            return found
    return _of_list(mechanism, belief, law)


def _of_two_levels(mechanism: Any, belief: Floats, law: Floats) -> float | None:
    """From the vulnerability of the values that are asked for, one more each time."""
    with np.errstate(divide="ignore"):
        weight = np.log(belief)
    order, gain = np.argsort(-weight, kind="stable"), float(mechanism.support_gain)
    asked = order[weight[order] + gain > weight[order[0]]]
    if asked.size > _STEPS:
        return None
    totals = np.zeros(asked.size + 1)
    for many in range(1, asked.size + 1):
        even = np.zeros(belief.size)
        even[asked[:many]] = 1 / many
        totals[many] = many * float(mechanism.vulnerability(even))
    named = np.diff(totals) / -math.expm1(-gain)
    named[0] = 1 - (totals[-1] - 1) * math.exp(-gain) / -math.expm1(-gain)
    return float(min(max(law[asked] @ named, 0.0), 1.0))


def _of_list(mechanism: Any, belief: Floats, law: Floats) -> float | None:
    """A sum over all reports, where they are few; the guess is that of the attack to the bit."""
    if not isinstance(mechanism, HasReports):
        return None
    try:
        reports = mechanism.every_report()
    except ValueError:  # too many to list
        return None
    if len(reports) * belief.size > _LISTED:
        return None
    table = mechanism.log_likelihood(reports)
    with np.errstate(divide="ignore"):
        weight = np.log(belief)
    guesses = (table if belief.min() == belief.max() else table + weight).argmax(axis=1)
    return float(law[guesses] @ np.exp(table[np.arange(len(table)), guesses]))
