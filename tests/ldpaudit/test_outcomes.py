"""Frozen results and the tidy table they become."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import replace

import pandas as pd
import pytest

import ldpaudit
from ldpaudit._cell import Cell
from ldpaudit._table import COLUMNS, describe, finite, percent, to_frame
from ldpaudit.outcomes import AttackOutcome, AuditResult, EpsilonBound, UtilityOutcome

BOUND = EpsilonBound(0.9, "posterior-odds", "exact", 0.05, 2000, "an event", "nothing")
BAYES = AttackOutcome("bayes", 300, 1000, 0.28, 0.32, 0.31, 0.25)
BLIND = AttackOutcome("blind", 0, 0, None, None, 0.25, 0.25)
SKIPPED = AttackOutcome("learned", 0, 0, None, None, None, 0.25, "no samples")
MSE = UtilityOutcome(2e-4, 1e-4, 3e-4, 2.5e-4, 2.4e-4, 10_000, 5, "uniform")


def result(**changes: object) -> AuditResult:
    base = AuditResult(
        mechanism="mine",
        parameters={"k": 4, "epsilon": 1.0, "size": [1, 2]},
        k=4,
        claimed_epsilon=1.0,
        claimed_delta=0.0,
        exact_epsilon=1.0,
        bound=BOUND,
        verdict_bound=replace(BOUND, epsilon_lower=0.8, alpha=1e-4),
        attacks=(BLIND, BAYES, SKIPPED),
        published_success=0.29,
        mse=MSE,
        bits=2,
        alpha=0.05,
        seed=7,
        version="0.0.0",
        seconds=1.0,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bound", "strict", "verdict"),
    [
        (0.9, 0.8, "consistent"),
        (1.2, 0.9, "consistent"),
        (1.2, 1.0, "consistent"),
        (1.2, 1.0 + 1e-12, "violation"),
        (math.inf, math.inf, "violation"),
        (-math.inf, -math.inf, "inconclusive"),
    ],
)
def test_verdict(bound: float, strict: float, verdict: str) -> None:
    got = result(
        bound=replace(BOUND, epsilon_lower=bound),
        verdict_bound=replace(BOUND, epsilon_lower=strict, alpha=1e-4),
    )
    assert got.verdict == verdict
    assert got.epsilon_lower == bound


def test_results_are_frozen_and_time_is_no_part_of_them() -> None:
    assert result() == result(seconds=99.0)
    assert result() != result(seed=8)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result().seed = 1  # type: ignore[misc]
    assert Cell("a", {}, (), 1.0) == Cell("a", {}, (), 2.0)


def test_dictionary_has_the_promised_keys() -> None:
    found = json.loads(json.dumps(result().to_dict(), allow_nan=False))
    assert list(found) == [
        "mechanism",
        "claimed_epsilon",
        "claimed_delta",
        "exact_epsilon",
        "epsilon_lower",
        "verdict_alpha",
        "verdict",
        "attacks",
        "published_success",
        "mse",
        "bits",
        "seed",
        "version",
        "schema",
        "seconds",
    ]
    assert found["mechanism"] == {
        "name": "mine",
        "parameters": {"k": 4, "epsilon": 1.0, "size": [1, 2]},
    }
    assert found["epsilon_lower"] == {
        "value": 0.9,
        "bound": "posterior-odds",
        "kind": "exact",
        "alpha": 0.05,
        "trials": 2000,
        "event": "an event",
        "searched": "nothing",
        "ceiling": None,
    }
    assert found["attacks"][1] == {
        "attack": "bayes",
        "success": 0.3,
        "lower": 0.28,
        "upper": 0.32,
        "exact": 0.31,
        "blind": 0.25,
        "trials": 1000,
        "reason": None,
    }
    assert found["verdict_alpha"] == 1e-4
    assert {"exact", "measured", "num_users", "data"} <= set(found["mse"])


def test_what_json_does_not_know_becomes_null() -> None:
    odd = result(
        exact_epsilon=math.inf,
        bound=replace(BOUND, epsilon_lower=-math.inf),
        mse=replace(MSE, lower=math.nan, upper=math.nan, exact=None),
    )
    found = json.loads(json.dumps(odd.to_dict(), allow_nan=False))
    assert found["exact_epsilon"] is found["epsilon_lower"]["value"] is None
    assert found["mse"]["lower"] is found["mse"]["exact"] is None
    assert found["attacks"][0]["success"] is found["attacks"][2]["lower"] is None
    assert [finite(x) for x in (None, math.nan, -math.inf, 0.5)] == [None, None, None, 0.5]


def test_the_table_has_one_row_a_metric() -> None:
    frame = result().to_frame()
    assert tuple(frame.columns) == COLUMNS
    named = frame[["attack", "metric", "status"]].itertuples(index=False, name=None)
    assert list(named) == [
        ("blind", "attack_success", "ok"),
        ("bayes", "attack_success", "ok"),
        ("learned", "attack_success", "skipped"),
        ("published", "attack_success", "ok"),
        ("posterior-odds", "epsilon_lower", "ok"),
        ("posterior-odds", "epsilon_verdict", "consistent"),
        ("", "mse", "ok"),
        ("", "mse_approximate", "ok"),
        ("", "bits", "ok"),
    ]
    assert set(frame["parameters"]) == {"size=[1, 2]"}
    assert set(frame["num_users"]) == {10_000}
    assert frame["reason"].iloc[2] == "no samples"
    assert frame["method"].iloc[1] == "estimate, Clopper-Pearson interval at 95%"
    assert frame["method"].iloc[4] == "exact lower bound, alpha = 0.05"


def test_the_table_without_error_and_bits() -> None:
    frame = result(mse=None, bits=None, published_success=None, attacks=()).to_frame()
    assert frame["metric"].tolist() == ["epsilon_lower", "epsilon_verdict"]
    assert frame["num_users"].isna().all()


def test_whole_numbers_stay_whole_where_some_are_missing() -> None:
    row = dict.fromkeys(COLUMNS)
    frame = to_frame([row, row | {"k": 3, "trials": 10**12, "value": 0.1}])
    assert str(frame["trials"].dtype) == "Int64"
    assert frame["trials"].iloc[1] == 10**12
    assert pd.isna(frame["k"].iloc[0])
    assert frame["value"].dtype == float
    assert to_frame([]).empty


def test_a_failed_row_makes_a_failed_cell() -> None:
    assert Cell("x", {}, ({"status": "ok"}, {"status": "failed"}), 0.0).failed
    assert not Cell("x", {}, ({"status": "inconclusive"},), 0.0).failed


@pytest.mark.parametrize(
    ("share", "text"), [(0.95, "95%"), (0.999, "99.9%"), (1 - 1e-6, "99.9999%"), (0.5, "50%")]
)
def test_percent(share: float, text: str) -> None:
    assert percent(share) == text


def test_describe_leaves_out_the_axes() -> None:
    assert describe({"k": 3, "epsilon": 1.0, "delta": 0.0}) == ""
    assert describe({"k": 3, "moduli": (2, 3), "w": 1}) == "moduli=(2, 3), w=1"


def test_a_long_list_of_one_value_is_short() -> None:
    assert describe({"k": 9, "moduli": [180] * 90, "seed": 0}) == "moduli=[180] * 90, seed=0"
    assert describe({"moduli": (5, 6, 7, 8)}) == "moduli=(5, 6, 7, 8)"


def test_an_error_that_is_estimated_says_so() -> None:
    """The exact column of a scrambled design above k = 2048 comes from random probes."""
    m = ldpaudit.mechanism("smss", k=2100, epsilon=1.0)
    result = ldpaudit.audit(m, ["blind"], trials=100, repetitions=2)
    (row,) = [row for row in result.rows() if row["metric"] == "mse"]
    assert "exact column by random probes, standard error below" in row["method"]
    assert result.mse is not None
    assert 0 < result.mse.exact_error < 0.02 * (result.mse.exact or 0.0)
    assert result.to_dict()["mse"]["exact_standard_error"] == result.mse.exact_error


def test_a_ceiling_is_part_of_the_json() -> None:
    assert replace(BOUND, ceiling=7.5).to_dict()["ceiling"] == 7.5
    assert BOUND.to_dict()["ceiling"] is None
