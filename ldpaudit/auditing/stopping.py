"""When an audit may stop: looks at growing numbers of reports, by bounds valid at every look."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from ldpaudit import validate
from ldpaudit.bounds.named import NamedBound
from ldpaudit.claim import Claim
from ldpaudit.counts import GuessCounts
from ldpaudit.games.evidence import Counts, Evidence, Prepared
from ldpaudit.outcomes.parts import EpsilonBound

#: Reports of the first look, and the factor to the next.
_FIRST, _GROWTH = 100, 1.05
#: Plays all reports before it looks, once.
BUDGET = "budget"

#: A bound at the level that is shown and at the verdict's.
AtLevels: TypeAlias = tuple[EpsilonBound, EpsilonBound]


@dataclass(frozen=True)
class StopWhen:
    """What ends an audit before its budget: a violation, a narrow interval, or nothing.

    `width` is how far apart the lower bound and the upper bound of what the game
    shows may be, each at alpha.
    """

    text: str
    width: float = 0.0

    @classmethod
    def parse(cls, text: str) -> StopWhen:
        """Read ``violation``, ``width=W`` or ``budget``."""
        if validate.check_text("stop_when", text) in (BUDGET, "violation"):
            return cls(text)
        name, _, number = text.partition("=")
        if name == "width":
            try:
                return cls(text, validate.check_positive("width", float(number)))
            except ValueError:
                pass
        raise ValueError(f"stop_when must be violation, width=W or budget, got {text!r}.")

    @property
    def never(self) -> bool:
        """Whether all reports are played, and looked at once."""
        return self.text == BUDGET

    def met(self, verdict: EpsilonBound, lower: float, upper: float, claimed: float) -> bool:
        """Whether the audit may end now."""
        if self.text == "violation":
            return verdict.epsilon_lower > claimed
        return upper - lower <= self.width


def looks(reports: int) -> Iterator[int]:
    """Reports to add before each look, up to a budget."""
    done, step = 0, float(_FIRST)
    while done < reports:
        size = min(reports, round(step)) - done
        if size > 0:
            yield size
            done += size
        step *= _GROWTH


def play_until(
    stop: StopWhen,
    prepared: Prepared,
    at_levels: Callable[[Evidence], AtLevels],
    bound: NamedBound,
    claim: Claim,
    jobs: int = 1,
) -> tuple[AtLevels, Evidence]:
    """Play look by look; the best bounds so far at both levels, which are valid at every look.

    With all that was counted.
    """
    counts: list[Counts] = []
    best: list[EpsilonBound] = []
    for number, size in enumerate(looks(prepared.reports), 1):
        new = prepared.play(size, look=number, jobs=jobs).counts
        counts = [counts[0].merged(new) if counts else new]
        found = at_levels(Evidence(prepared.game, counts[0], prepared.searched))
        best = [_better(*pair) for pair in zip(best, found, strict=True)] if best else list(found)
        upper = _upper(bound, best[0].alpha, counts[0].guesses, claim)
        if stop.met(best[1], best[0].epsilon_lower, upper, claim.epsilon):
            break
    evidence = Evidence(prepared.game, counts[0], prepared.searched)
    played = counts[0].guesses.trials
    ended = f"ended at {played:,} of {prepared.reports:,} reports"
    text = f"{prepared.searched}; the best of {number} looks, valid at all of them; {ended}"
    lower, verdict = (replace(one, trials=played, searched=text) for one in best)
    return (lower, verdict), evidence


def _better(one: EpsilonBound, two: EpsilonBound) -> EpsilonBound:
    return two if two.epsilon_lower >= one.epsilon_lower else one


def _upper(bound: NamedBound, alpha: float, seen: GuessCounts, claim: Claim) -> float:
    """Upper bound on what the game shows: a lower bound on the odds of being wrong, reversed."""
    if not bound.of_guesses:
        return math.inf
    wrong = GuessCounts(2, seen.decided - seen.correct, seen.decided, seen.trials)
    others = math.log(seen.num_candidates - 1)
    return others - bound.from_guesses(wrong, Claim(others - claim.epsilon), alpha)
