"""1BitMean: Duchi's law in one report, and all rounds by going through places, memos and flips."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from ldpaudit.adapters import on_inputs
from ldpaudit.collecting.rounds import evolve, follow
from ldpaudit.data.dataset import DataSet
from ldpaudit.protocols import Duchi, OneBitMean
from ldpaudit.testing import check_mechanism


def history_law(m: OneBitMean, x: float, rounds: int) -> dict[tuple[int, ...], float]:
    """P(bits of all rounds): a level by the place, its memo, and a flip in every round."""
    e, steps = math.exp(m.epsilon), m.levels - 1
    place = (x - m.low) / (m.high - m.low) * steps
    low = min(math.floor(place), steps - 1)
    law = dict.fromkeys(itertools.product((0, 1), repeat=rounds), 0.0)
    for level, share in ((low, low + 1 - place), (low + 1, place - low)):
        one = 1 / (e + 1) + level / steps * (e - 1) / (e + 1)
        for memo, bits in itertools.product((0, 1), law):
            sent = math.prod(m.flip if bit != memo else 1 - m.flip for bit in bits)
            law[bits] += share * (one if memo else 1 - one) * sent
    return law


def test_one_report_is_duchis() -> None:
    x = np.linspace(0, 24, 9)
    m, duchi = OneBitMean(0.7, 0.0, 24.0, levels=5), Duchi(0.7, 0.0, 24.0)
    found = m.log_likelihood([0, 1], x)
    np.testing.assert_array_equal(found, duchi.log_likelihood([0, 1], x))
    e = math.exp(0.7)
    np.testing.assert_allclose(np.exp(found[1]), 1 / (e + 1) + x / 24 * (e - 1) / (e + 1))
    np.testing.assert_array_equal(m.variance(x), duchi.variance(x))
    rng = [np.random.default_rng(3) for _ in range(2)]
    np.testing.assert_array_equal(m.privatize(x, rng=rng[0]), duchi.privatize(x, rng=rng[1]))


@pytest.mark.parametrize("flip", [0.0, 0.2])
@pytest.mark.parametrize("levels", [2, 4])
def test_all_rounds_by_enumeration(levels: int, flip: float) -> None:
    m = OneBitMean(1.3, -2.0, 3.0, levels, flip)
    inputs, rounds = [-2.0, 3.0, -0.7, 1.0], 3
    laws = [history_law(m, x, rounds) for x in inputs]
    table = np.array([[law[bits] for law in laws] for bits in laws[0]])
    history = list(np.array(list(laws[0])).T)
    found = np.exp(m.history_log_likelihood(history, inputs))
    np.testing.assert_allclose(found, table, rtol=1e-12, atol=1e-15)
    single = np.array([[history_law(m, x, 1)[(bit,)] for x in inputs] for bit in (0, 1)])
    np.testing.assert_allclose(np.exp(m.log_likelihood([0, 1], inputs)), single, rtol=1e-12)
    told = table[(table > 0).all(axis=1)]
    worst = np.log(told.max(axis=1) / told.min(axis=1)).max()
    assert m.composed_epsilon(rounds) == pytest.approx(worst)
    assert m.composed_epsilon(rounds) <= m.epsilon + 1e-12
    one = 1.3 if not flip else math.log(single.max() / single.min())
    assert m.exact_epsilon() == pytest.approx(one)
    for budget in (0.0, 0.4):
        delta = np.maximum(table[:, 1] - math.exp(budget) * table[:, 0], 0).sum()
        assert m.composed_delta(budget, rounds) == pytest.approx(delta)


def test_a_level_has_one_bit_and_costs_once() -> None:
    """Without a flip a user's bit is a function of the level; rounding keeps the mean."""
    m, rng = OneBitMean(2.0, 0.0, 1.0, levels=3), np.random.default_rng(4)
    state = m.start(4000, rng=rng)
    grid = [0.0, 0.2, 0.4, 0.5, 0.7, 1.0, 0.0, 0.5, 0.2]
    bits = [m.privatize_round(np.full(4000, x), state, rng=rng) for x in grid]
    for one, two in ((0, 6), (3, 7), (1, 8)):
        np.testing.assert_array_equal(bits[one], bits[two])
    assert (m.spent(state) == 6.0).all()
    fresh = m.start(4000, rng=rng)
    m.privatize_round(np.full(4000, 0.25), fresh, rng=rng)
    m.privatize_round(np.full(4000, 0.3), fresh, rng=rng)
    # The number passes the place of a tenth of the users: five standard errors of a share.
    changed = (m.spent(fresh) == 4.0).mean()
    assert abs(changed - 0.1) < 5 * math.sqrt(0.09 / 4000)


def test_contract_and_collection_over_rounds() -> None:
    m = OneBitMean(1.0, 0.0, 24.0, levels=3, flip=0.1)
    kinds = {line.partition(":")[0] for line in check_mechanism(m, inputs=3)}
    assert {"rounds", "budgets", "composition", "histories", "estimates"} <= kinds
    view: Any = on_inputs(m, [0.0, 24.0, 6.0])
    users, rng = DataSet("users", np.array([500, 200, 300])), np.random.default_rng(1)
    found = follow(view, evolve(users, 12, 0.3, rng=rng), rng=rng)
    assert found.rounds == 12
    assert np.isnan(found.mse_clipped).all()
    assert 1.0 < found.spent[-1] <= found.worst == 3.0
    np.testing.assert_allclose(found.mse_exact, 12**2 * 9 / 1000, rtol=0.3)
    for flip, why in ((0.5, "below 1/2, got 0.5"), (-0.1, "at least 0")):
        with pytest.raises(ValueError, match=why):
            OneBitMean(1.0, flip=flip)
    with pytest.raises(TypeError, match="flip must be a number"):
        OneBitMean(1.0, flip="a")  # type: ignore[arg-type]
