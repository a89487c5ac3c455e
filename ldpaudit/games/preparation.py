"""Before a game: a witness is trained, a pilot played, the rules are fixed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ldpaudit.bounds.named import NamedBound
from ldpaudit.claim import Claim
from ldpaudit.contracts import (
    HasBayesVulnerability,
    HasLikelihood,
    HasNeighbours,
    IsRecorded,
    Mechanism,
    TrainableDistinguisher,
)
from ldpaudit.counts import GuessCounts
from ldpaudit.games.evidence import Game, Prepared
from ldpaudit.games.kary_game import KaryGame
from ldpaudit.games.pair_game import LIKELIHOOD, PairGame
from ldpaudit.games.scores import ScoredReports
from ldpaudit.games.thresholds import ExpectedBound
from ldpaudit.games.training import learn, training_size
from ldpaudit.registry import create_witness
from ldpaudit.sampling import chunks, report_entries, stream

#: Fewest and most reports of the pilot.
_PILOT = (2_000, 20_000)
#: Fewest recorded reports of which anything can be learned and judged.
_FEWEST_RECORDED = 100
#: Probability that a recording runs out before its audit ends.
_RUNS_OUT = 1e-9


def pilot_of(game: Game, reports: int, rng: np.random.Generator) -> ScoredReports:
    """All pilot reports of a game, drawn in batches."""
    batches = [game.draw(size, rng) for size in chunks(reports, report_entries(game.mechanism))]
    return ScoredReports(*(np.concatenate(parts) for parts in zip(*batches, strict=True)))


def prepare(
    mechanism: Mechanism,
    bound: NamedBound,
    pair: tuple[int, int],
    trials: int,
    *,
    claim: Claim,
    seed: int,
    identity: str,
    witness: str | None = None,
    early: bool = False,
) -> Prepared | str:
    """Train the witness, choose the game on a pilot; a sentence where none can be played.

    `trials` are the reports per input that the audit itself is going to draw; one that may
    end `early` starts on the smallest pilot.
    """
    named = witness or ("distinguish" if isinstance(mechanism, HasLikelihood) else "learned")
    attack: Any = create_witness(named)
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
    text = LIKELIHOOD if named == "distinguish" else named
    if learns:
        rng = stream(seed, *names, named, "training")
        attack = learn(attack, mechanism, pair, training, rng)
        cost = f"{training:,} training and {pilot_size:,} pilot reports"
    expected = ExpectedBound(bound, claim)
    played = PairGame(mechanism, attack, text, pair)
    pilot = pilot_of(played, pilot_size, stream(seed, *names, named, "pilot"))
    game: Game
    game, shown = played.fixed(pilot, reports, expected)
    searched = f"rules for one pair of inputs, fixed on {cost} of their own at no cost in alpha"
    if (
        mechanism.k > 2
        and not witness
        and bound.of_guesses
        and isinstance(mechanism, HasBayesVulnerability)
        and isinstance(mechanism, HasLikelihood)
        and not isinstance(mechanism, HasNeighbours)  # pairs of which nothing is claimed
    ):
        searched = f"two games and their rules, fixed on {cost} of their own at no cost in alpha"
        if _expected_of_all(mechanism, mechanism.vulnerability(), expected, reports) > shown:
            everyone = KaryGame(mechanism)
            size = min(pilot_size, max(_PILOT[0], 2**24 // mechanism.k))
            pilot = pilot_of(everyone, size, stream(seed, identity, "epsilon", "k-ary pilot"))
            game, _ = everyone.fixed(pilot, reports, expected)
            names = (identity, "epsilon")
    return Prepared(game, searched, reports, seed, (*names, named, type(game).__name__))


def _sizes(
    mechanism: Mechanism, trials: int, *, learns: bool, early: bool
) -> tuple[int, int, int] | None:
    """Reports to learn from, of the pilot and of the game; None where too few are recorded."""
    training = training_size(trials) if learns else 0
    pilot = _PILOT[0] if early else min(max(trials // 5, _PILOT[0]), _PILOT[1])
    if not isinstance(mechanism, IsRecorded):
        return training, pilot, 2 * trials
    coins = fair_coins(mechanism.limit)
    if training + pilot + 2 * trials <= coins:
        return training, pilot, 2 * trials
    if mechanism.limit < _FEWEST_RECORDED:
        return None
    training, pilot = (min(training, coins // 4) if learns else 0), min(pilot, coins // 10)
    return training, pilot, coins - training - pilot


def fair_coins(each: int) -> int:
    """How many fair coins ask for at most so many reports of either input, but once in 1e9.

    Of N coins more than N / 2 + d fall on one side with probability 2 exp(-2 d^2 / N) at most
    (Hoeffding). Where they do nevertheless, the recording runs out and there is no audit: a
    bound that is not given cannot be wrong, so that this costs no alpha.
    """
    spread = math.sqrt(math.log(2 / _RUNS_OUT) / 2)
    # N / 2 + spread sqrt(N) = each
    root = math.sqrt(spread**2 + 2 * each) - spread
    return max(each, math.floor(root**2))


def _expected_of_all(
    mechanism: Any, success: float, expected: ExpectedBound, reports: int
) -> float:
    """What the k-ary game is expected to show, at most the claim."""
    k = mechanism.k
    ceiling = 1 / (1 + (k - 1) * math.exp(-expected.claim.epsilon))
    counts = GuessCounts(k, round(min(success, ceiling) * reports), reports, reports)
    return expected.bound.from_guesses(counts, expected.claim, 0.05)
