"""Influence in standings and recommendations: against a naive search over three axes."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldpaudit.analysis import RULES, pick, standings
from ldpaudit.comparing.results import Results

from .tables import cell, table

POINTS = st.lists(
    st.tuples(
        st.sampled_from([0.3, 0.4, 0.5]),
        st.sampled_from([1e-3, 2e-3, 3e-3]),
        st.sampled_from([2.0, 2.0 * (1 + 1e-13), 3.0, 9.0]),
    ),
    min_size=1,
    max_size=6,
)


def results(*cells: list[dict[str, Any]]) -> Results:
    return Results(table(*cells), {}, pd.DataFrame())


def beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    pairs = list(zip(one, other, strict=True))
    return all(a <= b * (1 + 1e-9) for a, b in pairs) and any(a < b * (1 - 1e-9) for a, b in pairs)


@given(POINTS)
@settings(max_examples=40)
def test_dominance_over_two_and_over_three_axes(points: list[tuple[float, float, float]]) -> None:
    named = {f"p{i}": point for i, point in enumerate(points)}
    found = standings(
        table(*(cell(n, success=s, mse=m, influence=i) for n, (s, m, i) in named.items()))
    ).set_index("label")
    for name, point in named.items():
        for axes, column in ((2, "dominated_by"), (3, "dominated_with_influence")):
            wanted = {o for o, other in named.items() if beats(other[:axes], point[:axes])}
            assert set(found[column][name]) == wanted
    assert (found["efficient"] == found["dominated_by"].map(len).eq(0)).all()
    alone = found["dominated_with_influence"].map(len).eq(0)
    assert (found["efficient_with_influence"] == alone).all()
    assert found["influence"].tolist() == [point[2] for point in points]


def test_a_bound_from_below_never_dominates_and_may_be_dominated() -> None:
    found = standings(
        table(
            cell("low", success=0.3, mse=1e-3, influence=(2.0,)),
            cell("high", success=0.4, mse=2e-3, influence=3.0),
            cell("same", success=0.3, mse=1e-3, influence=2.0),
            cell("unknown", success=0.5, mse=3e-3),
        )
    ).set_index("label")
    assert found.at["high", "dominated_by"] == ("low", "same")
    assert found.at["high", "dominated_with_influence"] == ("same",)
    assert found.at["low", "dominated_with_influence"] == ()  # it may be just as low
    assert found["influence_how"].tolist() == ["bound", "exact", "exact", ""]
    assert found["efficient_with_influence"].isna()["unknown"]
    assert not found.at["unknown", "efficient"]


def test_an_unbounded_influence_is_the_worst() -> None:
    found = standings(
        table(
            cell("noise", success=0.3, mse=1e-3, influence=math.inf),
            cell("bits", success=0.3, mse=1e-3, influence=9.0),
        )
    ).set_index("label")
    assert found.at["noise", "dominated_with_influence"] == ("bits",)
    assert found["efficient"].all()


def test_a_cap_on_influence() -> None:
    run = results(
        cell("a", success=0.3, mse=1e-3, bits=2, influence=9.0),
        cell("b", success=0.3, mse=2e-3, bits=2, influence=3.0),
        cell("c", success=0.3, mse=5e-4, bits=2, influence=(2.5,)),
        cell("d", success=0.3, mse=5e-4, bits=2, influence=(4.0,)),
    )
    (choice,) = run.recommend(max_influence=3.0).choices
    assert [c.label for c in choice.best] == ["b"]
    assert [c.label for c in choice.undecided] == ["c"]
    assert "of all with influence at most 3 (" in str(choice)
    (none,) = run.recommend(max_influence=1.0).choices
    assert not none.best
    assert "no protocol is shown to have influence at most 1: the least influence is" in str(none)
    (three,) = run.recommend(0.5, 8, 1.0).choices
    assert three.goal == "mse"  # influence never becomes the goal by itself
    with pytest.raises(ValueError, match="max_influence must be positive"):
        run.recommend(max_influence=0.0)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_picks_among_those_that_keep_the_caps(rule: str) -> None:
    named = {
        "a": (1e-3, 0.50, 9.0), "b": (2e-3, 0.40, 3.0), "c": (9e-3, 0.30, 2.0),
        "d": (3e-3, 0.35, 2.6), "e": (1e-4, 0.90, 99.0), "f": (4e-3, 0.41, 3.1),
    }  # fmt: skip
    run = results(*(cell(n, success=s, mse=m, influence=i) for n, (m, s, i) in named.items()))
    kept = {name: point for name, point in named.items() if point[2] <= 10}
    (choice,) = run.recommend(max_influence=10.0, rule=rule).choices
    wanted = list(kept)[pick(list(kept.values()), rule)]
    assert [c.label for c in choice.best] == [wanted]
    assert choice.objectives == ("mse", "success", "influence")
    assert f"is picked by {rule}, of mean squared error, attack success and influence" in str(
        choice
    )
    assert choice.undecided == ()


def test_weights_of_a_rule_and_who_cannot_be_weighed() -> None:
    run = results(
        cell("a", success=0.5, mse=1e-3, influence=9.0),
        cell("b", success=0.3, mse=9e-3, influence=2.0),
        cell("c", success=0.4, mse=2e-3),
        cell("d", success=0.2, mse=1e-2, influence=math.inf),
    )
    for weights, best in (((9, 1, 1), "a"), ((1, 9, 9), "b")):
        (choice,) = run.recommend(rule="weighted-sum", weights=weights).choices
        assert [c.label for c in choice.best] == [best]
        assert [c.label for c in choice.undecided] == ["c", "d"]
    with pytest.raises(ValueError, match="weights need a rule"):
        run.recommend(weights=(1, 1, 1))
    with pytest.raises(ValueError, match="unknown rule 'best'"):
        run.recommend(rule="best")
