"""Evidence for an epsilon bound: which game is played, what it counted, what it certifies."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
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
    HasRelation,
    IsRecorded,
    Mechanism,
    TrainableDistinguisher,
)
from ldpaudit.counts import EventCounts, GuessCounts
from ldpaudit.games.thresholds import Game, KaryGame, PairGame, Promise, pilot_of
from ldpaudit.outcomes import EpsilonBound
from ldpaudit.registry import create
from ldpaudit.sampling import blocks, chunks, report_entries, shared, stream

#: Shares of alpha for a game's guesses and for what is watched beside them.
_SHARES = (0.9, 0.1)
#: Fewest and most reports of the pilot, and of what a witness learns from.
_PILOT, _TRAINING = (2_000, 20_000), (4_000, 200_000)
#: Fewest recorded reports of which anything can be learned and judged.
_FEWEST_RECORDED = 100
#: Claims so far below the logarithm of the reports are within reach of any bound: no ceiling.
_REACHED = 5.0
#: Wrong guesses, from none on, among which the best counts for any bound are looked for.
_WRONG = 12


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
        """Play `reports` fresh reports, other ones for every `look`."""
        parts = [(size, str(look), name) for size, name in blocks(reports)]
        alone = isinstance(self.game.mechanism, IsRecorded)
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

    def certify(self, name: str, *, alpha: float, delta: float, claimed: float) -> EpsilonBound:
        """The registered bound `name` at level 1 - alpha, the better of guesses and event."""
        how = {"alpha": alpha, "delta": delta, "claimed": claimed}
        return self.judged(create("bounds", name), name, **how)

    def judged(
        self, bound: Any, name: str, *, alpha: float, delta: float, claimed: float
    ) -> EpsilonBound:
        """The same by a bound that has been built."""
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
        trials, game = self.counts.guesses.trials, self.game
        if isinstance(game, PairGame) and isinstance(game.mechanism, HasRelation):
            event = f"{event}; {game.mechanism.relation(game.pair)}"
        return EpsilonBound(value, name, kind, alpha, trials, event, self.searched)


def with_ceilings(
    found: Iterable[EpsilonBound],
    evidence: Evidence,
    certify: Callable[[Evidence], Iterable[EpsilonBound]],
    claimed: float,
) -> tuple[EpsilonBound, ...]:
    """Bounds that know the most they could have shown, and say so where it is below the claim."""
    found = tuple(found)
    if claimed < math.log(evidence.counts.guesses.trials) - _REACHED:
        return found
    # A bound by an event may show nothing where it never happened: it is best just beside that.
    guesses = isinstance(create("bounds", found[0].bound), GuessBound)
    possible = [
        certify(replace(evidence, counts=evidence.counts.nearly_flawless(wrong)))
        for wrong in range(1 if guesses else _WRONG)
    ]
    out = []
    for bound, best in zip(found, zip(*possible, strict=True), strict=True):
        ceiling, event = max(b.epsilon_lower for b in best), bound.event
        if ceiling < claimed:
            event += f"; so many reports could have shown {ceiling:.2f} at most"
        out.append(replace(bound, ceiling=ceiling, event=event))
    return tuple(out)


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
    early: bool = False,
) -> Prepared | str:
    """Train the witness, choose the game on a pilot; a sentence where none can be played.

    `trials` are the reports an input that the audit itself is going to draw; one that may
    end `early` starts on the smallest pilot.
    """
    named = witness or ("distinguish" if isinstance(mechanism, HasLikelihood) else "learned")
    attack: Any = create("attacks", named)
    reason = attack.applies(mechanism)
    if reason is not None:
        return str(reason)
    names = (identity, "epsilon", *map(str, pair))
    learns = isinstance(attack, TrainableDistinguisher)
    sizes = _sizes(mechanism, trials, learns=learns, early=early)
    if sizes is None:
        return f"too few recorded reports: it takes {_FEWEST_RECORDED} of either input"
    training, pilot_size, reports = sizes
    cost = f"{pilot_size:,} reports"
    text = "likelihood-ratio" if named == "distinguish" else named
    if learns:
        rng = stream(seed, *names, named, "training")
        attack = learn(attack, mechanism, pair, training, rng)
        cost = f"{training:,} training and {pilot_size:,} pilot reports"
    bound: Any = create("bounds", bound_name)
    promise = Promise(bound, delta, mechanism.epsilon)
    game: Game = PairGame(mechanism, attack, text, pair)
    pilot = pilot_of(game, pilot_size, stream(seed, *names, named, "pilot"))
    game, expected = game.fixed(pilot, reports, promise)
    searched = f"rules for one pair of inputs, fixed on {cost} of their own at no cost in alpha"
    if (
        mechanism.k > 2
        and not witness
        and isinstance(bound, GuessBound)
        and isinstance(mechanism, HasBayesVulnerability)
        and isinstance(mechanism, HasLikelihood)
    ):
        searched = f"two games and their rules, fixed on {cost} of their own at no cost in alpha"
        if _kary_promise(mechanism, mechanism.vulnerability(), promise, reports) > expected:
            everyone = KaryGame(mechanism)
            size = min(pilot_size, max(_PILOT[0], 2**24 // mechanism.k))
            pilot = pilot_of(everyone, size, stream(seed, identity, "epsilon", "k-ary pilot"))
            game, _ = everyone.fixed(pilot, reports, promise)
            names = (identity, "epsilon")
    return Prepared(game, searched, reports, seed, (*names, named, type(game).__name__))


def _sizes(
    mechanism: Mechanism, trials: int, *, learns: bool, early: bool
) -> tuple[int, int, int] | None:
    """Reports to learn from, of the pilot and of the game; None where too few are recorded."""
    training = training_size(trials) if learns else 0
    pilot = _PILOT[0] if early else min(max(trials // 5, _PILOT[0]), _PILOT[1])
    if not isinstance(mechanism, IsRecorded) or training + pilot + 2 * trials <= mechanism.limit:
        return training, pilot, 2 * trials
    if mechanism.limit < _FEWEST_RECORDED:
        return None
    training, pilot = (mechanism.limit // 4 if learns else 0), mechanism.limit // 10
    return training, pilot, mechanism.limit - training - pilot


def training_size(trials: int) -> int:
    """Reports that a witness learns from before an audit of `trials` reports an input."""
    return min(max(trials // 2, _TRAINING[0]), _TRAINING[1])


def learn(
    attack: TrainableDistinguisher,
    mechanism: Mechanism,
    pair: tuple[int, int],
    size: int,
    rng: np.random.Generator,
) -> Distinguisher:
    """Train a witness on reports of both inputs drawn for it alone, in two batches of one size."""
    first = rng.integers(0, 2, size) == 0
    halves = np.array_split(np.where(first, *pair), [size // 2])
    one, two = (mechanism.privatize(values, rng=rng) for values in halves)
    both = isinstance(one, np.ndarray) and isinstance(two, np.ndarray)
    reports = np.concatenate((one, two)) if both else [*one, *two]
    return attack.fit(reports, first, rng=rng)


def _kary_promise(mechanism: Any, success: float, promise: Promise, reports: int) -> float:
    """What the k-ary game is expected to certify, at most the claim."""
    k = mechanism.k
    ceiling = 1 / (1 + (k - 1) * math.exp(-promise.claimed))
    counts = GuessCounts(k, round(min(success, ceiling) * reports), reports, reports)
    return float(
        promise.bound.from_guesses(counts, alpha=0.05, delta=promise.delta, claimed=promise.claimed)
    )
