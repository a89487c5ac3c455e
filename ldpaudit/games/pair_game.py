"""The pair game: two inputs are told apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ldpaudit.arrays import Bools
from ldpaudit.contracts import Distinguisher, HasRelation, Mechanism, Reports
from ldpaudit.counts import EventCounts, GuessCounts
from ldpaudit.domains import input_text
from ldpaudit.games.scores import ScoredReports
from ldpaudit.games.thresholds import (
    LEAST,
    ExpectedBound,
    best,
    beyond,
    chances,
    expected_right,
    how_many,
    steps,
)

#: The witness whose scores are log-likelihood ratios.
LIKELIHOOD = "likelihood-ratio"
#: The witness whose scores are estimates of them.
LEARNED = "learned"


@dataclass(frozen=True)
class PairGame:
    """A fair coin draws one of two inputs for every report; the witness names it or abstains.

    It decides where abs(score) >= `decide`. Beside the guesses one event is counted in the
    same reports, side * score >= `event`: it may show a leak on one side only, which the
    guesses average away.
    """

    mechanism: Mechanism
    distinguisher: Distinguisher
    witness: str
    pair: tuple[int, int]
    decide: float = 0.0
    event: float = 0.0
    side: int = 1

    def draw(self, size: int, rng: np.random.Generator) -> ScoredReports:
        """Scores of one batch, and where the coin drew pair[0]."""
        return self.scored(*self.toss(size, rng), rng)

    def toss(self, size: int, rng: np.random.Generator) -> tuple[Reports, Bools]:
        """Reports of one batch, and where the coin drew pair[0]."""
        # One random word holds 64 coins.
        words = rng.integers(0, 2**64, -(-size // 64), dtype=np.uint64)
        first = np.unpackbits(words.view(np.uint8), count=size).view(np.bool_)
        one, two = self.pair
        return self.mechanism.privatize(first * np.int64(one - two) + two, rng=rng), first

    def scored(self, reports: Reports, first: Bools, rng: np.random.Generator) -> ScoredReports:
        """What the witness makes of reports."""
        score = np.asarray(
            self.distinguisher.score(reports, self.mechanism, self.pair, rng=rng), dtype=np.float64
        )
        if score.shape != first.shape:
            raise ValueError(
                f"{self.distinguisher!r} must return one score per report, shape {first.shape}, "
                f"got shape {score.shape}."
            )
        if none := how_many(np.isnan(score)):
            told = f"{self.distinguisher!r} must return numbers"
            if self.witness == LIKELIHOOD:
                told = "log_likelihood must not say that neither input can have sent a report"
            raise ValueError(f"{told}, got nan for {none:,} of {score.size:,} reports.")
        return ScoredReports(score, first)

    def played(self, size: int, rng: np.random.Generator) -> tuple[GuessCounts, EventCounts]:
        """What is counted in one batch."""
        return self.count(self.draw(size, rng))

    def count(self, seen: ScoredReports) -> tuple[GuessCounts, EventCounts]:
        """The guesses and the event in one batch."""
        score, first = seen
        decided = np.abs(score) >= max(self.decide, LEAST)
        correct = decided & ((score > 0) == first)
        happened = score >= max(self.event, LEAST)
        if self.side < 0:
            happened, first = score <= -max(self.event, LEAST), ~first
        hits, total = how_many(happened & first), how_many(first)
        return (
            GuessCounts(2, how_many(correct), how_many(decided), score.size),
            EventCounts(hits, total, how_many(happened) - hits, score.size - total),
        )

    def texts(self, guesses: GuessCounts, event: EventCounts) -> tuple[str, str]:
        """What was counted, in words, and how the two inputs are related if that is told."""
        mechanism, relation = self.mechanism, ""
        if isinstance(mechanism, HasRelation):
            relation = f"; {mechanism.relation(self.pair)}"
        pair = tuple(input_text(self.mechanism, value) for value in self.pair)
        (one, two), both = pair[:: self.side], ", ".join(pair)
        return (
            f"pair game on inputs ({both}), {self.witness} witness{beyond(self.decide)}: "
            f"{guesses.correct:,} of {guesses.decided:,} decided guesses correct{relation}",
            f"the {self.witness} witness favours input {one}{beyond(self.event)}: "
            f"{event.hits:,} of {event.trials:,} reports of {one}, {event.false_hits:,} of "
            f"{event.false_trials:,} of {two}{relation}",
        )

    def fixed(
        self, pilot: ScoredReports, reports: int, expected: ExpectedBound
    ) -> tuple[PairGame, float]:
        """The game with the thresholds that promise most, and what to expect of its guesses."""
        strength = np.abs(pilot.score)
        levels = steps(strength)
        supposed = chances(strength) if self.witness in (LIKELIHOOD, LEARNED) else None
        chance = supposed if self.witness == LIKELIHOOD else None
        counts = {level: replace(self, decide=level).count(pilot)[0] for level in levels}

        def guesses(level: float, *, cap: bool = True) -> tuple[float, ...]:
            seen, reached = counts[level], strength >= max(level, LEAST)
            right = expected_right(chance, reached, seen.correct)
            if cap and chance is None and supposed is not None:
                # What scores do not expect either is luck, which few reports have most of.
                right = min(seen.correct, float(supposed[reached].sum()))
            promise = expected.of_guesses(seen, reports, cap=cap, sure=not cap, right=right)
            return (promise,)

        def happens(level: float, side: int) -> tuple[float, float]:
            seen = replace(self, event=level, side=side).count(pilot)[1]
            reached = side * pilot.score >= max(level, LEAST)
            return expected.of_event(seen, reports, expected_right(chance, reached, seen.hits))

        decide, value = best(levels, guesses)
        if any(map(expected.surely_exceeded, counts.values())):
            decide, _ = best(levels, lambda level: guesses(level, cap=False))
        sides = {s: best(steps(s * pilot.score), lambda v, s=s: happens(v, s)) for s in (1, -1)}  # type: ignore[misc]
        side = max(sides, key=lambda s: sides[s][1])
        return replace(self, decide=decide, event=sides[side][0], side=side), value[0]
