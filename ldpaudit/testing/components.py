"""Contracts for other people's test suites: mechanisms, attacks and bounds held to their word.

Every statistical check fixes its generator and alarms falsely at most about
once in a million (`FALSE_ALARM` for each).
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.adapters.finite_inputs import on_inputs
from ldpaudit.auditing.attack_success import success_count
from ldpaudit.auditing.attackers import Beliefs
from ldpaudit.bounds import intervals
from ldpaudit.contracts import HasDomain, HasLikelihood, Mechanism, Reconstruction
from ldpaudit.counts import EventCounts, GuessCounts
from ldpaudit.registry import mechanism as registered
from ldpaudit.sampling import stream
from ldpaudit.selection.promising import ours
from ldpaudit.testing.judging import FALSE_ALARM, require
from ldpaudit.testing.likelihood_checks import check_beyond_likelihood
from ldpaudit.testing.longitudinal_checks import over_time
from ldpaudit.testing.mechanism_checks import checks_of

#: Level at which a bound's coverage is checked, and the looks of an anytime bound.
_ALPHA, _LOOKS = 0.05, (10, 30, 100)


def check_mechanism(
    mechanism: Any, *, inputs: npt.ArrayLike | int | None = None, seed: int = 0
) -> list[str]:
    """Hold a mechanism against the contract; every ability it has is checked.

    Parameters
    ----------
    mechanism : Mechanism or HasDomain
        Any object with ``k`` (or a ``domain``), ``epsilon`` and ``privatize``.
    inputs : array or int, optional
        Inputs of a mechanism that has a ``domain``, as for `ldpaudit.audit`.
    seed : int, default 0
        Root of the check's random streams.

    Returns
    -------
    list of str
        What was checked, one line each.

    Raises
    ------
    AssertionError
        At the first broken promise, with figures.

    Examples
    --------
    >>> import ldpaudit
    >>> check_mechanism(ldpaudit.mechanism("grr", k=5, epsilon=1.0))[1]
    'likelihood: ratios within epsilon = 1, reports follow it'
    """
    known = isinstance(mechanism, Mechanism | HasDomain)
    require(known, "a mechanism needs k, epsilon and privatize")
    mechanism = on_inputs(mechanism, inputs)
    checks = [*checks_of(mechanism), *over_time(mechanism)]
    if isinstance(mechanism, HasLikelihood) and not ours(mechanism):  # ours are enumerated
        checks.append(check_beyond_likelihood)
    return [check(mechanism, stream(seed, "check", check.__name__)) for check in checks]


def check_attack(attack: Any, *, seed: int = 0) -> list[str]:
    """Hold a reconstruction attack against the contract, on a mechanism whose limit is known.

    Parameters
    ----------
    attack : Reconstruction
        Any object with ``applies`` and ``guess``.
    seed : int, default 0
        Root of the check's random streams.

    Returns
    -------
    list of str
        What was checked, one line each.

    Raises
    ------
    AssertionError
        If guesses are malformed, irreproducible, or better than any attacker's.

    Examples
    --------
    >>> from ldpaudit.registry import create
    >>> check_attack(create("attacks", "bayes"))[0]
    'guesses: one value in [0, k) a report, the same for the same generator'
    """
    require(isinstance(attack, Reconstruction), "an attack needs applies and guess")
    target = registered("grr", k=5, epsilon=1.0)
    prior = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
    require(
        attack.applies(target) is None, f"{attack!r} must apply to a mechanism with a likelihood"
    )
    # Many of them: guesses that ignore the generator given agree twice by chance on a few.
    reports = target.privatize(np.arange(200) % 5, rng=stream(seed, "check", "reports"))
    before = reports.copy()
    twice = [attack.guess(reports, target, prior, rng=stream(seed, "guess")) for _ in range(2)]
    require(np.array_equal(reports, before), f"{attack!r} changed the reports it was given")
    guesses = np.asarray(twice[0])
    require(np.array_equal(guesses, twice[1]), f"{attack!r} must depend on rng alone")
    require(guesses.shape == (200,), f"{attack!r} must return one guess per report")
    require(((guesses >= 0) & (guesses < 5)).all(), f"{attack!r} must guess values in [0, k)")
    trials = 20_000
    rng = stream(seed, "check", "success")
    successes = success_count(attack, target, Beliefs.of(prior), trials, rng)
    limit = target.vulnerability(prior)
    lower = intervals.success_lower(successes, trials, FALSE_ALARM)
    require(lower <= limit, f"{attack!r} is right {lower:.4f} or more, above the limit {limit:.4f}")
    return [
        "guesses: one value in [0, k) a report, the same for the same generator",
        f"success: {successes / trials:.4f} of at most {limit:.4f}",
    ]


def check_bound(bound: Any) -> list[str]:
    """Coverage of a bound of kind ``exact`` or ``anytime``, by summing the law of its counts.

    The counts are those of randomized response on two values: guesses, or the event that
    the first is reported, or both where the bound takes both. An anytime bound must hold
    at all looks together.

    Parameters
    ----------
    bound : GuessBound or EventBound
        A bound from guessing games or from one event.

    Returns
    -------
    list of str
        Miscoverage found, one line a setting.

    Raises
    ------
    AssertionError
        If the bound exceeds the true epsilon with probability above alpha, or makes no
        promise that could be checked.

    Examples
    --------
    >>> from ldpaudit.bounds import PosteriorOdds
    >>> len(check_bound(PosteriorOdds()))
    12
    """
    require(
        bound.kind in ("exact", "anytime"),
        f"{bound!r} is {bound.kind}: only exact and anytime bounds promise coverage",
    )
    looks = [_LOOKS] if bound.kind == "anytime" else [(10,), (100,), (300,)]
    games = {"from_guesses": _guesses_missed, "from_event": _event_missed}
    lines = []
    for name, epsilon, at in itertools.product(games, (0.5, 1.0, 2.0, 4.0), looks):
        if hasattr(bound, name):
            missed = games[name](bound, epsilon, at)
            times = " then ".join(map(str, at))
            text = f"epsilon = {epsilon}, {times} trials: missed {missed:.4f} of {_ALPHA}"
            require(missed <= _ALPHA * (1 + 1e-9), f"{bound!r} at {text}")
            lines.append(text)
    return lines


def _guesses_missed(bound: Any, epsilon: float, looks: tuple[int, ...]) -> float:
    """Probability that the bound from guesses exceeds epsilon at one of the looks."""
    right = 1 / (1 + math.exp(-epsilon))
    law, before, missed = np.ones(1), 0, 0.0
    for trials in looks:
        law = np.convolve(law, _binomial(trials - before, right))
        for correct in range(trials + 1):
            counts = GuessCounts(2, correct, trials, trials)
            if bound.from_guesses(counts, alpha=_ALPHA, delta=0.0, claimed=epsilon) > epsilon:
                missed += law[correct]
                law[correct] = 0.0
        before = trials
    return float(missed)


def _event_missed(bound: Any, epsilon: float, looks: tuple[int, ...]) -> float:
    """Probability that the bound from one event exceeds epsilon at one of the looks."""
    right = 1 / (1 + math.exp(-epsilon))
    law, before, missed = np.ones((1, 1)), 0, 0.0
    for trials in looks:
        for axis, rate in enumerate((right, 1 - right)):
            step = _binomial(trials - before, rate)
            law = np.apply_along_axis(np.convolve, axis, law, step)
        for cell in np.argwhere(law > 1e-12).tolist():
            counts = EventCounts(cell[0], trials, cell[1], trials)
            if bound.from_event(counts, alpha=_ALPHA, delta=0.0, claimed=epsilon) > epsilon:
                missed += law[*cell]
                law[*cell] = 0.0
        before = trials
    return float(missed)


def _binomial(trials: int, probability: float) -> np.ndarray:
    from scipy.special import gammaln

    count = np.arange(trials + 1)
    log_choose = gammaln(trials + 1) - gammaln(count + 1) - gammaln(trials - count + 1)
    return np.asarray(
        np.exp(
            log_choose + count * math.log(probability) + (trials - count) * math.log1p(-probability)
        )
    )
