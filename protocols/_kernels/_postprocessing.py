"""What a server can make of its counts beyond the unbiased estimate: shorter errors, biased.

Every choice is a small value object; `named` finds one by name, and `decode` of each
frequency oracle takes either. All but ``none`` use what frequencies are (at least 0, sum
1, seldom large), so that they are biased and may be below the limit of unbiased estimates.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.validate import check_integer, check_known, check_positive

Linear = Callable[[Floats], Floats]


class Postprocessing(Protocol):
    """From a mechanism and its counts to frequencies."""

    def frequencies(self, mechanism: Any, counts: Any) -> Floats:
        """Frequencies, shape (k,)."""


@dataclass(frozen=True)
class Unbiased:
    """The estimate as it is (``none``): unbiased, with negative entries.

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m = ldpaudit.mechanism("oue", k=10, epsilon=1.0)
    >>> counts = m.sample_counts(np.full(10, 100), rng=np.random.default_rng(0))
    >>> bool((m.decode(counts, post="none") == m.estimate(counts)).all())
    True
    """

    def frequencies(self, mechanism: Any, counts: Any) -> Floats:
        """Frequencies, shape (k,)."""
        return np.asarray(mechanism.estimate(counts))


@dataclass(frozen=True)
class BaseCut:
    """Entries that noise alone could have made are 0 (``base-cut``), the others stay.

    Parameters
    ----------
    passing : float, default 1
        Values that nobody holds and that pass the bar nevertheless, expected: the bar is
        the normal quantile of 1 - passing / k, in standard deviations at f = 0.

    Raises
    ------
    ValueError, TypeError
        If `passing` is not positive.

    Notes
    -----
    Source: Wang, Lopuhaa-Zwakenberg, Li, Skoric and Li, *Locally differentially private
    frequency estimation with consistency*, NDSS 2020, section IV.

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m = ldpaudit.mechanism("oue", k=10, epsilon=1.0)
    >>> counts = m.sample_counts(np.eye(1, 10, dtype=int)[0] * 1000, rng=np.random.default_rng(0))
    >>> int(np.count_nonzero(m.decode(counts, post=BaseCut())))
    1
    """

    passing: float = 1.0

    def __post_init__(self) -> None:
        check_positive("passing", self.passing)

    def frequencies(self, mechanism: Any, counts: Any) -> Floats:
        """Frequencies, shape (k,)."""
        from scipy.special import ndtri

        share = min(0.5, self.passing / mechanism.k)
        bar = -float(ndtri(share)) * _deviation(mechanism, counts)
        free = np.asarray(mechanism.estimate(counts))
        return np.where(free > bar, free, 0.0)


@dataclass(frozen=True)
class Norm:
    """The same added to every entry, so that the sum is 1 (``norm``); entries may be negative.

    Source as for `BaseCut`.

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m = ldpaudit.mechanism("oue", k=10, epsilon=1.0)
    >>> counts = m.sample_counts(np.full(10, 100), rng=np.random.default_rng(0))
    >>> round(float(m.decode(counts, post=Norm()).sum()), 9)
    1.0
    """

    def frequencies(self, mechanism: Any, counts: Any) -> Floats:
        """Frequencies, shape (k,)."""
        free = np.asarray(mechanism.estimate(counts))
        return np.asarray(free + (1 - free.sum()) / free.size)


@dataclass(frozen=True)
class NormSub:
    """The same added to every entry that stays positive, the others 0, sum 1 (``norm-sub``).

    This is the nearest distribution to the estimate, so that ``simplex`` is another name
    for it. In O(k log k) (Duchi et al., ICML 2008); source as for `BaseCut`.

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m = ldpaudit.mechanism("oue", k=10, epsilon=1.0)
    >>> counts = m.sample_counts(np.full(10, 100), rng=np.random.default_rng(0))
    >>> found = m.decode(counts, post=NormSub())
    >>> bool(found.min() >= 0), round(float(found.sum()), 9)
    (True, 1.0)
    """

    def frequencies(self, mechanism: Any, counts: Any) -> Floats:
        """Frequencies, shape (k,)."""
        free = np.asarray(mechanism.estimate(counts))
        ranked = np.sort(free)[::-1]
        excess = (np.cumsum(ranked) - 1) / np.arange(1, free.size + 1)
        kept = int(np.count_nonzero(ranked > excess))
        return np.asarray(np.maximum(free - excess[kept - 1], 0.0))


@dataclass(frozen=True)
class PowerLaw:
    """Posterior mean of each entry under a power law of the numbers of holders (``power``).

    Before any data a value is held by x users with a probability proportional to
    (1 + x)^-s, where s makes the mean n / k; noise is taken as normal with the variance
    at f = 0. Each entry is shrunk on its own, so that the sum is not 1.

    Notes
    -----
    After Jia and Gong, *Calibrate: frequency estimation and heavy hitter identification
    with local differential privacy via incorporating prior knowledge*, INFOCOM 2019, and
    `BaseCut`'s source; numbers of holders are put together by geometric steps of 1%.

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m = ldpaudit.mechanism("oue", k=10, epsilon=1.0)
    >>> counts = m.sample_counts(np.full(10, 100), rng=np.random.default_rng(0))
    >>> bool(m.decode(counts, post=PowerLaw()).min() >= 0)
    True
    """

    def frequencies(self, mechanism: Any, counts: Any) -> Floats:
        """Frequencies, shape (k,)."""
        n = check_integer("num_users of counts", counts.num_users, 1)
        holders, logs = _power_law(n, n / mechanism.k)
        free, deviation = np.asarray(mechanism.estimate(counts)), _deviation(mechanism, counts)
        out = np.empty(free.size)
        step = max(1, 2**20 // holders.size)
        for start in range(0, free.size, step):
            apart = (free[start : start + step, None] - holders / n) / deviation
            weights = logs - apart**2 / 2
            weights = np.exp(weights - weights.max(axis=1, keepdims=True))
            out[start : start + step] = weights @ holders / (n * weights.sum(axis=1))
        return out


@dataclass(frozen=True)
class IterativeBayes:
    """Expectation maximisation from the uniform distribution (``em``).

    Each count is taken as Poisson, with what noise adds to it known, and only the rest is
    dealt anew in a step. For randomized response the maximum is that of the reports'
    likelihood. For other protocols counts of one report's supports depend on each other, and
    what is climbed is their composite likelihood: consistent, at least 0, sum 1.

    Parameters
    ----------
    steps : int, default 2000
        Most steps.
    tolerance : float, default 1e-9
        Largest change of a frequency at which it stops.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range.

    Notes
    -----
    Source: Agrawal and Aggarwal, PODS 2001; for local differential privacy ElSalamouny and
    Palamidessi, *Generalized iterative Bayesian update*, EuroS&P 2020. It converges slowly:
    `MaximumLikelihood` has its limit at once where there is one.

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    >>> counts = m.aggregate([0, 0, 0, 1, 1, 2])
    >>> m.decode(counts, post=IterativeBayes()).round(4)
    array([0.7164, 0.2836, 0.    , 0.    ])
    """

    steps: int = 2000
    tolerance: float = 1e-9

    def __post_init__(self) -> None:
        check_integer("steps", self.steps, 1)
        check_positive("tolerance", self.tolerance)

    def frequencies(self, mechanism: Any, counts: Any) -> Floats:
        """Frequencies, shape (k,)."""
        rates, forward, back = _composite(mechanism, counts)
        reach = back(np.ones(rates.size))
        current = np.full(reach.size, 1 / reach.size)
        for _ in range(self.steps):
            moved = current * back(rates / forward(current)) / reach
            moved /= moved.sum()
            change = float(np.abs(moved - current).max())
            current = moved
            if change < self.tolerance:
                break
        return current


@dataclass(frozen=True)
class MaximumLikelihood:
    """The distribution of largest likelihood, in O(k log k) (``mle``): randomized response alone.

    The likelihood sum_v C_v ln(q + (p - q) f_v) is largest where f_v = C_v / t - q / (p - q)
    for the most frequent values and 0 for all others; t follows from their number m,
    t = (their reports) / (1 + m q / (p - q)), and m is the largest number that leaves all of
    them positive.

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    >>> counts = m.aggregate([0, 0, 0, 1, 1, 2])
    >>> m.decode(counts, post=MaximumLikelihood()).round(4)
    array([0.7164, 0.2836, 0.    , 0.    ])
    """

    def frequencies(self, mechanism: Any, counts: Any) -> Floats:
        """Frequencies, shape (k,)."""
        if not getattr(mechanism, "reports_values", False):
            raise ValueError(
                "post 'mle' has a closed form for randomized response only, "
                f"got {type(mechanism).__name__}; 'em' is for all that count supports."
            )
        n = check_integer("num_users of counts", counts.num_users, 1)
        rates, p, q = counts.supports / n, mechanism.p_star, mechanism.q_star
        odds = q / (p - q)
        ranked = np.sort(rates)[::-1]
        scales = np.cumsum(ranked) / (1 + odds * np.arange(1, rates.size + 1))
        kept = int(np.count_nonzero(ranked > odds * scales))
        found = np.maximum(rates / scales[kept - 1] - odds, 0.0)
        return np.asarray(found / found.sum())


_NAMES: dict[str, Postprocessing] = {
    "none": Unbiased(),
    "base-cut": BaseCut(),
    "norm": Norm(),
    "norm-sub": NormSub(),
    "simplex": NormSub(),
    "power": PowerLaw(),
    "em": IterativeBayes(),
    "mle": MaximumLikelihood(),
}


def named(post: str | Postprocessing) -> Postprocessing:
    """The post-processing of a name, or the object that was given."""
    return _NAMES[check_known("post", post, _NAMES)] if isinstance(post, str) else post


def _deviation(mechanism: Any, counts: Any) -> float:
    """Standard deviation of an entry that nobody holds."""
    return math.sqrt(mechanism.mse(check_integer("num_users of counts", counts.num_users, 1)))


def _composite(mechanism: Any, counts: Any) -> tuple[Floats, Linear, Linear]:
    """Counts over n, their mean as a function of frequencies, and the transpose of its slope.

    Frequencies sum to 1, so that what does not depend on which values are held is constant.
    """
    if not hasattr(mechanism, "mean_counts"):
        raise ValueError(
            f"post 'em' needs counts of supports, got those of {type(mechanism).__name__}."
        )
    n = check_integer("num_users of counts", counts.num_users, 1)
    forward, back = mechanism.mean_counts()
    return counts.supports / n, forward, back


def _power_law(num_users: int, mean: float) -> tuple[Floats, Floats]:
    """Numbers of holders, and log probabilities of a power law with this mean."""
    from scipy.optimize import brentq

    edges = np.unique(np.floor(np.geomspace(1, num_users + 2, 40 + round(100 * math.log(
        num_users + 2)))).astype(np.float64))  # fmt: skip
    first, last = edges[:-1] - 1, edges[1:] - 2  # holders from .. to, both included
    holders, logs_of = (first + last) / 2, np.log1p((first + last) / 2)
    widths = np.log(last - first + 1)

    def excess(exponent: float) -> float:
        logs = widths - exponent * logs_of
        weights = np.exp(logs - logs.max())
        return float(weights @ holders / weights.sum() - mean)

    if excess(0.0) <= 0:  # a mean of half the users or more: no falling law has it
        return holders, widths
    high = 1.0
    while excess(high) > 0 and high < 256:
        high *= 2
    exponent = float(brentq(excess, 0.0, high)) if excess(high) <= 0 else high
    return holders, widths - exponent * logs_of
