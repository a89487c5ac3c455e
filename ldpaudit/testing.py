"""Contracts for other people's test suites: mechanisms, attacks and bounds held to their word.

Every statistical check fixes its generator and alarms falsely at most about
once in a million (`FALSE_ALARM` for each).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ldpaudit import bounds, harness
from ldpaudit.contracts import (
    FrequencyOracle,
    HasBayesVulnerability,
    HasBits,
    HasExactEpsilon,
    HasLikelihood,
    HasVariance,
    Mechanism,
    Reconstruction,
)
from ldpaudit.games import stream, success_counts
from ldpaudit.outcomes import EventCounts, GuessCounts
from ldpaudit.registry import mechanism as registered

#: False-alarm rate of each statistical check, about that of five standard errors.
FALSE_ALARM = 1e-6


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
    >>> len(check_mechanism(ldpaudit.mechanism("grr", k=5, epsilon=1.0)))
    6
    """
    _require(isinstance(mechanism, Mechanism), "a mechanism needs k, epsilon and privatize")
    checks: list[tuple[Any, Callable[[Any, np.random.Generator], str]]] = [
        (Mechanism, _check_sampler),
        (HasLikelihood, _check_likelihood),
        (HasExactEpsilon, _check_exact_epsilon),
        (HasBayesVulnerability, _check_vulnerability),
        (FrequencyOracle, _check_estimate),
        (HasBits, _check_bits),
    ]
    return [
        check(mechanism, stream(seed, "check", check.__name__))
        for ability, check in checks
        if isinstance(mechanism, ability)
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
    _require(isinstance(attack, Reconstruction), "an attack needs applies and guess")
    target = registered("grr", k=5, epsilon=1.0)
    prior = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
    _require(
        attack.applies(target) is None, f"{attack!r} must apply to a mechanism with a likelihood"
    )
    reports = target.privatize(np.arange(5), rng=stream(seed, "check", "reports"))
    before = reports.copy()
    twice = [attack.guess(reports, target, prior, rng=stream(seed, "guess")) for _ in range(2)]
    _require(np.array_equal(reports, before), f"{attack!r} changed the reports it was given")
    guesses = np.asarray(twice[0])
    _require(np.array_equal(guesses, twice[1]), f"{attack!r} must depend on rng alone")
    _require(guesses.shape == (5,), f"{attack!r} must return one guess a report")
    _require(((guesses >= 0) & (guesses < 5)).all(), f"{attack!r} must guess values in [0, k)")
    trials = 20_000
    rng = stream(seed, "check", "success")
    successes = success_counts(attack, target, prior, trials, rng)
    limit = target.vulnerability(prior)
    lower = bounds.success_lower(successes, trials, FALSE_ALARM)
    _require(
        lower <= limit, f"{attack!r} is right {lower:.4f} or more, above the limit {limit:.4f}"
    )
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
    _require(
        bound.kind == "exact", f"{bound!r} is {bound.kind}: only exact bounds promise coverage"
    )
    lines = []
    for epsilon in (0.5, 1.0, 2.0, 4.0):
        for trials in (10, 100, 300):
            for alpha in (0.05,):
                missed = _miscoverage(bound, epsilon, trials, alpha)
                text = f"epsilon = {epsilon}, {trials} trials: missed {missed:.4f} of {alpha}"
                _require(missed <= alpha * (1 + 1e-9), f"{bound!r} at {text}")
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
    _require(
        result.epsilon_lower <= epsilon,
        f"not {guarantee}: epsilon >= {result.epsilon_lower:.4f} (alpha = {alpha:g}); "
        f"witness: {result.bound.event}",
    )


def _require(holds: bool | np.bool_, message: str) -> None:
    """Like assert, but python -O does not take it away."""
    if not holds:
        raise AssertionError(message)


class _Claim:
    """A mechanism held to somebody else's epsilon and delta."""

    def __init__(self, mechanism: Any, epsilon: float, delta: float) -> None:
        self.epsilon, self.delta = epsilon, delta
        # Attributes of its own: from Python 3.12 on, isinstance overlooks __getattr__.
        for name in ("k", "privatize", "log_likelihood", "vulnerability"):
            if hasattr(mechanism, name):
                setattr(self, name, getattr(mechanism, name))


def _check_sampler(mechanism: Any, rng: np.random.Generator) -> str:
    values = rng.integers(0, mechanism.k, 200)
    before = values.copy()
    draws = [mechanism.privatize(values, rng=np.random.default_rng(1)) for _ in range(2)]
    _require(len(draws[0]) == len(values), "privatize must return one report a value")
    _require(np.array_equal(values, before), "privatize must not change its input")
    same = all(np.array_equal(a, b) for a, b in zip(*draws, strict=True))
    _require(same, "privatize must draw the same reports for the same generator state")
    _require(mechanism.epsilon > 10 or _varies(mechanism), "privatize must draw from rng")
    _require(len(mechanism.privatize(values[:0], rng=rng)) == 0, "an empty batch gives no reports")
    for bad in ([-1], [mechanism.k], [0.5], [[0]]):
        try:
            mechanism.privatize(np.array(bad), rng=rng)
        except (ValueError, TypeError):
            continue
        raise AssertionError(f"privatize must refuse values {bad}")
    return "sampler: one report a value, reproducible, input untouched, bad values refused"


def _check_likelihood(mechanism: Any, rng: np.random.Generator) -> str:
    k, num_reports = mechanism.k, 20_000
    inputs = np.unique(np.linspace(0, k - 1, 4).astype(np.int64))
    claim = mechanism.epsilon
    mistaken: dict[tuple[int, int], np.ndarray] = {}
    for own in inputs:
        reports = mechanism.privatize(np.full(num_reports, own), rng=rng)
        table = mechanism.log_likelihood(reports, inputs)
        _require(
            table.shape == (num_reports, len(inputs)), "log_likelihood must be (n, len(values))"
        )
        _require(np.isfinite(table[:, inputs == own]).all(), "a drawn report must be possible")
        few = mechanism.log_likelihood(reports[:20])
        _require(few.shape == (20, k), "log_likelihood must cover all k values by default")
        _require(np.allclose(few[:, inputs], table[:20]), "values must select columns")
        if not getattr(mechanism, "delta", 0.0):
            spread = float((few.max(axis=1) - few.min(axis=1)).max())
            _require(spread <= claim + 1e-9, f"log ratio {spread:.6f} exceeds epsilon {claim}")
        posterior = 1 / (1 + np.exp(table[:, inputs == own] - table))  # of other, against own
        for other, column in zip(inputs, posterior.T, strict=True):
            mistaken[int(own), int(other)] = column
    # Reports that follow P and P' have E' g = E g P' / P: here g = P / (P + P') and its square.
    for own, other in itertools.permutations(inputs.tolist(), 2):
        first, second = mistaken[own, other], mistaken[other, own]
        for one, two in ((first, second), (first * (1 - first), second**2)):
            off, slack = abs(float(one.mean() - two.mean())), _bernstein(one) + _bernstein(two)
            _require(
                off <= slack,
                f"reports of {own} and {other} do not follow the likelihood: "
                f"mistaken for one another {first.mean():.4f} and {second.mean():.4f} of the time, "
                f"{off:.4f} off where {slack:.4f} is chance",
            )
    return f"likelihood: ratios within epsilon = {claim:g}, reports follow it"


def _varies(mechanism: Any) -> bool:
    """Whether two generators give different reports; more of them where noise is rare."""
    for num_reports in (200, 100_000):
        values = np.arange(num_reports) % mechanism.k
        one, two = (mechanism.privatize(values, rng=np.random.default_rng(s)) for s in (1, 2))
        if any(not np.array_equal(a, b) for a, b in zip(one, two, strict=True)):
            return True
    return False


def _bernstein(sample: np.ndarray) -> float:
    """Half-width around the mean of a [0, 1] sample (Maurer and Pontil, COLT 2009)."""
    log_term = math.log(4 * 2 * 24 / FALSE_ALARM)  # both samples of 24 comparisons
    spread = float(np.var(sample, ddof=1))
    return math.sqrt(2 * spread * log_term / sample.size) + 7 * log_term / (3 * (sample.size - 1))


def _check_exact_epsilon(mechanism: Any, rng: np.random.Generator) -> str:  # noqa: ARG001
    exact = float(mechanism.exact_epsilon())
    _require(
        0 < exact <= mechanism.epsilon + 1e-9,
        f"exact epsilon {exact} exceeds the claim {mechanism.epsilon}",
    )
    return f"exact epsilon: {exact:.9g} of {mechanism.epsilon:g}"


def _check_vulnerability(mechanism: Any, rng: np.random.Generator) -> str:
    k, e = mechanism.k, math.exp(min(mechanism.epsilon, 700.0))
    uniform = float(mechanism.vulnerability())
    _require(1 / k <= uniform * (1 + 1e-9), f"vulnerability {uniform} is below blind guessing")
    delta = getattr(mechanism, "delta", 0.0)
    limit = (e + delta * (k - 1)) / (e + k - 1)
    _require(uniform <= limit + 1e-9, f"vulnerability {uniform} exceeds the limit {limit}")
    prior = rng.dirichlet(np.ones(k))
    informed = float(mechanism.vulnerability(prior))
    _require(prior.max() <= informed * (1 + 1e-9), "vulnerability is below the best blind guess")
    return f"vulnerability: {uniform:.6g} under a uniform prior"


def _check_estimate(mechanism: Any, rng: np.random.Generator) -> str:
    from scipy.special import ndtri

    k, num_users, repetitions = mechanism.k, 300, 400
    values = np.sort(rng.integers(0, k, num_users) * rng.integers(0, 2, num_users))
    frequencies = np.bincount(values, minlength=k) / num_users
    errors = np.empty((repetitions, k))
    for row in errors:
        reports = mechanism.privatize(values, rng=rng)
        row[:] = mechanism.estimate(mechanism.aggregate(reports)) - frequencies
    halves = mechanism.aggregate(reports[:100]) + mechanism.aggregate(reports[100:])
    whole = mechanism.estimate(mechanism.aggregate(reports))
    _require(np.allclose(mechanism.estimate(halves), whole), "counts of two batches must add up")
    standard = errors.std(axis=0, ddof=1) / math.sqrt(repetitions)
    worst = float(np.max(np.abs(errors.mean(axis=0)) / np.maximum(standard, 1e-300)))
    limit = float(-ndtri(FALSE_ALARM / (2 * k))) * 1.02  # t with 399 degrees of freedom
    _require(worst <= limit, f"estimate is biased: {worst:.1f} standard errors, limit {limit:.1f}")
    if isinstance(mechanism, HasVariance):
        squares = (errors**2).mean(axis=1)
        exact = mechanism.mse(num_users, frequencies)
        off = abs(squares.mean() - exact) * math.sqrt(repetitions) / squares.std(ddof=1)
        _require(
            off <= 5.5,
            f"measured error {squares.mean():.4g}, mse {exact:.4g}: {off:.1f} standard errors",
        )
    return "estimate: unbiased, batches add up, error as stated by mse"


def _check_bits(mechanism: Any, rng: np.random.Generator) -> str:  # noqa: ARG001
    _require(int(mechanism.bits) == mechanism.bits > 0, f"bits must be whole, got {mechanism.bits}")
    return f"bits: {mechanism.bits} a report"


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
