"""One big cell shared by several processes: the same bytes, also when one of them is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import ldpaudit
from ldpaudit.sampling import BLOCK, blocks, shared

#: Three blocks for each game and attack.
STUDY: dict[str, Any] = {
    "name": "big",
    "protocols": ["grr"],
    "epsilons": [1.0],
    "data": [{"name": "zipf", "k": 4, "num_users": 50}],
    "attacks": ["single-guess", "distinguish"],
    "trials": 2 * BLOCK + 10,
    "repetitions": 2,
}
LINUX = pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are found in /proc")


def text(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, float_format=repr)


@pytest.fixture(scope="module")
def alone() -> str:
    return text(ldpaudit.compare(STUDY).frame)


def test_blocks_add_up() -> None:
    assert blocks(BLOCK) == [(BLOCK, "0")]
    assert blocks(2 * BLOCK + 1) == [(BLOCK, "0"), (BLOCK, "1"), (1, "2")]
    assert shared(pow, [(2, 3), (3, 2)], 2) == shared(pow, [(2, 3), (3, 2)], 1) == [8, 9]


@pytest.mark.slow
def test_two_processes_share_a_cell(alone: str) -> None:
    assert text(ldpaudit.compare(STUDY, jobs=2).frame) == alone
    m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    one, two = (
        ldpaudit.audit(m, ["distinguish"], trials=BLOCK + 5, repetitions=0, jobs=jobs)
        for jobs in (1, 2)
    )
    assert one == two


def test_blocks_are_independent() -> None:
    """Two blocks of one size name different numbers of users rightly (of 2**21 each)."""
    m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    once, twice = (
        ldpaudit.audit(m, ["single-guess"], trials=trials, repetitions=0).attacks[1].successes
        for trials in (BLOCK, 2 * BLOCK)
    )
    assert twice != 2 * once
    spread = np.sqrt(2 * BLOCK * 0.25)
    assert abs(twice - 2 * once) < 10 * spread


def test_a_mechanism_whose_own_pool_broke_spoils_its_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody shared the cell: what its mechanism raises is its row, and no end of the command."""

    def broken(*_: Any, **__: Any) -> None:
        raise BrokenExecutor("a pool of its own")

    monkeypatch.setattr("ldpaudit.auditing.harness.audit", broken)
    row = ldpaudit.compare(STUDY).frame.iloc[0]
    assert (row["status"], row["reason"]) == ("failed", "BrokenExecutor: a pool of its own")


def children(parent: int) -> Iterator[int]:
    """Processes that this one started, by what /proc says of their parents."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == parent and fields[0] != "Z":
                yield int(entry.name)


def grandchildren(parent: int) -> list[int]:
    return [two for one in children(parent) for two in children(one)]


def begun(found: Callable[[], list[int]], run: subprocess.Popen[str]) -> list[int]:
    deadline = time.monotonic() + 60
    while not found() and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    return found()


CODE = (
    "import json, sys, ldpaudit\n"
    "if __name__ == '__main__':\n"
    "    frame = ldpaudit.compare(json.loads(sys.argv[1]), jobs=2).frame\n"
    "    sys.stdout.write(frame.to_csv(index=False, float_format=repr))\n"
)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    (tmp_path / "script.py").write_text(CODE)
    run = subprocess.Popen(
        [sys.executable, str(tmp_path / "script.py"), json.dumps(STUDY)],
        stdout=subprocess.PIPE,
        text=True,
    )
    yield run
    run.kill()
    run.wait()
    if run.stdout:
        run.stdout.close()


@pytest.mark.slow
@LINUX
def test_a_helper_that_is_killed_changes_no_byte(
    started: subprocess.Popen[str], alone: str
) -> None:
    helpers = begun(lambda: grandchildren(started.pid), started)
    assert helpers
    for helper in helpers:
        os.kill(helper, signal.SIGKILL)
    out, _ = started.communicate(timeout=240)
    assert (started.returncode, out) == (0, alone)


@pytest.mark.slow
@LINUX
def test_nothing_outlives_a_killed_command(started: subprocess.Popen[str]) -> None:
    helpers = begun(lambda: grandchildren(started.pid), started)
    everyone = [*helpers, *children(started.pid)]
    started.kill()
    started.wait()
    deadline = time.monotonic() + 30
    left = everyone
    while left and time.monotonic() < deadline:
        time.sleep(0.1)
        left = [pid for pid in left if Path(f"/proc/{pid}").is_dir()]
    assert left == []
