"""One bound at two levels, what is shown and what the verdict rests on: planned or searched."""

from __future__ import annotations

import dataclasses
import math

from ldpaudit.auditing.stopping import StopWhen, play_until
from ldpaudit.bounds.named import NamedBound
from ldpaudit.bounds.registered import registered_bound
from ldpaudit.claim import Claim
from ldpaudit.games.evidence import Evidence, Prepared, with_ceilings
from ldpaudit.outcomes.audit_result import EpsilonBound

#: The bound of an audit that is planned, and of one that may stop early.
DEFAULT_BOUND, DEFAULT_ANYTIME_BOUND = "posterior-odds", "anytime"


@dataclasses.dataclass(frozen=True)
class Levels:
    """One bound at two levels: what is shown, and what the verdict rests on."""

    bound: NamedBound
    alpha: float
    verdict_alpha: float
    claim: Claim

    def played(
        self, prepared: Prepared | str, stop: StopWhen, jobs: int
    ) -> tuple[EpsilonBound, EpsilonBound]:
        """Play what was prepared; both bounds, which show nothing where nothing can be played."""
        if isinstance(prepared, str):
            nothing = (-math.inf, self.bound.name, self.bound.kind)
            return (
                EpsilonBound(*nothing, self.alpha, 0, prepared, "nothing"),
                EpsilonBound(*nothing, self.verdict_alpha, 0, prepared, "nothing"),
            )
        if stop.never:
            evidence = prepared.play(prepared.reports, jobs=jobs)
            found = self.both(evidence)
            lower, verdict = with_ceilings(found, evidence, self.both, self.bound, self.claim)
            return lower, verdict
        return play_until(stop, prepared, self.both, self.bound, self.claim, jobs)

    def both(self, evidence: Evidence) -> tuple[EpsilonBound, EpsilonBound]:
        """What was counted, at both levels."""
        return (
            evidence.lower_bound(self.bound, self.claim, self.alpha),
            evidence.lower_bound(self.bound, self.claim, self.verdict_alpha),
        )


def choose_bound(name: str | None, stop: StopWhen, model_based: bool) -> NamedBound:
    """The bound of an audit; refused where it does not hold for what is asked."""
    usual = DEFAULT_BOUND if stop.never else DEFAULT_ANYTIME_BOUND
    bound = registered_bound(usual if name is None else name)
    if getattr(bound.rule, "requires_opt_in", False) and not model_based:
        raise ValueError(
            f"bound {bound.name!r} holds only for mechanisms of one kind; "
            "ask for it with model_based=True (--model-based)."
        )
    if not stop.never and bound.kind != "anytime":
        raise ValueError(
            f"stop_when={stop.text} looks many times, which takes an anytime bound, "
            f"got {bound.name!r}, which is {bound.kind}."
        )
    return bound
