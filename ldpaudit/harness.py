"""The loop: draw reports, let attacks read them, judge what they say.

Only the harness and its games draw a user's value and compare it with a guess,
so an attack cannot report its own success. Everything random comes from streams
keyed by names, so a result depends on what was asked and on nothing else.
"""

from __future__ import annotations

import dataclasses
import math
import re
import time
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit import _validate, bounds, leakage
from ldpaudit.contracts import (
    Distinguisher,
    Floats,
    FrequencyOracle,
    HasBayesVulnerability,
    HasBits,
    HasCounts,
    HasExactDelta,
    HasExactEpsilon,
    HasPublishedSuccess,
    HasVariance,
    HasVarianceError,
    Mechanism,
    Reconstruction,
    TrainableDistinguisher,
    Values,
)
from ldpaudit.evidence import Evidence, learn, prepare
from ldpaudit.games import AttackError, chunks, stream, success_counts
from ldpaudit.outcomes import AttackOutcome, AuditResult, EpsilonBound, GuessCounts, UtilityOutcome
from ldpaudit.registry import create
from ldpaudit.witness import PairGame

DEFAULT_ATTACKS = ("single-guess", "bayes")
#: Level at which a claim is called violated, shared by all audits of a study.
VERDICT_ALPHA = 1e-4
#: Largest number of reports an audit draws per input; more would not end in a day.
MAX_TRIALS = 10**10
#: Most users of an accuracy run who send a report each; more are drawn as one aggregate.
MAX_PRIVATIZED = 10**7


def audit(
    mechanism: Mechanism,
    attacks: Sequence[str] | None = None,
    *,
    trials: int = 100_000,
    alpha: float = 0.05,
    seed: int = 0,
    bound: str = "posterior-odds",
    pair: tuple[int, int] = (0, 1),
    prior: npt.ArrayLike | None = None,
    histogram: npt.ArrayLike | None = None,
    data: str = "uniform",
    repetitions: int = 5,
    verdict_alpha: float = VERDICT_ALPHA,
    witness: str | None = None,
    name: str | None = None,
    isolate: bool = False,
) -> AuditResult:
    """Audit one mechanism: its epsilon, what one report reveals, and what it costs.

    Parameters
    ----------
    mechanism : Mechanism
        Anything with ``k``, ``epsilon`` and ``privatize``; each further ability
        (see :mod:`ldpaudit.contracts`) unlocks what needs it.
    attacks : sequence of str, optional
        Registered attacks whose success is measured; None means the published
        single guess and the Bayes attacker, and ``[]`` bounds epsilon only.
    trials : int, default 100_000
        Reports drawn per input for the bound (2 x trials in all), and for each attack.
    alpha : float, default 0.05
        Error probability of every interval and of `epsilon_lower`.
    seed : int, default 0
        The same arguments and seed give the same result, byte for byte.
    bound : str, default "posterior-odds"
        Registered bound that turns counts into `epsilon_lower`.
    pair : tuple of int, default (0, 1)
        The two inputs to tell apart.
    prior : array of shape (k,), optional
        Law of the users' values in the attacks; None means uniform.
    histogram : array of shape (k,), optional
        Users holding each value in the accuracy runs; None means 10,000 users,
        spread evenly. `data` names them.
    repetitions : int, default 5
        Simulated collections behind the measured error.
    verdict_alpha : float, default 1e-4
        Error probability at which the verdict may call a correct mechanism a violation.
    witness : str, optional
        Registered distinguisher behind the bound; None means the likelihood ratio, or the
        learned witness where the mechanism has no likelihood.
    name : str, optional
        Name in the results; None means the mechanism's class.
    isolate : bool, default False
        Record an attack that raises as failed, with its error, instead of raising.

    Returns
    -------
    AuditResult
        ``.verdict``, ``.epsilon_lower``, ``.to_dict()``, ``.to_frame()``.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or a name is unknown.

    Examples
    --------
    >>> import ldpaudit
    >>> m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    >>> result = ldpaudit.audit(m, trials=10_000)
    >>> result.verdict, 0.9 < result.epsilon_lower < 1.0
    ('consistent', True)
    """
    started = time.perf_counter()
    if not isinstance(mechanism, Mechanism):
        raise TypeError(
            f"mechanism must have k, epsilon and privatize, got {type(mechanism).__name__}."
        )
    k = _validate.integer("k", mechanism.k, 2)
    epsilon = _validate.positive("epsilon", mechanism.epsilon)
    delta = _validate.delta(getattr(mechanism, "delta", 0.0))
    trials = _validate.integer("trials", trials, 1, MAX_TRIALS)
    alpha = _validate.fraction("alpha", alpha)
    verdict_alpha = _validate.fraction("verdict_alpha", verdict_alpha)
    seed = _validate.integer("seed", seed, 0)
    repetitions = _validate.integer("repetitions", repetitions, 0)
    pair = _check_pair(pair, k)
    law = _validate.distribution("prior", prior, k)
    if isinstance(attacks, str):
        raise TypeError(f"attacks must be a sequence of names, got {attacks!r}.")
    chosen = DEFAULT_ATTACKS if attacks is None else tuple(attacks)
    objects = {attack: create("attacks", attack) for attack in chosen}
    users = _check_histogram(histogram, k)
    identity = _identity(mechanism)

    prepared = prepare(
        mechanism, bound, pair, trials, delta=delta, seed=seed, identity=identity, witness=witness
    )
    evidence = prepared if isinstance(prepared, str) else prepared.play(2 * trials)
    outcomes = [_blind(law)] if chosen else []
    for attack_name, attack in objects.items():
        rng = stream(seed, identity, data, "attack", attack_name)
        try:
            outcome = _measure(attack_name, attack, mechanism, law, pair, trials, alpha, rng)
        except AttackError as error:
            if not isolate:
                raise
            outcome = _failed(attack_name, law, error)
        outcomes.append(outcome)
    utility = None
    if repetitions and (attacks is None or chosen) and isinstance(mechanism, FrequencyOracle):
        rng = stream(seed, identity, data, "utility")
        utility = _utility(mechanism, users, data, repetitions, alpha, rng)
    return AuditResult(
        mechanism=name or type(mechanism).__name__,
        parameters=_parameters(mechanism),
        k=k,
        claimed_epsilon=epsilon,
        claimed_delta=delta,
        exact_epsilon=_exact_epsilon(mechanism, delta),
        bound=_certify(evidence, bound, alpha, delta, epsilon),
        verdict_bound=_certify(evidence, bound, verdict_alpha, delta, epsilon),
        attacks=tuple(outcomes),
        published_success=(
            float(mechanism.published_success())
            if isinstance(mechanism, HasPublishedSuccess) and prior is None
            else None
        ),
        mse=utility,
        bits=int(mechanism.bits) if isinstance(mechanism, HasBits) else None,
        alpha=alpha,
        seed=seed,
        version=version("ldpaudit"),
        seconds=time.perf_counter() - started,
    )


def _exact_epsilon(mechanism: Mechanism, delta: float) -> float | None:
    """Least epsilon that is true together with delta; None where nothing exact is known."""
    if delta and isinstance(mechanism, HasExactDelta):
        return leakage.epsilon_at(mechanism.exact_delta, delta)
    if delta:
        return None
    return float(mechanism.exact_epsilon()) if isinstance(mechanism, HasExactEpsilon) else None


def _certify(
    evidence: Evidence | str, bound: str, alpha: float, delta: float, claimed: float
) -> EpsilonBound:
    if isinstance(evidence, str):
        kind = create("bounds", bound).kind
        return EpsilonBound(-math.inf, bound, kind, alpha, 0, evidence, "nothing")
    return evidence.certify(bound, alpha=alpha, delta=delta, claimed=claimed)


def _blind(law: Floats) -> AttackOutcome:
    best = float(law.max())
    return AttackOutcome("blind", 0, 0, math.nan, math.nan, best, best)


def _failed(name: str, law: Floats, error: AttackError) -> AttackOutcome:
    reason = f"attack {name}: {error}"
    blind = float(law.max())
    return AttackOutcome(name, 0, 0, math.nan, math.nan, None, blind, reason, failed=True)


def _measure(
    name: str,
    attack: Any,
    mechanism: Mechanism,
    law: Floats,
    pair: tuple[int, int],
    trials: int,
    alpha: float,
    rng: np.random.Generator,
) -> AttackOutcome:
    """Success of one attack, judged here; an attack that does not apply says why."""
    blind, k = float(law.max()), mechanism.k
    reason = attack.applies(mechanism)
    if reason is not None:
        return AttackOutcome(name, 0, 0, math.nan, math.nan, None, blind, reason)
    if isinstance(attack, TrainableDistinguisher):
        attack = learn(attack, mechanism, pair, trials, rng)[0]
    exact = None
    if isinstance(attack, Reconstruction):
        successes = success_counts(attack, mechanism, law, trials, rng)
        if getattr(attack, "optimal", False) and isinstance(mechanism, HasBayesVulnerability):
            exact = float(mechanism.vulnerability(law))
    elif isinstance(attack, Distinguisher):
        blind = 0.5
        game = PairGame(mechanism, attack, name, pair)
        seen = sum(
            (game.count(game.draw(size, rng))[0] for size in chunks(trials, max(64, k // 16))),
            GuessCounts(2, 0, 0, 0),
        )
        # An abstention is a coin flip: it must name one of the two.
        successes = seen.correct + int(rng.binomial(seen.trials - seen.decided, 0.5))
    else:
        raise TypeError(f"attack {name!r} must have guess(...) or score(...).")
    lower, upper = bounds.success_interval(successes, trials, alpha)
    return AttackOutcome(name, successes, trials, lower, upper, exact, blind)


def _utility(
    mechanism: Any,
    histogram: Values,
    data: str,
    repetitions: int,
    alpha: float,
    rng: np.random.Generator,
) -> UtilityOutcome:
    """Measured error over simulated collections of fixed users, beside the mechanism's formula."""
    num_users = int(histogram.sum())
    frequencies = histogram / num_users
    sampled = num_users > MAX_PRIVATIZED and isinstance(mechanism, HasCounts)
    errors = np.empty(repetitions)
    for repetition in range(repetitions):
        counts = (
            mechanism.sample_counts(histogram, rng=rng)
            if sampled
            else _collect(mechanism, histogram, rng)
        )
        estimate = np.asarray(mechanism.estimate(counts))
        if estimate.shape != frequencies.shape:
            raise ValueError(
                f"estimate must return shape {frequencies.shape}, got {estimate.shape}."
            )
        errors[repetition] = np.mean((estimate - frequencies) ** 2)
    started = time.perf_counter()  # decoded once already: set-up is not in this figure
    mechanism.estimate(counts)
    decode_seconds = time.perf_counter() - started
    lower, upper = bounds.mean_interval(errors, alpha)
    exact = approximate = None
    if isinstance(mechanism, HasVariance):
        exact = float(mechanism.mse(num_users, frequencies))
        approximate = float(mechanism.mse(num_users))
    exact_error = 0.0
    if isinstance(mechanism, HasVarianceError):
        exact_error = float(mechanism.mse_standard_error(num_users, frequencies))
    return UtilityOutcome(
        value=float(errors.mean()),
        lower=lower,
        upper=upper,
        exact=exact,
        approximate=approximate,
        num_users=num_users,
        repetitions=repetitions,
        data=data,
        exact_error=exact_error,
        sampled=sampled,
        decode_seconds=decode_seconds,
    )


def _collect(mechanism: Any, histogram: Values, rng: np.random.Generator) -> Any:
    """Privatize and aggregate every user, in chunks whose summaries add up."""
    ends, total, start = np.cumsum(histogram), None, 0
    for size in chunks(int(ends[-1]), max(1, histogram.size // 8)):
        reached = np.clip(ends, start, start + size) - start
        own = np.repeat(np.arange(histogram.size), np.diff(reached, prepend=0))
        counts = mechanism.aggregate(mechanism.privatize(own, rng=rng))
        total = counts if total is None else total + counts
        start += size
    return total


def _check_pair(pair: tuple[int, int], k: int) -> tuple[int, int]:
    if len(pair) != 2:
        raise ValueError(f"pair must name two inputs, got {pair!r}.")
    first, second = (_validate.integer("every input of pair", v, 0, k - 1) for v in pair)
    if first == second:
        raise ValueError(f"pair must name two different inputs, got {pair!r}.")
    return first, second


def _check_histogram(histogram: npt.ArrayLike | None, k: int) -> Values:
    if histogram is None:
        base, rest = divmod(10_000, k)
        return np.full(k, base, dtype=np.int64) + (np.arange(k) < rest)
    return _validate.histogram(histogram, k)


def _parameters(mechanism: Mechanism) -> dict[str, Any]:
    """Constructor parameters as plain JSON values; a foreign object shows what it claims."""
    if not dataclasses.is_dataclass(mechanism) or isinstance(mechanism, type):
        return {"k": int(mechanism.k), "epsilon": float(mechanism.epsilon)}
    fields = [field.name for field in dataclasses.fields(mechanism) if field.init]
    return {name: _plain(getattr(mechanism, name)) for name in fields}


def _plain(value: Any) -> Any:
    """A value that JSON knows; any other as text, the same in every process."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, bool | int | str | None) or (
        isinstance(value, float) and math.isfinite(value)
    ):
        return value
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))


def _identity(mechanism: Mechanism) -> str:
    """Name of the mechanism in the seeds: equal for equal mechanisms, in every process."""
    kind = type(mechanism)
    parameters = sorted(_parameters(mechanism).items())
    return f"{kind.__module__}.{kind.__qualname__}{parameters!r}"
