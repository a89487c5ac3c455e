"""The central epsilon of shuffled reports in closed form, as published in 2021."""

from __future__ import annotations

import math

from ldpaudit import validate


def closed_form(epsilon: float, num_users: int, delta: float) -> float | None:
    """Central epsilon of n reports of any epsilon-LDP mechanism by the published formula.

    Parameters
    ----------
    epsilon : float
        Budget of one report in natural-log units.
    num_users : int
        Reports that are shuffled, one per user.
    delta : float
        Delta of the central guarantee, strictly between 0 and 1.

    Returns
    -------
    float or None
        ln(1 + (e - 1) / (e + 1) (8 sqrt(e ln(4 / delta) / n) + 8 e / n)) for e = exp(epsilon);
        None above epsilon = ln(n / (16 ln(2 / delta))), where it is not proved.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Source: Feldman, McMillan and Talwar, *Hiding among the clones*, FOCS 2021, theorem 3.1.

    Examples
    --------
    >>> round(closed_form(2.0, 10_000, 1e-6), 4)
    0.5009
    >>> closed_form(2.0, 1_000, 1e-6) is None
    True
    """
    budget = validate.check_epsilon(epsilon)
    n = validate.check_integer("num_users", num_users, 1)
    miss = validate.check_fraction("delta", delta)
    if budget > math.log(n / (16 * math.log(2 / miss))):
        return None
    e = math.exp(budget)
    blanket = 8 * math.sqrt(e * math.log(4 / miss) / n) + 8 * e / n
    return math.log1p((e - 1) / (e + 1) * blanket)
