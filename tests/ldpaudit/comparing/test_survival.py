"""Killed, damaged, full, read-only, two at once: nothing finished is lost, nothing is doubled."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ldpaudit.comparing.grid import compare
from ldpaudit.comparing.kept import stored_results
from ldpaudit.comparing.results import Results
from ldpaudit.comparing.store import FILE_NAME, Store
from ldpaudit.comparing.study import resolve, to_toml

Run = Callable[..., tuple[int, str, str]]
SIXTY: dict[str, Any] = {
    "name": "sixty",
    "protocols": ["grr", "ss", "sue", "oue", {"name": "mss", "moduli": [3, 4, 5]}],
    "epsilons": [0.5, 1.0, 2.0, 4.0],
    "data": [
        {"name": "zipf", "k": 9, "num_users": 50},
        {"name": "uniform", "k": 6},
        {"name": "spike", "k": 8},
    ],
    "trials": 2000,
    "repetitions": 2,
}
TINY = SIXTY | {"protocols": ["grr", "oue"], "epsilons": [1.0, 4.0], "trials": 300}
# As a terminal starts a command, however these tests were started: nohup, a job in the background
# and some runners ignore interrupts, and what is ignored stays so in every process below.
FOREGROUND = (
    "import os, signal, sys\n"
    "signal.pthread_sigmask(signal.SIG_SETMASK, [])\n"
    "signal.signal(signal.SIGINT, getattr(signal, sys.argv[1]))\n"
    "os.execv(sys.executable, [sys.executable, *sys.argv[2:]])\n"
)
COMPARE = "import sys, ldpaudit; ldpaudit.compare(sys.argv[1], out='out', jobs=int(sys.argv[2]))"


def text(results: Results) -> str:
    return results.frame.to_csv(index=False, float_format=repr)


def keys(folder: Path) -> list[str]:
    """Keys on disk, read beside a writer; none while there is no table."""
    address = f"file:{folder / FILE_NAME}?mode=ro"
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(address, uri=True)) as connection,
    ):
        return [key for (key,) in connection.execute("SELECT key FROM cells")]
    return []


@pytest.mark.slow
def test_killed_twenty_times(tmp_path: Path) -> None:
    """kill -9 at random moments, resumed each time; at last undisturbed."""
    rng = np.random.default_rng(8)
    out = tmp_path / "out"
    (tmp_path / "study.toml").write_text(to_toml(resolve(SIXTY)))
    command = [sys.executable, "-c", COMPARE, "study.toml"]
    counts = [0]
    for turn in range(20):
        run = subprocess.Popen(
            [*command, str(1 + (turn % 4 == 3))], cwd=tmp_path, start_new_session=True
        )
        # Within start-up, or so many cells and a part of one later.
        enough = counts[-1] + int(rng.integers(0, 7))
        deadline = time.monotonic() + (rng.uniform(0, 2) if turn % 5 == 4 else 60)
        while len(keys(out)) < enough and run.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.05))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        found = keys(out)
        assert len(found) == len(set(found)) >= counts[-1]
        counts.append(len(found))
    assert any(0 < count < 60 for count in counts)
    resumed = compare(SIXTY, out=out)
    assert len(keys(out)) == 60
    assert text(resumed) == text(stored_results(out)) == text(compare(SIXTY))


@pytest.mark.slow
def test_two_commands_in_one_folder(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(to_toml(resolve(SIXTY | {"trials": 300})))
    command = [sys.executable, "-c", COMPARE, "study.toml"]
    both = [subprocess.Popen([*command, jobs], cwd=tmp_path) for jobs in "12"]
    assert [run.wait() for run in both] == [0, 0]
    found = keys(tmp_path / "out")
    assert len(found) == len(set(found)) == 60
    assert text(stored_results(tmp_path / "out")) == text(compare(SIXTY | {"trials": 300}))


Interrupted = Callable[[str, dict[str, Any], int], tuple[subprocess.Popen[str], str]]


@pytest.fixture
def interrupted(tmp_path: Path) -> Iterator[Interrupted]:
    """A comparison that gets Ctrl-C after some cells, with its workers: so a terminal does it."""
    running: list[subprocess.Popen[str]] = []

    def start(
        disposition: str, plan: dict[str, Any], cells: int
    ) -> tuple[subprocess.Popen[str], str]:
        (tmp_path / "study.toml").write_text(to_toml(resolve(plan)))
        arguments = ["compare", "--study", "study.toml", "--out", "out", "--jobs", "2"]
        run = subprocess.Popen(
            [sys.executable, "-c", FOREGROUND, disposition, "-m", "ldpaudit", *arguments],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        running.append(run)
        deadline = time.monotonic() + 120
        while len(keys(tmp_path / "out")) < cells and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(run.pid, signal.SIGINT)
        _, err = run.communicate(timeout=120)
        return run, err

    yield start
    for run in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)


def test_ctrl_c_stops_and_says_how_to_go_on(interrupted: Interrupted, tmp_path: Path) -> None:
    run, err = interrupted("SIG_DFL", SIXTY | {"trials": 20_000}, 3)
    assert run.returncode == 130
    assert err == (
        "ldpaudit: stopped; finished cells are kept, the same command goes on from there.\n"
    )
    before = keys(tmp_path / "out")
    assert 3 <= len(before) < 60
    deadline = time.monotonic() + 30
    while (alive := _alive(run.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive  # no worker is left behind


def test_a_command_started_with_interrupts_ignored_goes_on(
    interrupted: Interrupted, tmp_path: Path
) -> None:
    """What nohup and a job in the background ask for."""
    run, err = interrupted("SIG_IGN", TINY | {"data": TINY["data"][:1]}, 1)
    assert (run.returncode, err) == (0, "")
    assert len(keys(tmp_path / "out")) == 4


def _alive(group: int) -> bool:
    """Whether a process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


# ------------------------------------------------------------------- damage


def damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """One of: cut, some bytes changed, a stretch of zeros, of noise, a page moved."""
    size = len(content)
    at = int(rng.integers(0, size))
    length = int(rng.integers(1, 600))
    match int(rng.integers(0, 5)):
        case 0:
            return content[:at]
        case 1:
            out = bytearray(content)
            for place in rng.integers(0, size, int(rng.integers(1, 20))):
                out[place] ^= int(rng.integers(1, 256))
            return bytes(out)
        case 2:
            return content[:at] + bytes(min(length, size - at)) + content[at + length :]
        case 3:
            noise = rng.bytes(min(length, size - at))
            return content[:at] + noise + content[at + length :]
        case _:
            pages = [content[start : start + 4096] for start in range(0, size, 4096)]
            one, two = rng.integers(0, len(pages), 2)
            pages[one] = pages[two]
            return b"".join(pages)


@pytest.mark.slow
def test_a_hundred_damaged_stores(tmp_path: Path) -> None:
    """Each is refused in one sentence and left as it is, or gives the very table."""
    whole = text(compare(TINY, out=tmp_path / "whole"))
    content = (tmp_path / "whole" / FILE_NAME).read_bytes()
    rng = np.random.default_rng(100)
    refused = 0
    for number in range(100):
        folder = tmp_path / str(number)
        folder.mkdir()
        broken = damaged(content, rng)
        (folder / FILE_NAME).write_bytes(broken)
        said = ""
        try:
            found = compare(TINY, out=folder)
        except ValueError as error:
            refused, said = refused + 1, str(error)
        if said:
            assert "cannot be used as a store" in said
            assert "\n" not in said
            assert (folder / FILE_NAME).read_bytes() == broken
            found = compare(TINY, out=folder, fresh=True)
        assert text(found) == whole
        shutil.rmtree(folder)
    assert refused > 50


def test_what_sqlite_cites_of_a_damaged_store_stays_on_one_line(tmp_path: Path) -> None:
    compare(TINY, out=tmp_path)
    path = tmp_path / FILE_NAME
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE ", b"C\nEATE\x1bTABLE "))
    with pytest.raises(ValueError, match="cannot be used as a store") as refused:
        compare(TINY, out=tmp_path)
    assert str(refused.value).isprintable()


def test_a_damaged_store_is_exit_2_and_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(to_toml(resolve(TINY)))
    compare(TINY, out=tmp_path / "out")
    path = tmp_path / "out" / FILE_NAME
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    for command in (("compare", "--study", "study.toml", "--out", "out"), ("report", "out")):
        code, out, err = run(*command)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "cannot be used as a store" in err
        assert "start over with --fresh or choose another folder" in err


# ------------------------------------------------------- a disk that is full


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KB."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_one_sentence_and_loses_nothing(small_disk: Path) -> None:
    out = small_disk / "out"
    plan = SIXTY | {"trials": 300}
    with pytest.raises(ValueError, match=r"cannot be used as a store \(.*(full|I/O)"):
        compare(plan, out=out)
    before = set(keys(out))
    assert 0 < len(before) < 60
    subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
    assert text(compare(plan, out=out)) == text(compare(plan))
    assert before < set(keys(out))


def test_a_read_only_folder_is_one_sentence(small_disk: Path, run: Run, tmp_path: Path) -> None:
    Store(small_disk / "out").close()
    (tmp_path / "study.toml").write_text(to_toml(resolve(TINY)))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for out in (small_disk / "out", small_disk / "new"):
        code, _, err = run("compare", "--study", "study.toml", "--out", str(out), "--jobs", "1")
        assert (code, err.count("\n")) == (2, 1)
        assert str(out) in err
        assert "another folder" in err or "cannot be used" in err
