"""Today's build beside that of commit 75a4fc6, in turn and in one run.

Usage: python benchmarks/before.py [PYTHON] [PAIRS] [ROW ...]

PYTHON is the interpreter of an environment that holds the old build; without one, or with "-",
it is made on first use in the user's cache folder from this repository's history, which needs the
registry from which pip installs. Processor's seconds of whole processes or of the part that is
named, children included, as medians over so many pairs (5), and the median of the pairs' ratios
new / old. A ROW (the start of its name) runs those alone. `most` is the ratio that was promised;
the exit code is 1 if one is missed.

The default study of today is more work than it was: two attackers for one, and the influence of
false reports; `as it was` is the same study with what it had then.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMIT = "75a4fc6"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ldpaudit-before"

AS_IT_WAS = """name = "default"
title = "Five protocols"
protocols = ["grr", "ss", "oue", "olh", "mss"]
epsilons = [0.5, 1.0, 2.0, 3.0, 4.0, 5.0]
attacks = ["single-guess", "bayes"]
trials = 50_000
repetitions = 10
[[data]]
name = "adult-age"
[[data]]
name = "zipf"
k = 1024
num_users = 10_000
"""
LARGE = """name = "large"
title = "576 cells"
protocols = ["grr", "ss", "oue", "olh", "mss", "hr"]
epsilons = [0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0]
attacks = ["bayes"]
trials = 1000
repetitions = 2
""" + "".join(
    f'[[data]]\nname = "zipf"\nk = {k}\nnum_users = 1000\n'
    for k in (5, 8, 10, 16, 20, 32, 40, 50, 64, 74, 90, 100)
)

GUESS = """
import numpy as np, ldpaudit
from ldpaudit.registry import create
m = ldpaudit.mechanism({name!r}, k=1024, epsilon={epsilon})
rng = np.random.default_rng(1)
reports = m.privatize(rng.integers(0, 1024, 20_000), rng=rng)
attack, prior = create("attacks", {attack!r}), np.full(1024, 1 / 1024)
attack.guess(reports[:100], m, prior, rng=rng)
with timed():
    attack.guess(reports, m, prior, rng=rng)
"""
SERVER = """
import numpy as np, ldpaudit
m = ldpaudit.mechanism("olh", k=1024, epsilon=1.0)
rng = np.random.default_rng(1)
reports = m.privatize(rng.integers(0, 1024, 100_000), rng=rng)
m.estimate(m.aggregate(reports[:10_000]))
with timed():
    m.estimate(m.aggregate(reports))
"""
DECODE = """
import numpy as np, ldpaudit
m = ldpaudit.mechanism("smss", k=22_000, epsilon=4.0)
rng = np.random.default_rng(1)
counts = m.aggregate(m.privatize(rng.integers(0, 22_000, 20_000), rng=rng))
m.estimate(counts)
with timed():
    for _ in range(5):
        m.estimate(counts)
"""
END_TO_END = """
import numpy as np, ldpaudit
m = ldpaudit.mechanism("mss", k=22_000, epsilon=4.0)
rng = np.random.default_rng(1)
values, total = rng.integers(0, 22_000, 1_000_000), None
with timed():
    for start in range(0, values.size, 2**16):
        counts = m.aggregate(m.privatize(values[start : start + 2**16], rng=rng))
        total = counts if total is None else total + counts
    m.estimate(total)
"""
COLD = """
import ldpaudit
with timed(from_start=True):
    ldpaudit.audit(ldpaudit.mechanism("ss", k=100, epsilon=1.0), [], trials=10_000)
"""
PRELUDE = """
import contextlib, json, resource, time
@contextlib.contextmanager
def timed(from_start=False):
    began = 0.0 if from_start else time.process_time()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([time.process_time() - began, peak / 1024]), flush=True)
"""

#: One turn of an interpreter in a folder: seconds, and the most memory in MB.
Turn = Callable[[str, Path], tuple[float, float]]


@dataclass(frozen=True)
class Row:
    """A thing that both builds do: how, and the largest ratio promised."""

    name: str
    run: Turn
    most: float | None = None


def script(text: str) -> Turn:
    """Time a part of a script."""

    def run(python: str, folder: Path) -> tuple[float, float]:
        done = subprocess.run(
            [python, "-c", PRELUDE + text],
            cwd=folder,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        seconds, peak = json.loads(done.stdout.splitlines()[-1])
        return seconds, peak

    return run


WHOLE = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
if done.returncode not in (0, 3):  # 3 where an audit of few reports has no power
    done.check_returncode()
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""


def command(
    *words: str, before: tuple[str, ...] = ()
) -> Callable[[str, Path], tuple[float, float]]:
    """Time a whole command of `ldpaudit`; `before` prepares the folder once."""

    def run(python: str, folder: Path) -> tuple[float, float]:
        tool = str(Path(python).with_name("ldpaudit"))
        ready = folder / ("ready-" + "-".join(words).replace("/", "_"))
        if before and not ready.exists():
            made = subprocess.run(
                [tool, *before], cwd=folder, check=False,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            if made.returncode not in (0, 3):
                made.check_returncode()
            ready.touch()
        done = subprocess.run(
            [sys.executable, "-c", WHOLE, tool, *words],
            cwd=folder, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        seconds, peak = json.loads(done.stdout)
        return seconds, peak

    return run


def rows() -> Iterator[Row]:
    """What is compared."""
    for attack, most in (("bayes", {"olh": 0.2}), ("single-guess", {"olh": 0.2})):
        usual = 0.1 if attack == "bayes" else 1 / 3
        for name in ("ss", "oue", "mss", "olh"):
            for epsilon in (1.0, 4.0):
                yield Row(
                    f"{attack} {name} k=1024 epsilon={epsilon:g}",
                    script(GUESS.format(name=name, epsilon=epsilon, attack=attack)),
                    most.get(name, usual),
                )
    yield Row("server olh k=1024, 1e5 reports", script(SERVER), 1 / 3)
    yield Row("decode smss k=22,000", script(DECODE), 1 / 3)
    yield Row("end to end mss, 1e6 users, k=22,000", script(END_TO_END), 1 / 1.8)
    yield Row("cold audit with a likelihood", script(COLD), 0.75)
    compare = ("compare", "--fresh", "--jobs", "1", "--out")
    yield Row("compare default, as it was", command(*compare, "was", "--study", "was.toml"), 0.4)
    yield Row("compare default, of today", command(*compare, "today"), 0.4)
    one = ("compare", "--jobs", "1", "--out")
    yield Row(
        "page of the default study, as it was",
        command("report", "was1", before=(*one, "was1", "--study", "was.toml")), 0.3,
    )  # fmt: skip
    yield Row(
        "page of the default study, of today", command("report", "t1", before=(*one, "t1")), 0.3
    )
    yield Row(
        "page of 576 cells",
        command("report", "large", before=(*one, "large", "--study", "large.toml")), 0.25,
    )  # fmt: skip


def old_build() -> str:
    """The interpreter of the old build, which is made if it is not there."""
    python = CACHE / COMMIT / ".venv" / "bin" / "python"
    if not python.exists():
        place = python.parents[2]
        place.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(
            ["git", "-C", str(ROOT), "archive", COMMIT], check=True, stdout=subprocess.PIPE
        )
        subprocess.run(["tar", "-x", "-C", str(place)], input=packed.stdout, check=True)
        subprocess.run([sys.executable, "-m", "venv", str(place / ".venv")], check=True)
        same = ROOT / "constraints.txt"  # the libraries of this build
        subprocess.run(
            [str(python), "-m", "pip", "install", "-q", "-c", str(same), str(place)], check=True
        )
    return str(python)


def main(words: list[str]) -> int:
    """Print a line per row."""
    given = words[0] if words else "-"
    builds = {"old": old_build() if given == "-" else given, "new": sys.executable}
    pairs = int(words[1]) if len(words) > 1 else 5
    wanted = words[2:]
    missed = 0
    print(f"{'':40} {'old [s]':>9} {'new [s]':>9} {'new/old':>8} {'most':>6}  {'MB':>13}")
    with tempfile.TemporaryDirectory() as folder:
        places = {name: Path(folder) / name for name in builds}
        for place in places.values():
            place.mkdir()
            (place / "was.toml").write_text(AS_IT_WAS, encoding="utf-8")
            (place / "large.toml").write_text(LARGE, encoding="utf-8")
        for row in rows():
            if wanted and not any(row.name.startswith(word) for word in wanted):
                continue
            found: dict[str, list[tuple[float, float]]] = {name: [] for name in builds}
            for _ in range(pairs):
                for name, python in builds.items():
                    found[name].append(row.run(python, places[name]))
            old, new = ([seconds for seconds, _ in found[name]] for name in builds)
            ratio = statistics.median(b / a for a, b in zip(old, new, strict=True))
            late = row.most is not None and ratio > row.most
            missed += late
            peaks = [max(peak for _, peak in found[name]) for name in builds]
            print(
                f"{row.name:40} {statistics.median(old):9.3f} {statistics.median(new):9.3f} "
                f"{ratio:8.3f} {row.most or 0:6.3f}  {peaks[0]:6.0f} {peaks[1]:6.0f}"
                f"{'  missed' if late else ''}",
                flush=True,
            )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
