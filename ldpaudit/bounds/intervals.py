"""Intervals of a success rate and of a mean."""

from __future__ import annotations

import math

import numpy as np

from ldpaudit.validate import check_fraction, check_integer


def success_lower(successes: int, trials: int, alpha: float) -> float:
    """Clopper-Pearson lower bound of a binomial proportion at level 1 - alpha.

    Examples
    --------
    >>> round(success_lower(8, 10, 0.05), 4)
    0.4931
    """
    from scipy.special import betaincinv

    if successes == 0:
        return 0.0
    return float(betaincinv(successes, trials - successes + 1, alpha))


def success_upper(successes: int, trials: int, alpha: float) -> float:
    """Clopper-Pearson upper bound of a binomial proportion at level 1 - alpha."""
    from scipy.special import betainccinv

    if successes == trials:
        return 1.0
    return float(betainccinv(successes + 1, trials - successes, alpha))


def success_interval(successes: int, trials: int, alpha: float) -> tuple[float, float]:
    """Two-sided Clopper-Pearson interval, alpha / 2 on each side."""
    trials = check_integer("trials", trials, 1, 2**62)
    successes = check_integer("successes", successes, 0, trials)
    half = check_fraction("alpha", alpha) / 2
    return success_lower(successes, trials, half), success_upper(successes, trials, half)


def mean_interval(samples: np.ndarray, alpha: float) -> tuple[float, float]:
    """Two-sided t interval of a mean; (nan, nan) for fewer than two samples."""
    from scipy.special import stdtrit

    if len(samples) < 2:
        return math.nan, math.nan
    tail = check_fraction("alpha", alpha) / 2
    # A tail that 1 - tail would round away is taken from the other side.
    quantile = (
        stdtrit(len(samples) - 1, 1 - tail) if tail > 1e-9 else -stdtrit(len(samples) - 1, tail)
    )
    margin = float(quantile) * float(np.std(samples, ddof=1)) / math.sqrt(len(samples))
    middle = float(np.mean(samples))
    return middle - margin, middle + margin


def normal_interval(mean: float, standard_error: float, alpha: float) -> tuple[float, float]:
    """Two-sided interval at level 1 - alpha of a mean of many independent figures."""
    from scipy.special import ndtri

    margin = -float(ndtri(alpha / 2)) * standard_error
    return mean - margin, mean + margin
