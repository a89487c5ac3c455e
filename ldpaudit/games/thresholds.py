"""Rules of a game: thresholds fixed on pilot reports, by what a bound may be expected to show.

No bound ever uses a pilot report, so the choice of rules costs no confidence.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ldpaudit.arrays import Bools, Floats
from ldpaudit.bounds.intervals import success_lower
from ldpaudit.bounds.named import INTERVALS, NamedBound
from ldpaudit.claim import Claim
from ldpaudit.counts import EventCounts, GuessCounts

#: Thresholds tried on a pilot.
_CANDIDATES = 24
#: Halvings of the tail that are tried as well, and fewest reports beyond a threshold there.
_TAIL, _RARE = 16, 8
#: Error probability at which a pilot shows a violation.
_SURE = 1e-4
#: Error probability at which guesses of a pilot show more than the claim.
_DOUBT = 1e-3
#: Standard errors within which counts agree with a likelihood.
_LIKELY = 4.0
#: Scores this close are the same level of a likelihood ratio.
_SAME = 1e-6
#: The least positive number: a score of 0 says nothing.
LEAST = math.ulp(0.0)


@dataclass(frozen=True)
class ExpectedBound:
    """What pilot counts lead one to expect of an audit, by the bound in use.

    An expectation of guesses stops at the claim: what exceeds it in a small pilot is luck
    as a rule. Only where the pilot itself shows more than the claim, which luck does to one
    pilot in a thousand at each threshold, is the threshold looked for that shows most. What is
    watched beside the guesses is there for leaks that those miss: it stops nowhere, and
    counts half a false report more, for what a pilot never saw may still happen.
    """

    bound: NamedBound
    claim: Claim

    def of_guesses(
        self,
        seen: GuessCounts,
        reports: int,
        *,
        cap: bool = True,
        sure: bool = False,
        right: float | None = None,
    ) -> float:
        """Expected lower bound from `reports` reports.

        If `sure`, from the share of right guesses that the pilot shows at 95%: without a cap
        the clearest of many thresholds would be the luckiest. `right` are the correct
        guesses that scores lead one to expect, in place of those seen.
        """
        scale = reports / seen.trials
        decided, correct = seen.decided * scale, float(seen.correct)
        if right is not None:
            correct = right
        elif not cap:
            correct = max(0.0, correct - 0.5)
        precision = correct / seen.decided
        if right is None and sure:
            precision = success_lower(seen.correct, seen.decided, 0.05)
        if cap:
            # All of (epsilon, delta), delta in what is decided alone.
            others = (seen.num_candidates - 1) * math.exp(-self.claim.epsilon)
            most = (1 + others * self.claim.delta * seen.trials / seen.decided) / (1 + others)
            precision = min(precision, most)
        whole = max(1, round(decided))
        counts = GuessCounts(seen.num_candidates, round(precision * whole), whole, reports)
        if not self.bound.of_guesses:
            return precision
        return self.bound.from_guesses(counts, self.claim, 0.05)

    def surely_exceeded(self, seen: GuessCounts) -> bool:
        """Whether the guesses of a pilot alone show more than the claim."""
        if not self.bound.of_guesses or not seen.decided:
            return False
        return self.bound.from_guesses(seen, self.claim, _DOUBT) > self.claim.epsilon

    def of_event(
        self, seen: EventCounts, reports: int, right: float | None = None
    ) -> tuple[float, float]:
        """What the pilot itself shows beyond the claim, else -inf; the lower bound to hope for.

        Both by two Clopper-Pearson intervals. A violation that is shown is not given up for
        a rarer event that only seems to tell more. `right` of the reports in the event are
        hits by what scores lead one to expect.
        """
        hits, false_hits = float(seen.hits), seen.false_hits + 0.5
        if right is not None:
            hits, false_hits = right, seen.hits + seen.false_hits - right
        scale = reports / (seen.trials + seen.false_trials)
        trials, false_trials = (max(1, round(n * scale)) for n in (seen.trials, seen.false_trials))
        counts = EventCounts(
            min(round(hits * scale), trials),
            trials,
            min(round(false_hits * scale), false_trials),
            false_trials,
        )
        shown = INTERVALS.from_event(seen, self.claim, _SURE)
        hoped = INTERVALS.from_event(counts, self.claim, 0.05)
        return (shown if shown > self.claim.epsilon else -math.inf), hoped


def best(
    levels: list[float], promised: Callable[[float], tuple[float, ...]]
) -> tuple[float, tuple[float, ...]]:
    """The level that promises most; 0, which takes in every score, where there is none."""
    scored = [(promised(level), level) for level in levels]
    value, level = max(scored, key=lambda entry: entry[0], default=((-math.inf,), 0.0))
    return level, value


def steps(score: Floats) -> list[float]:
    """Thresholds to try on positive scores, each a little below a level that was seen."""
    positive = np.sort(score[score > 0])
    if not positive.size:
        return []
    last = positive.size - 1
    places = np.linspace(0, last, _CANDIDATES).astype(np.int64)
    # What a delta allows shows in few reports: the tail, half as many at each step.
    rare = np.exp2(-np.arange(1.0, _TAIL + 1)) * positive.size
    tail = last - rare[rare >= _RARE].astype(np.int64)
    places = np.union1d(places, tail)
    levels = np.unique(positive[places])
    apart = np.append(True, np.diff(levels) > _SAME * (1 + levels[:-1]))
    kept = levels[apart]
    # The lowest level takes in what the pilot has not seen below it.
    return [
        0.0,
        *(float(level) * (1 - _SAME) if level < math.inf else math.inf for level in kept[1:]),
    ]


def chances(strength: Floats) -> Floats:
    """How often a guess is right whose log-likelihood ratio s is known: 1 / (1 + exp(-s))."""
    from scipy.special import expit

    return np.asarray(expit(strength))


def expected_right(chance: Floats | None, reached: Bools, seen: int) -> float | None:
    """Correct guesses to expect of the reports that reach a threshold, by the chance of each.

    None where those seen contradict, or no chances are known.
    """
    if chance is None:
        return None
    own = chance[reached]
    mean, spread = float(own.sum()), math.sqrt(float((own * (1 - own)).sum()))
    return mean if abs(seen - mean) <= _LIKELY * spread + 1 else None


def how_many(mask: np.ndarray) -> int:
    """How many entries of a mask are True."""
    return int(np.count_nonzero(mask))


def beyond(level: float) -> str:
    """A threshold in words, nothing for 0."""
    return f", score beyond {level:.3g}" if level else ""
