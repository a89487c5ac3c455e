"""Only what is read of a recording must be whole: its label, and the answers to the inputs told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import ldpaudit

pa: Any = pytest.importorskip("pyarrow")

GONE = r"(a value is missing|a report must not be None, got None) "


def holed(told: list[Any], answer: list[Any], num: list[Any], folder: Path) -> list[Any]:
    """One log in several containers."""
    frame = pd.DataFrame({"true_value": told, "answer": answer, "num": num})
    frame.to_csv(folder / "log.csv", index=False)
    frame.to_parquet(folder / "log.parquet")
    rows = json.loads(frame.to_json(orient="records"))
    (folder / "log.jsonl").write_text("\n".join(map(json.dumps, rows)))
    arrow = pa.table(frame)
    return [*(folder / f"log.{end}" for end in ("csv", "parquet", "jsonl")), frame, arrow, rows]


@pytest.mark.parametrize("answers", [["a", "b", "a", "b"], [10**17 + 1, 2, 10**17 + 1, 2]])
def test_columns_that_are_not_read_may_miss_values(tmp_path: Path, answers: list[Any]) -> None:
    told = ["DE", "FR", "FR", "DE"]
    for log in holed(told, answers, [1.0, None, 3.0, 4.0], tmp_path):
        m = ldpaudit.from_samples(log, label="true_value", columns=["answer"], epsilon=1.0)
        assert m.in_order()[0].tolist() == [answers[row] for row in (0, 3, 1, 2)]
        with pytest.raises(ValueError, match=GONE + r"in (row 2|line 3|line 2) of .*'num'"):
            ldpaudit.from_samples(log, label="true_value", epsilon=1.0)


@pytest.mark.parametrize("answers", [["a", "b", None, "b"], [1.5, 2, None, 2]])
def test_only_inputs_that_are_told_apart_must_have_answered(
    tmp_path: Path, answers: list[Any]
) -> None:
    told = ["DE", "FR", "US", "DE"]
    for log in holed(told, answers, [1, 2, 3, 4], tmp_path):
        m = ldpaudit.from_samples(
            log, label="true_value", columns=["answer"], inputs=("DE", "FR"), epsilon=1.0
        )
        assert m.in_order()[0].tolist() == [answers[row] for row in (0, 3, 1)]
        with pytest.raises(ValueError, match=GONE + r"in (row 3|line 4|line 3) of .*'answer'"):
            ldpaudit.from_samples(log, label="true_value", inputs=("DE", "US"), epsilon=1.0)


def test_every_row_of_a_log_must_name_its_input(tmp_path: Path) -> None:
    for log in holed(["DE", None, "FR", "DE"], list("abab"), [1, 2, 3, 4], tmp_path):
        with pytest.raises(ValueError, match=GONE + r"in (row|line) [23] .*'true_value'"):
            ldpaudit.from_samples(log, label="true_value", inputs=("DE", "FR"), epsilon=1.0)


def test_columns_of_two_files_that_are_not_read_may_miss_values(tmp_path: Path) -> None:
    logs = holed(["DE"] * 4, list("abab"), ["x", None, "y", "z"], tmp_path)
    for log in logs:
        other = pd.DataFrame({"answer": ["c"]})
        m = ldpaudit.from_samples(log, other, columns=["answer"], epsilon=1.0)
        assert m.in_order()[0].tolist() == list("ababc")
