"""A column of decimals says how many values it holds, and becomes bins of a public range."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ldpaudit.comparing.study import read_study, with_data
from ldpaudit.data.bins import check_bins
from ldpaudit.data.sources import load


@pytest.fixture
def people(tmp_path: Path) -> str:
    """The salaries 0.5, 1.5, ... 999.5, and 10 people who have 20.5 more."""
    path = tmp_path / "people.csv"
    salaries = [*(np.arange(1000) + 0.5), *([20.5] * 10)]
    path.write_text("\n".join(["salary", *map(str, salaries)]))
    return f"{path}:salary"


def test_a_column_of_decimals_offers_bins(people: str) -> None:
    with pytest.raises(ValueError, match=r"holds 1,000 different numbers .* --range .* --bins 20"):
        load(people)
    assert load(people, low=0, high=1000).k == 1002


def test_bins_of_equal_width(people: str) -> None:
    data = load(people, low=0, high=1000, bins=4)
    assert data.histogram.tolist() == [260, 250, 250, 250]
    assert data.labels == ("[0, 250)", "[250, 500)", "[500, 750)", "[750, 1000]")
    assert (data.k, data.num_users, data.inputs) == (4, 1010, None)
    assert data.name.endswith("salary in 4 bins")
    again = load(people, low=0, high=1000, bins="equal:4")
    assert again.histogram.tolist() == data.histogram.tolist()


def test_bins_by_quantiles(people: str) -> None:
    data = load(people, low=0, high=1000, bins="quantiles:5")
    assert data.num_users == 1010
    assert np.all(np.abs(data.histogram - 202) <= 10)
    assert data.labels is not None
    assert data.labels[0].startswith("[0, ")
    assert data.labels[-1].endswith(", 1000]")


def test_ends_belong_to_the_outer_bins(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("x\n0\n10\n5\n5\n")
    assert load(f"{path}:x", low=0, high=10, bins=2).histogram.tolist() == [1, 3]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"bins": 4}, "need the public range that they cut"),
        ({"bins": 1, "low": 0, "high": 1000}, "number of bins must be at least 2, got 1"),
        ({"bins": "many", "low": 0, "high": 1000}, "bins must be a number, equal:N or quantiles:N"),
        ({"bins": 4, "low": 0, "high": 10}, r"must lie in \[0, 10\]"),
        ({"bins": 4, "low": 0, "high": 1000, "k": 5}, "k must be 4, the number of bins"),
    ],
)
def test_bins_that_are_none(people: str, how: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load(people, **how)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="bins are of the column of a file"):
        load("zipf", low=0, high=1, k=4, bins=2)


def test_a_study_takes_bins(people: str) -> None:
    study = with_data(read_study("default"), [people], None, (0.0, 1000.0), "quantiles:8")
    assert study.data[0].load(0).k == 8
    assert check_bins("equal:3") == ("equal", 3)
