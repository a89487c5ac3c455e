"""What turns counts into a lower bound on epsilon."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ldpaudit.counts import EventCounts, GuessCounts


@runtime_checkable
class GuessBound(Protocol):
    """A lower confidence bound on epsilon from a guessing game."""

    @property
    def kind(self) -> str:
        """Exact | approximate | anytime | model-based."""

    def from_guesses(
        self, counts: GuessCounts, *, alpha: float, delta: float, claimed: float
    ) -> float:
        """Lower bound at level 1 - alpha, -inf where the counts show nothing.

        `claimed` may fix choices made before the data.
        """


@runtime_checkable
class EventBound(Protocol):
    """A lower confidence bound on epsilon from one event under two inputs."""

    @property
    def kind(self) -> str:
        """Exact | approximate | anytime | model-based."""

    def from_event(
        self, counts: EventCounts, *, alpha: float, delta: float, claimed: float
    ) -> float:
        """Lower bound at level 1 - alpha, -inf where the counts show nothing.

        `claimed` may fix choices made before the data.
        """
