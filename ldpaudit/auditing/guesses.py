"""What attacks that name values say of the same reports, and how often they are right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ldpaudit import validate
from ldpaudit.auditing.attackers import Beliefs
from ldpaudit.contracts import (
    HasSupports,
    Mechanism,
    ReadsLikelihood,
    Reconstruction,
    Reports,
    Values,
)
from ldpaudit.sampling import ENTRIES, chunks, pieces, report_entries


class AttackError(ValueError):
    """An attack raised or said nonsense: its own fault, and no other number's."""

    @classmethod
    def of(cls, error: Exception) -> AttackError:
        """What was raised within an attack."""
        found = error if isinstance(error, cls) else cls(f"{type(error).__name__}: {error}")
        if found is not error:
            found.__cause__ = error
        return found


class Guesser(NamedTuple):
    """An attack on the first `trials` of some reports, and what it draws from."""

    attack: Reconstruction
    trials: int
    rng: np.random.Generator


def success_counts(
    guessers: Sequence[Guesser],
    mechanism: Mechanism,
    beliefs: Beliefs,
    trials: int,
    rng: np.random.Generator,
) -> list[int | AttackError]:
    """How many users each attack names from one report, or what went wrong with it.

    All attack the same reports, of `trials` users drawn from their law.
    """
    k = mechanism.k
    step, start = max(1, ENTRIES // k), 0  # an attack may make a table of all it is given
    found: list[int | AttackError] = [0] * len(guessers)
    for size in chunks(trials, report_entries(mechanism)):
        own, users = beliefs.draw(size, rng)
        reports = mechanism.privatize(own, rng=rng)
        for first in range(0, size, step):
            left = min(step, size - first)
            for asked, places in _asked(guessers, found, start + first, left).items():
                rows = slice(first, first + asked)
                shown, prior = _fixed(reports[rows]), _fixed(beliefs.thought(users, rows))
                said = _guesses([guessers[p] for p in places], shown, mechanism, prior)
                for place, guesses in zip(places, said, strict=True):
                    before = found[place]
                    if isinstance(guesses, AttackError) or isinstance(before, AttackError):
                        found[place] = guesses if isinstance(guesses, AttackError) else before
                    else:
                        found[place] = before + int(np.count_nonzero(guesses == own[rows]))
        start += size
    return found


def _asked(
    guessers: Sequence[Guesser], found: list[int | AttackError], start: int, left: int
) -> dict[int, list[int]]:
    """Which attacks guess from how many of the next reports; none that has failed."""
    asked = dict[int, list[int]]()
    for place, guesser in enumerate(guessers):
        rows = min(left, guesser.trials - start)
        if rows > 0 and not isinstance(found[place], AttackError):
            asked.setdefault(rows, []).append(place)
    return asked


def _guesses(
    guessers: list[Guesser], reports: Reports, mechanism: Any, prior: np.ndarray
) -> list[Values | AttackError]:
    """What each attack says, one value per report; whatever goes wrong is its own fault.

    Likelihoods, as a rule most of the work, are read once for all that guess by them.
    """
    readers = [one for one in guessers if _by_choice(one.attack)]
    together = readers and prior.ndim == 1 and not isinstance(mechanism, HasSupports)
    read = _by_likelihood(readers, reports, mechanism, prior) if together else {}
    said: list[Values | AttackError] = []
    for one in guessers:
        try:
            guesses = read.get(id(one))
            if isinstance(guesses, AttackError):
                raise guesses
            if guesses is None:
                guesses = one.attack.guess(reports, mechanism, prior, rng=one.rng)
            said.append(_checked(one.attack, guesses, len(reports), mechanism.k))
        except Exception as error:
            said.append(AttackError.of(error))
    return said


def _by_choice(attack: Reconstruction) -> bool:
    """Whether an attack has a `choose` that says what its own `guess` says.

    A class that gives another one's `guess` up for its own means that one to be asked.
    """
    if not isinstance(attack, ReadsLikelihood):
        return False
    for owner in (getattr(attack, "__dict__", {}), *map(vars, type(attack).__mro__)):
        if "choose" in owner or "guess" in owner:
            return "choose" in owner
    return False


def _by_likelihood(
    readers: list[Guesser], reports: Reports, mechanism: Any, prior: np.ndarray
) -> dict[int, Values | AttackError]:
    """The guesses of each, by its id."""
    parts: dict[int, list[Values]] = {id(one): [] for one in readers}
    failed = dict[int, Values | AttackError]()
    try:
        for rows, read, which in pieces(reports, mechanism.k):
            # By value, for what is best of all values is found value by value.
            likelihood = _fixed(np.asfortranarray(mechanism.log_likelihood(read)))
            for one in readers:
                if id(one) in failed:
                    continue
                attack: Any = one.attack
                try:
                    said = attack.choose(likelihood, which, prior, rng=one.rng)
                    guesses = _checked(attack, said, len(reports[rows]), mechanism.k)
                except Exception as error:
                    failed[id(one)] = AttackError.of(error)
                else:
                    parts[id(one)].append(guesses)
    except Exception as error:
        return {id(one): AttackError.of(error) for one in readers}
    return {name: np.concatenate(own) for name, own in parts.items() if name not in failed} | failed


def _fixed(reports: Any) -> Any:
    """The same, not to be written into: other attacks read it too."""
    if not isinstance(reports, np.ndarray):
        return reports
    shown = reports.view()
    shown.flags.writeable = False
    return shown


def _checked(attack: Reconstruction, said: Any, reports: int, k: int) -> Values:
    """Guesses, one value per report."""
    guesses = np.asarray(said)
    if guesses.shape != (reports,):
        raise AttackError(
            f"{attack!r} must return one guess per report, got shape {guesses.shape}."
        )
    try:
        return validate.check_values(guesses, k)
    except (ValueError, TypeError) as error:
        raise AttackError(f"{attack!r}: {error}") from error
