"""The loop: draw reports, let attacks read them, judge what they say.

Only the harness and its games draw a user's value and compare it with a guess,
so an attack cannot report its own success. Everything random comes from streams
keyed by names, so a result depends on what was asked and on nothing else.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy.typing as npt

from ldpaudit import divergence, validate
from ldpaudit.adapters.finite_inputs import on_inputs
from ldpaudit.adapters.metric_claims import Metric, held_to_metric
from ldpaudit.auditing.attackers import Attacker, attackers_of
from ldpaudit.auditing.bound_choice import choose_bound
from ldpaudit.auditing.defaults import MAX_REPETITIONS, VERDICT_ALPHA
from ldpaudit.auditing.growing import settled
from ldpaudit.auditing.identity import shown_parameters
from ldpaudit.auditing.levels import Levels
from ldpaudit.auditing.one_pair import check_pair
from ldpaudit.auditing.plan import AuditPlan, check_users, chosen_attacks
from ldpaudit.auditing.stopping import BUDGET, StopWhen
from ldpaudit.claim import Claim
from ldpaudit.collecting.influence import worst_influence
from ldpaudit.collecting.servers import described
from ldpaudit.contracts import (
    HasBits,
    HasDomain,
    HasExactDelta,
    HasExactEpsilon,
    HasPublishedSuccess,
    Mechanism,
)
from ldpaudit.domains import input_text
from ldpaudit.outcomes.audit_result import AuditResult
from ldpaudit.selection.promising import no_neighbours, ours

if TYPE_CHECKING:
    from ldpaudit.registry import AnyAttack
    from ldpaudit.selection.methods import Selection


def audit(
    mechanism: Mechanism | HasDomain,
    attacks: Sequence[str | AnyAttack] | None = None,
    *,
    trials: int = 100_000,
    alpha: float = 0.05,
    seed: int = 0,
    bound: str | None = None,
    pair: tuple[int, int] | None = None,
    inputs: npt.ArrayLike | int | None = None,
    metric: Metric | None = None,
    prior: npt.ArrayLike | Attacker | Sequence[Attacker] | None = None,
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
    progress: Callable[[str, int, int], None] | None = None,
) -> AuditResult:
    """Audit one mechanism: its epsilon, what one report reveals, and what it costs.

    Parameters
    ----------
    mechanism : Mechanism or HasDomain
        Anything with ``k`` (or a ``domain``), ``epsilon`` and ``privatize``; each further
        ability (see :mod:`ldpaudit.contracts`) unlocks what needs it.
    attacks : sequence of str or attack, optional
        Attacks whose success is measured, by registered name or as objects; None means the
        published single guess and the Bayes attacker, and ``[]`` bounds epsilon only.
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
        The two inputs to tell apart, by their numbers. None means 0 and 1 where an audit of
        them speaks for all (two inputs, or a mechanism that declares ``pairs_alike``), else the
        pair that promises most in ``trials / 2`` reports of up to 100 inputs, drawn for that
        alone. Where the mechanism says which inputs are neighbours (``are_neighbours``) only
        those are searched, and a pair of others gets a bound and no verdict.
    inputs : array or int, optional
        Inputs that are played, numbered in this order, of a mechanism that has a ``domain``: the
        k below is their number. None means ``domain.grid()``, 17 numbers or vectors of which
        the first two lie furthest apart; a number, so many of them.
    metric : str, callable or array of shape (k, k), optional
        Hold the mechanism to epsilon times the distance of the pair: ``"l1"``, ``"l2"`` or
        ``"max"``, a function of two inputs, or a table by number; see
        `ldpaudit.adapters.held_to_metric`. The pair is 0 and 1 where none is named.
    prior : array of shape (k,) or (n, k), Attacker or sequence of Attacker, optional
        What the attacker thinks of the users beforehand, or of each of n users, whose values are
        drawn so; None means that all values are equally likely. An
        `ldpaudit.auditing.Attacker` may be wrong about how they are drawn, and several are
        compared.
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
        does not depend on it. A mechanism whose noise is not all from `rng` is played in one
        process, for copies of a generator of its own would draw the same.
    progress : callable, optional
        Called as ``progress(step, done, total)`` when a step begins.

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
    stop = StopWhen.parse(stop_when)
    if search is not None and not stop.never:
        raise ValueError(
            f"a search plays all reports, stop_when must be budget, got {stop_when!r}."
        )
    if metric is None:
        mechanism = on_inputs(mechanism, inputs)
    elif search is not None:
        raise ValueError("a metric claims something else of every pair: name one, no search.")
    else:
        pair = pair or (0, 1)
        mechanism = held_to_metric(mechanism, metric, pair, inputs)
    k = validate.check_integer("k", mechanism.k, 2, validate.MAX_DOMAIN)
    claim = Claim.of(mechanism)
    plan = AuditPlan(
        mechanism=mechanism,
        claim=claim,
        attacks=chosen_attacks(attacks),
        trials=validate.check_trials(trials),
        seed=validate.check_seed(seed),
        levels=Levels(
            choose_bound(bound, stop, model_based),
            validate.check_fraction("alpha", alpha),
            validate.check_fraction("verdict_alpha", verdict_alpha),
            claim,
        ),
        pair=None if pair is None else check_pair(pair, k),
        attackers=attackers_of(prior, k),
        users=check_users(histogram, k),
        data=validate.check_text("data", data),
        repetitions=validate.check_integer("repetitions", repetitions, 0, MAX_REPETITIONS),
        witness=witness,
        search=search,
        stop=stop,
        isolate=isolate,
        jobs=validate.check_integer("jobs", jobs, 1, validate.MAX_JOBS),
        progress=progress,
    )
    plan.begin("bound on epsilon", 0)
    found, exact = settled(plan), _exact_epsilon(mechanism, claim.delta)
    asked = attacks is None or bool(plan.attacks)
    return AuditResult(
        mechanism=str(name or getattr(mechanism, "name", type(mechanism).__name__)),
        parameters=shown_parameters(mechanism),
        k=k,
        claimed_epsilon=claim.epsilon,
        claimed_delta=claim.delta,
        exact_epsilon=exact,
        bound=found.lower,
        verdict_bound=found.verdict,
        attacks=tuple(plan.attack_outcomes()),
        published_success=_published_success(mechanism) if plan.even else None,
        mse=plan.utility() if asked else None,
        influence=worst_influence(mechanism) if asked else None,
        bits=int(mechanism.bits) if isinstance(mechanism, HasBits) else None,
        alpha=plan.levels.alpha,
        seed=plan.seed,
        version=_version(),
        seconds=time.perf_counter() - started,
        **dict(zip(("domain", "estimand"), described(mechanism), strict=True)),
        pair=found.pair,
        inputs=None if found.pair is None else tuple(input_text(mechanism, v) for v in found.pair),
        dependence=found.dependence,
        grows=found.grows,
        scope=found.scope,
        outside=None if found.pair is None else no_neighbours(mechanism, found.pair),
        unseen=found.unseen,
        counted=found.counted,
        most=plan.most(),
        proven=ours(mechanism) and exact is not None,
    )


@cache  # reading it takes as long as thousands of reports
def _version() -> str:
    return version("ldpaudit")


def _published_success(mechanism: Mechanism) -> float | None:
    """The source paper's figure, where it differs."""
    if not isinstance(mechanism, HasPublishedSuccess):
        return None
    return float(mechanism.published_success())


def _exact_epsilon(mechanism: Mechanism, delta: float) -> float | None:
    """Least epsilon that is true together with delta; None where nothing exact is known."""
    if delta and isinstance(mechanism, HasExactDelta):
        return divergence.epsilon_at(mechanism.exact_delta, delta)
    if delta or not isinstance(mechanism, HasExactEpsilon):
        return None
    exact = float(mechanism.exact_epsilon())
    return None if math.isnan(exact) else exact
