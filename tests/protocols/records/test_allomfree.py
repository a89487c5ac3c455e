"""ALLOMFREE: which protocol an attribute gets, one attribute for ever, the law of its histories."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.adapters.histories import Histories
from ldpaudit.contracts import HasMemos, Longitudinal, MarginalOracle

BUDGETS = {"epsilon": 1.0, "epsilon_inf": 2.0}


def kinds(m: Any) -> list[str]:
    return [type(oracle).__name__.removeprefix("Longitudinal") for oracle in m.attributes]


@pytest.mark.parametrize(
    ("calibration", "epsilon_inf", "share", "largest"),
    [("published", 2.0, 0.5, 5), ("exact", 2.0, 0.5, 10), ("published", 4.0, 0.6, 20),
     ("exact", 4.0, 0.6, 35), ("exact", 1.0, 0.3, 6)],
)  # fmt: skip
def test_few_values_are_answered_by_response(
    calibration: str, epsilon_inf: float, share: float, largest: int
) -> None:
    budgets = {"epsilon": share * epsilon_inf, "epsilon_inf": epsilon_inf}
    m = ldpaudit.mechanism(
        "allomfree", sizes=(largest, largest + 1), calibration=calibration, **budgets
    )
    assert kinds(m) == ["RandomizedResponse", "OptimizedSymmetricEncoding"]


def test_it_is_what_the_contracts_ask() -> None:
    m: Any = ldpaudit.mechanism("allomfree", sizes=(3, 20), **BUDGETS)
    for contract in (Longitudinal, MarginalOracle, HasMemos):
        assert isinstance(m, contract)
    assert m.exact_epsilon() == pytest.approx(1.0, abs=1e-9)
    assert m.composed_epsilon(1) == pytest.approx(1.0, abs=1e-9)
    assert 1.0 < m.composed_epsilon(5) < 2.0
    assert m.worst_spent(7) == 14.0
    assert m.composed_delta(0.0, 3) > m.composed_delta(1.0, 3) > 0


def test_users_keep_their_attribute_and_their_memo() -> None:
    m = ldpaudit.mechanism("allomfree", sizes=(3, 20), **BUDGETS)
    rng = np.random.default_rng(0)
    state = m.start(200, rng=rng)
    values = rng.integers(0, m.k, 200)
    rounds = [m.privatize_round(values, state, rng=rng) for _ in range(30)]
    assert all((rows["attribute"] == rounds[0]["attribute"]).all() for rows in rounds)
    assert (m.spent(state) == 2.0).all()
    others = (values + 20) % m.k  # another value of the first attribute, the same of the second
    m.privatize_round(others, state, rng=rng)
    assert m.spent(state) == pytest.approx(np.where(state.attribute == 0, 4.0, 2.0))


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_histories_by_enumeration(rounds: int) -> None:
    """Sums to 1 over all reports of all rounds; the largest ratio is the composed epsilon."""
    m = ldpaudit.mechanism("allomfree", sizes=(2, 3), **BUDGETS)
    assert kinds(m) == ["RandomizedResponse"] * 2
    rows = []
    for j, size in enumerate(m.sizes):
        for seen in itertools.product(range(size), repeat=rounds):
            history = np.zeros(rounds, dtype=m._dtype)
            history["attribute"], history[f"a{j}"] = j, seen  # type: ignore[call-overload]
            rows.append(history)
    every = np.stack(rows)
    table = m.history_log_likelihood([every[:, t] for t in range(rounds)])
    assert np.exp(table).sum(axis=0) == pytest.approx(1.0, abs=1e-12)
    spread = float((table.max(axis=1) - table.min(axis=1)).max())
    assert spread == pytest.approx(m.composed_epsilon(rounds), abs=1e-9)
    both = np.exp(table[:, [0, m.k - 1]])
    for epsilon in (0.0, 0.5, 1.0):
        excess = np.maximum(both[:, 0] - math.exp(epsilon) * both[:, 1], 0).sum()
        assert m.composed_delta(epsilon, rounds) == pytest.approx(excess, abs=1e-9)
    if rounds > 1:
        changing = Histories(m, [[0] * rounds, [0] * (rounds - 1) + [m.k - 1]])
        assert np.exp(changing.log_likelihood(every)).sum(axis=0) == pytest.approx(1.0)


def test_estimates_of_a_round_are_unbiased() -> None:
    """300 collections of 600 users; within 5.5 standard errors."""
    m, n, repeats = ldpaudit.mechanism("allomfree", sizes=(3, 12), **BUDGETS), 600, 300
    rng = np.random.default_rng(1)
    values = np.sort(rng.integers(0, m.k, n) * rng.integers(0, 2, n))
    columns = zip(m.records(values).T, m.sizes, strict=True)
    truth = [np.bincount(column, minlength=size) / n for column, size in columns]
    errors = [np.empty((repeats, size)) for size in m.sizes]
    for i in range(repeats):
        state = m.start(n, rng=rng)
        m.privatize_round(values[::-1], state, rng=rng)
        found = m.estimate_marginals(m.aggregate(m.privatize_round(values, state, rng=rng)))
        for table, estimate, f in zip(errors, found, truth, strict=True):
            table[i] = estimate - f
    for table, stated in zip(errors, m.mse_marginals(n, truth), strict=True):
        standard = table.std(axis=0, ddof=1) / math.sqrt(repeats)
        assert (np.abs(table.mean(axis=0)) < 5.5 * standard).all()
        squares = (table**2).mean(axis=1)
        assert abs(squares.mean() - stated) < 5.5 * squares.std(ddof=1) / math.sqrt(repeats)


def test_a_history_of_two_attributes_is_refused() -> None:
    m = ldpaudit.mechanism("allomfree", sizes=(2, 2), **BUDGETS)
    rows = m.privatize([0] * 50, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="one attribute a user"):
        m.history_log_likelihood([rows, rows[::-1]])
    with pytest.raises(ValueError, match="one for each of 3 users, got 2"):
        m.privatize_round(
            [0, 0], m.start(3, rng=np.random.default_rng(0)), rng=np.random.default_rng(0)
        )
