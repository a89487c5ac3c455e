"""How checks judge what was drawn: likelihoods and errors, held against chance."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from ldpaudit.collecting.servers import Server

#: False-alarm rate of each statistical check, about that of five standard errors.
FALSE_ALARM = 1e-6
#: Reports drawn of one value, and collections simulated.
DRAWN, REPETITIONS = 20_000, 400


def require(holds: bool | np.bool_, message: str) -> None:
    """Like assert, but python -O does not take it away."""
    if not holds:
        raise AssertionError(message)


def uneven_users(k: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Uneven users, and how many hold each value."""
    values = np.sort(rng.integers(0, k, 300) * rng.integers(0, 2, 300))
    return values, np.bincount(values, minlength=k)


def judge_likelihoods(tables: dict[Any, np.ndarray], what: str) -> None:
    """Hold what was drawn of each input against its log-likelihoods under all of them, in order."""
    mistaken: dict[tuple[Any, Any], np.ndarray] = {}
    for place, (own, table) in enumerate(tables.items()):
        require(np.isfinite(table[:, place]).all(), "a drawn report must be possible")
        posterior = 1 / (1 + np.exp(table[:, [place]] - table))  # of other, against own
        for other, column in zip(tables, posterior.T, strict=True):
            mistaken[own, other] = column
    # Reports that follow P and P' have E' g = E g P' / P: here g = P / (P + P') and its square.
    for own, other in itertools.permutations(tables, 2):
        first, second = mistaken[own, other], mistaken[other, own]
        for one, two in ((first, second), (first * (1 - first), second**2)):
            off, slack = abs(float(one.mean() - two.mean())), _bernstein(one) + _bernstein(two)
            require(
                off <= slack,
                f"{what} of {own} and {other} do not follow the likelihood: "
                f"mistaken for one another {first.mean():.4f} and {second.mean():.4f} of the time, "
                f"{off:.4f} off where {slack:.4f} is chance",
            )


def largest_ratio(table: np.ndarray) -> float:
    """Largest log ratio within one row of log-likelihoods."""
    return float((table.max(axis=1) - table.min(axis=1)).max())


def _bernstein(sample: np.ndarray) -> float:
    """Half-width around the mean of a [0, 1] sample (Maurer and Pontil, COLT 2009)."""
    log_term = math.log(4 * 2 * 24 / FALSE_ALARM)  # both samples of 24 comparisons
    spread = float(np.var(sample, ddof=1))
    return math.sqrt(2 * spread * log_term / sample.size) + 7 * log_term / (3 * (sample.size - 1))


def judge_errors(server: Server, errors: np.ndarray, histogram: np.ndarray, what: str) -> None:
    """Hold simulated errors against no bias and against the error that the mechanism states."""
    from scipy.special import ndtri

    repetitions, k = errors.shape
    if getattr(server.estimand, "unbiased", True):
        standard = errors.std(axis=0, ddof=1) / math.sqrt(repetitions)
        worst = float(np.max(np.abs(errors.mean(axis=0)) / np.maximum(standard, 1e-300)))
        limit = float(-ndtri(FALSE_ALARM / (2 * k))) * 1.02  # t with 399 degrees of freedom
        require(worst <= limit, f"{what} is biased: {worst:.1f} standard errors, limit {limit:.1f}")
    truth = server.truth(histogram)
    exact = server.exact(int(histogram.sum()), truth, histogram)
    if exact is not None:
        zero = np.zeros_like(truth)
        squares = np.array([server.error(row.reshape(zero.shape), zero) for row in errors])
        off = abs(squares.mean() - exact) * math.sqrt(repetitions) / squares.std(ddof=1)
        require(
            off <= 5.5,
            f"measured error of {what} {squares.mean():.4g}, mse {exact:.4g}: "
            f"{off:.1f} standard errors",
        )
