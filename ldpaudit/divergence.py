"""Epsilon and delta: the profile of one telling event, and where a profile meets a delta."""

from __future__ import annotations

import math
from collections.abc import Callable

from ldpaudit import validate


def epsilon_at(profile: Callable[[float], float], delta: float, ceiling: float = 700.0) -> float:
    """Least epsilon at which a privacy profile comes down to `delta`, to 1e-12 and never below.

    Parameters
    ----------
    profile : callable
        delta(epsilon), not increasing; a mechanism's ``exact_delta``.
    delta : float
        In [0, 1).
    ceiling : float, default 700
        Largest epsilon looked at.

    Returns
    -------
    float
        In natural-log units; 0 where nothing leaks beyond `delta`, inf above `ceiling`.

    Raises
    ------
    ValueError, TypeError
        If delta is out of range.

    Examples
    --------
    >>> def profile(epsilon):  # randomized response that tells the truth with probability 3/4
    ...     return max(0.0, 0.75 - math.exp(epsilon) * 0.25)
    >>> round(epsilon_at(profile, 0.0), 9)  # ln 3
    1.098612289
    >>> round(epsilon_at(profile, 0.25), 6)  # ln 2
    0.693147
    """
    delta = validate.check_delta(delta)
    if profile(0.0) <= delta:
        return 0.0
    if profile(ceiling) > delta:
        return math.inf
    low, high = 0.0, ceiling
    while high - low > 1e-12 * max(1.0, high):
        middle = (low + high) / 2
        if profile(middle) <= delta:
            high = middle
        else:
            low = middle
    return high


def hockey_stick(likely: float, epsilon: float, anchor: float, delta: float = 0.0) -> float:
    """max(0, A - exp(epsilon) B) for A = `likely`, where A - exp(anchor) B = `delta`.

    A and B are the probabilities of the event under the two values. B is left
    out, so that nothing cancels at the anchor, however small delta is.
    """
    beyond = min(validate.check_nonnegative("epsilon", epsilon) - anchor, 700.0)
    return max(0.0, delta - (likely - delta) * math.expm1(beyond))
