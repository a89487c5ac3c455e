"""A bound, built once, with the name it goes by in results."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ldpaudit.bounds.planned import ClopperPearson
from ldpaudit.claim import Claim
from ldpaudit.contracts.bounds import EventBound, GuessBound
from ldpaudit.counts import EventCounts, GuessCounts


@dataclass(frozen=True)
class NamedBound:
    """Counts to epsilon by the rule that is registered as `name`.

    Attributes
    ----------
    name : str
        Registry name.
    rule : GuessBound or EventBound
        The bound itself.

    Examples
    --------
    >>> bound = NamedBound("clopper-pearson", ClopperPearson())
    >>> counts = EventCounts(7311, 10_000, 2689, 10_000)
    >>> round(bound.from_event(counts, Claim(1.0), 0.05), 4)
    0.957
    """

    name: str
    rule: GuessBound | EventBound

    @property
    def kind(self) -> str:
        """Exact | approximate | anytime | model-based."""
        return self.rule.kind

    @cached_property  # a search for the power asks a hundred times
    def of_guesses(self) -> bool:
        """Whether it reads guesses; one that does not reads an event."""
        return isinstance(self.rule, GuessBound)

    @cached_property
    def _reads_events(self) -> bool:
        return isinstance(self.rule, EventBound)

    @cached_property
    def of_events(self) -> NamedBound:
        """The bound for an event beside the guesses: this one, or two Clopper-Pearson intervals."""
        if self._reads_events:
            return self
        return NamedBound(self.name, ClopperPearson())

    def from_guesses(self, counts: GuessCounts, claim: Claim, alpha: float) -> float:
        """Lower bound on epsilon from guesses, -inf where they show nothing."""
        if not self.of_guesses:
            raise TypeError(f"bound {self.name!r} reads events, not guesses.")
        rule: Any = self.rule
        return float(
            rule.from_guesses(counts, alpha=alpha, delta=claim.delta, claimed=claim.epsilon)
        )

    def from_event(self, counts: EventCounts, claim: Claim, alpha: float) -> float:
        """Lower bound on epsilon from one event, -inf where it shows nothing."""
        if not self._reads_events:
            raise TypeError(f"bound {self.name!r} reads guesses, not events.")
        rule: Any = self.rule
        return float(rule.from_event(counts, alpha=alpha, delta=claim.delta, claimed=claim.epsilon))


#: Two intervals, for an event that is watched whatever the bound is.
INTERVALS = NamedBound("clopper-pearson", ClopperPearson())
