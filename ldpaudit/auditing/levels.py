"""One bound at two levels: what is shown, and what the verdict rests on."""

from __future__ import annotations

import dataclasses
import math

from ldpaudit.bounds.named import NamedBound
from ldpaudit.claim import Claim
from ldpaudit.games.evidence import Evidence
from ldpaudit.outcomes.parts import EpsilonBound


@dataclasses.dataclass(frozen=True)
class Levels:
    """One bound at two levels: what is shown, and what the verdict rests on."""

    bound: NamedBound
    alpha: float
    verdict_alpha: float
    claim: Claim

    def shared(self, games: int) -> Levels:
        """The same for each of so many games, which share alpha."""
        return dataclasses.replace(
            self, alpha=self.alpha / games, verdict_alpha=self.verdict_alpha / games
        )

    def nothing(self, reason: str) -> tuple[EpsilonBound, EpsilonBound]:
        """Both bounds where nothing can be played: they show nothing, and why."""
        empty = (-math.inf, self.bound.name, self.bound.kind)
        return (
            EpsilonBound(*empty, self.alpha, 0, reason, "nothing"),
            EpsilonBound(*empty, self.verdict_alpha, 0, reason, "nothing"),
        )

    def both(self, evidence: Evidence) -> tuple[EpsilonBound, EpsilonBound]:
        """What was counted, at both levels."""
        return (
            evidence.lower_bound(self.bound, self.claim, self.alpha),
            evidence.lower_bound(self.bound, self.claim, self.verdict_alpha),
        )
