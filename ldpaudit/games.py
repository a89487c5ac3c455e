"""Guessing games that certify epsilon: what is drawn, what is counted, which one is played.

Two games. *Pair*: an input is drawn from two by a fair coin for every report,
the distinguisher speaks for one of them or abstains. *k-ary*: the input is drawn
uniformly from all k values and the Bayes attacker names it. Which one is played
is decided on a pilot of its own, before the audit's reports are drawn, so that
the choice costs no confidence.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ldpaudit import _validate
from ldpaudit.contracts import (
    Distinguisher,
    EventBound,
    GuessBound,
    HasBayesVulnerability,
    Mechanism,
    Reconstruction,
    Reports,
    Values,
)
from ldpaudit.outcomes import EpsilonBound, EventCounts, GuessCounts
from ldpaudit.registry import create

#: (reports x values) entries judged at a time; a constant, or draws would depend on the machine.
_ENTRIES = 2**21
#: Reports of the pilot that chooses the game.
_PILOT = 4_000


class AttackError(ValueError):
    """An attack raised or said nonsense: its own fault, and no other number's."""


def stream(seed: int, *names: str) -> np.random.Generator:
    """Random generator of one part of one result, keyed by its names and nothing else."""
    digest = hashlib.sha256("\x1f".join(names).encode()).digest()
    key = [int.from_bytes(digest[start : start + 4], "little") for start in range(0, 32, 4)]
    return np.random.default_rng(np.random.SeedSequence([seed, *key]))


def chunks(total: int, row_entries: int) -> Iterator[int]:
    """Sizes of the batches in which `total` reports are drawn."""
    step = max(1, min(2**15, _ENTRIES // row_entries))
    for start in range(0, total, step):
        yield min(step, total - start)


def success_counts(
    attack: Reconstruction,
    mechanism: Mechanism,
    prior: np.ndarray,
    trials: int,
    rng: np.random.Generator,
) -> int:
    """How many of `trials` users, drawn from the prior, the attack names from one report."""
    k = mechanism.k
    uniform = bool(prior.min() == prior.max())
    correct = 0
    for size in chunks(trials, k):
        own = rng.integers(0, k, size) if uniform else rng.choice(k, size, p=prior)
        reports = mechanism.privatize(own, rng=rng)
        correct += int(np.count_nonzero(_guesses(attack, reports, mechanism, prior, rng) == own))
    return correct


def _guesses(
    attack: Reconstruction,
    reports: Reports,
    mechanism: Mechanism,
    prior: np.ndarray,
    rng: np.random.Generator,
) -> Values:
    """What the attack says, one value a report; whatever goes wrong here is its own fault."""
    try:
        guesses = np.asarray(attack.guess(reports, mechanism, prior, rng=rng))
    except Exception as error:
        raise AttackError(f"{type(error).__name__}: {error}") from error
    if guesses.shape != (len(reports),):
        raise AttackError(f"{attack!r} must return one guess a report, got shape {guesses.shape}.")
    return _validate.values(guesses, mechanism.k)


class Said(NamedTuple):
    """How often a distinguisher spoke for the first input, for the second, for neither."""

    first: int
    second: int
    neither: int


@dataclass(frozen=True)
class PairCounts:
    """What a distinguisher said of the reports of each of two inputs."""

    of_first: Said
    of_second: Said

    @property
    def guesses(self) -> GuessCounts:
        """The game's counts: decided guesses, and the correct ones among them."""
        correct = self.of_first.first + self.of_second.second
        wrong = self.of_first.second + self.of_second.first
        return GuessCounts(2, correct, correct + wrong, sum(self.of_first) + sum(self.of_second))

    @property
    def event(self) -> EventCounts:
        """The one-sided event that the distinguisher speaks for the first input."""
        one, two = self.of_first, self.of_second
        return EventCounts(one.first, sum(one), two.first, sum(two))


def pair_counts(
    distinguisher: Distinguisher,
    mechanism: Mechanism,
    pair: tuple[int, int],
    reports: int,
    rng: np.random.Generator,
) -> PairCounts:
    """Play the pair game: a fair coin draws the input of every report."""
    table = np.zeros((2, 3), dtype=np.int64)
    inputs = np.asarray(pair, dtype=np.int64)
    for size in chunks(reports, max(64, mechanism.k // 16)):
        coin = rng.integers(0, 2, size)
        scores = np.asarray(
            distinguisher.score(
                mechanism.privatize(inputs[coin], rng=rng), mechanism, pair, rng=rng
            )
        )
        if scores.shape != coin.shape or np.isnan(scores).any():
            raise ValueError(
                f"{distinguisher!r} must return one score a report and no nan, "
                f"got shape {scores.shape}."
            )
        said = np.where(scores > 0, 0, np.where(scores < 0, 1, 2))
        table += np.bincount(3 * coin + said, minlength=6).reshape(2, 3)
    return PairCounts(*(Said(*row) for row in table.tolist()))


@dataclass(frozen=True)
class Evidence:
    """What one game counted, in words and numbers; a bound turns it into epsilon."""

    counts: GuessCounts | PairCounts
    event: str
    searched: str

    def certify(self, name: str, *, alpha: float, delta: float, claimed: float) -> EpsilonBound:
        """The registered bound `name` at level 1 - alpha."""
        bound: Any = create("bounds", name)
        if isinstance(self.counts, PairCounts) and isinstance(bound, EventBound):
            event = self.counts.event
            value = bound.from_event(event, alpha=alpha, delta=delta, claimed=claimed)
            trials = event.trials + event.false_trials
        else:
            counts = self.counts
            guesses = counts.guesses if isinstance(counts, PairCounts) else counts
            value = bound.from_guesses(guesses, alpha=alpha, delta=delta)
            trials = guesses.trials
        return EpsilonBound(value, name, bound.kind, alpha, trials, self.event, self.searched)


def play(
    mechanism: Mechanism,
    bound_name: str,
    pair: tuple[int, int],
    trials: int,
    delta: float,
    seed: int,
    identity: str,
) -> Evidence | str:
    """Draw 2 x trials reports of the better game; a sentence if none can be played."""
    distinguisher: Distinguisher = create("attacks", "distinguish")
    reason = distinguisher.applies(mechanism)
    if reason is not None:
        return reason
    reports = 2 * trials
    searched = "nothing: one pair of inputs and one event, fixed in advance"
    bound: Any = create("bounds", bound_name)
    if isinstance(bound, GuessBound) and mechanism.k > 2:
        searched = f"two games, chosen on a separate pilot of {_PILOT:,} reports at no cost"
        rng = stream(seed, identity, "epsilon", "pilot")
        pilot = pair_counts(distinguisher, mechanism, pair, _PILOT, rng).guesses
        if _prefers_kary(mechanism, bound, pilot, reports, delta):
            prior = np.full(mechanism.k, 1 / mechanism.k)
            rng = stream(seed, identity, "epsilon", "k-ary")
            correct = success_counts(create("attacks", "bayes"), mechanism, prior, reports, rng)
            counts = GuessCounts(mechanism.k, correct, reports, reports)
            event = f"{mechanism.k}-ary game: {correct:,} of {reports:,} inputs named correctly"
            return Evidence(counts, event, searched)
    rng = stream(seed, identity, "epsilon", "pair", *map(str, pair))
    table = pair_counts(distinguisher, mechanism, pair, reports, rng)
    if isinstance(bound, GuessBound):
        seen = table.guesses
        event = (
            f"pair game on inputs {pair}, likelihood-ratio witness: "
            f"{seen.correct:,} of {seen.decided:,} decided guesses correct"
        )
    else:
        hits = table.event
        event = (
            f"the likelihood ratio favours input {pair[0]}: {hits.hits:,} of {hits.trials:,} "
            f"reports of {pair[0]}, {hits.false_hits:,} of {hits.false_trials:,} of {pair[1]}"
        )
    return Evidence(table, event, searched)


def _prefers_kary(
    mechanism: Mechanism, bound: GuessBound, pilot: GuessCounts, reports: int, delta: float
) -> bool:
    """Whether the k-ary game is expected to certify more than the pair game.

    Both expectations stop at the claim. What exceeds it in a small pilot is luck as
    a rule; and of a mechanism that does leak more, either game that reaches the
    claim shows the violation, so the one that loses less to chance is the better.
    """
    if not isinstance(mechanism, HasBayesVulnerability) or not pilot.decided:
        return False
    scale = reports / pilot.trials
    decided = round(pilot.decided * scale)
    inverse = math.exp(-mechanism.epsilon)
    precision = min(pilot.correct / pilot.decided, 1 / (1 + inverse))
    pair = GuessCounts(2, round(precision * decided), decided, reports)
    success = min(mechanism.vulnerability(), 1 / (1 + (mechanism.k - 1) * inverse))
    kary = GuessCounts(mechanism.k, round(success * reports), reports, reports)
    return bound.from_guesses(kary, alpha=0.05, delta=delta) > bound.from_guesses(
        pair, alpha=0.05, delta=delta
    )
