"""How often an attack is right: it guesses, and what it says is judged here."""

from __future__ import annotations

from typing import Any

import numpy as np

from ldpaudit import validate
from ldpaudit.auditing.attackers import Beliefs
from ldpaudit.bounds import intervals
from ldpaudit.contracts import (
    Distinguisher,
    HasBayesVulnerability,
    IsRecorded,
    Mechanism,
    Reconstruction,
    Reports,
    TrainableDistinguisher,
    TrainableReconstruction,
    Values,
)
from ldpaudit.counts import GuessCounts
from ldpaudit.games.copies import must_stay_whole
from ldpaudit.games.pair_game import PairGame
from ldpaudit.games.training import learn, learn_inputs, training_size
from ldpaudit.leakage.beliefs import largest_vulnerability, success_by_belief
from ldpaudit.outcomes.parts import AttackOutcome
from ldpaudit.sampling import ENTRIES, chunks, report_entries, shared


class AttackError(ValueError):
    """An attack raised or said nonsense: its own fault, and no other number's."""


def success_counts(
    attack: Reconstruction,
    mechanism: Mechanism,
    beliefs: Beliefs,
    trials: int,
    rng: np.random.Generator,
) -> int:
    """How many of `trials` users, drawn from their law, the attack names from one report."""
    k = mechanism.k
    step, correct = max(1, ENTRIES // k), 0  # an attack may make a table of all it is given
    for size in chunks(trials, report_entries(mechanism)):
        own, users = beliefs.draw(size, rng)
        reports = mechanism.privatize(own, rng=rng)
        for start in range(0, size, step):
            rows = slice(start, start + step)
            prior = beliefs.thought(users, rows)
            guesses = _guesses(attack, reports[rows], mechanism, prior, rng)
            correct += int(np.count_nonzero(guesses == own[rows]))
    return correct


def _guesses(
    attack: Reconstruction,
    reports: Reports,
    mechanism: Mechanism,
    prior: np.ndarray,
    rng: np.random.Generator,
) -> Values:
    """What the attack says, one value per report; whatever goes wrong here is its own fault."""
    try:
        guesses = np.asarray(attack.guess(reports, mechanism, prior, rng=rng))
    except Exception as error:
        raise AttackError(f"{type(error).__name__}: {error}") from error
    if guesses.shape != (len(reports),):
        raise AttackError(
            f"{attack!r} must return one guess per report, got shape {guesses.shape}."
        )
    try:
        return validate.check_values(guesses, mechanism.k)
    except (ValueError, TypeError) as error:
        raise AttackError(f"{attack!r}: {error}") from error


def blind_outcome(beliefs: Beliefs) -> AttackOutcome:
    """What guessing without a report comes to."""
    best = beliefs.blind
    return AttackOutcome("blind", 0, 0, None, None, best, best, optimal=False, prior=beliefs.name)


def most_success(beliefs: Beliefs, epsilon: float) -> float:
    """The most that any mechanism of an epsilon gives away, whoever attacks."""
    laws, times = np.unique(np.atleast_2d(beliefs.law), axis=0, return_counts=True)
    most = [largest_vulnerability(law, epsilon) for law in laws]
    return float(np.average(most, weights=times))


def failed_outcome(name: str, attack: Any, beliefs: Beliefs, error: AttackError) -> AttackOutcome:
    """An attack that raised, with its error as the reason."""
    reason = f"attack {name}: {error}"
    return AttackOutcome(
        name, 0, 0, None, None, None, beliefs.blind, reason, failed=True,
        optimal=is_optimal(attack), prior=beliefs.name,
    )  # fmt: skip


def is_optimal(attack: Any) -> bool | None:
    """Whether no attack names the value more often; None for one that does not name it."""
    names = isinstance(attack, Reconstruction | TrainableReconstruction)
    return bool(getattr(attack, "optimal", False)) if names else None


def measure_attack(
    name: str,
    attack: Any,
    pair: tuple[int, int],
    mechanism: Mechanism,
    beliefs: Beliefs,
    drawn: list[tuple[int, np.random.Generator]],
    alpha: float,
    jobs: int,
) -> AttackOutcome:
    """Success of one attack on blocks of reports, judged here; one that does not apply says why."""
    trials = sum(size for size, _ in drawn)
    blind, optimal = beliefs.blind, is_optimal(attack)
    reason = attack.applies(mechanism)
    if reason is None and isinstance(mechanism, IsRecorded):
        reason = "its recorded reports were used for the bound"
    if reason is not None:
        return AttackOutcome(
            name, 0, 0, None, None, None, blind, reason, optimal=optimal, prior=beliefs.name
        )
    if isinstance(attack, TrainableDistinguisher):
        attack = learn(attack, mechanism, pair, training_size(trials), drawn[0][1])
    elif isinstance(attack, TrainableReconstruction):
        attack = learn_inputs(attack, mechanism, training_size(trials), drawn[0][1])
    exact, alone = None, must_stay_whole(mechanism, jobs, len(drawn))
    if isinstance(attack, Reconstruction):
        parts: list[Any] = [(attack, mechanism, beliefs, *block) for block in drawn]
        successes = sum(shared(success_counts, parts, jobs, alone=alone))
        if optimal:
            exact = _exact_success(mechanism, beliefs)
    elif isinstance(attack, Distinguisher):
        blind = 0.5
        game = PairGame(mechanism, attack, name, pair)
        told = [(game, *block) for block in drawn]
        successes = sum(shared(_told_apart, told, jobs, alone=alone))
    else:
        raise TypeError(f"attack {name!r} must have guess(...) or score(...).")
    lower, upper = intervals.success_interval(successes, trials, alpha)
    return AttackOutcome(
        name, successes, trials, lower, upper, exact, blind, optimal=optimal, prior=beliefs.name
    )


def _exact_success(mechanism: Mechanism, beliefs: Beliefs) -> float | None:
    """What the best guess by the attacker's own prior comes to, where a formula says so."""
    if not isinstance(mechanism, HasBayesVulnerability):
        return None
    if beliefs.right and not beliefs.each:
        return float(mechanism.vulnerability(beliefs.law))
    return success_by_belief(mechanism, beliefs.prior, beliefs.law)


def _told_apart(game: PairGame, trials: int, rng: np.random.Generator) -> int:
    """How many of `trials` reports are told apart; an abstention is a coin flip."""
    batches = chunks(trials, report_entries(game.mechanism))
    seen = sum((game.count(game.draw(size, rng))[0] for size in batches), GuessCounts(2, 0, 0, 0))
    return seen.correct + int(rng.binomial(seen.trials - seen.decided, 0.5))
