"""Bounds that hold only under an assumption about the mechanism or the unknown rates.

They are here to be compared with published figures. On a mechanism outside their
assumption they exceed the true epsilon far more often than alpha says, so the
harness plays them only for those who ask for them by name and say that they mean it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ldpaudit import validate
from ldpaudit.bounds.intervals import success_lower, success_upper
from ldpaudit.counts import EventCounts
from ldpaudit.divergence import epsilon_at

#: Points at which the posterior of the false-positive rate is summed.
_NODES = 512


@dataclass(frozen=True)
class JointBeta:
    """Quantile of the posterior of epsilon from one event: a belief, not a confidence.

    The two error rates of the witness have independent Jeffreys posteriors. The
    bound is the epsilon below which lies alpha of the posterior of the least epsilon
    that allows both rates. That is no confidence bound: for a mechanism at the corner of
    the allowed region, as randomized response is, both constraints bind at once,
    the posterior mass is a product of two, and the truth is missed up to
    alpha (1 - ln alpha) of the time, 20 % at alpha = 5 %.

    Notes
    -----
    Zanella-Beguelin et al., Bayesian estimation of differential privacy, ICML 2023
    (arXiv:2206.05199). With error rates a (first input not spoken for) and b (second spoken
    against), the region is 1 - a <= e^epsilon b + delta, 1 - b <= e^epsilon a + delta, and
    the same for the reversed witness.

    Examples
    --------
    >>> counts = EventCounts(hits=7311, trials=10_000, false_hits=2689, false_trials=10_000)
    >>> round(JointBeta().from_event(counts, alpha=0.05, delta=0.0, claimed=1.0), 3)
    0.979
    """

    requires_opt_in: ClassVar[bool] = True

    @property
    def kind(self) -> str:
        """Coverage depends on where the rates lie."""
        return "model-based"

    def from_event(
        self, counts: EventCounts, *, alpha: float, delta: float, claimed: float
    ) -> float:
        """Posterior quantile of epsilon, at least 0; inf beyond 700."""
        from scipy.special import betaincinv

        del claimed  # nothing to choose
        validate.check_fraction("alpha", alpha)
        misses, false_hits = counts.trials - counts.hits, counts.false_hits
        places = (np.arange(_NODES) + 0.5) / _NODES
        rates = betaincinv(false_hits + 0.5, counts.false_trials - false_hits + 0.5, places)

        def above(epsilon: float) -> float:
            """Posterior probability of a larger epsilon, for falling down to 1 - alpha."""
            gain, loss = math.exp(epsilon), math.exp(-epsilon)
            least = np.maximum((1 - delta - rates) * loss, 1 - delta - gain * rates)
            most = np.minimum(1 - (rates - delta) * loss, gain * (1 - rates) + delta)
            return 1.0 - _mass(misses + 0.5, counts.hits + 0.5, least, most)

        return epsilon_at(above, 1 - alpha)


@dataclass(frozen=True)
class GaussianTradeOff:
    """Lower bound on epsilon at a delta, for mechanisms that add Gaussian noise only.

    One point of the trade-off curve, by two Clopper-Pearson intervals at alpha / 2,
    bounds mu of Gaussian differential privacy; mu gives epsilon at any delta. For every
    other mechanism that extrapolation is unfounded: randomized response at epsilon = 1
    and delta = 1e-5 is told that it leaks 5.3.

    Notes
    -----
    Dong, Roth and Su, Gaussian differential privacy, JRSS B 84 (2022), Corollary 2.13:
    delta = Phi(-epsilon / mu + mu / 2) - e^epsilon Phi(-epsilon / mu - mu / 2). Needs
    delta > 0, for no Gaussian mechanism has a finite epsilon without.

    Examples
    --------
    >>> counts = EventCounts(hits=6915, trials=10_000, false_hits=3085, false_trials=10_000)
    >>> round(GaussianTradeOff().from_event(counts, alpha=0.05, delta=1e-5, claimed=4.0), 3)
    4.118
    """

    requires_opt_in: ClassVar[bool] = True

    @property
    def kind(self) -> str:
        """Exact coverage for Gaussian mechanisms, none for others."""
        return "model-based"

    def from_event(
        self, counts: EventCounts, *, alpha: float, delta: float, claimed: float
    ) -> float:
        """Lower bound on epsilon at delta, 0 where mu may be 0; ValueError for delta = 0."""
        from scipy.special import log_ndtr, ndtri

        del claimed  # nothing to choose
        half = validate.check_fraction("alpha", alpha) / 2
        if validate.check_delta(delta) == 0:
            raise ValueError("delta must be positive for a Gaussian trade-off, got 0.")
        hit = success_lower(counts.hits, counts.trials, half)
        false_hit = success_upper(counts.false_hits, counts.false_trials, half)
        mu = float(ndtri(hit) - ndtri(false_hit)) if hit > 0 and false_hit < 1 else 0.0
        if mu <= 0:
            return 0.0

        def profile(epsilon: float) -> float:
            beyond = epsilon + float(log_ndtr(-epsilon / mu - mu / 2))
            return math.exp(float(log_ndtr(mu / 2 - epsilon / mu))) - math.exp(beyond)

        return epsilon_at(profile, delta)


def _mass(first: float, second: float, least: np.ndarray, most: np.ndarray) -> float:
    """Mean, over the points, of the Beta probability between two limits."""
    from scipy.special import betainc

    low, high = (betainc(first, second, np.clip(edge, 0.0, 1.0)) for edge in (least, most))
    return float(np.maximum(high - low, 0.0).mean())
