"""What reports about records give away beside values: whose they are, and which part is true."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.bounds import intervals
from ldpaudit.contracts import HasLikelihood, Mechanism
from ldpaudit.outcomes.parts import AttackOutcome
from ldpaudit.sampling import chunks, stream


def reidentify(
    mechanism: Mechanism,
    population: npt.ArrayLike,
    *,
    collections: int = 1,
    top: int = 1,
    trials: int = 10_000,
    alpha: float = 0.05,
    seed: int = 0,
) -> AttackOutcome:
    """Whose reports are these? Match a user's reports of several collections with known records.

    The attacker knows the records of a population, one of whom sends an independent report in
    every collection; whoever has the likeliest record is named, `top` of them, ties at random.
    No attacker who knows no more is right more often.

    Parameters
    ----------
    mechanism : Mechanism
        With ``log_likelihood``.
    population : array of int, shape (N,)
        Value (of a record: its number) of everybody, at least two people.
    collections : int, default 1
        Reports of the same user, at least 1.
    top : int, default 1
        People who may be named, below N.
    trials : int, default 10_000
        Users drawn.
    alpha : float, default 0.05
        Error probability of the interval.
    seed : int, default 0
        The same arguments and seed give the same result.

    Returns
    -------
    AttackOutcome
        Of attack ``"reidentification"``; blind guessing is right in top / N.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, or the mechanism has no likelihood.

    Notes
    -----
    Source of the experiment: Arcolezi, Gambs, Couchot and Palamidessi, PVLDB 16(5), 2023,
    whose attacker guesses attribute by attribute and then looks for the nearest record.

    Examples
    --------
    >>> import ldpaudit
    >>> m = ldpaudit.mechanism("smp", sizes=(4, 5), epsilon=4.0)
    >>> one, ten = (reidentify(m, range(20), collections=c, trials=2000) for c in (1, 10))
    >>> one.blind, one.success < ten.success
    (0.05, True)
    """
    if not isinstance(mechanism, HasLikelihood):
        raise TypeError(f"mechanism must have log_likelihood, got {type(mechanism).__name__}.")
    people = validate.check_values(np.asarray(population), mechanism.k)
    if people.size < 2:
        raise ValueError(f"population must hold at least two people, got {people.size}.")
    collections = validate.check_integer("collections", collections, 1, 10**6)
    top = validate.check_integer("top", top, 1, people.size - 1)
    trials = validate.check_trials(trials)
    alpha = validate.check_fraction("alpha", alpha)
    rng = stream(validate.check_seed(seed), "reidentification")
    kinds, numbers = np.unique(people, return_counts=True)
    successes = 0
    for size in chunks(trials, kinds.size):
        own = rng.choice(kinds.size, size, p=numbers / people.size)
        score = np.zeros((size, kinds.size))
        for _ in range(collections):
            score += mechanism.log_likelihood(mechanism.privatize(kinds[own], rng=rng), kinds)
        mine = score[np.arange(size), own][:, None]
        better = (score > mine + 1e-9) @ numbers
        equal = (np.abs(score - mine) <= 1e-9) @ numbers
        chance = np.clip((top - better) / equal, 0.0, 1.0)
        successes += int(np.count_nonzero(rng.random(size) < chance))
    lower, upper = intervals.success_interval(successes, trials, alpha)
    blind = top / people.size
    return AttackOutcome("reidentification", successes, trials, lower, upper, None, blind)


def find_true_attribute(
    mechanism: Any,
    population: npt.ArrayLike,
    *,
    trials: int = 10_000,
    alpha: float = 0.05,
    seed: int = 0,
) -> AttackOutcome:
    """Which attribute of RS+FD was reported truly? The attacker knows how values are spread.

    Parameters
    ----------
    mechanism : RandomSamplingFakeData
        Or any with ``sizes``, ``records`` and ``attribute_posterior(reports, marginals)``.
    population : array of int, shape (N,)
        Records of everybody as values; users are drawn from them.
    trials : int, default 10_000
        Users drawn.
    alpha : float, default 0.05
        Error probability of the interval.
    seed : int, default 0
        The same arguments and seed give the same result.

    Returns
    -------
    AttackOutcome
        Of attack ``"true-attribute"``; blind guessing is right once in d.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, or the mechanism hides no attribute.

    Notes
    -----
    Given a report, a guess is right with its posterior probability: a draw from that decides
    each trial, so that the attribute itself need not be known.

    Examples
    --------
    >>> import ldpaudit
    >>> m = ldpaudit.mechanism("rsfd", sizes=(4, 5), epsilon=4.0, variant="oue-z")
    >>> found = find_true_attribute(m, range(20))
    >>> found.blind, found.success > 0.6
    (0.5, True)
    """
    if not hasattr(mechanism, "attribute_posterior"):
        raise TypeError(f"{type(mechanism).__name__} hides no attribute.")
    people = validate.check_values(np.asarray(population), mechanism.k)
    if not people.size:
        raise ValueError("population must hold at least one person.")
    trials = validate.check_trials(trials)
    alpha = validate.check_fraction("alpha", alpha)
    rng = stream(validate.check_seed(seed), "true attribute")
    columns = zip(mechanism.records(people).T, mechanism.sizes, strict=True)
    marginals = [np.bincount(column, minlength=size) / people.size for column, size in columns]
    successes = 0
    for size in chunks(trials, max(mechanism.sizes)):
        reports = mechanism.privatize(rng.choice(people, size), rng=rng)
        best = mechanism.attribute_posterior(reports, marginals).max(axis=1)
        successes += int(np.count_nonzero(rng.random(size) < best))
    lower, upper = intervals.success_interval(successes, trials, alpha)
    blind = 1 / len(mechanism.sizes)
    return AttackOutcome("true-attribute", successes, trials, lower, upper, None, blind)
