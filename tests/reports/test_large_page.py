"""Pages of many data sets: the trade-off of each, and links to all other figures."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from ldpaudit.comparing.results import Results

Make = Callable[..., Results]


@pytest.fixture(scope="module")
def large(make: Make) -> Results:
    return make(epsilons=[1.0, 2.0], data=[("zipf", k, 1000) for k in range(4, 13)])


def test_a_large_page_holds_trade_offs_and_links_the_rest(large: Results, tmp_path: Path) -> None:
    written = {path.name for path in large.save(tmp_path)}
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    linked = re.findall(r'<a href="figures/([^"]+)">', text)
    assert text.count("<svg") == 9
    assert {name.partition("-")[0] for name in linked} >= {"success", "error", "epsilon"}
    assert set(linked) <= written
    assert {f"pareto-zipf-{k}.svg" for k in range(4, 13)} <= written
    assert {f"error-zipf-{k}.svg" for k in range(4, 13)} <= set(linked)


def test_links_are_of_the_form_that_is_written(large: Results, tmp_path: Path) -> None:
    written = {path.name for path in large.save(tmp_path, formats=["png"])}
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    linked = re.findall(r'<a href="figures/([^"]+)">', text)
    assert linked
    assert set(linked) <= written
    assert all(name.endswith(".png") for name in linked)


def test_eight_data_sets_have_all_figures_on_their_page(large: Results, tmp_path: Path) -> None:
    frame = large.frame[large.frame["k"] < 12]
    Results(frame, {}, pd.DataFrame()).save(tmp_path)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.count("<svg") >= 8 * 5
    assert 'href="figures/' not in text
