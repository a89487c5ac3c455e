"""What a game counted, and the lower bound on epsilon that a bound makes of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from functools import reduce
from typing import Any, NamedTuple, Protocol, cast

import numpy as np

from ldpaudit.bounds.named import NamedBound
from ldpaudit.claim import Claim
from ldpaudit.contracts import Mechanism
from ldpaudit.counts import EventCounts, GuessCounts
from ldpaudit.games.copies import must_stay_whole
from ldpaudit.games.scores import ScoredReports
from ldpaudit.outcomes.parts import EpsilonBound
from ldpaudit.sampling import blocks, chunks, report_entries, shared, stream

#: Shares of alpha for a game's guesses and for what is watched beside them.
SHARES = (0.9, 0.1)
#: Claims so far below the logarithm of the reports are within reach of any bound: no ceiling.
_REACHED = 5.0
#: Wrong guesses, from none on, among which the best counts for any bound are looked for.
_WRONG = 12


class Game(Protocol):
    """What is played: rules that count guesses, and something beside them, in fresh reports."""

    @property
    def mechanism(self) -> Mechanism:
        """Whose reports are drawn."""
        ...

    def draw(self, size: int, rng: np.random.Generator) -> ScoredReports:
        """Scores of one batch, and which of them are right."""
        ...

    def played(
        self, size: int, rng: np.random.Generator
    ) -> tuple[GuessCounts, GuessCounts | EventCounts]:
        """What is counted in one batch."""
        ...

    def texts(self, guesses: GuessCounts, beside: Any) -> tuple[str, str]:
        """What was counted, in words."""
        ...


class Counts(NamedTuple):
    """A game's guesses, and what was counted beside them in the same reports."""

    guesses: GuessCounts
    beside: GuessCounts | EventCounts

    def merged(self, other: Counts) -> Counts:
        """The counts of both; of one game, so of one kind."""
        return Counts(self.guesses + other.guesses, self.beside + other.beside)  # type: ignore[operator]

    def nearly_flawless(self, wrong: int) -> Counts:
        """As many reports, every guess made, and all right but so many."""
        return Counts(_but(wrong, self.guesses), _but(wrong, self.beside))


def _but(wrong: int, counts: Any) -> Any:
    if isinstance(counts, GuessCounts):
        right = max(counts.trials - wrong, 0)
        return replace(counts, correct=right, decided=counts.trials)
    return replace(counts, hits=counts.trials, false_hits=min(wrong, counts.false_trials))


@dataclass(frozen=True)
class Prepared:
    """A game whose rules are fixed, ready to be played on fresh reports."""

    game: Game
    searched: str
    reports: int
    seed: int
    names: tuple[str, ...]

    def play(self, reports: int, *, look: int = 0, jobs: int = 1) -> Evidence:
        """Play the game on fresh reports, in blocks with streams of their own, and add the counts.

        Different values of `look` draw different reports; `jobs` changes nothing in the counts.
        """
        parts = [(size, str(look), name) for size, name in blocks(reports)]
        alone = must_stay_whole(self.game.mechanism, jobs, len(parts))
        counted = shared(self.count, parts, jobs, alone=alone)
        return Evidence(self.game, reduce(Counts.merged, counted), self.searched)

    def count(self, size: int, *names: str) -> Counts:
        """Play `size` reports of the stream of these names."""
        rng = stream(self.seed, *self.names, *names)
        batches = chunks(size, report_entries(self.game.mechanism))
        return reduce(Counts.merged, (Counts(*self.game.played(n, rng)) for n in batches))


@dataclass(frozen=True)
class Evidence:
    """What one game counted; a bound turns it into epsilon."""

    game: Game
    counts: Counts
    searched: str

    def lower_bound(self, bound: NamedBound, claim: Claim, alpha: float) -> EpsilonBound:
        """The bound at level 1 - alpha, the better of guesses and event."""
        guesses, beside = self.counts
        texts = self.game.texts(guesses, beside)
        if not bound.of_guesses:
            value = bound.from_event(cast(EventCounts, beside), claim, alpha)
            return self._bound(value, bound, alpha, texts[1], "event")
        first = bound.from_guesses(guesses, claim, SHARES[0] * alpha)
        if isinstance(beside, GuessCounts):
            watching = bound
            second = bound.from_guesses(beside, claim, SHARES[1] * alpha)
        else:
            watching = bound.of_events
            second = -math.inf
            if not beside.holds_all:
                second = watching.from_event(beside, claim, SHARES[1] * alpha)
        if second > first:
            return self._bound(second, watching, alpha, texts[1], "event")
        return self._bound(first, bound, alpha, texts[0], "guesses")

    def _bound(
        self, value: float, bound: NamedBound, alpha: float, event: str, what: str
    ) -> EpsilonBound:
        trials, counted = self.counts.guesses.trials, self._counted(what)
        return EpsilonBound(
            value, bound.name, bound.kind, alpha, trials, event, self.searched, counted=counted
        )

    def _counted(self, what: str) -> dict[str, Any]:
        """What was counted, as data."""
        counts = self.counts.guesses if what == "guesses" else self.counts.beside
        game: Any = self.game
        return {
            "game": type(game).__name__,
            "what": what,
            "pair": list(getattr(game, "pair", ())) or None,
            "threshold": getattr(game, "decide" if what == "guesses" else "event", None),
            "side": getattr(game, "side", None) if what == "event" else None,
            **asdict(counts),
        }


def with_ceilings(
    found: Iterable[EpsilonBound],
    evidence: Evidence,
    at_levels: Callable[[Evidence], Iterable[EpsilonBound]],
    bound: NamedBound,
    claim: Claim,
) -> tuple[EpsilonBound, ...]:
    """Bounds that know the most they could have shown, and say so where it is below the claim."""
    found = tuple(found)
    if claim.epsilon < math.log(evidence.counts.guesses.trials) - _REACHED:
        return found
    # A bound by an event may show nothing where it never happened: it is best just beside that.
    possible = [
        at_levels(replace(evidence, counts=evidence.counts.nearly_flawless(wrong)))
        for wrong in range(1 if bound.of_guesses else _WRONG)
    ]
    out = []
    for one, best in zip(found, zip(*possible, strict=True), strict=True):
        ceiling, event = max(b.epsilon_lower for b in best), one.event
        if ceiling < claim.epsilon:
            event += f"; so many reports could have shown {ceiling:.2f} at most"
        out.append(replace(one, ceiling=ceiling, event=event))
    return tuple(out)
