"""When an audit may stop: looks at growing numbers of reports, by bounds valid at every look."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ldpaudit import _validate
from ldpaudit.evidence import Counts, Evidence, Prepared
from ldpaudit.outcomes import EpsilonBound, GuessCounts
from ldpaudit.registry import create

#: Reports of the first look, and the factor to the next.
_FIRST, _GROWTH = 200, 1.1

Certified = tuple[EpsilonBound, EpsilonBound]


@dataclass(frozen=True)
class StopWhen:
    """What ends an audit before its budget: a violation, a narrow interval, or nothing.

    `width` is how far apart the lower bound and the upper bound of what the game
    shows may be, each at alpha; inf stops at a violation alone, 0 never stops.
    """

    text: str
    width: float

    @classmethod
    def parse(cls, text: str) -> StopWhen:
        """Read ``violation``, ``width=W`` or ``budget``."""
        if text == "violation":
            return cls(text, math.inf)
        if text == "budget":
            return cls(text, 0.0)
        name, _, number = text.partition("=")
        if name == "width":
            try:
                return cls(text, _validate.positive("width", float(number)))
            except ValueError:
                pass
        raise ValueError(f"stop_when must be violation, width=W or budget, got {text!r}.")

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
    reports: int,
    certify: Callable[[Evidence, float], EpsilonBound],
    levels: tuple[float, float],
    claimed: float,
) -> Certified:
    """Play look by look; the best bounds so far at both levels, which are valid at every look."""
    total: Counts | None = None
    best: Certified | None = None
    number = 0
    for number, size in enumerate(looks(reports), 1):
        counts = prepared.play(size).counts
        total = counts if total is None else total.merged(counts)
        evidence = Evidence(prepared.game, total, prepared.searched)
        found = (certify(evidence, levels[0]), certify(evidence, levels[1]))
        best = found if best is None else (_better(best[0], found[0]), _better(best[1], found[1]))
        upper = _upper(best[0].bound, total.guesses, levels[0], claimed)
        if stop.met(best[1], best[0].epsilon_lower, upper, claimed):
            break
    assert total is not None
    assert best is not None
    played = total.guesses.trials
    text = f"{prepared.searched}; looked {number} times, ended at {played:,} of {reports:,} reports"
    lower, verdict = (replace(b, trials=played, searched=text) for b in best)
    return lower, verdict


def _better(one: EpsilonBound, two: EpsilonBound) -> EpsilonBound:
    return two if two.epsilon_lower >= one.epsilon_lower else one


def _upper(name: str, seen: GuessCounts, alpha: float, claimed: float) -> float:
    """Upper bound on what the game shows: the lower bound of the odds of being wrong, reversed."""
    bound: Any = create("bounds", name)
    wrong = GuessCounts(2, seen.decided - seen.correct, seen.decided, seen.trials)
    odds = bound.from_guesses(wrong, alpha=alpha, delta=0.0, claimed=claimed)
    return math.log(seen.num_candidates - 1) - float(odds)
