"""The influence of one report on the value where it is largest, of any mechanism that states it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ldpaudit.collecting.estimands import Mean, VectorMean
from ldpaudit.contracts import (
    HasAttributeInfluence,
    HasInfluence,
    HasMeanInfluence,
    HasWorstInfluence,
)
from ldpaudit.outcomes.influence import InfluenceOutcome


def worst_influence(mechanism: Any) -> InfluenceOutcome | None:
    """Return how far one false report can move the estimate of one value or a mean, at worst.

    Parameters
    ----------
    mechanism : object
        Any mechanism. Of records the worst value of the worst attribute.

    Returns
    -------
    InfluenceOutcome or None
        The worst single target and the mean over targets, times the users; None for a
        mechanism that does not state its influence. Of one that estimates a mean, its
        `mean_influence`: in half widths of the domain, of which an honest report adds at
        most 1 on average.

    Raises
    ------
    ValueError
        If a mechanism states an influence that is no number.

    Examples
    --------
    >>> import ldpaudit
    >>> found = worst_influence(ldpaudit.mechanism("mss", k=100, epsilon=1.0))
    >>> round(found.worst, 2), round(found.mean, 2), found.exact
    (8.85, 5.87, True)
    >>> round(worst_influence(ldpaudit.mechanism("duchi", epsilon=1.0)).worst, 2)
    2.16
    """
    if isinstance(mechanism, HasWorstInfluence):
        worst, exact = mechanism.worst_influence()
        if not exact:
            return InfluenceOutcome(_number(worst), exact=False)
    if isinstance(mechanism, HasInfluence):
        single = np.asarray(mechanism.single_influences(), dtype=np.float64)
    elif isinstance(mechanism, HasAttributeInfluence):
        single = np.array(
            [
                mechanism.attribute_influence(attribute, [target])
                for attribute, size in enumerate(mechanism.sizes)
                for target in range(size)
            ]
        )
    elif isinstance(mechanism, HasMeanInfluence):
        # What EM or the like makes of the same reports is no sum over them.
        linear = isinstance(getattr(mechanism, "estimand", None), Mean | VectorMean)
        return InfluenceOutcome(_number(mechanism.mean_influence())) if linear else None
    else:
        return None
    return InfluenceOutcome(_number(single.max()), _number(single.mean()))


def _number(found: float) -> float:
    if np.isnan(found):
        raise ValueError("influence must be a number, got nan.")
    return float(found)
