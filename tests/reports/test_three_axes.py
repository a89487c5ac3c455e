"""Influence on the page: its figure, its table, its words, and tables that do not know it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ldpaudit.analysis import standings
from ldpaudit.comparing import Results, Store, compare, stored_results
from ldpaudit.outcomes import COLUMNS
from ldpaudit.reports import save_comparison, three_axes
from ldpaudit.reports.comparison import page

Make = Callable[..., Results]
BEFORE = Path(__file__).parent / "tables" / "before_influence.csv"


def markers(axes: object) -> dict[tuple[float, float], bool]:
    """Places of the markers, and whether they are hollow."""
    found = {}
    for line in axes.lines:  # type: ignore[attr-defined]
        if line.get_linestyle() == "None":
            for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True):
                found[(float(x), float(y))] = line.get_markerfacecolor() == "white"
    return found


def test_markers_are_the_figures_of_the_standings(make: Make) -> None:
    results = make(data=[("a", 74, 45222)])
    table = standings(results.frame)
    assert table["efficient_with_influence"].notna().all()
    for axes, (x, y) in zip(
        three_axes(results.frame).axes,
        (("success", "mse"), ("success", "influence"), ("mse", "influence")),
        strict=True,
    ):
        found = markers(axes)
        wanted = {
            (row[x], row[y]): not row["efficient_with_influence"] for _, row in table.iterrows()
        }
        assert {place: found[place] for place in wanted} == wanted
        assert len(found) == len(wanted)
    assert set(table["efficient_with_influence"]) == {True, False}


def test_all_is_inside_its_axes(make: Make) -> None:
    for axes in three_axes(make().frame).axes:
        (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
        assert all(left < x < right and low < y < high for x, y in markers(axes))


def test_the_page_says_what_it_means_in_people(make: Make) -> None:
    text = page(make(data=[("a", 74, 45222)])).decode()
    assert "One liar can add as much to the estimate of a value as" in text
    assert 'id="false-reports"' in text
    assert text.count("honest users who hold it") >= 2
    assert "dominated in all three by" in text


def test_a_bound_from_below_says_so(make: Make) -> None:
    frame = make(protocols=["ss", "mss"], data=[("a", 74, 45222)]).frame
    frame = frame[~(frame["metric"] == "influence_mean")].copy()
    mine = (frame["metric"] == "influence") & (frame["protocol"] == "mss")
    frame.loc[mine, "value"] = frame.loc[mine, "lower"] = frame.loc[mine, "exact"]
    frame.loc[mine, "exact"] = math.nan
    frame.loc[mine, "how"] = "bound"
    table = standings(frame)
    bounded = table[table["protocol"] == "mss"]
    assert set(bounded["influence_how"]) == {"bound"}
    text = page(Results(frame, {}, pd.DataFrame())).decode()
    assert 'class="note">at least</span>' in text
    texts: list[Any] = [t for axes in three_axes(frame).axes for t in axes.texts]
    arrows = [t for t in texts if t.arrow_patch is not None]
    assert sum(t.get_text() == "" for t in arrows) == 2 * len(bounded)


@pytest.mark.parametrize("dropped", [(), COLUMNS[COLUMNS.index("alpha") :]])
def test_a_table_of_before_is_read_and_its_page_written(
    tmp_path: Path, dropped: tuple[str, ...]
) -> None:
    """As it was written when no cell knew its influence, and before there were numbers in it."""
    frame = pd.read_csv(BEFORE).drop(columns=list(dropped), errors="ignore")
    assert "influence" not in set(frame["metric"])
    results = Results(frame, {}, pd.DataFrame())
    written = {path.name for path in save_comparison(results, tmp_path)}
    assert "report.html" in written
    assert "pareto.svg" in written
    assert "three-axes.svg" not in written
    text = (tmp_path / "report.html").read_text()
    assert "false-reports" not in text
    assert "One liar" not in text
    table = standings(frame)
    assert table["influence"].isna().all()
    assert table["efficient_with_influence"].isna().all()
    assert table.loc[table["efficient"], "protocol"].tolist() == ["ss", "ss"]
    (choice,) = results.recommend(rule="utopia").choices
    assert choice.objectives == ("mse", "success")
    (none,) = results.recommend(max_influence=3.0).choices
    assert none.best == ()


def test_a_store_without_influence_is_read_and_its_page_written(tmp_path: Path) -> None:
    study = {"name": "tiny", "protocols": ["ss"], "epsilons": [1.0], "data": ["adult-hours"]}
    now = tmp_path / "now"
    compare(study | {"trials": 200, "repetitions": 2}, out=now)
    new, old = Store(now), Store(tmp_path / "before")
    for key in new.meta("order"):
        cell = new.get(key)
        assert cell is not None
        kept = [n for n, row in enumerate(cell.rows) if not row["metric"].startswith("influence")]
        assert len(kept) < len(cell.rows)
        verdicts = tuple(told | {"row": kept.index(told["row"])} for told in cell.verdicts)
        old.put(replace(cell, rows=tuple(cell.rows[n] for n in kept), verdicts=verdicts))
    for name in ("order", "provenance", "verdict_alpha"):
        old.set_meta(name, new.meta(name))
    new.close()
    old.close()
    results = stored_results(tmp_path / "before")
    assert "influence" not in set(results.frame["metric"])
    assert b"One liar" not in page(results)
    assert np.isfinite(standings(results.frame)["mse"]).all()


def test_means_are_held_to_their_own_limit() -> None:
    study = {
        "name": "n", "protocols": ["duchi"], "epsilons": [1.0], "trials": 500, "repetitions": 2,
        "data": [{"name": "uniform", "k": 9, "low": 0.0, "high": 1.0, "num_users": 500}],
        "attacks": ["posterior-mean"],
    }  # fmt: skip
    text = page(compare(study)).decode()
    words = re.sub("<[^>]+>", "", text)
    assert "one liar can move the mean as far as 2.16 honest users at an end" in words
    assert "has less than 2.16" in words
    assert "worst<br>report" in text
    assert "mean over<br>values" not in text


def test_the_page_says_what_a_filter_drops() -> None:
    study = {"name": "f", "protocols": ["olh"], "epsilons": [1.0], "trials": 500,
             "data": [{"name": "zipf", "k": 20, "num_users": 2000}], "repetitions": 4,
             "false_share": 0.1, "defences": ["size-filter"]}  # fmt: skip
    results = compare(study)
    text = page(results).decode()
    assert text.count("honest<br>dropped") == 1
    frame = results.frame
    false = frame[(frame["metric"] == "false_dropped") & (frame["attack"] == "maximal-gain")]
    assert f"{100 * float(false['value'].iloc[0]):.3g}%" in text
