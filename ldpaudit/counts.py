"""What a game counted: guesses, or one event under two inputs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GuessCounts:
    """A guessing game: inputs drawn uniformly from `num_candidates`, some guesses withheld."""

    num_candidates: int
    correct: int
    decided: int
    trials: int

    def __add__(self, other: GuessCounts) -> GuessCounts:
        if self.num_candidates != other.num_candidates:
            raise ValueError(
                "guesses among different numbers of candidates cannot be added, got "
                f"{self.num_candidates} and {other.num_candidates}."
            )
        return GuessCounts(
            self.num_candidates,
            self.correct + other.correct,
            self.decided + other.decided,
            self.trials + other.trials,
        )


@dataclass(frozen=True)
class EventCounts:
    """How often one event happened under the first input (hits) and the second (false_hits)."""

    hits: int
    trials: int
    false_hits: int
    false_trials: int

    @property
    def holds_all(self) -> bool:
        """Whether the event held every report of either input: it tells nothing apart."""
        return self.hits == self.trials and self.false_hits == self.false_trials

    def __add__(self, other: EventCounts) -> EventCounts:
        return EventCounts(
            self.hits + other.hits,
            self.trials + other.trials,
            self.false_hits + other.false_hits,
            self.false_trials + other.false_trials,
        )
