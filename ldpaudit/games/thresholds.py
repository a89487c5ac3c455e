"""What is looked for in a report: two games, each with rules fixed on pilot reports.

No bound ever uses a pilot report, so the choice of rules costs no confidence.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ldpaudit.bounds import ClopperPearson
from ldpaudit.contracts import Distinguisher, Floats, Mechanism, Reports, Values
from ldpaudit.counts import EventCounts, GuessCounts
from ldpaudit.sampling import chunks, pieces, report_entries, tabulate

#: Thresholds tried on a pilot.
_CANDIDATES = 24
#: Error probability at which a pilot shows a violation.
_SURE = 1e-4
#: Scores this close are the same level of a likelihood ratio.
_SAME = 1e-6
#: The least positive number: a score of 0 says nothing.
_LEAST = math.ulp(0.0)


class Seen(NamedTuple):
    """Scored reports: how strongly each speaks, and whether it is right (of the first input)."""

    score: Floats
    right: np.ndarray


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

    def draw(self, size: int, rng: np.random.Generator) -> Seen:
        """Scores of one batch, and where the coin drew pair[0]."""
        # One random word holds 64 coins.
        words = rng.integers(0, 2**64, -(-size // 64), dtype=np.uint64)
        first = np.unpackbits(words.view(np.uint8), count=size).view(np.bool_)
        one, two = self.pair
        reports = self.mechanism.privatize(first * np.int64(one - two) + two, rng=rng)
        score = np.asarray(
            self.distinguisher.score(reports, self.mechanism, self.pair, rng=rng), dtype=np.float64
        )
        if score.shape != first.shape or np.isnan(score).any():
            raise ValueError(
                f"{self.distinguisher!r} must return one score a report and no nan, "
                f"got shape {score.shape}."
            )
        return Seen(score, first)

    def played(self, size: int, rng: np.random.Generator) -> tuple[GuessCounts, EventCounts]:
        """What is counted in one batch."""
        return self.count(self.draw(size, rng))

    def count(self, seen: Seen) -> tuple[GuessCounts, EventCounts]:
        """The guesses and the event in one batch."""
        score, first = seen
        decided = np.abs(score) >= max(self.decide, _LEAST)
        correct = decided & ((score > 0) == first)
        happened = score >= max(self.event, _LEAST)
        if self.side < 0:
            happened, first = score <= -max(self.event, _LEAST), ~first
        hits, total = _number(happened & first), _number(first)
        return (
            GuessCounts(2, _number(correct), _number(decided), score.size),
            EventCounts(hits, total, _number(happened) - hits, score.size - total),
        )

    def texts(self, guesses: GuessCounts, event: EventCounts) -> tuple[str, str]:
        """What was counted, in words."""
        one, two = self.pair if self.side > 0 else self.pair[::-1]
        return (
            f"pair game on inputs {self.pair}, {self.witness} witness{_beyond(self.decide)}: "
            f"{guesses.correct:,} of {guesses.decided:,} decided guesses correct",
            f"the {self.witness} witness favours input {one}{_beyond(self.event)}: "
            f"{event.hits:,} of {event.trials:,} reports of {one}, {event.false_hits:,} of "
            f"{event.false_trials:,} of {two}",
        )

    def fixed(self, pilot: Seen, reports: int, promise: Promise) -> tuple[PairGame, float]:
        """The game with the thresholds that promise most, and what its guesses promise."""

        def guesses(level: float) -> tuple[float, ...]:
            return (promise.of_guesses(replace(self, decide=level).count(pilot)[0], reports),)

        def happens(level: float, side: int) -> tuple[float, float]:
            return promise.of_event(replace(self, event=level, side=side).count(pilot)[1], reports)

        decide, expected = _best(_levels(np.abs(pilot.score)), guesses)
        sides = {s: _best(_levels(s * pilot.score), lambda v, s=s: happens(v, s)) for s in (1, -1)}  # type: ignore[misc]
        side = max(sides, key=lambda s: sides[s][1])
        return replace(self, decide=decide, event=sides[side][0], side=side), expected[0]


@dataclass(frozen=True)
class KaryGame:
    """The input is drawn from all k values; the likeliest value is named, or none.

    Decided where the log-likelihood of the likeliest value exceeds that of the average
    other value by `decide`; and, counted apart, by `sharp`: few reports may tell much more.
    """

    mechanism: Any
    decide: float = 0.0
    sharp: float = 0.0

    def draw(self, size: int, rng: np.random.Generator) -> Seen:
        """Margins of one batch, and where the likeliest value is the input."""
        return self._seen(*self._sent(size, rng))

    def played(self, size: int, rng: np.random.Generator) -> tuple[GuessCounts, GuessCounts]:
        """What `count` says of `draw`; reports that are few numbers are counted, then read."""
        own, reports = self._sent(size, rng)
        k = self.mechanism.k
        counted = tabulate(own, reports, k)
        if counted is None:
            return self.count(self._seen(own, reports))
        read, times = counted
        best, margin = self._read(read)
        right, total = times[best, np.arange(best.size)], times.sum(axis=0)

        def guesses(level: float) -> GuessCounts:
            decided = margin >= level
            return GuessCounts(k, int(right[decided].sum()), int(total[decided].sum()), size)

        return guesses(self.decide), guesses(self.sharp)

    def _sent(self, size: int, rng: np.random.Generator) -> tuple[Values, Reports]:
        own = rng.integers(0, self.mechanism.k, size)
        return own, self.mechanism.privatize(own, rng=rng)

    def _seen(self, own: Values, reports: Reports) -> Seen:
        margin, right = np.empty(own.size), np.empty(own.size, dtype=np.bool_)
        for rows, read, which in pieces(reports, self.mechanism.k):
            best, clear = self._read(read)
            margin[rows] = clear[which]
            np.equal(best[which], own[rows], out=right[rows])
        return Seen(margin, right)

    def _read(self, reports: Reports) -> tuple[Values, Floats]:
        """The likeliest value of each report, and its margin."""
        table = self.mechanism.log_likelihood(reports)
        best = table.argmax(axis=1)
        ratios = table - table[np.arange(len(table)), best][:, None]
        others = np.exp(ratios, out=ratios).sum(axis=1) - 1
        with np.errstate(divide="ignore"):
            margin = math.log(self.mechanism.k - 1) - np.log(np.maximum(others, 0.0))
        return best, np.maximum(margin, _LEAST)

    def count(self, seen: Seen) -> tuple[GuessCounts, GuessCounts]:
        """The guesses decided at either level."""
        k, trials = self.mechanism.k, seen.score.size
        decided, sharp = seen.score >= self.decide, seen.score >= self.sharp
        return (
            GuessCounts(k, _number(decided & seen.right), _number(decided), trials),
            GuessCounts(k, _number(sharp & seen.right), _number(sharp), trials),
        )

    def texts(self, guesses: GuessCounts, sharp: GuessCounts) -> tuple[str, str]:
        """What was counted, in words."""
        k = self.mechanism.k
        return (
            f"{k}-ary game: {guesses.correct:,} of {guesses.decided:,} inputs named correctly"
            f"{_beyond(self.decide)}",
            f"{k}-ary game on the clearest reports{_beyond(self.sharp)}: "
            f"{sharp.correct:,} of {sharp.decided:,} inputs named correctly",
        )

    def fixed(self, pilot: Seen, reports: int, promise: Promise) -> tuple[KaryGame, float]:
        """The game with the thresholds that promise most, and what its guesses promise."""

        def guesses(level: float) -> tuple[float, ...]:
            return (promise.of_guesses(replace(self, decide=level).count(pilot)[0], reports),)

        def sharply(level: float) -> tuple[float, ...]:
            seen = replace(self, sharp=level).count(pilot)[1]
            return (promise.of_guesses(seen, reports, cap=False),)

        levels = _levels(pilot.score)
        decide, expected = _best(levels, guesses)
        return replace(self, decide=decide, sharp=_best(levels, sharply)[0]), expected[0]


Game = PairGame | KaryGame


@dataclass(frozen=True)
class Promise:
    """What pilot counts lead one to expect of an audit, by the bound in use.

    An expectation of guesses stops at the claim: what exceeds it in a small pilot is luck
    as a rule, and of a mechanism that does leak more, either threshold that reaches the
    claim shows it, so the one that decides more often loses less to chance. What is
    watched beside the guesses is there for leaks that those miss: it stops nowhere, and
    counts half a false report more, for what a pilot never saw may still happen.
    """

    bound: Any
    delta: float
    claimed: float

    def of_guesses(self, seen: GuessCounts, reports: int, *, cap: bool = True) -> float:
        """Expected lower bound from `reports` reports."""
        scale = reports / seen.trials
        decided, correct = seen.decided * scale, float(seen.correct)
        if not cap:
            correct = max(0.0, correct - 0.5)
        precision = correct / seen.decided
        if cap:
            others = (seen.num_candidates - 1) * math.exp(-self.claimed)
            precision = min(precision, 1 / (1 + others))
        whole = max(1, round(decided))
        counts = GuessCounts(seen.num_candidates, round(precision * whole), whole, reports)
        if not hasattr(self.bound, "from_guesses"):
            return precision
        return float(
            self.bound.from_guesses(counts, alpha=0.05, delta=self.delta, claimed=self.claimed)
        )

    def of_event(self, seen: EventCounts, reports: int) -> tuple[float, float]:
        """What the pilot itself shows beyond the claim, else -inf; the lower bound to hope for.

        Both by two Clopper-Pearson intervals. A violation that is shown is not given up for
        a rarer event that only seems to tell more.
        """
        scale = reports / (seen.trials + seen.false_trials)
        trials, false_trials = (max(1, round(n * scale)) for n in (seen.trials, seen.false_trials))
        counts = EventCounts(
            min(round(seen.hits * scale), trials),
            trials,
            min(round((seen.false_hits + 0.5) * scale), false_trials),
            false_trials,
        )
        how = {"delta": self.delta, "claimed": self.claimed}
        shown = ClopperPearson().from_event(seen, alpha=_SURE, **how)
        hoped = ClopperPearson().from_event(counts, alpha=0.05, **how)
        return (shown if shown > self.claimed else -math.inf), hoped


def pilot_of(game: Game, reports: int, rng: np.random.Generator) -> Seen:
    """All pilot reports of a game, drawn in batches."""
    batches = [game.draw(size, rng) for size in chunks(reports, report_entries(game.mechanism))]
    return Seen(*(np.concatenate(parts) for parts in zip(*batches, strict=True)))


def _best(
    levels: list[float], promised: Callable[[float], tuple[float, ...]]
) -> tuple[float, tuple[float, ...]]:
    """The level that promises most; 0, which takes in every score, where there is none."""
    scored = [(promised(level), level) for level in levels]
    value, level = max(scored, key=lambda entry: entry[0], default=((-math.inf,), 0.0))
    return level, value


def _levels(score: Floats) -> list[float]:
    """Thresholds to try on positive scores, each a little below a level that was seen."""
    positive = np.sort(score[score > 0])
    if not positive.size:
        return []
    places = np.linspace(0, positive.size - 1, _CANDIDATES).astype(np.int64)
    levels = np.unique(positive[places])
    apart = np.append(True, np.diff(levels) > _SAME * (1 + levels[:-1]))
    kept = levels[apart]
    # The lowest level takes in what the pilot has not seen below it.
    return [
        0.0,
        *(float(level) * (1 - _SAME) if level < math.inf else math.inf for level in kept[1:]),
    ]


def _number(mask: np.ndarray) -> int:
    return int(np.count_nonzero(mask))


def _beyond(level: float) -> str:
    return f", score beyond {level:.3g}" if level else ""
