"""Evidence for an epsilon bound: which game is played, what it counted, what it certifies."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from ldpaudit.bounds import ClopperPearson
from ldpaudit.contracts import (
    Distinguisher,
    EventBound,
    GuessBound,
    HasBayesVulnerability,
    HasLikelihood,
    Mechanism,
    TrainableDistinguisher,
)
from ldpaudit.games import chunks, stream
from ldpaudit.outcomes import EpsilonBound, EventCounts, GuessCounts
from ldpaudit.registry import create
from ldpaudit.witness import Game, KaryGame, PairGame, Promise, pilot_of, row_entries

#: Shares of alpha for a game's guesses and for what is watched beside them.
_SHARES = (0.9, 0.1)
#: Fewest and most reports of the pilot, and of what a witness learns from.
_PILOT, _TRAINING = (2_000, 20_000), (4_000, 200_000)


class Counts(NamedTuple):
    """A game's guesses, and what was counted beside them in the same reports."""

    guesses: GuessCounts
    beside: GuessCounts | EventCounts

    def merged(self, other: Counts) -> Counts:
        """The counts of both; of one game, so of one kind."""
        return Counts(self.guesses + other.guesses, self.beside + other.beside)  # type: ignore[operator]


@dataclass(frozen=True)
class Prepared:
    """A game whose rules are fixed, ready to be played on fresh reports."""

    game: Game
    searched: str
    rng: np.random.Generator

    def batches(self, reports: int) -> Iterator[Counts]:
        """Play `reports` fresh reports, batch by batch."""
        for size in chunks(reports, row_entries(self.game)):
            yield Counts(*self.game.count(self.game.draw(size, self.rng)))

    def play(self, reports: int) -> Evidence:
        """Play `reports` fresh reports."""
        counts = reduce(Counts.merged, self.batches(reports))
        return Evidence(self.game, counts, self.searched)


@dataclass(frozen=True)
class Evidence:
    """What one game counted; a bound turns it into epsilon."""

    game: Game
    counts: Counts
    searched: str

    def certify(self, name: str, *, alpha: float, delta: float, claimed: float) -> EpsilonBound:
        """The registered bound `name` at level 1 - alpha, the better of guesses and event."""
        bound: Any = create("bounds", name)
        how = {"delta": delta, "claimed": claimed}
        guesses, beside = self.counts
        texts = self.game.texts(guesses, beside)  # type: ignore[arg-type]
        if not isinstance(bound, GuessBound):
            value = bound.from_event(beside, alpha=alpha, **how)
            return self._bound(value, name, bound.kind, alpha, texts[1])
        first = bound.from_guesses(guesses, alpha=_SHARES[0] * alpha, **how)
        event: Any = bound
        if isinstance(beside, GuessCounts):
            second = bound.from_guesses(beside, alpha=_SHARES[1] * alpha, **how)
        else:
            event = bound if isinstance(bound, EventBound) else ClopperPearson()
            second = event.from_event(beside, alpha=_SHARES[1] * alpha, **how)
        if second > first:
            return self._bound(second, name, event.kind, alpha, texts[1])
        return self._bound(first, name, bound.kind, alpha, texts[0])

    def _bound(self, value: float, name: str, kind: str, alpha: float, event: str) -> EpsilonBound:
        trials = self.counts.guesses.trials
        return EpsilonBound(value, name, kind, alpha, trials, event, self.searched)


def prepare(
    mechanism: Mechanism,
    bound_name: str,
    pair: tuple[int, int],
    trials: int,
    *,
    delta: float,
    seed: int,
    identity: str,
    witness: str | None = None,
) -> Prepared | str:
    """Train the witness, choose the game on a pilot; a sentence where none can be played.

    `trials` are the reports an input that the audit itself is going to draw.
    """
    named = witness or ("distinguish" if isinstance(mechanism, HasLikelihood) else "learned")
    attack: Any = create("attacks", named)
    reason = attack.applies(mechanism)
    if reason is not None:
        return str(reason)
    names = (identity, "epsilon", *map(str, pair))
    pilot_size = min(max(trials // 5, _PILOT[0]), _PILOT[1])
    learns, cost = isinstance(attack, TrainableDistinguisher), f"{pilot_size:,} reports"
    text = "likelihood-ratio" if named == "distinguish" else named
    if learns:
        rng = stream(seed, *names, named, "training")
        attack, size = learn(attack, mechanism, pair, trials, rng)
        cost = f"{size:,} training and {cost} pilot reports"
    bound: Any = create("bounds", bound_name)
    promise = Promise(bound, delta, mechanism.epsilon)
    game: Game = PairGame(mechanism, attack, text, pair)
    pilot = pilot_of(game, pilot_size, stream(seed, *names, named, "pilot"))
    game, expected = game.fixed(pilot, 2 * trials, promise)
    searched = f"rules for one pair of inputs, fixed on {cost} of their own at no cost in alpha"
    if (
        mechanism.k > 2
        and not witness
        and isinstance(bound, GuessBound)
        and isinstance(mechanism, HasBayesVulnerability)
        and isinstance(mechanism, HasLikelihood)
    ):
        searched = f"two games and their rules, fixed on {cost} of their own at no cost in alpha"
        if _kary_promise(mechanism, mechanism.vulnerability(), promise, 2 * trials) > expected:
            everyone = KaryGame(mechanism)
            size = min(pilot_size, max(_PILOT[0], 2**24 // mechanism.k))
            pilot = pilot_of(everyone, size, stream(seed, identity, "epsilon", "k-ary pilot"))
            game, _ = everyone.fixed(pilot, 2 * trials, promise)
            names = (identity, "epsilon")
    rng = stream(seed, *names, named, type(game).__name__)
    return Prepared(game, searched, rng)


def learn(
    attack: TrainableDistinguisher,
    mechanism: Mechanism,
    pair: tuple[int, int],
    trials: int,
    rng: np.random.Generator,
) -> tuple[Distinguisher, int]:
    """Train a witness on reports of both inputs drawn for it alone, and how many those were."""
    size = min(max(trials // 2, _TRAINING[0]), _TRAINING[1])
    first = rng.integers(0, 2, size) == 0
    reports = mechanism.privatize(np.where(first, *pair), rng=rng)
    return attack.fit(reports, first, rng=rng), size


def _kary_promise(mechanism: Any, success: float, promise: Promise, reports: int) -> float:
    """What the k-ary game is expected to certify, at most the claim."""
    k = mechanism.k
    ceiling = 1 / (1 + (k - 1) * math.exp(-promise.claimed))
    counts = GuessCounts(k, round(min(success, ceiling) * reports), reports, reports)
    return float(
        promise.bound.from_guesses(counts, alpha=0.05, delta=promise.delta, claimed=promise.claimed)
    )
