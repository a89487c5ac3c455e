"""Collections over rounds as a figure: one panel of budgets, one of errors, one of both."""

from __future__ import annotations

import ldpaudit
from ldpaudit.registry import load

STUDY = {
    "name": "over-time",
    "protocols": [
        {"name": "l-osue", "epsilon_inf": 2.0, "epsilons": [1.0]},
        {"name": "biloloha", "epsilon_inf": 2.0, "epsilons": [1.0]},
    ],
    "epsilons": [1.0],
    "data": [{"name": "uniform", "k": 8, "num_users": 300}],
    "attacks": [],
    "rounds": 6,
    "trials": 300,
    "repetitions": 2,
}


def test_every_protocol_is_drawn_in_every_panel() -> None:
    frame = ldpaudit.compare(STUDY).frame
    figure = load("reports", "over-time")(frame)
    spent, error, both = figure.axes[:3]
    assert all(axes.has_data() for axes in (spent, error, both))
    assert "budget" in spent.get_ylabel().lower()
    assert len(spent.lines) >= 2


def test_a_table_without_rounds_says_so() -> None:
    frame = ldpaudit.compare(STUDY | {"rounds": None}).frame
    figure = load("reports", "over-time")(frame)
    assert "No protocol was followed over rounds." in "".join(
        t.get_text() for t in figure.axes[0].texts
    )
