"""Studies at a central epsilon: every protocol at the local budget that it buys."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

import ldpaudit
from ldpaudit.comparing.study import read_study
from ldpaudit.shuffling import local_budget, shuffle

STUDY: dict[str, Any] = {
    "name": "central",
    "protocols": ["grr", "sue"],
    "epsilons": [0.3],
    "data": [{"name": "uniform", "k": 4, "num_users": 1_000}],
    "attacks": ["bayes"],
    "trials": 500,
    "repetitions": 2,
    "central_delta": 1e-4,
}


def built(name: str, epsilon: float) -> Any:
    return ldpaudit.mechanism(name, k=4, epsilon=epsilon)


def test_every_protocol_has_the_budget_that_meets_the_target() -> None:
    frame = ldpaudit.compare(STUDY).frame
    central = frame[frame["metric"] == "central_epsilon"].set_index("protocol")
    assert set(frame["status"]) <= {"ok", "consistent"}
    for name in STUDY["protocols"]:
        row = central.loc[name]
        local = local_budget(partial(built, name), 1_000, 0.3, 1e-4)
        expected = shuffle(built(name, local), 1_000, 1e-4)
        assert row["epsilon"] == local
        assert (row["value"], row["how"], row["attack"]) == (0.3, "bound", "blanket")
        assert (row["lower"], row["upper"]) == (
            expected.epsilon_lower,
            min(expected.epsilon_upper, 0.3),
        )
        assert row["lower"] <= row["upper"] <= 0.3
        (error,) = frame[(frame["protocol"] == name) & (frame["metric"] == "mse")]["exact"]
        assert error == pytest.approx(built(name, local).mse(1_000, [0.25] * 4))


def test_without_it_epsilons_are_local() -> None:
    frame = ldpaudit.compare({k: v for k, v in STUDY.items() if k != "central_delta"}).frame
    assert set(frame["epsilon"]) == {0.3}
    assert "central_epsilon" not in set(frame["metric"])


@pytest.mark.parametrize("delta", [0.0, 1.0, "x"])
def test_a_delta_out_of_range(delta: Any) -> None:
    with pytest.raises(ValueError, match="central_delta"):
        ldpaudit.compare(STUDY | {"central_delta": delta})


def test_the_ready_made_study_is_central() -> None:
    study = read_study("shuffle")
    assert study.central_delta == 1e-6
    assert study.as_quick().central_delta == 1e-6
