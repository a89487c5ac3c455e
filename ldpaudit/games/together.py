"""Several games on one draw: each report is read by every witness that has a part in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from ldpaudit.games.copies import must_stay_whole
from ldpaudit.games.evidence import Counts, Evidence, Prepared
from ldpaudit.games.pair_game import PairGame
from ldpaudit.sampling import blocks, chunks, report_entries, shared, stream


def play_all(games: Sequence[Prepared], *, jobs: int = 1) -> list[Evidence]:
    """Play all games on fresh reports; those of one pair of inputs on the same ones.

    The first reads every report, each other one as many as it asks for. What one game counts
    depends on what another does, which a bound for each at a share of alpha allows (Boole).
    """
    first = games[0]
    drawn = _Together(tuple(games))
    if len(games) == 1 or not drawn.of_one_pair:
        return [game.play(game.reports, jobs=jobs) for game in games]
    parts = [(size, name) for size, name in blocks(first.reports)]
    alone = must_stay_whole(first.game.mechanism, jobs, len(parts))
    counted = zip(*shared(drawn.count, parts, jobs, alone=alone), strict=True)
    return [
        Evidence(one.game, reduce(Counts.merged, own), one.searched)
        for one, own in zip(games, counted, strict=True)
    ]


@dataclass(frozen=True)
class _Together:
    """Games that are ready to be played on the reports of the first."""

    games: tuple[Prepared, ...]

    @property
    def of_one_pair(self) -> bool:
        """Whether a report of one game is one of every other, and none asks for more."""
        pairs = {one.game.pair for one in self.games if isinstance(one.game, PairGame)}
        each = all(isinstance(one.game, PairGame) for one in self.games)
        most = max(one.reports for one in self.games)
        return each and len(pairs) == 1 and most == self.games[0].reports

    def count(self, size: int, name: str) -> list[Counts]:
        """What each game counts in one block of reports."""
        first = self.games[0]
        rng = stream(first.seed, *first.names, "0", name)
        found: list[list[Counts]] = [[] for _ in self.games]
        for n in chunks(size, report_entries(first.game.mechanism)):
            for own, counts in zip(found, self._batch(n, rng), strict=True):
                own.append(counts)
        return [reduce(Counts.merged, own) for own in found]

    def _batch(self, size: int, rng: np.random.Generator) -> list[Counts]:
        first: PairGame = self.games[0].game  # type: ignore[assignment]  # all are, as asked above
        reports, coins = first.toss(size, rng)
        out = []
        for one in self.games:
            game: PairGame = one.game  # type: ignore[assignment]
            read = slice(-(-size * one.reports // self.games[0].reports))
            out.append(Counts(*game.count(game.scored(reports[read], coins[read], rng))))
        return out
