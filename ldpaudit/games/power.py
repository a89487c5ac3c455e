"""What an audit would have found: the epsilon that its reports show to exceed a claim."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

from ldpaudit.bounds.named import INTERVALS, NamedBound
from ldpaudit.claim import Claim
from ldpaudit.counts import EventCounts, GuessCounts
from ldpaudit.games.evidence import SHARES, Evidence, with_ceilings
from ldpaudit.outcomes.parts import EpsilonBound
from ldpaudit.outcomes.verdicts import PROBABILITY

#: How fine an epsilon is looked for that one event would show.
_FINE = 1e-4
#: Widest search for what one event would show, in units of epsilon beyond the claim.
_WIDEST = 64.0


def detectable(evidence: Evidence, bound: NamedBound, claim: Claim, alpha: float) -> float:
    """Smallest epsilon that a game shows to exceed the claim, 9 times in 10.

    Parameters
    ----------
    evidence : Evidence
        A game that was played; only how many guesses it decided is used.
    bound : NamedBound
        What turns counts into epsilon.
    claim : Claim
        The guarantee.
    alpha : float
        Error probability of the lower bound.

    Returns
    -------
    float
        In natural-log units; inf where even all decided guesses right would show no more
        than the claim.

    Notes
    -----
    With c candidates and D decided guesses (a fraction r of all reports), a mechanism that
    leaks all of (epsilon, delta) in every decided report has a number of correct guesses of
    law Binomial(D, p), p = (e^epsilon + (c - 1) delta / r) / (e^epsilon + c - 1). The bound
    exceeds the claim from some count v on, so its power is P(Bin(D, p) >= v), a regularized
    incomplete beta function of p, which is inverted. What is watched beside the guesses can
    only add to that.

    A bound of events reads hits and false hits of one input's event. They are taken where
    each is missed by chance with probability 0.05, so that both hold with probability 0.9;
    the epsilon is then the least, to 1e-4, at which the bound exceeds the claim.
    """
    if not bound.of_guesses:
        return _of_event(evidence, bound, claim, alpha)
    from scipy.special import betaincinv

    guesses = evidence.counts.guesses
    least = _least_shown(evidence, bound, claim, alpha)
    if least is None:
        return math.inf
    precision = float(betaincinv(least, guesses.decided - least + 1, PROBABILITY))
    # 1 - p, which is not lost where p is nearly 1.
    wrong = float(betaincinv(guesses.decided - least + 1, least, 1 - PROBABILITY))
    excess = precision - claim.delta * guesses.trials / guesses.decided
    if excess <= 0:
        return math.inf
    return math.log((guesses.num_candidates - 1) * excess) - math.log(wrong)


def can_fail(evidence: Evidence, bound: NamedBound, claim: Claim, alpha: float) -> bool:
    """Whether any outcome of this many reports shows more than the claim: all guesses right."""
    seen = evidence.counts.guesses
    perfect = GuessCounts(seen.num_candidates, seen.trials, seen.trials, seen.trials)
    return _shows(perfect, bound, claim, alpha)


def rarest(trials: int, claim: Claim, alpha: float) -> float | None:
    """Least share of one input's reports in which what none of the other's has is a violation.

    With probability 0.9, by the event that is watched beside the guesses; None where even all
    reports would show none.
    """
    from scipy.special import betaincinv

    def shown(hits: int) -> bool:
        seen = EventCounts(hits, trials, 0, trials)
        return INTERVALS.from_event(seen, claim, SHARES[1] * alpha) > claim.epsilon

    least = _least(shown, trials, few=True)
    if least is None:
        return None
    return float(betaincinv(least, trials - least + 1, PROBABILITY))


def with_power(
    found: Iterable[EpsilonBound],
    evidence: Evidence,
    at_levels: Callable[[Evidence], Iterable[EpsilonBound]],
    bound: NamedBound,
    claim: Claim,
) -> tuple[EpsilonBound, ...]:
    """Bounds that know the most they could have shown, and what they would have detected."""
    half = evidence.counts.guesses.trials // 2
    paired = bound.of_guesses and isinstance(evidence.counts.beside, EventCounts)
    return tuple(
        replace(
            one,
            detectable=detectable(evidence, bound, claim, one.alpha),
            rarest=rarest(half, claim, one.alpha) if paired and half else None,
        )
        for one in with_ceilings(found, evidence, at_levels, bound, claim)
    )


def _least_shown(evidence: Evidence, bound: NamedBound, claim: Claim, alpha: float) -> int | None:
    """Fewest correct guesses, of those decided, that show more than the claim."""
    seen = evidence.counts.guesses

    def shown(correct: int) -> bool:
        return _shows(replace(seen, correct=correct), bound, claim, alpha)

    return _least(shown, seen.decided)


def _least(shown: Callable[[int], bool], most: int, *, few: bool = False) -> int | None:
    """The least count that shows something; None if even the most does not.

    Nothing shows nothing, and each one more shows more. If it is `few`, they are tried first.
    """
    if not shown(most):
        return None
    low, high = 0, most
    if few:
        while 2 * low + 1 < most and not shown(2 * low + 1):
            low = 2 * low + 1
        high = min(2 * low + 1, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    return high


def _shows(guesses: GuessCounts, bound: NamedBound, claim: Claim, alpha: float) -> bool:
    """Whether these guesses alone would exceed the claim, at their share of alpha."""
    return bound.from_guesses(guesses, claim, SHARES[0] * alpha) > claim.epsilon


def _of_event(evidence: Evidence, bound: NamedBound, claim: Claim, alpha: float) -> float:
    """The same for a bound of events, of as many decided reports."""
    from scipy.special import expit
    from scipy.stats import binom

    guesses, event = evidence.counts.guesses, evidence.counts.beside
    if not (isinstance(event, EventCounts) and guesses.decided):
        return math.inf
    share, tail = guesses.decided / guesses.trials, (1 - PROBABILITY) / 2

    def shown(epsilon: float) -> bool:
        delta = claim.delta
        likely, other = share * expit(epsilon) + delta, share * expit(-epsilon)
        counts = EventCounts(
            int(binom.ppf(tail, event.trials, min(likely, 1.0))),
            event.trials,
            int(binom.ppf(1 - tail, event.false_trials, other)),
            event.false_trials,
        )
        return bound.from_event(counts, claim, alpha) > claim.epsilon

    low, high = claim.epsilon, claim.epsilon + _WIDEST
    if not shown(high):
        return math.inf
    while high - low > _FINE:
        middle = (low + high) / 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    return high
