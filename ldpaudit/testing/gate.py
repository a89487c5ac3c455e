"""Pass or fail: a mechanism against the epsilon and delta that it claims."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from ldpaudit import divergence, validate
from ldpaudit.adapters.finite_inputs import on_inputs
from ldpaudit.auditing.one_pair import check_pair, games_of, scope_of
from ldpaudit.claim import Claim
from ldpaudit.contracts import HasDomain, HasExactDelta, HasExactEpsilon, IsRecorded
from ldpaudit.games.independence import doubt
from ldpaudit.games.together import play_all
from ldpaudit.outcomes.audit_result import VIOLATION
from ldpaudit.outcomes.parts import EpsilonBound
from ldpaudit.selection.promising import alike, chosen_inputs, no_neighbours, ours
from ldpaudit.testing.judging import require
from ldpaudit.testing.power import GATE_BOUND, LdpCheck, can_fail, detectable

if TYPE_CHECKING:
    from ldpaudit.selection.methods import Selection

#: What a mechanism under somebody else's claim keeps of its own.
_ABILITIES = (
    "k",
    "privatize",
    "log_likelihood",
    "vulnerability",
    "exact_epsilon",
    "exact_delta",
    "limit",
    "fresh",
    "width",
    "domain",
    "input_text",
    "in_order",
    "are_neighbours",
    "relation",
)


def assert_ldp(
    mechanism: Any,
    epsilon: float,
    delta: float = 0.0,
    *,
    inputs: npt.ArrayLike | int | None = None,
    trials: int = 100_000,
    alpha: float = 1e-6,
    seed: int = 0,
    pair: tuple[int, int] | None = None,
    search: Selection | str | None = None,
) -> None:
    """Fail if the mechanism provably leaks more than (epsilon, delta)-LDP allows.

    Parameters
    ----------
    mechanism : Mechanism
        The mechanism under test: ``k`` and ``privatize``. Without ``log_likelihood`` what
        it leaks is learned from reports; with ``exact_epsilon`` (or, for a delta above 0,
        ``exact_delta``) its own figure must keep the guarantee too.
    epsilon, delta : float
        The guarantee to hold it to, whatever it claims itself.
    inputs : array or int, optional
        Inputs of a mechanism that has a ``domain``, numbered in this order. None means those
        of its grid, of which the first two lie furthest apart.
    trials : int, default 100_000
        Reports drawn per input.
    alpha : float, default 1e-6
        Probability of failing a mechanism that keeps the guarantee.
    seed : int, default 0
        The same seed gives the same verdict.
    pair : tuple of int, optional
        The two inputs that are told apart. None means 0 and 1 where they speak for all
        (two inputs, or ``pairs_alike``), else the pair that promises most in ``trials / 2``
        reports of up to 100 inputs, of neighbours alone where those are told
        (``are_neighbours``).
    search : Selection or str, optional
        Search for the worst pair instead, as in `ldpaudit.selection.worst_pair`.

    Raises
    ------
    AssertionError
        With the witness, the bound, and what the test would have found.
    ValueError, TypeError
        If an argument is out of range, or nothing can be tested: no attack applies, or no
        outcome of that few trials could ever show more than epsilon.

    See Also
    --------
    check_ldp : the same, returning what was found and what would have been.

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
    __tracebackhide__ = True
    found = check_ldp(
        mechanism,
        epsilon,
        delta,
        inputs=inputs,
        trials=trials,
        alpha=alpha,
        seed=seed,
        pair=pair,
        search=search,
    )
    require(found.verdict != VIOLATION, str(found))
    if found.dependence is not None:
        raise ValueError(f"nothing can be tested: {found.dependent}.")


def check_ldp(
    mechanism: Any,
    epsilon: float,
    delta: float = 0.0,
    *,
    inputs: npt.ArrayLike | int | None = None,
    trials: int = 100_000,
    alpha: float = 1e-6,
    seed: int = 0,
    pair: tuple[int, int] | None = None,
    search: Selection | str | None = None,
) -> LdpCheck:
    """Hold a mechanism to (epsilon, delta)-LDP; `assert_ldp` without the exception.

    Parameters
    ----------
    mechanism, epsilon, delta, inputs, trials, alpha, seed, pair, search
        As for `assert_ldp`.

    Returns
    -------
    LdpCheck
        ``.verdict``, ``.bound``, ``.detectable``, and ``.power``, which says in words what
        would have been found.

    Raises
    ------
    ValueError, TypeError
        As for `assert_ldp`.

    Examples
    --------
    >>> import ldpaudit
    >>> found = check_ldp(ldpaudit.mechanism("grr", k=2, epsilon=1.0), epsilon=1.0)
    >>> found.verdict, round(found.detectable, 4)
    ('consistent', 1.0307)
    >>> print(found.power)
    would have detected epsilon >= 1.0307 with probability 0.9,
    if it showed in all 200,000 reports
    """
    if inputs is not None or isinstance(mechanism, HasDomain):
        mechanism = on_inputs(mechanism, inputs)
    claim: Any = _HeldTo(mechanism, epsilon, delta)
    trials = validate.check_trials(trials)
    alpha = validate.check_fraction("alpha", alpha)
    seed = validate.check_seed(seed)
    identity = f"check_ldp {claim.k} {claim.epsilon} {claim.delta}"
    held_to = Claim(claim.epsilon, claim.delta)
    exact = claim.own_epsilon()
    if search is not None:
        return _searched(claim, search, trials, alpha, exact, seed)
    named = None if pair is None else check_pair(pair, claim.k)
    two = chosen_inputs(claim, named, trials, seed=seed, identity=identity)
    games = games_of(claim, two, GATE_BOUND, trials, claim=held_to, seed=seed, identity=identity)
    if isinstance(games, str):
        raise ValueError(f"nothing can be tested: {games}.")
    each = alpha / len(games)
    played = play_all(games)
    if exact is None and not any(can_fail(evidence, held_to, each) for evidence in played):
        raise ValueError(
            f"nothing can be tested: even if all {games[0].reports:,} guesses were right, they "
            f"would not show more than epsilon = {claim.epsilon} at alpha = {alpha:.4g}; "
            "it takes more trials."
        )
    bounds = [evidence.lower_bound(GATE_BOUND, held_to, each) for evidence in played]
    powers = [detectable(evidence, held_to, each) for evidence in played]
    place = _telling(bounds, powers, claim.epsilon)
    reason = None
    if bounds[place].epsilon_lower > claim.epsilon and not ours(claim):
        reason = doubt(games[place])
    return LdpCheck(
        epsilon=claim.epsilon,
        delta=claim.delta,
        bound=replace(bounds[place], alpha=alpha),
        exact_epsilon=exact,
        detectable=powers[place],
        decided=played[place].counts.guesses.decided,
        seed=seed,
        inputs=scope_of(two, games),
        dependence=reason,
        outside=no_neighbours(claim, two.pair),
    )


def _telling(bounds: list[EpsilonBound], powers: list[float], epsilon: float) -> int:
    """Place of the game that shows a violation, else of the one that could have shown most."""
    place = max(range(len(bounds)), key=lambda i: bounds[i].epsilon_lower)
    if bounds[place].epsilon_lower > epsilon:
        return place
    return min(range(len(powers)), key=lambda i: powers[i])


def _searched(
    claim: Any,
    search: Selection | str,
    trials: int,
    alpha: float,
    exact: float | None,
    seed: int,
) -> LdpCheck:
    """What a search for the worst pair found."""
    from ldpaudit.selection.methods import selection
    from ldpaudit.selection.search import worst_pair

    found = worst_pair(
        claim,
        selection(search) if isinstance(search, str) else search,
        trials=trials,
        alpha=alpha,
        verdict_alpha=alpha,
        seed=seed,
        bound=GATE_BOUND.name,
    )
    return LdpCheck(
        epsilon=claim.epsilon,
        delta=claim.delta,
        bound=found.bound,
        exact_epsilon=exact,
        detectable=math.nan if found.bound.detectable is None else found.bound.detectable,
        decided=found.bound.trials,
        seed=seed,
        inputs=found.scope,
        dependence=found.dependence,
    )


class _HeldTo:
    """A mechanism held to somebody else's epsilon and delta."""

    def __init__(self, mechanism: Any, epsilon: float, delta: float) -> None:
        if not (hasattr(mechanism, "k") and hasattr(mechanism, "privatize")):
            name = type(mechanism).__name__
            raise TypeError(f"mechanism must have k and privatize, got {name}.")
        if isinstance(mechanism, IsRecorded):
            mechanism = mechanism.fresh()
        self.mechanism = mechanism
        self.epsilon = validate.check_positive("epsilon", epsilon)
        self.delta = validate.check_delta(delta)
        # Attributes of its own: from Python 3.12 on, isinstance overlooks __getattr__.
        for name in _ABILITIES:
            if hasattr(mechanism, name):
                setattr(self, name, getattr(mechanism, name))
        self.k = validate.check_integer("k", mechanism.k, 2, validate.MAX_DOMAIN)
        self.pairs_alike = alike(mechanism)

    def own_epsilon(self) -> float | None:
        """Least epsilon that the mechanism says is true together with this delta."""
        exact = None
        if self.delta and isinstance(self, HasExactDelta):
            # A profile may be flat at delta: its rounding must not cost it all of epsilon.
            slack = 1e-9 * self.delta * (1 - self.delta)
            exact = divergence.epsilon_at(self.exact_delta, self.delta + slack)
        elif not self.delta and isinstance(self, HasExactEpsilon):
            exact = float(self.exact_epsilon())
        if exact is not None and math.isnan(exact):
            raise ValueError("exact_epsilon must return a number, got nan.")
        return exact
