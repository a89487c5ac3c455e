"""Which pool of values a user favours: the success of the best attacker, report by report."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit import validate
from ldpaudit.adapters.habits import Habits
from ldpaudit.arrays import Floats, Ints
from ldpaudit.leakage.channels import bayes_vulnerability, channel
from ldpaudit.leakage.longitudinal import Exposed, moments

#: Entries of a table of reports and values that are looked at together, and most users at a time.
_ENTRIES, _USERS = 2**23, 2**11
#: Users times values times rounds that are looked at in all: some minutes.
_MOST = 2**34
#: Posteriors this close are equal: a tie, broken at random.
_SAME = 1e-9


def pool_inference(
    mechanism: Any,
    habits: npt.ArrayLike,
    rounds: int,
    trials: int,
    *,
    rng: np.random.Generator,
    prior: npt.ArrayLike | None = None,
) -> Exposed:
    """Play the attacker who reads a user's reports and names the pool that the user favours.

    Parameters
    ----------
    mechanism : Mechanism
        What sends each report, with fresh randomness each time, and its likelihood.
    habits : array of shape (pools, k)
        Probability of each value for a user of each pool, known to the attacker: see
        `ldpaudit.adapters.pool_habits`.
    rounds : int
        Number of reports, at least 1; guesses are made after 1, 2, 3, 5, 10, 20, 30, 50, ...
        and after the last.
    trials : int
        Number of users, at least 1.
    rng : Generator
        Source of users, their values, clients and ties.
    prior : array of shape (pools,), optional
        Probability that a user favours each pool, known to the attacker; None means uniform.

    Returns
    -------
    Exposed
        `first` is the exact success after one report where the mechanism's reports can be listed.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range, the mechanism has no likelihood, or all together would
        take too long.

    Notes
    -----
    The guess maximises prior times the product over reports of P(report | pool), each a mixture
    over the values that the pool's users draw: no attacker who sees these reports is right more
    often. Source of the attack: Gadotti, Houssiau, Annamalai and de Montjoye, *Pool inference
    attacks on local differential privacy: quantifying the privacy guarantees of Apple's count
    mean sketch in practice*, USENIX Security 2022; the user model is that of `pool_habits`.

    Examples
    --------
    >>> import ldpaudit
    >>> from ldpaudit.adapters import pool_habits
    >>> m = ldpaudit.mechanism("grr", k=6, epsilon=1.0)
    >>> habits = pool_habits(np.full(6, 1 / 6), [[0, 1, 2], [3, 4, 5]], polarisation=0.9)
    >>> found = pool_inference(m, habits, 20, 2000, rng=np.random.default_rng(0))
    >>> round(found.first, 4), [round(s / found.trials, 2) for s in found.successes]
    (0.6002, [0.6, 0.59, 0.64, 0.66, 0.73, 0.81])
    """
    rounds = validate.check_integer("rounds", rounds, 1)
    trials = validate.check_trials(trials)
    rng = validate.check_generator(rng)
    single = Habits(mechanism, habits, 1)
    law = validate.check_distribution("prior", prior, single.k)
    if trials * mechanism.k * rounds > _MOST:
        raise ValueError(
            f"{trials:,} users' {rounds:,} reports over {mechanism.k:,} values would take too "
            "long; take fewer trials or rounds."
        )
    after = moments(rounds)
    right = np.zeros(len(after), dtype=np.int64)
    step = min(_USERS, max(1, _ENTRIES // mechanism.k))
    for begin in range(0, trials, step):
        own = rng.choice(law.size, min(step, trials - begin), p=law)
        right += _game(single, law, after, own, rng)
    return Exposed(after, tuple(right.tolist()), trials, _first(single, law), float(law.max()))


def _first(single: Habits, law: Floats) -> float | None:
    """Exact success after one report, where reports are few."""
    try:
        single.every_report()
    except ValueError:
        return None
    return bayes_vulnerability(channel(single), law)


def _game(
    single: Habits, law: Floats, after: tuple[int, ...], own: Ints, rng: np.random.Generator
) -> Ints:
    """Right guesses of these users' pools after each number of reports."""
    with np.errstate(divide="ignore"):
        posterior = np.tile(np.log(law), (own.size, 1))
    right, read = np.zeros(len(after), dtype=np.int64), 0
    pace = max(1, _ENTRIES // (own.size * single.mechanism.k))
    for number, moment in enumerate(after):
        while read < moment:  # some rounds at a time: short batches cost more than they hold
            many = min(pace, moment - read)
            held = single.draw(np.tile(own, many), rng=rng)
            told = single.one_round(single.mechanism.privatize(held, rng=rng))
            posterior += told.reshape(many, own.size, -1).sum(axis=0)
            read += many
        best = posterior >= posterior.max(axis=1, keepdims=True) - _SAME
        # One of the best, each as likely: the own pool wins one time in their number.
        hit = best[np.arange(own.size), own]
        right[number] = np.count_nonzero(hit & (rng.random(own.size) * best.sum(axis=1) < 1))
    return right
