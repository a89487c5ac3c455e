"""Functions of named values and of numbers: results and messages name inputs by their labels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.domains import Ball, Categories


def country(value: str, rng: np.random.Generator) -> str:
    """Randomized response over names, at epsilon 1."""
    names = ["DE", "FR", "US", "IN"]
    if rng.random() < math.e / (math.e + 3):
        return value
    return str(rng.choice([name for name in names if name != value]))


def test_a_correct_mechanism_over_labels_is_consistent_and_named() -> None:
    m = ldpaudit.from_callable(country, values=["DE", "FR", "US", "IN"], epsilon=1.0)
    assert (m.k, m.domain) == (4, Categories(("DE", "FR", "US", "IN")))
    result = ldpaudit.audit(m, [], trials=4_000, pair=(1, 3))
    assert result.verdict == "consistent"
    assert result.to_dict()["inputs"] == ["FR", "IN"]
    assert "(FR, IN)" in result.bound.event
    searched = ldpaudit.audit(m, [], trials=600, search="holm")
    assert set(searched.inputs or ()) <= {"DE", "FR", "US", "IN"}
    narrowed = ldpaudit.audit(m, [], trials=500, inputs=["US", "DE"])
    assert (narrowed.k, narrowed.inputs) == (2, ("US", "DE"))


def test_a_message_names_the_label() -> None:
    def moody(value: str, rng: np.random.Generator) -> str | None:  # noqa: ARG001
        if value == "FR":
            raise KeyError("no such country")
        return None if value == "US" else value

    m = ldpaudit.from_callable(moody, values=["DE", "FR", "US"], epsilon=1.0)
    rng = np.random.default_rng(0)
    with pytest.raises(RuntimeError, match="failed on the value FR: KeyError"):
        m.privatize([0, 1], rng=rng)
    with pytest.raises((TypeError, ValueError), match="for the value US"):
        m.privatize([0, 2], rng=rng)


@pytest.mark.parametrize("batched", [False, True])
def test_a_function_gets_the_values_themselves(batched: bool) -> None:
    got: list[Any] = []

    def remember(value: Any, rng: np.random.Generator) -> Any:
        got.extend(value.tolist() if batched else [value])
        return rng.random(len(value)) if batched else float(rng.random())

    def asked(numbers: Any, **kind: Any) -> list[Any]:
        got.clear()
        m = ldpaudit.from_callable(remember, epsilon=1.0, batched=batched, **kind)
        m.privatize(numbers, rng=np.random.default_rng(0))
        return got

    assert asked([1, 0], k=2) == [1, 0]
    assert asked([1, 0], values=["a", "b"]) == ["b", "a"]
    assert asked([1, 0], values=[17.5, 99]) == [99, 17.5]
    assert asked([1, 0], values=[(1, "x"), (2, "y")]) == [(2, "y"), (1, "x")]
    assert asked([0.5, 2], low=0, high=2) == [0.5, 2.0]
    rows = asked([[0.5, 0.0], [0.0, 1.0]], domain=Ball(2))
    assert np.array_equal(rows, [[0.5, 0.0], [0.0, 1.0]])


@pytest.mark.parametrize(
    "kind", [{}, {"k": 2, "values": "ab"}, {"low": 0.0}, {"values": "ab"}, {"values": ["a", "a"]}]
)
def test_the_kind_of_input_must_be_said_once(kind: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match=r"one, got|sequence|different"):
        ldpaudit.from_callable(country, epsilon=1.0, **kind)


def test_numbers_of_a_function_are_audited() -> None:
    def leaky(value: float, rng: np.random.Generator) -> int:
        return int(rng.random() < 0.1 + 0.8 * value)

    m = ldpaudit.from_callable(leaky, low=0.0, high=1.0, epsilon=1.0)
    result = ldpaudit.audit(m, [], trials=4_000)
    assert (result.verdict, result.inputs) == ("violation", ("0.0", "1.0"))  # ln 9 = 2.197
    assert 1.9 < result.epsilon_lower < 2.2
