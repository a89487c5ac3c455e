"""`ldpaudit report`: the page again, a protocol under caps, what changed since another run."""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import ldpaudit
from ldpaudit.analysis.changes import CHANGE_COLUMNS
from ldpaudit.cli import commands
from ldpaudit.comparing.store import digest

Run = Callable[..., tuple[int, str, str]]
STUDY = {"name": "tiny", "protocols": ["grr", "ss"], "epsilons": [1.0, 2.0],
         "data": ["adult-hours"], "trials": 2000, "repetitions": 2}  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """The command line in this process, beside the runs a and b: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    ldpaudit.compare(STUDY, out="a")
    ldpaudit.compare(STUDY | {"protocols": ["grr", "sue"]}, out="b", seed=1)

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ldpaudit", *arguments])
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            commands.main()
        out, err = capfd.readouterr()
        assert isinstance(left.value.code, int)
        return left.value.code, out, err

    return command


def test_caps(run: Run, tmp_path: Path) -> None:
    code, out, err = run("report", "a", "--max-success", "0.03", "--max-bits", "90")
    assert (code, err) == (0, "")
    page, sentence = out.splitlines()
    assert page == str((tmp_path / "a" / "report.html").resolve())
    assert "ss at epsilon 1 has the least mean squared error" in sentence
    assert "attack success at most 3% and report size at most 90 bits" in sentence
    code, out, _ = run("report", "a", "--max-mse", "1e-12")
    assert code == 0
    assert "no protocol is shown to have mean squared error at most 1e-12" in out
    assert run("report", "a")[1].count("\n") == 1
    _, out, _ = run("report", "a", "--max-influence", "3.5", "--rule", "tchebycheff")
    assert "ss at epsilon 2 is picked by tchebycheff" in out
    assert "of all with influence at most 3.5" in out
    assert run("report", "a", "--rule", "knees")[0] == 2


def test_caps_out_of_range(run: Run) -> None:
    code, out, err = run("report", "a", "--max-success", "1.5")
    assert (code, out) == (2, "")
    assert err == "ldpaudit: max_success must lie in (0, 1], got 1.5.\n"
    assert run("report", "a", "--max-bits", "many")[0] == 2


def test_against(run: Run) -> None:
    code, out, err = run("report", "a", "--against", "b")
    assert (code, err) == (0, "")
    assert "0 changed" in out
    assert "new: ss at epsilon 1 on adult-hours, k = 96" in out
    assert "gone: sue at epsilon 2 on adult-hours, k = 96" in out
    with Path("a/changes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == CHANGE_COLUMNS
    assert {row["verdict"] for row in rows} == {"unchanged", "new", "gone"}
    stored = set(ldpaudit.compare(STUDY, out="a").frame["exact"].dropna())
    read = {float(row["after"]) for row in rows if row["figure"] == "exact" and row["after"]}
    assert read  # numbers read back as they are in the table
    assert read <= stored


def test_against_a_folder_without_a_run(run: Run) -> None:
    code, out, err = run("report", "a", "--against", "nowhere")
    assert (code, out) == (2, "")
    assert err == "ldpaudit: nowhere holds no results.sqlite; run compare --out there.\n"
    assert not Path("a/changes.csv").exists()


def test_a_changed_protocol(run: Run) -> None:
    """Another protocol's figures under the old name, in the store itself."""
    study = STUDY | {"epsilons": [1.0], "protocols": ["grr"]}
    ldpaudit.compare(study, out="c")
    with sqlite3.connect("c/results.sqlite") as connection:
        key, text = connection.execute("SELECT key, cell FROM cells").fetchone()
        content = json.loads(text)
        for row in content["rows"]:
            if row["metric"] == "mse":
                row["exact"] *= 1.5
        text = json.dumps(content)
        connection.execute("UPDATE cells SET cell = ?, digest = ?", (text, digest(key, text)))
    connection.close()
    code, out, _ = run("report", "c", "--against", "a")
    assert code == 0
    assert "1 changed" in out
    assert "grr at epsilon 1 on adult-hours, k = 96, mse, exact:" in out
