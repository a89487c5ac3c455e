"""Contracts for other people's test suites: mechanisms, attacks and bounds held to their word.

Every statistical check fixes its generator and alarms falsely at most about
once in a million (`FALSE_ALARM` for each).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ldpaudit import bounds, harness
from ldpaudit._mechanism_checks import FALSE_ALARM, checks_of, require
from ldpaudit.contracts import HasLikelihood, Mechanism, Reconstruction
from ldpaudit.games import stream, success_counts
from ldpaudit.outcomes import EventCounts, GuessCounts
from ldpaudit.registry import mechanism as registered


def check_mechanism(mechanism: Any, *, seed: int = 0) -> list[str]:
    """Hold a mechanism against the contract; every ability it has is checked.

    Parameters
    ----------
    mechanism : Mechanism
        Any object with ``k``, ``epsilon`` and ``privatize``.
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
    require(isinstance(mechanism, Mechanism), "a mechanism needs k, epsilon and privatize")
    return [
        check(mechanism, stream(seed, "check", check.__name__)) for check in checks_of(mechanism)
    ]


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
    reports = target.privatize(np.arange(5), rng=stream(seed, "check", "reports"))
    before = reports.copy()
    twice = [attack.guess(reports, target, prior, rng=stream(seed, "guess")) for _ in range(2)]
    require(np.array_equal(reports, before), f"{attack!r} changed the reports it was given")
    guesses = np.asarray(twice[0])
    require(np.array_equal(guesses, twice[1]), f"{attack!r} must depend on rng alone")
    require(guesses.shape == (5,), f"{attack!r} must return one guess a report")
    require(((guesses >= 0) & (guesses < 5)).all(), f"{attack!r} must guess values in [0, k)")
    trials = 20_000
    rng = stream(seed, "check", "success")
    successes = success_counts(attack, target, prior, trials, rng)
    limit = target.vulnerability(prior)
    lower = bounds.success_lower(successes, trials, FALSE_ALARM)
    require(lower <= limit, f"{attack!r} is right {lower:.4f} or more, above the limit {limit:.4f}")
    return [
        "guesses: one value in [0, k) a report, the same for the same generator",
        f"success: {successes / trials:.4f} of at most {limit:.4f}",
    ]


def check_bound(bound: Any) -> list[str]:
    """Coverage of a bound of kind ``exact``, by summing the law of its counts.

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
        If the bound exceeds the true epsilon with probability above alpha.

    Examples
    --------
    >>> len(check_bound(bounds.PosteriorOdds()))
    12
    """
    require(bound.kind == "exact", f"{bound!r} is {bound.kind}: only exact bounds promise coverage")
    lines = []
    for epsilon in (0.5, 1.0, 2.0, 4.0):
        for trials in (10, 100, 300):
            for alpha in (0.05,):
                missed = _miscoverage(bound, epsilon, trials, alpha)
                text = f"epsilon = {epsilon}, {trials} trials: missed {missed:.4f} of {alpha}"
                require(missed <= alpha * (1 + 1e-9), f"{bound!r} at {text}")
                lines.append(text)
    return lines


def assert_ldp(
    mechanism: Any,
    epsilon: float,
    delta: float = 0.0,
    *,
    trials: int = 100_000,
    alpha: float = 1e-6,
    seed: int = 0,
) -> None:
    """Fail if the mechanism provably leaks more than (epsilon, delta)-LDP allows.

    Parameters
    ----------
    mechanism : Mechanism
        The mechanism under test; it needs ``log_likelihood``.
    epsilon, delta : float
        The guarantee to hold it to, whatever it claims itself.
    trials : int, default 100_000
        Reports drawn per input.
    alpha : float, default 1e-6
        Probability of failing a mechanism that keeps the guarantee.
    seed : int, default 0
        The same seed gives the same verdict.

    Raises
    ------
    AssertionError
        With the witness and the bound.
    ValueError
        If nothing can be tested, because the mechanism has no likelihood.

    Examples
    --------
    >>> import ldpaudit
    >>> assert_ldp(ldpaudit.mechanism("grr", k=4, epsilon=1.0), epsilon=1.0)
    >>> assert_ldp(  # doctest: +ELLIPSIS
    ...     ldpaudit.mechanism("grr", k=4, epsilon=1.5), epsilon=1.0
    ... )
    Traceback (most recent call last):
    ...
    AssertionError: not 1.0-LDP: epsilon >= 1.4... (alpha = 1e-06); witness: ...
    """
    claimed: Any = _Claim(mechanism, epsilon, delta)
    result = harness.audit(claimed, [], trials=trials, alpha=alpha, seed=seed)
    if result.epsilon_lower == -math.inf and not isinstance(mechanism, HasLikelihood):
        raise ValueError(f"nothing can be tested: {result.bound.event}.")
    guarantee = f"{epsilon}-LDP" if delta == 0 else f"({epsilon}, {delta})-LDP"
    require(
        result.epsilon_lower <= epsilon,
        f"not {guarantee}: epsilon >= {result.epsilon_lower:.4f} (alpha = {alpha:g}); "
        f"witness: {result.bound.event}",
    )


class _Claim:
    """A mechanism held to somebody else's epsilon and delta."""

    def __init__(self, mechanism: Any, epsilon: float, delta: float) -> None:
        self.epsilon, self.delta = epsilon, delta
        # Attributes of its own: from Python 3.12 on, isinstance overlooks __getattr__.
        for name in ("k", "privatize", "log_likelihood", "vulnerability"):
            if hasattr(mechanism, name):
                setattr(self, name, getattr(mechanism, name))


def _miscoverage(bound: Any, epsilon: float, trials: int, alpha: float) -> float:
    """Probability that the bound exceeds epsilon, for randomized response on two values."""
    right = 1 / (1 + math.exp(-epsilon))
    if hasattr(bound, "from_guesses"):
        law = _binomial(trials, right)
        values = [
            bound.from_guesses(GuessCounts(2, correct, trials, trials), alpha=alpha, delta=0.0)
            for correct in range(trials + 1)
        ]
        return float(law[np.array(values) > epsilon].sum())
    hits, false_hits = _binomial(trials, right), _binomial(trials, 1 - right)
    missed = 0.0
    for first in range(trials + 1):
        for second in range(trials + 1):
            if hits[first] * false_hits[second] < 1e-12:
                continue
            counts = EventCounts(first, trials, second, trials)
            if bound.from_event(counts, alpha=alpha, delta=0.0, claimed=epsilon) > epsilon:
                missed += hits[first] * false_hits[second]
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
