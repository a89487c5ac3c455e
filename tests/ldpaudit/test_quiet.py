"""Nothing of a library on the terminal: a comparison of one protocol at one epsilon."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]
ONE_POINT = """
name = "one-point"
protocols = ["grr"]
epsilons = [1.0]
trials = 300
repetitions = 2
data = [{ name = "zipf", k = 10, num_users = 100 }]
"""
COMMAND = ("compare", "--study", "study.toml", "--out", "out", "--formats", "svg,png,pdf")
# Python itself keeps deprecations from the user of a command; all other warnings are shown.
STRICT = ["-Werror", "-Wignore::DeprecationWarning", "-Wignore::PendingDeprecationWarning"]


def test_one_point_in_this_process(run: Run, tmp_path: Path) -> None:
    """Where any warning is an error: pyproject.toml says so for all tests."""
    (tmp_path / "study.toml").write_text(ONE_POINT)
    code, _, err = run(*COMMAND, "--jobs", "1")
    assert (code, err) == (0, "")
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000


@pytest.mark.parametrize("options", [[], STRICT], ids=["as a user", "warnings are errors"])
def test_one_point_as_a_command(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(ONE_POINT)
    command = [sys.executable, *options, "-m", "ldpaudit", *COMMAND]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out" / "figures" / "communication.pdf").exists()
