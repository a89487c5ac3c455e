"""The loop: draw reports, let attacks read them, judge what they say.

Only the harness and its games draw a user's value and compare it with a guess,
so an attack cannot report its own success. Everything random comes from streams
keyed by names, so a result depends on what was asked and on nothing else.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ldpaudit import divergence, validate
from ldpaudit.auditing.attack_success import AttackError
from ldpaudit.auditing.levels import Levels, check_bound
from ldpaudit.auditing.one_pair import certified, check_pair, chosen_inputs, games_of
from ldpaudit.auditing.stopping import BUDGET, StopWhen
from ldpaudit.collecting.accuracy import measure_error
from ldpaudit.collecting.servers import collects, described
from ldpaudit.contracts import (
    HasBits,
    HasExactDelta,
    HasExactEpsilon,
    HasPublishedSuccess,
    IsRecorded,
    Mechanism,
    Values,
    checked_mechanism,
)
from ldpaudit.outcomes.audit_result import AuditResult
from ldpaudit.registry import create
from ldpaudit.sampling import blocks, stream

if TYPE_CHECKING:
    from ldpaudit.selection.methods import Selection
from ldpaudit.auditing.attack_success import blind_outcome, failed_outcome, measure_attack
from ldpaudit.auditing.identity import identity_of, parameters_of

DEFAULT_ATTACKS = ("single-guess", "bayes")
#: Level at which a claim is called violated, shared by all audits of a study.
VERDICT_ALPHA = 1e-4
#: Largest number of simulated collections, for the same reason.
MAX_REPETITIONS = 100_000


def audit(
    mechanism: Mechanism,
    attacks: Sequence[str] | None = None,
    *,
    trials: int = 100_000,
    alpha: float = 0.05,
    seed: int = 0,
    bound: str | None = None,
    pair: tuple[int, int] | None = None,
    prior: npt.ArrayLike | None = None,
    histogram: npt.ArrayLike | None = None,
    data: str = "uniform",
    repetitions: int = 5,
    verdict_alpha: float = VERDICT_ALPHA,
    witness: str | None = None,
    search: Selection | str | None = None,
    stop_when: str = BUDGET,
    model_based: bool = False,
    name: str | None = None,
    isolate: bool = False,
    jobs: int = 1,
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
    bound : str, optional
        Registered bound that turns counts into `epsilon_lower`; None means
        ``"posterior-odds"``, or ``"anytime"`` for an audit that may stop early.
    pair : tuple of int, optional
        The two inputs to tell apart. None means 0 and 1 where an audit of one pair speaks for
        all (two inputs, the catalogue, ``pairs_alike``), else the pair that promises most in
        ``trials / 2`` reports of up to 100 inputs, drawn for that alone.
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
        learned witness where the mechanism has no likelihood. Beside a likelihood that is
        not of the catalogue both play, at half of alpha each: reports may say more.
    search : Selection or str, optional
        Search for the worst pair instead of `pair`, with a bound that survives the search:
        ``"pilot"``, ``"bonferroni"``, ``"holm"``, ``"e-values"``, ``"pooled"``, or one of
        :mod:`ldpaudit.selection`. `trials` are then reports of every input that is searched.
    stop_when : str, default "budget"
        When to stop drawing reports for the bound: ``"budget"`` draws all of them and
        looks once; ``"violation"`` stops as soon as the verdict is one; ``"width=W"`` once
        the lower bound and an upper bound of what the game shows are W apart. The last two
        look about two hundred times and need a bound that is valid at every look.
    model_based : bool, default False
        Allow bounds that hold only for mechanisms of one kind (see
        :mod:`ldpaudit.bounds.model_based`).
    name : str, optional
        Name in the results; None means the mechanism's own name, or its class.
    isolate : bool, default False
        Record an attack that raises as failed, with its error, instead of raising.
    jobs : int, default 1
        Processes that share the reports of a large bound (several million). The result
        does not depend on it.

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
    checked_mechanism(mechanism)
    k = validate.integer("k", mechanism.k, 2, validate.MAX_DOMAIN)
    epsilon = validate.positive("epsilon", mechanism.epsilon)
    delta = validate.delta(getattr(mechanism, "delta", 0.0))
    trials = validate.trials(trials)
    alpha = validate.fraction("alpha", alpha)
    verdict_alpha = validate.fraction("verdict_alpha", verdict_alpha)
    seed, data = validate.seed(seed), validate.text("data", data)
    repetitions = validate.integer("repetitions", repetitions, 0, MAX_REPETITIONS)
    jobs = validate.integer("jobs", jobs, 1, validate.MAX_JOBS)
    if search is not None and stop_when != BUDGET:
        raise ValueError(
            f"a search plays all reports, stop_when must be budget, got {stop_when!r}."
        )
    stop = StopWhen.parse(stop_when)
    bound = check_bound(bound, stop, model_based)
    pair = None if pair is None else check_pair(pair, k)
    law = validate.distribution("prior", prior, k)
    if isinstance(attacks, str) or not (attacks is None or isinstance(attacks, Sequence)):
        raise TypeError(f"attacks must be a sequence of names, got {validate.shown(attacks)}.")
    chosen = DEFAULT_ATTACKS if attacks is None else tuple(attacks)
    objects = {attack: create("attacks", attack) for attack in chosen}
    users = _check_histogram(histogram, k)
    identity = identity_of(mechanism)
    if isinstance(mechanism, IsRecorded):
        mechanism = mechanism.fresh()

    levels = Levels(bound, alpha, verdict_alpha, delta, epsilon)
    dependence = None
    if search is not None:
        lower, verdict = levels.searched(mechanism, search, trials, seed, witness)
        pair = pair or (0, 1)
    else:
        two = chosen_inputs(mechanism, pair, trials, seed=seed, identity=identity)
        pair = two.pair
        games = games_of(
            mechanism,
            two,
            bound,
            trials,
            delta=delta,
            seed=seed,
            identity=identity,
            witness=witness,
            early=not stop.never,
        )
        lower, verdict, dependence = certified(levels, games, stop, jobs)
    outcomes = [blind_outcome(law)] if chosen else []
    for attack_name, attack in objects.items():
        names = (identity, data, "attack", attack_name)
        # The first block goes on with the stream that the attack may have learned from.
        drawn = [
            (size, stream(seed, *names, *((block,) if block != "0" else ())))
            for size, block in blocks(trials)
        ]
        try:
            outcome = measure_attack(attack_name, attack, mechanism, law, pair, drawn, alpha, jobs)
        except AttackError as error:
            if not isolate:
                raise
            outcome = failed_outcome(attack_name, attack, law, error)
        outcomes.append(outcome)
    utility = None
    if repetitions and (attacks is None or chosen) and collects(mechanism):
        rng = stream(seed, identity, data, "utility")
        utility = measure_error(mechanism, users, data, repetitions, alpha, rng)
    domain, estimand = described(mechanism)
    return AuditResult(
        mechanism=str(name or getattr(mechanism, "name", type(mechanism).__name__)),
        parameters=parameters_of(mechanism),
        k=k,
        claimed_epsilon=epsilon,
        claimed_delta=delta,
        exact_epsilon=_exact_epsilon(mechanism, delta),
        bound=lower,
        verdict_bound=verdict,
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
        domain=domain,
        estimand=estimand,
        dependence=dependence,
    )


def _exact_epsilon(mechanism: Mechanism, delta: float) -> float | None:
    """Least epsilon that is true together with delta; None where nothing exact is known."""
    if delta and isinstance(mechanism, HasExactDelta):
        return divergence.epsilon_at(mechanism.exact_delta, delta)
    if delta or not isinstance(mechanism, HasExactEpsilon):
        return None
    exact = float(mechanism.exact_epsilon())
    return None if math.isnan(exact) else exact


def _check_histogram(histogram: npt.ArrayLike | None, k: int) -> Values:
    if histogram is None:
        base, rest = divmod(10_000, k)
        return np.full(k, base, dtype=np.int64) + (np.arange(k) < rest)
    return validate.histogram(histogram, k)
