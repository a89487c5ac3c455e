"""Bayes vulnerability of reports with two likelihood levels, for any prior.

With values sorted by prior (best first), the best supported value is the first
supported one, and the best unsupported one is the top value unless the top is
supported, in which case it wins anyway. So the success sum over all reports
needs only the law of the first supported index.
"""

from __future__ import annotations

import numpy as np

from ldpaudit.arrays import Floats


def two_level_success(prior: Floats, first: Floats, never: float, high: float, low: float) -> float:
    """Sum over reports of max_x prior_x P(report | x).

    `first[i]` is the probability, under the value-free reference law of
    supports, that the i-th best value is the first supported one, and `never`
    that none is; `high` and `low` are P(report | x) over that law for supported
    and unsupported x.
    """
    ranked = np.sort(prior)[::-1]
    best = np.maximum(high * ranked[: len(first)], low * ranked[0])
    return float(first @ best + never * low * ranked[0])


def first_of_independent(num_values: int, density: float) -> tuple[Floats, float]:
    """First supported index when each value is supported independently."""
    survive = np.exp(np.arange(num_values + 1) * np.log1p(-density))
    return density * survive[:-1], float(survive[-1])


def first_of_subset(num_values: int, size: int) -> Floats:
    """First supported index of a uniform subset: C(m - i, w - 1) / C(m, w), i = 1..m-w+1."""
    index = np.arange(1, num_values - size + 1)
    ratios = (num_values - index - size + 1) / (num_values - index)
    return (size / num_values) * np.concatenate(([1.0], np.cumprod(ratios)))
