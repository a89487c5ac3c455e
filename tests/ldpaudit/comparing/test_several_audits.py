"""Several audits of one cell, and protocols with axes of their own."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import ldpaudit
from ldpaudit.comparing import grid
from ldpaudit.comparing.grid import compare
from ldpaudit.comparing.study import resolve
from ldpaudit.data.sources import load as load_data

PLAN: dict[str, Any] = {
    "name": "several",
    "protocols": [
        "oue",
        {"name": "agrr", "each": {"delta": [1e-3, 1e-5]}, "epsilons": [2.0]},
        {"name": "lho", "buckets": 3, "epsilons": [1.0]},
    ],
    "epsilons": [1.0, 4.0],
    "data": [{"name": "zipf", "k": 9, "num_users": 50}],
    "audits": [
        {},
        {"witness": "single-guess", "bound": "ldp-auditor", "pair": [0, -1]},
        {"witness": "single-guess", "bound": "posterior-odds"},
    ],
    "trials": 2_000,
    "repetitions": 2,
}
CELLS = 5
LABELS = ["posterior-odds", "single-guess/ldp-auditor", "single-guess/posterior-odds"]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return compare(PLAN).frame


def test_every_audit_has_its_rows_under_its_own_name(frame: pd.DataFrame) -> None:
    assert not (frame["status"] == "failed").any()
    axes = ["protocol", "parameters", "epsilon", "delta"]
    cells = frame.groupby(axes, sort=False)
    assert list(cells.groups) == [
        ("oue", "", 1.0, 0.0),
        ("oue", "", 4.0, 0.0),
        ("agrr", "", 2.0, 1e-3),
        ("agrr", "", 2.0, 1e-5),
        ("lho", "buckets=3", 1.0, 0.0),
    ]
    for metric in ("epsilon_lower", "epsilon_verdict"):
        for _, rows in cells:
            assert rows[rows["metric"] == metric]["attack"].tolist() == LABELS
    assert (frame.groupby([*axes, "attack", "metric"]).size() == 1).all()
    assert set(frame["data"]) == {"zipf"}
    assert set(frame["num_users"]) == {50}
    level = f"exact lower bound, alpha = {1e-4 / (len(LABELS) * CELLS):.3g}"
    assert set(frame[frame["metric"] == "epsilon_verdict"]["method"]) == {level}


def test_each_row_is_that_of_the_audit_alone(frame: pd.DataFrame) -> None:
    m = ldpaudit.mechanism("oue", k=9, epsilon=4.0)
    mine = frame[(frame["protocol"] == "oue") & (frame["epsilon"] == 4.0)]
    bounds = mine[mine["metric"] == "epsilon_lower"].set_index("attack")["value"]
    hows: list[dict[str, Any]] = [
        {},
        {"witness": "single-guess", "bound": "ldp-auditor", "pair": (0, 8)},
        {"witness": "single-guess"},
    ]
    for label, how in zip(LABELS, hows, strict=True):
        assert bounds[label] == ldpaudit.audit(m, [], trials=2_000, **how).epsilon_lower
    data = load_data("zipf", k=9, num_users=50)
    first = ldpaudit.audit(
        m, trials=2_000, repetitions=2, histogram=data.histogram, data="zipf", name="oue"
    ).to_frame()
    kept = mine[mine["metric"] != "epsilon_verdict"]
    kept = kept[~kept["attack"].isin(LABELS[1:])]
    want = first[first["metric"] != "epsilon_verdict"]
    pd.testing.assert_frame_equal(kept.reset_index(drop=True), want.reset_index(drop=True))


def keys(**fields: Any) -> list[str]:
    plan = resolve(PLAN | fields)
    return [task.key for task in grid._tasks(plan, [spec.load(0) for spec in plan.data])]


def test_keys_know_what_determines_a_cell() -> None:
    whole = keys()
    assert len(set(whole)) == CELLS
    spelled = [
        "oue",
        {"name": "agrr", "delta": 1e-3, "epsilons": [2.0]},
        {"name": "agrr", "delta": 1e-5, "epsilons": [2.0]},
        {"name": "lho", "each": {"buckets": [3]}, "epsilons": [1.0]},
    ]
    assert keys(protocols=spelled) == whole
    assert not set(keys(audits=PLAN["audits"][:2])) & set(whole)


def test_delta_as_a_parameter_and_as_an_axis_meet() -> None:
    twice = [{"name": "agrr", "delta": 1e-5}, {"name": "agrr", "each": {"delta": [1e-5]}}]
    with pytest.raises(ValueError, match="must name every cell once, got one twice"):
        compare(PLAN | {"protocols": twice})


@pytest.mark.parametrize(
    ("audits", "message"),
    [
        ([{"witness": "single-gues"}], "unknown attack 'single-gues'; did you mean single-guess"),
        ([{"bound": "ldp-auditr"}], r"unknown bound 'ldp-auditr'; did you mean ldp-auditor\?"),
        ([{"pair": [0, 9]}], r"audits: pair must name two of 9 values, got \[0, 9\]"),
    ],
)
def test_mistakes_are_found_before_anything_runs(audits: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compare(PLAN | {"audits": audits})
