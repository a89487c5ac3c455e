"""The table in other forms: the same numbers as the frame."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ldpaudit.comparing.export import writer
from ldpaudit.comparing.grid import compare
from ldpaudit.comparing.results import Results

STUDY: dict[str, Any] = {
    "name": "tiny", "protocols": ["grr", "oue"], "epsilons": [1.0],
    "data": [{"name": "uniform", "k": 6}], "trials": 300, "repetitions": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def results() -> Results:
    return compare(STUDY)


def test_parquet_reads_back_as_the_frame(results: Results, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = writer("parquet")(results, tmp_path)
    again = pd.read_parquet(path)
    wanted = results.frame.astype({"repetition": "Int64"})
    assert list(again.columns) == list(wanted.columns)
    assert again.to_csv(float_format=repr) == wanted.to_csv(float_format=repr)


def test_json_has_every_row_and_null_for_what_is_missing(results: Results, tmp_path: Path) -> None:
    content = json.loads(writer("json")(results, tmp_path).read_text(encoding="utf-8"))
    assert content["provenance"] == results.provenance
    assert len(content["rows"]) == len(results.frame)
    for row, wanted in zip(content["rows"], results.frame.to_dict("records"), strict=True):
        assert list(row) == list(wanted)
        for name, value in row.items():
            assert pd.isna(wanted[name]) if value is None else value == wanted[name]


def test_refused_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="unknown export 'xlsx'"):
        writer("xlsx")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ValueError, match=r"Parquet needs pyarrow: pip install"):
        writer("parquet")
