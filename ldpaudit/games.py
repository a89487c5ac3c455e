"""What every game is made of: streams keyed by names, batches, and judged guesses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from ldpaudit import _validate
from ldpaudit.contracts import (
    Mechanism,
    Reconstruction,
    Reports,
    Values,
)

#: (reports x values) entries judged at a time; a constant, or draws would depend on the machine.
_ENTRIES = 2**21


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
