"""A mechanism on finitely many inputs of its domain: a frozen view with its abilities."""

from __future__ import annotations

import dataclasses
import math
import pickle
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.adapters.finite_inputs import on_inputs
from ldpaudit.contracts import (
    FrequencyOracle,
    HasDomain,
    HasExactEpsilon,
    HasLikelihood,
    HasReports,
    HasVariance,
    Mechanism,
)
from tests.kinds import HalfSpace, LeakyBit, OneBit


def test_a_mechanism_with_k_is_left_alone() -> None:
    grr = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    assert on_inputs(grr) is grr
    assert not isinstance(grr, HasDomain)


def test_a_view_is_the_mechanism_on_numbered_inputs() -> None:
    bit, inputs = OneBit(1.0, 0.0, 10.0), np.array([0.0, 10.0, 2.5])
    view: Any = on_inputs(bit, inputs)
    assert isinstance(on_inputs(bit), Mechanism)
    assert (view.k, view.epsilon, view.bits, view.exact_epsilon()) == (3, 1.0, 1, 1.0)
    numbers = np.array([2, 0, 1, 1, 2])
    drawn = view.privatize(numbers, rng=np.random.default_rng(5))
    assert np.array_equal(drawn, bit.privatize(inputs[numbers], rng=np.random.default_rng(5)))
    table = view.log_likelihood(np.array([1, 0]))
    for row, report in enumerate((1, 0)):
        for column, number in enumerate(inputs):
            one = 0.5 + (number - 5) / 5 * math.tanh(0.5) / 2
            assert table[row, column] == pytest.approx(math.log(one if report else 1 - one))
    assert np.array_equal(view.log_likelihood(np.array([1, 0]), [2, 0]), table[:, [2, 0]])
    assert view.variance([1, 1]).tolist() == bit.variance([10.0, 10.0]).tolist()


def test_a_view_has_the_abilities_of_its_mechanism_and_no_others() -> None:
    bit, ball = on_inputs(OneBit(1.0)), on_inputs(HalfSpace(3, 1.0))
    has: list[Any] = [HasLikelihood, HasReports, HasExactEpsilon, FrequencyOracle]
    lacks: list[Any] = [HasLikelihood, HasReports, HasExactEpsilon, HasVariance, HasDomain]
    for ability in has:
        assert isinstance(bit, ability)
    assert isinstance(ball, FrequencyOracle)
    for ability in lacks:
        assert not isinstance(ball, ability)
    assert not isinstance(on_inputs(LeakyBit(1.0)), HasLikelihood)  # it is None there


def test_a_view_is_a_frozen_value() -> None:
    view: Any = on_inputs(OneBit(1.0), [-1.0, 1.0, 0.0])
    other = pickle.loads(pickle.dumps(view))  # noqa: S301
    assert other == view == on_inputs(OneBit(1.0), [-1, 1, -0.0])
    assert (hash(other), repr(other)) == (hash(view), repr(view))
    assert view != on_inputs(OneBit(1.0), [-1.0, 0.0, 1.0])
    assert view != on_inputs(OneBit(2.0), [-1.0, 1.0, 0.0])
    assert on_inputs(view) is view
    assert on_inputs(view, 5) == on_inputs(OneBit(1.0), 5)
    with pytest.raises(dataclasses.FrozenInstanceError):
        view.k = 4  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        view.inputs[0] = 0.0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("mechanism", "inputs", "kind", "message"),
    [
        (OneBit(1.0), [0.0, 0.5, 0.0], ValueError, "inputs must all be different, got 0.0 twice."),
        (OneBit(1.0), [0.0, 2.0], ValueError, "values must lie in [-1, 1], got 2.0."),
        (OneBit(1.0), [0.0], ValueError, "number of inputs must be at least 2, got 1."),
        (OneBit(1.0), 1, ValueError, "size must be at least 2, got 1."),
        (HalfSpace(2, 1.0), [[0.0], [1.0]], ValueError, "values must have shape (n, 2), got"),
        (3, None, TypeError, "mechanism must have k, epsilon and privatize, got int."),
        (
            ldpaudit.mechanism("grr", k=4, epsilon=1.0),
            [0, 1],
            ValueError,
            "inputs are chosen for a mechanism that has a domain",
        ),
    ],
)
def test_wrong_inputs_are_named(mechanism: Any, inputs: Any, kind: type, message: str) -> None:
    with pytest.raises(kind) as error:
        on_inputs(mechanism, inputs)
    assert str(error.value).startswith(message)
