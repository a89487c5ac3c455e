"""Pure statistics of audits: confidence bounds that say their side and their kind.

Every bound is one-sided where its name ends in ``lower`` or ``upper``; coverage
is at least 1 - alpha for every sample size unless its `kind` says otherwise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ldpaudit.bounds.intervals import success_lower, success_upper
from ldpaudit.counts import EventCounts, GuessCounts
from ldpaudit.validate import check_fraction


@dataclass(frozen=True)
class PosteriorOdds:
    """Lower bound on epsilon from a guessing game: one binomial at full alpha.

    Inputs are drawn uniformly and independently from c candidates; the attacker
    names one or abstains. Adding up P(guess x | x) <= e P(guess x | x') + delta
    over all ordered pairs gives, for the decided fraction r,

        P(correct | decided) <= (e + (c - 1) delta / r) / (e + c - 1),

    so the Clopper-Pearson lower bound t of the precision gives
    epsilon >= ln((c - 1)(t - delta / r) / (1 - t)). Exact for every sample size
    where inputs are independent draws and reports are independent given them: given
    that a guess was made, each is then correct independently with that precision. (Inputs
    alone do not make it so: noise that reports share makes guesses fail together.) With
    delta > 0, r is replaced by its own lower bound, which costs alpha / 20.

    Examples
    --------
    >>> counts = GuessCounts(num_candidates=2, correct=7311, decided=10_000, trials=10_000)
    >>> round(PosteriorOdds().from_guesses(counts, alpha=0.05, delta=0.0, claimed=1.0), 4)
    0.9629
    """

    @property
    def kind(self) -> str:
        """Coverage proved for every sample size."""
        return "exact"

    def from_guesses(
        self, counts: GuessCounts, *, alpha: float, delta: float, claimed: float
    ) -> float:
        """Lower bound on epsilon; -inf where the counts show nothing."""
        del claimed  # nothing to choose
        check_fraction("alpha", alpha)
        spend = 0.0 if delta == 0 else alpha / 20
        precision = success_lower(counts.correct, counts.decided, alpha - spend)
        excess = precision
        if delta > 0:
            decided = success_lower(counts.decided, counts.trials, spend)
            excess = precision - delta / decided if decided > 0 else 0.0
        if excess <= 0:
            return -math.inf
        return math.log((counts.num_candidates - 1) * excess) - math.log1p(-precision)


@dataclass(frozen=True)
class ClopperPearson:
    """Lower bound on epsilon from one event: ln((P - delta) / Q) at a fixed split of alpha.

    P is a lower bound of the event's probability under the first input, Q an
    upper bound under the second; alpha is split between them once, from the
    claimed epsilon, so that the bound is tightest for randomized response at
    that claim. Exact by the union bound, conservative by the same.

    Examples
    --------
    >>> counts = EventCounts(hits=7311, trials=10_000, false_hits=2689, false_trials=10_000)
    >>> round(ClopperPearson().from_event(counts, alpha=0.05, delta=0.0, claimed=1.0), 4)
    0.957
    """

    @property
    def kind(self) -> str:
        """Coverage proved for every sample size."""
        return "exact"

    def from_event(
        self, counts: EventCounts, *, alpha: float, delta: float, claimed: float
    ) -> float:
        """Lower bound on epsilon; -inf where the counts show nothing."""
        share = _first_share(check_fraction("alpha", alpha), claimed)
        hit = success_lower(counts.hits, counts.trials, alpha * share) - delta
        false_hit = success_upper(counts.false_hits, counts.false_trials, alpha * (1 - share))
        return math.log(hit) - math.log(false_hit) if hit > 0 else -math.inf


@dataclass(frozen=True)
class Katz:
    """Lower bound on epsilon from one event by the normal law of a log ratio: approximate.

    ln((p - delta) / q) less its standard error times the normal quantile, from the
    shares p and q of the two inputs' reports in which the event happened. The error
    is that of the delta method. Nothing is proved at any sample size; where the event
    is rare under the second input, compare with an exact bound.

    Notes
    -----
    Katz, Baptista, Azen and Pike, Biometrics 34 (1978), for delta = 0.

    Examples
    --------
    >>> counts = EventCounts(hits=7311, trials=10_000, false_hits=2689, false_trials=10_000)
    >>> round(Katz().from_event(counts, alpha=0.05, delta=0.0, claimed=1.0), 4)
    0.9713
    """

    @property
    def kind(self) -> str:
        """Right in the limit of many trials, with no promise before it."""
        return "approximate"

    def from_event(
        self, counts: EventCounts, *, alpha: float, delta: float, claimed: float
    ) -> float:
        """Lower bound on epsilon; -inf where an estimate is 0, infinite or has no error."""
        from scipy.special import ndtri

        del claimed  # nothing to choose
        check_fraction("alpha", alpha)
        if not (counts.false_hits and counts.hits > delta * counts.trials):
            return -math.inf
        p, q = counts.hits / counts.trials, counts.false_hits / counts.false_trials
        variance = p * (1 - p) / ((p - delta) ** 2 * counts.trials) + (1 - q) / counts.false_hits
        return math.log((p - delta) / q) + float(ndtri(alpha)) * math.sqrt(variance)


@dataclass(frozen=True)
class LdpAuditor:
    """Lower bound on epsilon from one event as LDP-Auditor has it: alpha / 4 on either side.

    ln((P - delta) / Q) from a two-sided Clopper-Pearson interval of the event's
    probability under each input. The level of both is alpha / 2, of which each
    interval gives half to a side that is not used: the bound errs with probability
    alpha / 2 at most. For comparison with published figures; `ClopperPearson` is
    tighter at the same alpha, and `PosteriorOdds` tighter still.

    Notes
    -----
    Arcolezi and Gambs, *Revealing the true cost of locally differentially private
    protocols: an auditing perspective*, PoPETs 2024(4), and the code that goes with it,
    where the level is halved twice.

    Examples
    --------
    The most that a million reports per input can show at alpha = 0.01:

    >>> counts = EventCounts(10**6, 10**6, 0, 10**6)
    >>> round(LdpAuditor().from_event(counts, alpha=0.01, delta=0.0, claimed=1.0), 3)
    12.025
    """

    @property
    def kind(self) -> str:
        """Coverage proved for every sample size."""
        return "exact"

    def from_event(
        self, counts: EventCounts, *, alpha: float, delta: float, claimed: float
    ) -> float:
        """Lower bound on epsilon; -inf where the counts show nothing."""
        del claimed  # nothing to choose
        side = check_fraction("alpha", alpha) / 4
        hit = success_lower(counts.hits, counts.trials, side) - delta
        false_hit = success_upper(counts.false_hits, counts.false_trials, side)
        return math.log(hit) - math.log(false_hit) if hit > 0 else -math.inf


@lru_cache(maxsize=64)
def _first_share(alpha: float, claimed: float) -> float:
    """Share of alpha for the first input, tightest for randomized response on two values."""
    from scipy.special import ndtri

    odds = math.exp(min(claimed, 20.0) / 2)  # sqrt((1 - q) / q), and 1 / sqrt((1 - p) / p)
    shares = np.geomspace(1e-6, 0.5, 2048)
    width = -ndtri(alpha * shares) / odds - ndtri(alpha * (1 - shares)) * odds
    return float(shares[np.argmin(width)])
