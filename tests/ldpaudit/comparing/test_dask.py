"""Cells on a real Dask scheduler with workers of its own on loopback: the same bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ldpaudit.comparing import dask_workers
from ldpaudit.comparing.grid import compare
from ldpaudit.comparing.running import DIED
from ldpaudit.sampling import BLOCK

from . import hostile

pytestmark = [
    pytest.mark.slow,
    # Left by distributed where a process is killed while it speaks.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]
pytest.importorskip("distributed")
STUDY: dict[str, Any] = {
    "name": "dask",
    "protocols": ["grr", "oue", {"name": "mss", "moduli": [3, 4, 5]}],
    "epsilons": [1.0, 4.0],
    "data": [{"name": "zipf", "k": 9, "num_users": 50}, {"name": "uniform", "k": 6}],
    "trials": 300,
    "repetitions": 2,
}
Start = Callable[[int], str]


def text(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, float_format=repr)


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start a scheduler with so many worker processes; return its address."""
    hostile.on_path(hostile.install(tmp_path / "parts"), monkeypatch)
    begun: list[subprocess.Popen[bytes]] = []

    def process(*arguments: str) -> None:
        command = [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]]
        with (tmp_path / f"{len(begun)}.log").open("wb") as log:
            begun.append(
                subprocess.Popen(
                    command, cwd=tmp_path, stdout=log, stderr=log, start_new_session=True
                )
            )

    def cluster(workers: int) -> str:
        file = tmp_path / "scheduler.json"
        process("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                "--scheduler-file", str(file))  # fmt: skip
        deadline = time.monotonic() + 120
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        address: str = json.loads(file.read_text())["address"]
        for _ in range(workers):
            process("dask_worker", address, "--host", "127.0.0.1", "--nthreads", "1",
                    "--no-dashboard", "--local-directory", str(tmp_path))  # fmt: skip
        return address

    yield cluster
    for run in begun[::-1]:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()


def hostile_study(*modes: str, at: str = "") -> dict[str, Any]:
    parts = [{"name": "hostile", "mode": mode, "at": at} for mode in modes]
    return STUDY | {"protocols": [*parts, "grr"], "epsilons": [1.0]}


def test_two_workers_give_the_same_bytes(start: Start) -> None:
    found = compare(STUDY, backend="dask", scheduler=start(2)).frame
    assert text(found) == text(compare(STUDY, jobs=2).frame)


def test_a_worker_that_is_killed_changes_no_byte(start: Start, tmp_path: Path) -> None:
    at = str(tmp_path / "struck")
    plan = hostile_study("once", at=at)
    found = compare(plan, backend="dask", scheduler=start(2)).frame
    assert Path(at).exists()
    assert "failed" not in set(found["status"])
    assert text(found) == text(compare(plan).frame)


def test_a_cell_that_kills_its_workers_fails_alone(start: Start) -> None:
    plan = hostile_study("killed", "raises")
    found = compare(plan, backend="dask", scheduler=start(2)).frame
    failed = found[found["metric"] == "cell"]
    assert failed["k"].tolist() == [6, 6]
    assert failed["reason"].iloc[0] == DIED
    assert text(found) == text(compare(plan, jobs=2).frame)


def test_a_cell_that_hangs_is_ended(start: Start) -> None:
    plan = hostile_study("holds")
    found = compare(plan, backend="dask", scheduler=start(2), cell_timeout=12).frame
    failed = found[found["metric"] == "cell"]
    assert failed["reason"].tolist() == ["it ran longer than the limit of 12 seconds"]
    assert failed["k"].tolist() == [6]
    assert set(found["status"]) <= {"ok", "consistent", "inconclusive", "failed"}


def test_a_cluster_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(STUDY))
    code = (
        "import json, sys, ldpaudit\n"
        "if __name__ == '__main__':\n"
        "    study = json.load(open('plan.json'))\n"
        "    results = ldpaudit.compare(study, backend='dask', jobs=2)\n"
        "    sys.stdout.write(results.frame.to_csv(index=False, float_format=repr))\n"
    )
    (tmp_path / "script.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == text(compare(STUDY).frame)


def test_no_scheduler_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ldpaudit.comparing.dask_workers.PATIENCE", 1)
    with pytest.raises(ValueError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:1'"):
        compare(STUDY, backend="dask", scheduler="tcp://127.0.0.1:1")
    with pytest.raises(ValueError, match="no Dask scheduler answers at 'nonsense://x'"):
        compare(STUDY, backend="dask", scheduler="nonsense://x")


def test_a_thread_that_starts_late_is_waited_for() -> None:
    tried = []

    def client(address: str, timeout: int) -> str:
        tried.append((address, timeout))
        assert len(tried) > 2
        return "client"

    assert dask_workers._connected(client, "tcp://here:1") == "client"
    assert len(tried) == 3


def test_no_workers_is_one_sentence(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    address = start(0)
    monkeypatch.setattr("ldpaudit.comparing.dask_workers.PATIENCE", 2)
    with pytest.raises(ValueError, match=r"the Dask scheduler at .* has no workers"):
        compare(STUDY, backend="dask", scheduler=address)


def test_workers_share_the_blocks_of_one_cell(start: Start) -> None:
    big = STUDY | {"protocols": ["grr"], "epsilons": [1.0], "data": STUDY["data"][:1]}
    big |= {"attacks": ["single-guess"], "trials": 2 * BLOCK + 10}
    shared = compare(big, backend="dask", scheduler=start(2), jobs=2)
    assert text(shared.frame) == text(compare(big).frame)
