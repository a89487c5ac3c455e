"""What a comparison leaves on disk: whole files and exact numbers."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ldpaudit.comparing.results import Results
from ldpaudit.outcomes.audit_result import SCHEMA
from ldpaudit.outcomes.table import COLUMNS
from ldpaudit.reports import comparison, save_comparison

Make = Callable[..., Results]
FILES = [
    "report.html",
    "results.csv",
    "results.json",
    "timings.csv",
    *(
        f"figures/{name}.svg"
        for name in ("pareto", "three-axes", "success", "error", "communication", "epsilon")
    ),
    "study.toml",
]


def test_writes_these_files_and_no_others(saved: Path) -> None:
    found = {str(path.relative_to(saved)) for path in saved.rglob("*") if path.is_file()}
    assert found == set(FILES)


def test_figures_in_other_forms(small: Results, tmp_path: Path) -> None:
    """As asked for; one that an earlier run left is drawn again, so that none is out of date."""
    save_comparison(small, tmp_path, formats=["png"])
    figures = tmp_path / "figures"
    assert {path.suffix for path in figures.iterdir()} == {".png"}
    (figures / "pareto.pdf").write_bytes(b"old")
    save_comparison(small, tmp_path)
    assert {path.suffix for path in figures.iterdir()} == {".png", ".pdf", ".svg"}
    assert (figures / "pareto.pdf").read_bytes().startswith(b"%PDF")
    assert not (figures / "error.pdf").exists()
    with pytest.raises(ValueError, match="unknown format 'jpg'"):
        save_comparison(small, tmp_path, formats=["jpg"])


def test_figures_are_named_by_what_differs(make: Make, tmp_path: Path) -> None:
    """One file per figure of the page; words at its foot, which the page has as a caption."""
    results = make(protocols=["grr"], epsilons=[1.0], data=[("Größe, alt", 5, 50), ("b", 7, 50)])
    save_comparison(results, tmp_path)
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert {"pareto-groe-alt.svg", "pareto-b.svg"} <= names
    text = (tmp_path / "figures" / "pareto-b.svg").read_text(encoding="utf-8")
    assert "Markers: measured" in text
    plates = (tmp_path / "report.html").read_text(encoding="utf-8").split("<svg")[1:]
    assert plates
    assert all('id="foot"' not in plate for plate in plates)
    assert not any(">Markers: measured" in plate.split("</svg>")[0] for plate in plates)


def test_csv_round_trips_exactly(small: Results, saved: Path) -> None:
    with (saved / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(COLUMNS)
    assert len(rows) == len(small.frame)
    for got, (_, row) in zip(rows, small.frame.iterrows(), strict=True):
        for column in COLUMNS:
            expected = row[column]
            if pd.isna(expected):
                assert got[column] == ""
            elif isinstance(expected, str | bool):
                assert got[column] == str(expected)
            else:
                assert float(got[column]) == float(expected)
    again = pd.read_csv(saved / "results.csv", dtype=str)
    for column in ("value", "lower", "upper", "exact"):
        np.testing.assert_array_equal(
            again[column].astype(float), small.frame[column].astype(float)
        )
    assert rows[0]["k"] == "74"


def test_json_round_trips_exactly(small: Results, saved: Path) -> None:
    def forbidden(word: str) -> float:
        raise AssertionError(word)

    text = (saved / "results.json").read_text(encoding="utf-8")
    content = json.loads(text, parse_constant=forbidden)
    assert content["schema"] == SCHEMA
    assert content["provenance"] == small.provenance
    assert len(content["rows"]) == len(small.frame)
    for got, (_, row) in zip(content["rows"], small.frame.iterrows(), strict=True):
        for column in COLUMNS:
            if pd.isna(row[column]):
                assert got[column] is None
            else:
                assert got[column] == row[column]
        assert "created" not in got


def test_infinite_and_missing_numbers(make: Make, tmp_path: Path) -> None:
    frame = make(protocols=["ss"], epsilons=[1.0]).frame.copy()
    frame.loc[frame["metric"] == "mse", "value"] = math.inf
    frame.loc[frame["metric"] == "mse", "exact"] = math.nan
    provenance = {"alpha": math.nan, "deep": [{"x": -math.inf}]}
    save_comparison(Results(frame, provenance, pd.DataFrame()), tmp_path)
    content = json.loads((tmp_path / "results.json").read_text())
    assert content["provenance"] == {"alpha": None, "deep": [{"x": "-inf"}]}
    mse = [row for row in content["rows"] if row["metric"] == "mse"]
    assert all(row["value"] == "inf" and row["exact"] is None for row in mse)
    again = pd.read_csv(tmp_path / "results.csv")
    assert (again.loc[again["metric"] == "mse", "value"] == math.inf).all()


def test_timings_are_kept_apart(saved: Path) -> None:
    assert (saved / "timings.csv").read_text() == "cell,seconds\na,0.25\nb,1.5\n"
    for name in ("results.csv", "results.json"):
        assert "seconds" not in (saved / name).read_text()


def test_saving_twice_gives_the_same_bytes(small: Results, saved: Path, tmp_path: Path) -> None:
    written = save_comparison(small, str(tmp_path))
    assert written == [tmp_path / name for name in FILES]
    for path in written:
        name = path.relative_to(tmp_path)
        assert path.read_bytes() == (saved / name).read_bytes(), name


def test_only_the_page_and_the_provenance_know_the_time(
    small: Results, tmp_path: Path, saved: Path
) -> None:
    created = {"created": "2031-01-01T00:00:00+00:00"}
    later = replace(small, provenance=small.provenance | created)
    save_comparison(later, tmp_path)
    changed = {n for n in FILES if (tmp_path / n).read_bytes() != (saved / n).read_bytes()}
    assert changed == {"report.html", "results.json"}


def test_replaces_old_files_and_leaves_others_alone(make: Make, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("old")
    (tmp_path / "mine.txt").write_text("mine")
    save_comparison(make(protocols=["ss"], epsilons=[1.0]), tmp_path)
    assert (tmp_path / "report.html").read_text().startswith("<!DOCTYPE html>")
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_an_error(make: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        save_comparison(make(protocols=["ss"], epsilons=[1.0]), tmp_path / "file" / "report")
    assert (tmp_path / "file").read_text() == ""


def test_an_interrupted_write_leaves_the_old_file(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = make(protocols=["ss"], epsilons=[1.0])
    save_comparison(results, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        save_comparison(make(protocols=["grr"], epsilons=[1.0]), tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_nothing_is_written_when_the_page_cannot_be_made(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError("no page")

    monkeypatch.setattr(comparison, "render", broken)
    with pytest.raises(RuntimeError, match="no page"):
        save_comparison(make(protocols=["ss"], epsilons=[1.0]), tmp_path / "out")
    assert not (tmp_path / "out").exists()
