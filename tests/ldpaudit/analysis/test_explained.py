"""Means on the plane of what reports explain and error: their limit, distances, labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import ldpaudit
from ldpaudit.analysis import standings
from ldpaudit.analysis._series import labels
from ldpaudit.analysis.recommendation import recommend_from

MEAN = "mean (squared input units)"


def cell(
    protocol: str, share: dict[str, Any], mse: float, spread: float | None = 2.0, **more: Any
) -> list[dict[str, Any]]:
    base = {
        "protocol": protocol, "k": 5, "epsilon": 1.0, "num_users": 100, "data": "toy",
        "estimand": MEAN, "status": "ok", "parameters": "",
    } | more  # fmt: skip
    rows = [
        {"metric": "variance_explained", "attack": "posterior-mean", "optimal": True} | share,
        {"metric": "attack_success", "attack": "bayes", "exact": 0.3, "optimal": True},
        {"metric": "mse", "exact": mse},
    ]
    if spread is not None:
        rows.append({"metric": "prior_variance", "attack": "blind", "exact": spread})
    return [base | row for row in rows]


def test_distance_is_the_error_over_the_limit_at_what_reports_explain() -> None:
    frame = pd.DataFrame(cell("a", {"exact": 0.25}, 0.06) + cell("b", {"exact": 0.5}, 0.05))
    table = standings(frame).set_index("label")
    assert table["success"].tolist() == [0.25, 0.5]  # and not how often a value is named
    assert table["limit"].tolist() == [6.0, 2.0]  # S (1 - R2) / R2
    assert table["distance"].tolist() == pytest.approx([1.0, 2.5])
    assert table["limit_applies"].all()
    assert table["dominated_by"].tolist() == [(), ()]
    better = pd.DataFrame(cell("a", {"exact": 0.25}, 0.04) + cell("b", {"exact": 0.5}, 0.05))
    assert standings(better)["dominated_by"].tolist() == [(), ("a",)]


def test_a_measured_share_has_an_interval() -> None:
    share = {"value": 0.25, "lower": 0.2, "upper": 0.3, "trials": 1000, "standard_error": 0.0255,
             "alpha": 0.05}  # fmt: skip
    row = standings(pd.DataFrame(cell("a", share, 0.06))).iloc[0]
    assert row["success_how"] == "measured, optimal attack"
    assert (row["success_lower"], row["success_upper"]) == (0.2, 0.3)
    # 0.25 +- 1.96 x 0.0255, where the limit is at most and at least the error.
    assert row["distance_lower"] == pytest.approx(6 / (2 * (1 / 0.20002 - 1)), rel=1e-3)
    assert row["distance_upper"] == pytest.approx(6 / (2 * (1 / 0.29998 - 1)), rel=1e-3)


def test_the_limit_says_why_it_does_not_speak() -> None:
    other = standings(pd.DataFrame(cell("a", {"exact": 0.25}, 0.06, spread=None))).iloc[0]
    assert not other["limit_applies"]
    assert other["limit_note"] == (
        "the limit is for an attacker who expects numbers spread as the users' are"
    )
    shape = "distribution (squared Wasserstein distance)"
    biased = standings(pd.DataFrame(cell("a", {"exact": 0.25}, 0.001, estimand=shape))).iloc[0]
    assert biased["limit_note"] == "the limit is for unbiased estimates of a mean"


def test_a_share_that_nobody_could_measure_is_no_success() -> None:
    rows = cell("a", {"status": "skipped", "reason": "why not"}, 0.06)
    assert np.isnan(standings(pd.DataFrame(rows)).iloc[0]["success"])


@pytest.mark.parametrize("name", ["duchi", "rounded", "pm", "hm", "sw", "dithered", "staircase"])
def test_no_mechanism_is_left_of_the_limit(name: str) -> None:
    rng = np.random.default_rng(7)
    users = rng.integers(0, 50, 9)
    m = ldpaudit.mechanism(name, epsilon=2.5, low=0.0, high=8.0)
    numbers = np.array([0.0, 8.0, 1, 2, 3, 4, 5, 6, 7])
    found = ldpaudit.audit(
        m, ["posterior-mean"], inputs=numbers, histogram=users, prior=users / users.sum(),
        trials=2_000, repetitions=2,
    )  # fmt: skip
    row = standings(found.to_frame()).iloc[0]
    assert row["limit_applies"]
    assert row["distance"] >= 1 - 1e-9
    share, spread = row["success"], (users @ numbers**2) / users.sum()
    spread -= (users @ numbers / users.sum()) ** 2
    assert row["limit"] == pytest.approx(spread * (1 - share) / share)
    if name == "duchi":
        assert row["distance"] == pytest.approx(1, rel=1e-6)


def test_labels_take_the_fewest_parameters_that_tell_variants_apart() -> None:
    texts = [
        ("one", "a", "low=0, levels=2, aim=worst"),
        ("one", "a", "low=0, levels=2, aim=average"),
        ("two", "a", "low=0, levels=4, aim=worst"),
        ("two", "a", "low=0, levels=5, aim=average"),
        ("one", "b", "low=0"),
        ("two", "b", "low=1"),
        ("one", "c", "x=1, y=[1, 2]"),
        ("one", "c", "x=1, y=[1, 3]"),
        ("one", "c", "x=2, y=[1, 3]"),
        ("one", "d", "x=1"),
        ("one", "d", "x=1"),
    ]
    assert labels(texts) == [
        "a (aim=worst)", "a (aim=average)", "a (aim=worst)", "a (aim=average)", "b", "b",
        "c (x=1, y=[1, 2])", "c (x=1, y=[1, 3])", "c (x=2, y=[1, 3])", "d (x=1)", "d (x=1)",
    ]  # fmt: skip


def test_a_recommendation_says_what_success_is() -> None:
    frame = pd.DataFrame(cell("a", {"exact": 0.25}, 0.06) + cell("b", {"exact": 0.5}, 0.05))
    text = str(recommend_from(frame, {"success": 0.3}))
    assert "a at epsilon 1 has the least mean squared error, 0.06 (exact)" in text
    assert "of all with share of a person's variance explained at most 30%" in text
    assert "(share of a person's variance explained 25% (exact))" in text
    assert "attack success" not in text
    shares = frame[frame["metric"] != "variance_explained"].assign(estimand="frequencies")
    assert "attack success at most 40%" in str(recommend_from(shares, {"success": 0.4}))
