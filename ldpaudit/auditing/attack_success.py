"""How often an attack is right: it guesses, and what it says is judged here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ldpaudit.auditing.attackers import Beliefs
from ldpaudit.auditing.guesses import AttackError, Guesser, success_counts
from ldpaudit.bounds import intervals
from ldpaudit.contracts import (
    Distinguisher,
    HasBayesVulnerability,
    IsRecorded,
    Mechanism,
    Reconstruction,
    TrainableDistinguisher,
    TrainableReconstruction,
)
from ldpaudit.counts import GuessCounts
from ldpaudit.games.copies import must_stay_whole
from ldpaudit.games.pair_game import PairGame
from ldpaudit.games.training import inputs_to_learn, learn, training_size
from ldpaudit.leakage.beliefs import largest_vulnerability, success_by_belief
from ldpaudit.outcomes.parts import AttackOutcome
from ldpaudit.sampling import chunks, report_entries, shared


def success_count(
    attack: Reconstruction,
    mechanism: Mechanism,
    beliefs: Beliefs,
    trials: int,
    rng: np.random.Generator,
) -> int:
    """How many of `trials` users one attack names; what goes wrong with it is raised."""
    (found,) = success_counts([Guesser(attack, trials, rng)], mechanism, beliefs, trials, rng)
    if isinstance(found, AttackError):
        raise found
    return found


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


#: Reports that an attack is measured on: one in so many where its success is known exactly.
_KNOWN = 10
#: Fewest of them.
_FEWEST = 10_000


def measure_guesses(
    attacks: Mapping[str, Reconstruction | TrainableReconstruction],
    mechanism: Mechanism,
    beliefs: Beliefs,
    drawn: list[tuple[int, np.random.Generator]],
    sources: Mapping[str, Sequence[np.random.Generator]],
    alpha: float,
    jobs: int,
) -> dict[str, AttackOutcome | AttackError]:
    """Success of every attack that names values, all on the same reports.

    Each has an interval of its own level; two of them are not independent. An attack whose
    success is known exactly guesses from a tenth of them, from 10,000 at least: a check, no more.
    `sources` are the streams of each attack, one per block.
    """
    trials = sum(size for size, _ in drawn)
    ready, known = dict[str, Reconstruction](), dict[str, float | None]()
    failed: dict[str, AttackOutcome | AttackError] = {}
    for name, attack in attacks.items():
        if isinstance(attack, TrainableReconstruction):
            rng = sources[name][0]
            examples = inputs_to_learn(mechanism, training_size(trials), rng)
            try:
                ready[name] = attack.learn(*examples, mechanism.k, rng=rng)
            except Exception as error:
                failed[name] = AttackError.of(error)
                continue
        else:
            ready[name] = attack
        known[name] = _exact_success(mechanism, beliefs) if is_optimal(attack) else None
    parts = []
    for block, (size, rng) in enumerate(drawn):
        fewer = min(size, max(_FEWEST, -(-size // _KNOWN)))
        guessers = [
            Guesser(attack, size if known[name] is None else fewer, sources[name][block])
            for name, attack in ready.items()
        ]
        parts.append((guessers, mechanism, beliefs, size, rng))
    alone = must_stay_whole(mechanism, jobs, len(drawn))
    counts = shared(success_counts, parts, jobs, alone=alone)
    found = failed
    for place, (name, attack) in enumerate(ready.items()):
        mine = [row[place] for row in counts]
        if errors := [one for one in mine if isinstance(one, AttackError)]:
            found[name] = errors[0]
            continue
        successes = sum(one for one in mine if not isinstance(one, AttackError))
        tried = sum(part[0][place].trials for part in parts)
        lower, upper = intervals.success_interval(successes, tried, alpha)
        found[name] = AttackOutcome(
            name, successes, tried, lower, upper, known[name], beliefs.blind,
            optimal=is_optimal(attack), prior=beliefs.name,
        )  # fmt: skip
    return found


def no_outcome(
    name: str, attack: Any, mechanism: Mechanism, beliefs: Beliefs
) -> AttackOutcome | None:
    """Why an attack is not played, if it is not."""
    try:
        reason = attack.applies(mechanism)
    except Exception as error:
        raise AttackError.of(error) from error
    if reason is None and isinstance(mechanism, IsRecorded):
        reason = "its recorded reports were used for the bound"
    if reason is None:
        return None
    return AttackOutcome(
        name, 0, 0, None, None, None, beliefs.blind, reason,
        optimal=is_optimal(attack), prior=beliefs.name,
    )  # fmt: skip


def measure_distinguisher(
    name: str,
    attack: Distinguisher | TrainableDistinguisher,
    pair: tuple[int, int],
    mechanism: Mechanism,
    beliefs: Beliefs,
    drawn: list[tuple[int, np.random.Generator]],
    alpha: float,
    jobs: int,
) -> AttackOutcome:
    """How often one attack tells two inputs apart, on blocks of reports of its own."""
    trials = sum(size for size, _ in drawn)
    if isinstance(attack, TrainableDistinguisher):
        attack = learn(attack, mechanism, pair, training_size(trials), drawn[0][1])
    game = PairGame(mechanism, attack, name, pair)
    told = [(game, *block) for block in drawn]
    alone = must_stay_whole(mechanism, jobs, len(drawn))
    successes = sum(shared(_told_apart, told, jobs, alone=alone))
    lower, upper = intervals.success_interval(successes, trials, alpha)
    return AttackOutcome(
        name, successes, trials, lower, upper, None, 0.5, optimal=None, prior=beliefs.name
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
