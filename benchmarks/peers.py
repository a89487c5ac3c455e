"""The public packages beside which we are timed, in an environment of their own.

It is made on first use, in a cache folder or where `--peers DIR` says, and used
through one long-lived process, so that their turns can be taken between ours.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import platformdirs

#: multi-freq-ldpy and pure-ldp do not say what they need: the hash texts that only an older
#: xxhash takes, scikit-learn and statsmodels.
PACKAGES = (
    "multi-freq-ldpy==0.2.5",
    "pure-ldp==1.2.0",
    "xxhash<3.6",
    "scikit-learn",
    "statsmodels",
)
NAMES = ("multi-freq-ldpy", "pure-ldp")
#: Processor seconds of so many reports.
Turn = Callable[[int], float | None]


def environment(folder: Path) -> Path:
    """The interpreter of the environment in `folder`, which is made if it is not whole."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    whole = folder / "packages.txt"
    if not whole.exists() or whole.read_text("utf-8").split() != list(PACKAGES):
        print(f"making the peers' environment in {folder}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        whole.write_text("\n".join(PACKAGES), "utf-8")
    return python


class Peers:
    """The peers' process: one task a line, one line back."""

    def __init__(self, folder: Path) -> None:
        worker = Path(__file__).with_name("peer_worker.py")
        self._process = subprocess.Popen(
            [str(environment(folder)), str(worker)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def turn(self, work: str, package: str, protocol: str, k: int) -> Turn:
        """What times `package` at the work; it says None where it has no such protocol."""
        task = {"work": work, "package": package, "protocol": protocol, "k": k}
        return lambda reports: self._ask({**task, "reports": reports})

    def _ask(self, task: dict[str, object]) -> float | None:
        asked, answered = self._process.stdin, self._process.stdout
        if asked is None or answered is None:
            raise RuntimeError("the peers' process has no pipes.")
        print(json.dumps(task), file=asked, flush=True)
        line = answered.readline()
        if not line:
            raise RuntimeError(f"the peers' process ended at {task}.")
        seconds: float | None = json.loads(line)
        return seconds

    def close(self) -> None:
        """Let the process end."""
        self._process.communicate()


def from_command_line(description: str) -> Peers:
    """The peers, from the folder named on the command line or the cache."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    cache = platformdirs.user_cache_path("ldpaudit") / "peers"
    parser.add_argument("--peers", type=Path, default=cache, metavar="DIR",
                        help="folder of the peers' environment (%(default)s)")  # fmt: skip
    return Peers(parser.parse_args().peers.absolute())


def processor_seconds(work: Callable[[], object]) -> float:
    """Seconds this process computes: on a quiet machine those of the clock."""
    start = time.process_time()
    work()
    return time.process_time() - start


def medians(rounds: int, turns: list[tuple[Turn, int]]) -> list[float | None]:
    """Median seconds per report of those who take turns; None of one that has nothing to say."""
    seen = [[_per_report(turn, reports) for turn, reports in turns] for _ in range(rounds)]
    return [
        statistics.median(value for value in one if value is not None) if one[0] else None
        for one in zip(*seen, strict=True)
    ]


def _per_report(turn: Turn, reports: int) -> float | None:
    seconds = turn(reports)
    return None if seconds is None else seconds / reports
