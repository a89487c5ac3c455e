"""What `check_mechanism` checks of reports over time: rounds, memos, budgets, exact composition."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from ldpaudit.collecting.servers import Server
from ldpaudit.contracts import FrequencyOracle, HasExactDelta, HasExactEpsilon, Longitudinal
from ldpaudit.testing.judging import (
    DRAWN,
    REPETITIONS,
    judge_errors,
    judge_likelihoods,
    largest_ratio,
    require,
    uneven_users,
)
from ldpaudit.testing.mechanism_checks import Check

#: Rounds of a history whose law is checked: the value is left once and comes back.
_KEPT = (True, True, True, True, False, True, True, True, True)


def over_time(mechanism: Any) -> list[Check]:
    """The checks that apply to a mechanism whose users report in rounds."""
    if not isinstance(mechanism, Longitudinal):
        return []
    checks: list[Check] = [_check_rounds, _check_budgets, _check_composition, _check_histories]
    return [*checks, _check_estimates] if isinstance(mechanism, FrequencyOracle) else checks


def _check_rounds(mechanism: Any, rng: np.random.Generator) -> str:
    columns = rng.integers(0, mechanism.k, (3, 200))
    before, rounds = columns.copy(), []
    for _ in range(2):
        own = np.random.default_rng(1)
        state = mechanism.start(200, rng=own)
        rounds.append([mechanism.privatize_round(values, state, rng=own) for values in columns])
    require(np.array_equal(columns, before), "privatize_round must not change its input")
    for one, two in zip(*rounds, strict=True):
        require(len(one) == 200, "privatize_round must return one report per user")
        same = all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
        require(same, "start and privatize_round must depend on the generator alone")
    for bad in (columns[0, :-1], columns[0] - mechanism.k, columns[0] + mechanism.k, columns):
        try:
            mechanism.privatize_round(bad, state, rng=rng)
        except (ValueError, TypeError):
            continue
        raise AssertionError(
            "privatize_round must refuse values that are not one per user in [0, k)"
        )
    return "rounds: one report per user, reproducible, input untouched, bad values refused"


def _check_budgets(mechanism: Any, rng: np.random.Generator) -> str:
    """Each new memo costs epsilon_inf, one that was made before nothing."""
    users, unit = 100, mechanism.epsilon_inf
    state = mechanism.start(users, rng=rng)
    require(not np.any(mechanism.spent(state)), "before the first report nothing is spent")
    spent = np.zeros(users)
    columns = rng.integers(0, mechanism.k, (4, users))
    for number, values in enumerate((*columns, *columns), 1):
        mechanism.privatize_round(values, state, rng=rng)
        now = np.asarray(mechanism.spent(state))
        require(now.shape == (users,), "spent must be one budget per user")
        least = np.full(users, unit) if number == 1 else spent
        most = spent + unit if number <= len(columns) else spent
        slack = 1e-9 * number * unit
        fits = (now >= least - slack) & (now <= most + slack)
        require(fits.all(), f"spent must grow by epsilon_inf = {unit:g} a new memo, got {now}")
        worst = mechanism.worst_spent(number)
        require(now.max() <= worst + slack, f"spent {now.max():g} exceeds the worst case {worst:g}")
        spent = now
    return f"budgets: epsilon_inf = {unit:g} a memo, none for a memo made before"


def _check_composition(mechanism: Any, rng: np.random.Generator) -> str:  # noqa: ARG001
    claim = mechanism.epsilon_inf
    epsilons = [float(mechanism.composed_epsilon(rounds)) for rounds in (1, 2, 5, 50)]
    rises = all(b >= a - 1e-9 for a, b in itertools.pairwise(epsilons))
    require(rises, f"composed_epsilon must rise with the rounds, got {epsilons}")
    require(epsilons[-1] <= claim + 1e-9, f"composed epsilon {epsilons[-1]} exceeds {claim}")
    if isinstance(mechanism, HasExactEpsilon):
        exact = mechanism.exact_epsilon()
        same = math.isclose(epsilons[0], exact, abs_tol=1e-9)
        require(same, f"composed_epsilon(1) is {epsilons[0]}, that of one report {exact}")
    for rounds, largest in zip((1, 2), epsilons, strict=False):
        profile = [mechanism.composed_delta(e, rounds) for e in (0.0, largest / 2, largest + 1e-9)]
        falls = 1 >= profile[0] >= profile[1] >= profile[2] >= 0 and profile[2] <= 1e-9
        require(falls, f"composed_delta must fall from at most 1 to 0, got {profile}")
        if rounds == 1 and isinstance(mechanism, HasExactDelta):
            exact = mechanism.exact_delta(largest / 2)
            same = math.isclose(profile[1], exact, abs_tol=1e-9)
            require(same, f"composed_delta of one round is {profile[1]}, exact_delta {exact}")
    return f"composition: {epsilons[0]:.6g} of one report, {epsilons[-1]:.6g} of 50"


def _check_histories(mechanism: Any, rng: np.random.Generator) -> str:
    """Reports of a value that was left and came back against the law of one memo."""
    k = mechanism.k
    inputs = np.unique(np.linspace(0, k - 1, 4).astype(np.int64))
    tables: dict[int, np.ndarray] = {}
    limit = mechanism.composed_epsilon(sum(_KEPT))
    for own in inputs:
        state = mechanism.start(DRAWN, rng=rng)
        history = []
        for kept in _KEPT:
            values = np.full(DRAWN, own) if kept else (own + rng.integers(1, k, DRAWN)) % k
            reports = mechanism.privatize_round(values, state, rng=rng)
            history += [reports] if kept else []
        table = mechanism.history_log_likelihood(history, inputs)
        shape = (DRAWN, len(inputs))
        require(table.shape == shape, "history_log_likelihood must be (n, len(values))")
        few = mechanism.history_log_likelihood([reports[:20] for reports in history])
        require(few.shape == (20, k), "history_log_likelihood must cover all values by default")
        require(np.allclose(few[:, inputs], table[:20]), "values must select columns")
        spread = largest_ratio(table)
        require(spread <= limit + 1e-9, f"log ratio {spread:.6f} exceeds composed epsilon {limit}")
        tables[int(own)] = table
    judge_likelihoods(tables, "histories")
    return f"histories: ratios within {limit:.6g}, reports follow the memo"


def _check_estimates(mechanism: Any, rng: np.random.Generator) -> str:
    """The estimate of each of three rounds of changing values."""
    server, rounds = Server(mechanism), [uneven_users(mechanism.k, rng) for _ in range(3)]
    truths = [server.truth(users) for _, users in rounds]
    errors = np.empty((3, REPETITIONS, np.size(truths[0])))
    for repetition in range(REPETITIONS):
        state = mechanism.start(len(rounds[0][0]), rng=rng)
        for number, ((values, _), truth) in enumerate(zip(rounds, truths, strict=True)):
            reports = mechanism.privatize_round(values, state, rng=rng)
            found = server.estimate(server.aggregate(reports), truth)
            errors[number, repetition] = found - truth
    for number, (_, users) in enumerate(rounds):
        what = f"the estimate of round {number + 1}"
        judge_errors(server, errors[number], users, what)
    unbiased = getattr(server.estimand, "unbiased", True)
    return (
        f"estimates: {'unbiased' if unbiased else 'judged'} in every round, error as stated by mse"
    )
