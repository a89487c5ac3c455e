"""Bounds for many pairs that share reports: the largest of them, and their average money."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, cast

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.bounds.anytime import event_evidence, guess_evidence, least_kept
from ldpaudit.bounds.named import NamedBound
from ldpaudit.claim import Claim
from ldpaudit.contracts import Mechanism
from ldpaudit.counts import EventCounts, GuessCounts
from ldpaudit.games.evidence import Counts, Evidence
from ldpaudit.games.pair_game import PairGame
from ldpaudit.outcomes.parts import EpsilonBound
from ldpaudit.selection.pair_counts import LEAST, MOST, PairCounts, Rules
from ldpaudit.selection.pairs import Pairs, Reader

#: Parts of a pair's e-value that its guesses and its event have.
_SHARES = (0.9, 0.1)


class Found(NamedTuple):
    """The games behind the bounds at both levels, the bounds, and the games beyond the claim."""

    places: tuple[int, int]
    bounds: tuple[EpsilonBound, EpsilonBound]
    beyond: tuple[int, ...]


def games(
    mechanism: Mechanism,
    over: Pairs,
    reader: Reader,
    rules: Rules,
    total: PairCounts,
    searched: str,
) -> list[Evidence]:
    """What each pair's game counted: guesses by the first threshold, the event by the second."""
    out = []
    for place, side in enumerate(rules.side.tolist()):
        levels = (_shown(rules.decide[place]), _shown(rules.event[place]))
        game = PairGame(mechanism, reader.attack, reader.text, over[place], *levels, side)
        counts = Counts(total.guesses(0, over, place), total.event(1, over, place, side))
        out.append(Evidence(game, counts, searched))
    return out


def _shown(level: float) -> float:
    """A threshold as a game has it: 0 takes in any ratio but 1, inf the infinite ones alone."""
    if level <= LEAST:
        return 0.0
    return float(level) if level < MOST else math.inf


def largest(
    played: list[Evidence],
    bound: NamedBound,
    claim: Claim,
    levels: tuple[float, float],
    *,
    stepwise: bool,
) -> Found:
    """The largest of m bounds at alpha / m, and which exceed the claim at the second level."""

    def bounds(places: list[int], alpha: float) -> list[EpsilonBound]:
        share = alpha / len(places)
        return [played[i].lower_bound(bound, claim, share) for i in places]

    every = list(range(len(played)))
    one, two = bounds(every, levels[0]), bounds(every, levels[1])
    best = max(every, key=lambda i: one[i].epsilon_lower)
    stern = max(every, key=lambda i: two[i].epsilon_lower)
    kept = [i for i in every if two[i].epsilon_lower <= claim.epsilon]
    left = len(every) if stepwise else len(kept)
    while 0 < len(kept) < left:
        left = len(kept)
        again = bounds(kept, levels[1])
        kept = [i for i, b in zip(kept, again, strict=True) if b.epsilon_lower <= claim.epsilon]
    beyond = tuple(sorted(set(every) - set(kept)))
    return Found((best, stern), (one[best], two[stern]), beyond)


def average(played: list[Evidence], claim: Claim, levels: tuple[float, float]) -> Found:
    """Bounds from the average of the e-values of all pairs, at both levels.

    The average of e-values is one too, whatever their dependence: the bound is the least epsilon
    at which it stays below 1 / alpha.
    """
    guesses = [evidence.counts.guesses for evidence in played]
    events = [cast(EventCounts, evidence.counts.beside) for evidence in played]
    rows: Any = np.array([(g.correct, g.decided, g.trials) for g in guesses]).T
    columns: Any = np.array([(e.hits, e.trials, e.false_hits, e.false_trials) for e in events]).T
    guess, event = GuessCounts(2, *rows), EventCounts(*columns)

    def each(epsilon: float) -> Floats:
        """Log e-values of guesses and of the event, shape (2, m), times their shares.

        Those below 1 count as 0, which is valid and makes the average monotone in epsilon.
        """
        delta, claimed = claim.delta, claim.epsilon
        logs = np.stack(
            [
                guess_evidence(guess, epsilon=epsilon, delta=delta, claimed=claimed),
                event_evidence(event, epsilon=epsilon, delta=delta, claimed=claimed),
            ]
        )
        # Money falls with epsilon as long as it exceeds the stake, so what is kept falls.
        return np.where(logs > 0, logs + np.log(_SHARES)[:, None], -math.inf)

    def mean(epsilon: float) -> float:
        return float(np.logaddexp.reduce(each(epsilon), axis=None)) - math.log(len(played))

    found = []
    for alpha in levels:
        lower = least_kept(mean, alpha, claim.epsilon)
        what, best = divmod(int(each(max(lower, -1e3)).argmax()), len(played))
        text = played[best].game.texts(guesses[best], events[best])[what]
        trials, searched = guesses[best].trials, played[best].searched
        bound = EpsilonBound(lower, "anytime", "anytime", alpha, trials, text, searched)
        found.append((best, bound))
    (best, one), (stern, two) = found
    money = np.logaddexp.reduce(each(claim.epsilon))
    return Found((best, stern), (one, two), _closed(money, levels[1]))


def _closed(logs: Floats, alpha: float) -> tuple[int, ...]:
    """Pairs that the closed test refutes: each average that holds them reaches 1 / alpha."""
    order = np.argsort(logs)
    money = np.exp(np.minimum(logs[order], 600.0))
    smaller = np.append(0.0, np.cumsum(money))[:-1]  # of the s smallest, s from 0
    averages = (money[:, None] + smaller) / np.arange(1, len(money) + 1)
    # Adding what is larger never lowers an average that holds all smaller ones.
    least = np.where(np.tri(len(money), dtype=bool), averages, math.inf).min(axis=1)
    return tuple(np.sort(order[least >= 1 / alpha]).tolist())
