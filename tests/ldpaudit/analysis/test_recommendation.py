"""The best protocol under caps: against a naive search, with ties and plain sentences."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ldpaudit
from ldpaudit.analysis.recommendation import recommend_from
from ldpaudit.comparing.results import Results

from .tables import cell, error_ends, table


def results(*cells: list[dict[str, Any]]) -> Results:
    return Results(table(*cells), {}, pd.DataFrame())


FIGURES = st.lists(
    st.tuples(
        st.sampled_from([0.3, 0.4, 0.4 * (1 + 1e-13), 0.5]),
        st.sampled_from([1e-3, 2e-3, 2e-3 * (1 + 1e-13), 3e-3]),
        st.sampled_from([2.0, 7.0, 64.0]),
    ),
    min_size=1,
    max_size=6,
)


@given(
    FIGURES,
    st.sampled_from([None, 0.3, 0.4, 0.45, 0.1]),
    st.sampled_from([None, 2e-3, 1e-4, 1.0]),
    st.sampled_from([None, 1, 7, 100]),
)
def test_exact_figures_against_a_search(
    figures: list[tuple[float, float, float]],
    max_success: float | None,
    max_mse: float | None,
    max_bits: float | None,
) -> None:
    caps = (max_success, max_mse, max_bits)
    names = {f"p{i}": figure for i, figure in enumerate(figures)}
    kept = {
        name: figure
        for name, figure in names.items()
        if all(cap is None or f <= cap * (1 + 1e-9) for f, cap in zip(figure, caps, strict=True))
    }
    goal = 1 if max_mse is None else 0 if max_success is None else 2 if max_bits is None else 1
    least = min((figure[goal] for figure in kept.values()), default=0.0)
    wanted = {name for name, figure in kept.items() if figure[goal] <= least * (1 + 1e-9)}
    run = results(*(cell(n, success=s, mse=m, bits=b) for n, (s, m, b) in names.items()))
    (choice,) = run.recommend(max_success, max_bits, max_mse).choices
    assert {candidate.label for candidate in choice.best} == wanted
    assert choice.undecided == ()
    assert bool(choice.best) == ("no protocol" not in str(choice))


def test_the_sentence_names_the_deciding_figure_and_the_others() -> None:
    run = results(
        cell("a", success=0.3, mse=2e-3, bits=7),
        cell("b", success=0.4, mse=1e-3, bits=9),
        cell("c", success=0.4, mse=1e-3, bits=64),
    )
    assert str(run.recommend(max_success=0.35)) == (
        "uniform (k = 4, 1,000 users), against an attacker who thinks all values equally likely: "
        "a at epsilon 1 has the least mean squared error, "
        "0.002 (exact), of all with attack success at most 35% "
        "(attack success 30% (exact), report size 7 bits)."
    )
    assert str(run.recommend()).endswith("; tied with it: c at epsilon 1.")
    assert "has the least attack success, 40% (exact)" in str(run.recommend(max_mse=1.5e-3))
    assert "has the least report size, 7 bits" in str(run.recommend(max_success=1, max_mse=1))
    assert repr(run.recommend()) == str(run.recommend())


def test_nothing_keeps_the_caps() -> None:
    run = results(
        cell("a", success=0.3, mse=2e-3, bits=7), cell("b", success=0.4, mse=1e-3, bits=9)
    )
    (choice,) = run.recommend(max_success=0.2).choices
    assert choice.best == ()
    assert "no protocol is shown to have attack success at most 20%" in str(choice)
    assert "the least attack success is 30% (exact), by a at epsilon 1." in str(choice)
    text = str(run.recommend(max_success=0.35, max_mse=1.5e-3))
    assert text.endswith("each cap can be kept, all together cannot.")
    assert "report size at most 2 bits: the least report size is 7 bits" in str(
        run.recommend(max_bits=2)
    )


def test_an_interval_around_a_cap_leaves_it_open() -> None:
    run = results(
        cell("sure", success=0.30, mse=3e-3),
        cell("open", success=(340, 1000), mse=1e-3),
        cell("tried", success=(200, 10_000), mse=1e-4, attack="single-guess"),
        cell("beyond", success=(600, 1000), mse=1e-3),
    )
    (choice,) = run.recommend(max_success=0.35).choices
    assert [c.label for c in choice.best] == ["sure"]
    assert [c.label for c in choice.undecided] == ["open", "tried"]
    assert "cannot be decided: open at epsilon 1, tried at epsilon 1" in str(choice)


def test_measured_figures_that_nothing_tells_apart_are_tied() -> None:
    """The narrow interval decides who is out, not the lowest value."""
    run = results(
        cell("wide", success=0.3, mse=(1.0e-3, 9e-4, 5)),
        cell("narrow", success=0.3, mse=(1.2e-3, 1e-6, 9)),
        cell("out", success=0.3, mse=1.5e-3),
    )
    (choice,) = run.recommend(max_success=0.35).choices
    assert [c.label for c in choice.best] == ["wide", "narrow"]
    assert " in [" in str(choice)


def test_a_refuted_claim_is_no_candidate() -> None:
    bad = cell("bad", success=0.3, mse=1e-4, status="violation")
    good = cell("good", success=0.3, mse=1e-3)
    assert [c.label for c in results(bad, good).recommend().choices[0].best] == ["good"]
    assert str(results(bad).recommend()).startswith("there is nothing to choose from")


def test_an_unknown_figure_is_undecided() -> None:
    run = results(cell("silent", success=0.3, mse=1e-3))
    (choice,) = run.recommend(max_bits=10).choices
    assert (choice.best, [c.label for c in choice.undecided]) == ((), ["silent"])
    (choice,) = results(cell("a", success=0.3)).recommend().choices
    assert str(choice).endswith("no protocol has a known mean squared error.")


def test_one_choice_a_data_set_over_its_epsilons() -> None:
    cells = [
        cell(name, success=s * e, mse=m / e, epsilon=e, data=data)
        for data in ("uniform", "zipf")
        for e in (1.0, 2.0)
        for name, s, m in (("a", 0.2, 1e-3), ("b", 0.3, 8e-4))
    ]
    run = results(*cells)
    found = run.recommend(max_success=0.45)
    assert [choice.data for choice in found.choices] == ["uniform", "zipf"]
    assert [str(c) for choice in found.choices for c in choice.best] == ["a at epsilon 2"] * 2
    (choice,) = run.recommend(max_success=0.45, data="zipf", epsilon=1).choices
    assert (choice.data, [str(c) for c in choice.best]) == ("zipf", ["b at epsilon 1"])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"max_success": 0.0}, ValueError, "max_success must be positive and finite, got 0.0"),
        ({"max_success": 1.5}, ValueError, r"max_success must lie in \(0, 1\], got 1.5"),
        ({"max_success": "half"}, TypeError, "max_success must be a number, got 'half'"),
        ({"max_bits": -1}, ValueError, "max_bits must be positive and finite, got -1"),
        ({"max_mse": float("nan")}, ValueError, "max_mse must be positive and finite, got nan"),
        ({"data": "zip"}, ValueError, "unknown data set 'zip'"),
        ({"epsilon": 3.0}, ValueError, "epsilon must be one of the table's, 1, got 3.0"),
        ({"epsilon": -3.0}, ValueError, "epsilon must be positive"),
    ],
)
def test_bad_caps(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        results(cell("a", success=0.3, mse=1e-3)).recommend(**options)


def test_real_protocols() -> None:
    """At k = 96, epsilon 4, subset selection has the least error but an attack success of 27%."""
    study = {"name": "t", "protocols": ["grr", "ss", "sue"], "epsilons": [4.0],
             "data": ["adult-hours"], "trials": 500, "repetitions": 2}  # fmt: skip
    run = ldpaudit.compare(study)
    assert [c.label for c in run.recommend().choices[0].best] == ["ss"]
    assert [c.label for c in run.recommend(max_success=0.1).choices[0].best] == ["sue"]
    assert [c.label for c in run.recommend(max_bits=8).choices[0].best] == ["grr"]
    # A choice is a value, and does not depend on the order of the table.
    turned = Results(run.frame[::-1], {}, run.timings)
    assert str(turned.recommend(max_success=0.3)) == str(run.recommend(max_success=0.3))


def test_the_level_is_shared() -> None:
    """One measured figure alone, or one of four: its interval is wider."""
    lone = cell("a", success=0.3, mse=(1e-3, 1e-4, 5))
    others = [cell(f"b{i}", success=(300, 1000), mse=1.0) for i in range(3)]
    widths = []
    for cells in ([lone], [lone, *others]):
        low, high = recommend_from(table(*cells), {}).choices[0].best[0].mse_interval
        widths.append(high - low)
    low, high = error_ends(1e-3, 1.1e-3, 0.05)
    assert widths[0] == pytest.approx(high - low)
    assert widths[1] > 1.2 * widths[0]
