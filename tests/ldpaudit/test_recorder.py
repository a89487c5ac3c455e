"""The recorder, alone and through the command line."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.random import mtrand
from typer.testing import CliRunner

from ldpaudit.adapters import from_samples
from ldpaudit.auditing import audit
from ldpaudit.cli import app
from ldpaudit.recorder import record

FILE = Path(__file__).resolve().parents[2] / "ldpaudit" / "recorder.py"
FUNCTION = """
import random
def response(value):
    return value if random.random() < 0.75 else 1 - value
"""


def response(value: int, rng: np.random.Generator) -> int:
    return value ^ int(rng.random() < 0.25)


def test_a_recording_is_audited(tmp_path: Path) -> None:
    first, second = record(response, [0, 1], 4_000, tmp_path / "new", seed=3)
    assert abs(np.load(second, allow_pickle=False).mean() - 0.75) < 5 * (0.75 * 0.25 / 4_000) ** 0.5
    result = audit(from_samples(first, second, epsilon=0.5))  # its epsilon is ln 3
    assert result.verdict == "violation"
    about = json.loads((tmp_path / "new" / "recording.json").read_text())
    assert (about["inputs"], about["reports"]) == (["0", "1"], 4_000)


@pytest.mark.parametrize(
    ("report", "ending", "lines"),
    [
        (0.5, ".npy", None),
        ("maple", ".npy", None),
        (np.array([1, 0, 1]), ".npy", None),
        ([[1.0], [2.0]], ".npy", None),
        (("blue", 3), ".csv", ["blue,3"] * 3),
        (frozenset({4, 2}), ".npy", None),
        (iter, ".jsonl", ["[0]", "[0, 1]", "[0, 1, 2]"]),
    ],
)
def test_the_form_follows_from_the_reports(
    tmp_path: Path, report: Any, ending: str, lines: list[str] | None
) -> None:
    sent = iter([1, 2, 3, 1, 2, 3])
    files = record(
        lambda _: iter(range(next(sent))) if report is iter else report,
        ["a", "b"],
        3,
        tmp_path,
    )
    assert [Path(file).suffix for file in files] == [ending, ending]
    if lines is not None:
        assert Path(files[1]).read_text().splitlines() == lines
    else:
        wanted = sorted(report) if isinstance(report, frozenset) else report
        np.testing.assert_array_equal(np.load(files[1], allow_pickle=False), [wanted] * 3)


def test_a_batch_is_one_call(tmp_path: Path) -> None:
    calls: list[int] = []

    def batch(values: list[int]) -> list[int]:
        calls.append(len(values))
        return values

    files = record(batch, [5, 7], 10, tmp_path, batch=True)
    assert calls == [10, 10]
    assert set(np.load(files[1])) == {7}
    with pytest.raises(ValueError, match="fn must return 10 reports for 10 values, got 9"):
        record(lambda values: values[1:], [5, 7], 10, tmp_path, batch=True)


def test_a_seed_repeats_what_global_states_give(tmp_path: Path) -> None:
    def both(value: float) -> list[float]:
        return [value + random.random(), value + mtrand.random()]  # noqa: S311

    states = random.getstate(), mtrand.get_state(legacy=False)["state"]["pos"]
    one = np.load(record(both, [0.0, 1.0], 5, tmp_path / "1", seed=9)[0])
    two = np.load(record(both, [0.0, 1.0], 5, tmp_path / "2", seed=9)[0])
    assert states == (random.getstate(), mtrand.get_state(legacy=False)["state"]["pos"])
    np.testing.assert_array_equal(one, two)
    assert len(np.unique(one)) == 10


def test_what_it_refuses(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="fn must be callable, got int"):
        record(3, [0, 1], 5, tmp_path)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="inputs must be at least two values"):
        record(abs, [1], 5, tmp_path)
    with pytest.raises(ValueError, match="n must be a whole number from 1 on, got 0"):
        record(abs, [1, 2], 0, tmp_path)
    with pytest.raises(TypeError, match="a report must be a number, a text"):
        record(lambda value: {value: 1}, [0, 1], 5, tmp_path)


def test_the_file_runs_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(FUNCTION)
    command = [sys.executable, "-I", str(FILE), "mine:response", "--inputs", "0", "1"]
    done = subprocess.run(
        [*command, "--n", "50", "--out", "out", "--seed", "1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    files = done.stdout.split()
    assert [set(np.load(tmp_path / file)) for file in files] == [{0, 1}] * 2
    wrong = subprocess.run(
        [*command, "--n", "0", "--out", "out"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (wrong.returncode, wrong.stderr[:16]) == (2, "error: n must be")


def test_the_command_records_too(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(FUNCTION)
    target, out = f"{tmp_path / 'mine.py'}:response", str(tmp_path / "out")
    done = CliRunner().invoke(
        app, ["record", target, "--values", "0,1", "--trials", "40", "--out", out]
    )
    assert done.exit_code == 0
    assert [Path(line).name for line in done.stdout.split()] == ["input-0.npy", "input-1.npy"]
