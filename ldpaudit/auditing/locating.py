"""How near an attack comes to a user's number or vector: it says where, and is judged here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.auditing.attackers import Beliefs
from ldpaudit.auditing.guesses import AttackError
from ldpaudit.bounds import intervals
from ldpaudit.collecting.servers import estimand_of
from ldpaudit.contracts import (
    HasNearbySuccess,
    HasPosteriorMean,
    IsRecorded,
    Location,
    Mechanism,
    NearbyLocation,
    Values,
)
from ldpaudit.outcomes.parts import AttackOutcome
from ldpaudit.outcomes.table import EXPLAINED, MEANS
from ldpaudit.sampling import ENTRIES, chunks, report_entries, shared

NEARBY, COSINE, SPREAD = "nearby_success", "cosine", "prior_variance"


def users_outcome(mechanism: Any, beliefs: Beliefs, users: Values) -> Iterator[AttackOutcome]:
    """The variance of the users' numbers, where a mean is asked of just whom the attacker expects.

    It is the mean squared distance of the blind guess; only with it does what reports explain
    limit the error of these users' mean.
    """
    shares = users / users.sum()
    if str(estimand_of(mechanism)) not in MEANS or beliefs.each:
        return
    if all(np.allclose(shares, law, rtol=1e-9, atol=0) for law in (beliefs.prior, beliefs.law)):
        spread = _spread(mechanism, beliefs.law)[1]
        yield AttackOutcome(
            "blind", 0, 0, None, None, spread, spread, metric=SPREAD, prior=beliefs.name
        )


def measure_location(
    name: str,
    attack: Location,
    mechanism: Any,
    beliefs: Beliefs,
    drawn: list[tuple[int, np.random.Generator]],
    alpha: float,
    jobs: int,
) -> Iterator[AttackOutcome]:
    """What one attack comes to on blocks of reports: one figure, or for vectors two."""
    near = isinstance(attack, NearbyLocation)
    base = AttackOutcome(
        name, 0, 0, None, None, None, 0.0, metric=NEARBY if near else EXPLAINED,
        optimal=bool(getattr(attack, "optimal", False)), prior=beliefs.name,
    )  # fmt: skip
    reason = attack.applies(mechanism)
    if reason is None and beliefs.each:
        reason = "it takes one prior for all users"
    if reason is None and isinstance(mechanism, IsRecorded):
        reason = "its recorded reports were used for the bound"
    if reason is None and not near and not _spread(mechanism, beliefs.law)[1] > 0:
        reason = "all users hold the same, and the attacker knows it"
    if reason is not None:
        yield replace(base, reason=reason)
    elif isinstance(attack, NearbyLocation):
        yield _within(base, attack, mechanism, beliefs, drawn, alpha, jobs)
    else:
        yield from _explained(base, attack, mechanism, beliefs, drawn, alpha, jobs)


def _within(
    base: AttackOutcome,
    attack: NearbyLocation,
    mechanism: Any,
    beliefs: Beliefs,
    drawn: list[tuple[int, np.random.Generator]],
    alpha: float,
    jobs: int,
) -> AttackOutcome:
    """How often the guess lies within the attack's reach."""
    reach = float(attack.reach(mechanism))
    parts: list[Any] = [(attack, mechanism, beliefs, *block) for block in drawn]
    successes, trials = sum(shared(nearby_counts, parts, jobs)), sum(size for size, _ in drawn)
    lower, upper = intervals.success_interval(successes, trials, alpha)
    exact = None
    if base.optimal and beliefs.right and isinstance(mechanism, HasNearbySuccess):
        exact = float(mechanism.nearby_success(reach, beliefs.law))
    return replace(
        base, successes=successes, trials=trials, lower=lower, upper=upper, exact=exact,
        blind=_blind(mechanism.inputs, beliefs, reach), note=f"within {reach:.6g} of the truth",
    )  # fmt: skip


def _explained(
    base: AttackOutcome,
    attack: Location,
    mechanism: Any,
    beliefs: Beliefs,
    drawn: list[tuple[int, np.random.Generator]],
    alpha: float,
    jobs: int,
) -> Iterator[AttackOutcome]:
    """The share of the prior's variance that the guess takes away, and the cosine of vectors."""
    parts: list[Any] = [(attack, mechanism, beliefs, *block) for block in drawn]
    sums = np.sum(shared(explained_sums, parts, jobs), axis=0)
    trials = sum(size for size, _ in drawn)
    exact = None
    if base.optimal and beliefs.right and isinstance(mechanism, HasPosteriorMean):
        exact = float(mechanism.posterior_mean_share(beliefs.law))
    yield _averaged(base, sums[:2], trials, alpha, exact)
    if mechanism.inputs.ndim == 2:
        yield _averaged(replace(base, metric=COSINE, optimal=None), sums[2:], trials, alpha, None)


def _averaged(
    base: AttackOutcome, sums: Floats, trials: int, alpha: float, exact: float | None
) -> AttackOutcome:
    """An average over reports with its normal interval, from the sums of figures and squares."""
    mean = float(sums[0] / trials)
    error = float(np.sqrt(max(0.0, sums[1] / trials - mean**2) / max(1, trials - 1)))
    lower, upper = intervals.normal_interval(mean, error, alpha)
    return replace(
        base, trials=trials, average=mean, standard_error=error, lower=lower, upper=upper,
        exact=exact,
    )  # fmt: skip


def nearby_counts(
    attack: NearbyLocation, mechanism: Any, beliefs: Beliefs, trials: int, rng: np.random.Generator
) -> int:
    """How many of `trials` users, drawn from their law, the attack's guess comes near to."""
    inputs, reach = mechanism.inputs, float(attack.reach(mechanism))
    slack = 1e-9 * reach + 4 * np.finfo(float).eps * np.abs(inputs).max()
    correct = 0
    for own, guesses in _played(attack, mechanism, beliefs, trials, rng):
        correct += int(np.count_nonzero(np.abs(guesses - inputs[own]) <= reach + slack))
    return correct


def explained_sums(
    attack: Location, mechanism: Any, beliefs: Beliefs, trials: int, rng: np.random.Generator
) -> Floats:
    """Sums over users of the share explained, its square, the cosine, its square.

    A user's share is (|x - mean|^2 - |x - guess|^2) / variance: its mean is that of the
    attack, and it spreads far less than the distance of the guess alone.
    """
    inputs = mechanism.inputs.reshape(len(mechanism.inputs), -1)
    centre, spread = _spread(mechanism, beliefs.law)
    sums = np.zeros(4)
    for own, guesses in _played(attack, mechanism, beliefs, trials, rng):
        truth, guess = inputs[own], guesses.reshape(len(own), -1)
        blind = ((truth - centre) ** 2).sum(axis=1)
        share = (blind - ((truth - guess) ** 2).sum(axis=1)) / spread
        lengths = np.linalg.norm(truth, axis=1) * np.linalg.norm(guess, axis=1)
        products = np.einsum("ij,ij->i", truth, guess)
        cosine = np.divide(products, lengths, out=np.zeros(len(own)), where=lengths > 0)
        sums += [share.sum(), share @ share, cosine.sum(), cosine @ cosine]
    return sums


def _played(
    attack: Location, mechanism: Mechanism, beliefs: Beliefs, trials: int, rng: np.random.Generator
) -> Iterator[tuple[Values, Floats]]:
    """Users drawn from their law, by number of their input, and where the attack sees them."""
    k = mechanism.k
    step = max(1, ENTRIES // k)
    for size in chunks(trials, report_entries(mechanism)):
        own = rng.choice(k, size, p=beliefs.law)
        reports = mechanism.privatize(own, rng=rng)
        for start in range(0, size, step):
            rows = slice(start, start + step)
            yield own[rows], _located(attack, reports[rows], mechanism, beliefs.prior, rng)


def _located(
    attack: Location, reports: Any, mechanism: Any, prior: Floats, rng: np.random.Generator
) -> Floats:
    """Where the attack says the users are; whatever goes wrong here is its own fault."""
    try:
        guesses = np.asarray(attack.locate(reports, mechanism, prior, rng=rng), dtype=np.float64)
    except Exception as error:
        raise AttackError(f"{type(error).__name__}: {error}") from error
    shape = (len(reports), *mechanism.inputs.shape[1:])
    if guesses.shape != shape:
        raise AttackError(f"{attack!r} must return shape {shape}, got {guesses.shape}.")
    if not np.isfinite(guesses).all():
        raise AttackError(f"{attack!r} must return finite numbers, got nan or infinity.")
    return guesses


def _spread(mechanism: Any, law: Floats) -> tuple[Floats, float]:
    """Mean and variance of the inputs, the variance as a mean squared distance."""
    inputs = mechanism.inputs.reshape(len(mechanism.inputs), -1)
    centre = law @ inputs
    return centre, float(law @ ((inputs - centre) ** 2).sum(axis=1))


def _blind(inputs: Floats, beliefs: Beliefs, reach: float) -> float:
    """Weight of the window that is best by the prior."""
    order = np.argsort(inputs)
    numbers = inputs[order]
    after = np.searchsorted(numbers, numbers + 2 * reach * (1 + 1e-12), side="right")
    thought, true = (
        sums[after] - sums[:-1]
        for law in (beliefs.prior, beliefs.law)
        for sums in [np.concatenate([[0.0], np.cumsum(law[order])])]
    )
    return float(true[thought.argmax()])
