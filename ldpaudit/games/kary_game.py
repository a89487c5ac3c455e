"""The k-ary game: an input out of all values is named."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.contracts import Reports, Values
from ldpaudit.counts import GuessCounts
from ldpaudit.games.scores import ScoredReports
from ldpaudit.games.thresholds import (
    LEAST,
    ExpectedBound,
    best,
    beyond,
    how_many,
    steps,
)
from ldpaudit.sampling import pieces, tabulate


@dataclass(frozen=True)
class KaryGame:
    """The input is drawn from all k values; the likeliest value is named, or none.

    Decided where the log-likelihood of the likeliest value exceeds that of the average
    other value by `decide`; and, counted apart, by `sharp`: few reports may tell much more.
    """

    mechanism: Any
    decide: float = 0.0
    sharp: float = 0.0

    def draw(self, size: int, rng: np.random.Generator) -> ScoredReports:
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

    def _seen(self, own: Values, reports: Reports) -> ScoredReports:
        margin, right = np.empty(own.size), np.empty(own.size, dtype=np.bool_)
        for rows, read, which in pieces(reports, self.mechanism.k):
            best, clear = self._read(read)
            margin[rows] = clear[which]
            np.equal(best[which], own[rows], out=right[rows])
        return ScoredReports(margin, right)

    def _read(self, reports: Reports) -> tuple[Values, Floats]:
        """The likeliest value of each report, and its margin."""
        table = self.mechanism.log_likelihood(reports)
        best = table.argmax(axis=1)
        ratios = table - table[np.arange(len(table)), best][:, None]
        others = np.exp(ratios, out=ratios).sum(axis=1) - 1
        with np.errstate(divide="ignore"):
            margin = math.log(self.mechanism.k - 1) - np.log(np.maximum(others, 0.0))
        return best, np.maximum(margin, LEAST)

    def count(self, seen: ScoredReports) -> tuple[GuessCounts, GuessCounts]:
        """The guesses decided at either level."""
        k, trials = self.mechanism.k, seen.score.size
        decided, sharp = seen.score >= self.decide, seen.score >= self.sharp
        return (
            GuessCounts(k, how_many(decided & seen.right), how_many(decided), trials),
            GuessCounts(k, how_many(sharp & seen.right), how_many(sharp), trials),
        )

    def texts(self, guesses: GuessCounts, sharp: GuessCounts) -> tuple[str, str]:
        """What was counted, in words."""
        k = self.mechanism.k
        return (
            f"{k}-ary game: {guesses.correct:,} of {guesses.decided:,} inputs named correctly"
            f"{beyond(self.decide)}",
            f"{k}-ary game on the clearest reports{beyond(self.sharp)}: "
            f"{sharp.correct:,} of {sharp.decided:,} inputs named correctly",
        )

    def fixed(
        self, pilot: ScoredReports, reports: int, expected: ExpectedBound
    ) -> tuple[KaryGame, float]:
        """The game with the thresholds that promise most, and what to expect of its guesses."""

        def guesses(level: float) -> tuple[float, ...]:
            return (expected.of_guesses(replace(self, decide=level).count(pilot)[0], reports),)

        def sharply(level: float) -> tuple[float, ...]:
            seen = replace(self, sharp=level).count(pilot)[1]
            return (expected.of_guesses(seen, reports, cap=False),)

        levels = steps(pilot.score)
        decide, value = best(levels, guesses)
        return replace(self, decide=decide, sharp=best(levels, sharply)[0]), value[0]
