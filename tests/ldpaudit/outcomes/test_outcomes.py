"""Frozen results and the tidy table they become."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import replace

import pandas as pd
import pytest
from scipy import stats

import ldpaudit
from ldpaudit.comparing.cell import Cell
from ldpaudit.outcomes.audit_result import AuditResult
from ldpaudit.outcomes.parts import AttackOutcome, EpsilonBound, UtilityOutcome
from ldpaudit.outcomes.table import (
    COLUMNS,
    confidence,
    describe,
    described_without,
    finite,
    known,
    to_frame,
)

BOUND = EpsilonBound(0.9, "posterior-odds", "exact", 0.05, 2000, "an event", "nothing")
BAYES = AttackOutcome("bayes", 300, 1000, 0.28, 0.32, 0.31, 0.25, optimal=True)
BLIND = AttackOutcome("blind", 0, 0, None, None, 0.25, 0.25, optimal=False)
SKIPPED = AttackOutcome("learned", 0, 0, None, None, None, 0.25, "no samples")
MSE = UtilityOutcome(2e-4, 1e-4, 3e-4, 2.5e-4, 2.4e-4, 10_000, 5, "uniform", standard_error=2e-5)


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
        "dependence",
        "reason",
        "scope",
        "power",
        "detectable",
        "rarest_trace",
        "not_looked_at",
        "domain",
        "estimand",
        "pair",
        "inputs",
        "attacks",
        "published_success",
        "most_success",
        "mse",
        "bits",
        "influence",
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
        "counted": None,
        "detectable": None,
    }
    assert found["attacks"][1] == {
        "attack": "bayes",
        "metric": "attack_success",
        "success": 0.3,
        "lower": 0.28,
        "upper": 0.32,
        "exact": 0.31,
        "blind": 0.25,
        "trials": 1000,
        "reason": None,
        "note": "",
        "prior": "",
    }
    assert found["verdict_alpha"] == 1e-4
    assert {"exact", "measured", "num_users", "data"} <= set(found["mse"])


def test_infinite_is_told_from_unknown_in_json() -> None:
    odd = result(
        exact_epsilon=math.inf,
        bound=replace(BOUND, epsilon_lower=-math.inf),
        mse=replace(MSE, value=math.inf, lower=math.nan, upper=math.inf, exact=None),
    )
    found = json.loads(json.dumps(odd.to_dict(), allow_nan=False))
    assert found["exact_epsilon"] == "inf"
    assert found["epsilon_lower"]["value"] is None  # nothing shown
    assert found["mse"]["measured"] == "inf"
    assert found["mse"]["lower"] is found["mse"]["upper"] is found["mse"]["exact"] is None
    assert found["attacks"][0]["success"] is found["attacks"][2]["lower"] is None
    assert result(exact_epsilon=None).to_dict()["exact_epsilon"] is None
    leaks = replace(BOUND, epsilon_lower=math.inf)
    assert leaks.to_dict()["value"] == "inf"
    assert [finite(x) for x in (None, math.nan, -math.inf, 0.5)] == [None, None, None, 0.5]
    assert [known(x) for x in (None, math.nan, math.inf, 0.5)] == [None, None, math.inf, 0.5]


def test_infinite_is_told_from_unknown_in_the_table() -> None:
    odd = result(exact_epsilon=math.inf, bound=replace(BOUND, epsilon_lower=-math.inf))
    (row,) = [row for row in odd.rows() if row["metric"] == "epsilon_lower"]
    assert (row["exact"], row["value"], row["lower"]) == (math.inf, None, None)
    rows = result(exact_epsilon=None).rows()
    assert {row["exact"] for row in rows if row["metric"].startswith("epsilon")} == {None}


def test_columns_carry_what_the_sentences_say() -> None:
    frame = result().to_frame()
    carried = frame[["attack", "metric", "how", "alpha", "optimal"]]
    assert [tuple(None if pd.isna(x) else x for x in row) for row in carried.to_numpy()] == [
        ("blind", "attack_success", "exact", None, False),
        ("bayes", "attack_success", "exact", 0.05, True),
        ("learned", "attack_success", "", None, None),
        ("published", "attack_success", "published", None, False),
        ("posterior-odds", "epsilon_lower", "bound", 0.05, None),
        ("posterior-odds", "epsilon_verdict", "bound", 1e-4, None),
        ("", "mse", "exact", 0.05, None),
        ("", "mse_approximate", "published", None, None),
        ("", "bits", "exact", None, None),
    ]
    assert str(frame["optimal"].dtype) == "boolean"
    assert frame["standard_error"].dropna().tolist() == [2e-5]
    assert set(frame["domain"]) == {"categories"}
    assert set(frame["estimand"]) == {"frequencies"}
    records = ldpaudit.audit(
        ldpaudit.mechanism("smp", sizes=(3, 2), epsilon=1.0), ["blind"], trials=100
    ).to_frame()
    assert set(records["domain"]) == {"records of 3 x 2 values"}
    assert set(records["estimand"]) == {"marginals"}


def test_the_standard_error_of_a_measured_error() -> None:
    """The upper end is that of the chi-square law whose degrees of freedom it says."""
    m = ldpaudit.mechanism("grr", k=5, epsilon=1.0)
    frame = ldpaudit.audit(m, ["blind"], trials=100, repetitions=7, alpha=0.02).to_frame()
    (row,) = frame[frame["metric"] == "mse"].to_dict("records")
    assert (row["how"], row["alpha"]) == ("exact", 0.02)
    degrees = 2 * (row["value"] / row["standard_error"]) ** 2
    assert 7 <= degrees <= 7 * 5
    upper = row["value"] * degrees / float(stats.chi2(degrees).ppf(0.4 * 0.02))
    assert row["upper"] == pytest.approx(upper, rel=1e-9)
    once = ldpaudit.audit(m, ["blind"], trials=100, repetitions=1).to_frame()
    (row,) = once[once["metric"] == "mse"].to_dict("records")
    assert math.isnan(row["standard_error"])
    assert math.isnan(row["alpha"])


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
    ("alpha", "text"),
    [
        (0.05, "95%"),
        (1e-3, "99.9%"),
        (1e-6, "99.9999%"),
        (0.5, "50%"),
        (1e-9, "99.9999999%"),
        (1e-12, "1 - 1e-12"),
        (1e-300, "1 - 1e-300"),
    ],
)
def test_confidence(alpha: float, text: str) -> None:
    assert confidence(alpha) == text


def test_describe_leaves_out_the_axes() -> None:
    assert describe({"k": 3, "epsilon": 1.0, "delta": 0.0}) == ""
    assert describe({"k": 3, "moduli": (2, 3), "w": 1}) == "moduli=(2, 3), w=1"


def test_described_without_one_parameter() -> None:
    text = describe({"epsilon_inf": 2.0, "moduli": (2, 3), "d": 1})
    assert described_without(text, "epsilon_inf") == "moduli=(2, 3), d=1"
    assert described_without(text, "d") == "epsilon_inf=2.0, moduli=(2, 3)"
    assert described_without("epsilon_inf=2.0", "epsilon_inf") == ""


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
    assert (row["how"], row["standard_error"]) == ("probes", result.mse.exact_error)
    assert 0 < result.mse.exact_error < 0.02 * (result.mse.exact or 0.0)
    assert result.to_dict()["mse"]["exact_standard_error"] == result.mse.exact_error


def test_a_ceiling_is_part_of_the_json() -> None:
    assert replace(BOUND, ceiling=7.5).to_dict()["ceiling"] == 7.5
    assert BOUND.to_dict()["ceiling"] is None
