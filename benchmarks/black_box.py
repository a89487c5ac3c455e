"""CPU and memory of audits of 2 x 10,000 reports without a likelihood, beside another build.

Usage: python benchmarks/black_box.py [PAIRS] [PYTHON] [NAME ...]

PYTHON is the interpreter of an environment that holds the other build, such as .venv/bin/python of
a worktree. Every audit is a process of its own, the two builds in turn; the medians of CPU seconds
(user and system), of their ratios and of peak memory are printed. Reports are recordings, and
functions that are called report by report.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

N = 10_000
Rng = np.random.Generator


def _bits(rng: Rng, k: int) -> list[Any]:
    rows = [rng.random((N, k)) < 0.3 for _ in range(2)]
    for own, row in enumerate(rows):
        row[:, own] = rng.random(N) < 0.55
    return rows


def _answers(rng: Rng, k: int) -> list[Any]:
    return [np.where(rng.random(N) < 0.3, v, rng.integers(0, k, N)) for v in (0, 1)]


def _lists(rng: Rng) -> list[Any]:
    return [rows.astype(int).tolist() for rows in _bits(rng, 16)]


def _sets(rng: Rng) -> list[Any]:
    return [[set(np.flatnonzero(row).tolist()) for row in rows] for rows in _bits(rng, 16)]


def _words(rng: Rng) -> list[Any]:
    return [[f"answer {x}" for x in own] for own in _answers(rng, 8)]


def _beside_seeds(rng: Rng) -> list[Any]:
    return [list(zip(own.tolist(), rng.integers(0, 2**31, N).tolist(), strict=True))
            for own in _answers(rng, 4)]  # fmt: skip


RECORDED: dict[str, Callable[[Rng], list[Any]]] = {
    "numbers": lambda rng: _answers(rng, 8),
    "words": _words,
    "lists of 16 bits": _lists,
    "array of 16 bits": lambda rng: _bits(rng, 16),
    "array of 64 bits": lambda rng: _bits(rng, 64),
    "sets": _sets,
    "answers beside seeds": _beside_seeds,
    "rounded noise": lambda rng: [np.round(v + rng.laplace(size=N), 2) for v in (0, 1)],
}


def one_of_eight(value: int, rng: Rng) -> int:
    return value if rng.random() < 0.3 else int(rng.integers(8))


def sixteen_bits(value: int, rng: Rng) -> list[int]:
    bits = (rng.random(16) < 0.3).astype(int)
    bits[value] = rng.random() < 0.55
    return [int(bit) for bit in bits]


CALLED = {"function to numbers, k = 2": (one_of_eight, 2),
          "function to lists, k = 2": (sixteen_bits, 2),
          "function to numbers, k = 8": (one_of_eight, 8)}  # fmt: skip


def audit(name: str) -> None:
    """Audit one of them in this process; print its CPU seconds and memory."""
    import ldpaudit

    if name in RECORDED:
        mechanism = ldpaudit.from_samples(*RECORDED[name](np.random.default_rng(0)), epsilon=1.0)
    else:
        function, k = CALLED[name]
        mechanism = ldpaudit.from_callable(function, k=k, epsilon=1.0)
    result = ldpaudit.audit(mechanism, [], trials=N)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, result.epsilon_lower]))


def _apart(python: str, name: str) -> list[float]:
    done = subprocess.run([python, __file__, "--one", name], capture_output=True, check=True)
    return list(json.loads(done.stdout))


def main() -> None:
    """Print a table."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    pythons = [sys.executable, *sys.argv[2:3]]
    print("| reports | CPU s | MB | epsilon >= | the other's | CPU, ratio |")
    print("|---|---|---|---|---|---|")
    for name in sys.argv[3:] or (*RECORDED, *CALLED):
        runs = [[_apart(python, name) for python in pythons] for _ in range(pairs)]
        ours = [statistics.median(run[0][i] for run in runs) for i in range(3)]
        line = f"| {name} | {ours[0]:.2f} | {ours[1]:.0f} | {ours[2]:.3f} |"
        if len(pythons) > 1:
            other = [statistics.median(run[1][i] for run in runs) for i in range(3)]
            ratio = statistics.median(run[0][0] / run[1][0] for run in runs)
            line += f" {other[0]:.2f} s, {other[1]:.0f} MB, {other[2]:.3f} | {ratio:.2f} |"
        print(line, flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        audit(sys.argv[2])
    else:
        main()
