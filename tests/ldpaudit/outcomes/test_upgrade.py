"""Tables of older versions: the columns they lack are filled once, and what cannot be is said."""

from __future__ import annotations

import json
import math
import sqlite3
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from ldpaudit.analysis.changes import compare_runs
from ldpaudit.analysis.dominance import standings
from ldpaudit.analysis.metrics import read
from ldpaudit.comparing.grid import compare
from ldpaudit.comparing.kept import stored_results
from ldpaudit.comparing.store import FILE_NAME, digest
from ldpaudit.outcomes.table import COLUMNS
from ldpaudit.outcomes.upgrade import upgraded
from tests.ldpaudit.analysis.tables import cell, table

NEW = ("alpha", "how", "standard_error", "optimal", "domain", "estimand", "prior")
STUDY: dict[str, Any] = {
    "name": "tiny", "protocols": ["grr", "smss"], "epsilons": [1.0],
    "data": [{"name": "uniform", "k": 6}], "trials": 300, "repetitions": 3, "alpha": 0.02,
}  # fmt: skip


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return compare(STUDY).frame


def old(frame: pd.DataFrame) -> pd.DataFrame:
    """The table as versions before these columns wrote it."""
    return frame.drop(columns=list(NEW))


def test_an_old_table_says_what_a_new_one_says(frame: pd.DataFrame) -> None:
    for new, before in zip(read(frame), read(old(frame)), strict=True):
        assert (before.how, before.optimal) == (new.how, new.optimal)
        # Sentences have three digits of a bound's level.
        assert before.alpha == (new.alpha if new.alpha is None else pytest.approx(new.alpha, 5e-3))
        assert before.domain == before.estimand == ""
    assert_frame_equal(standings(old(frame)), standings(frame))
    assert set(compare_runs(old(frame), frame)["verdict"]) == {"unchanged"}


def test_probes_of_an_old_table_have_the_error_that_it_states() -> None:
    method = "estimate, t interval at 95% over repetitions; exact column by random probes, "
    method += "standard error below 3%"
    row = {"metric": "mse", "value": 1.1, "exact": 2.0, "upper": 1.2, "method": method}
    (found,) = upgraded([row])
    assert (found["how"], found["alpha"]) == ("probes", 0.05)
    assert found["standard_error"] == pytest.approx(0.06)


def test_what_an_old_sentence_does_not_say_leaves_no_interval() -> None:
    row: dict[str, Any] = {"metric": "mse", "value": 1.0, "lower": 1.0, "upper": 1.0, "trials": 5}
    for method in ("estimate, t interval at 100% over repetitions", "measured", "", None):
        rows = pd.DataFrame([row | {"method": method}])
        (metric,) = read(rows)
        assert (metric.how, metric.alpha) == ("estimate", None)
        assert metric.measured_interval(0.05) == (-math.inf, math.inf)


def test_new_rows_are_left_alone(frame: pd.DataFrame) -> None:
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    assert upgraded(rows) == rows


def test_an_attack_of_an_old_table_that_is_not_here_is_named() -> None:
    rows = table(cell("a", success=(300, 1000), mse=1e-3, attack="elsewhere"))
    before = old(rows)
    with pytest.warns(UserWarning, match="not installed here: elsewhere. Their success is left"):
        found = standings(before)
    assert found["success"].isna().all()


def test_a_stored_comparison_of_an_older_version_is_read(tmp_path: Path) -> None:
    wanted = compare(STUDY, out=tmp_path).frame
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        for key, text in connection.execute("SELECT key, cell FROM cells").fetchall():
            content = json.loads(text)
            content["rows"] = [
                {name: value for name, value in row.items() if name not in NEW}
                for row in content["rows"]
            ]
            text = json.dumps(content)
            connection.execute(
                "UPDATE cells SET cell = ?, digest = ? WHERE key = ?",
                (text, digest(key, text), key),
            )
    connection.close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = stored_results(tmp_path).frame
    assert tuple(found.columns) == COLUMNS
    assert_frame_equal(found[["how", "optimal"]], wanted[["how", "optimal"]])
    assert_frame_equal(old(found), old(wanted))
