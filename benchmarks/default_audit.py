"""What the default audit of every protocol costs beside another build: CPU, and reports drawn.

Usage: python benchmarks/default_audit.py [--processes] [PYTHON] [PAIRS] [TRIALS] [PROTOCOL ...]

PYTHON is the interpreter of an environment that holds the other build, such as .venv/bin/python
of a worktree. Each build has one process, which audits what it is told, the two in turn; the first
turn of each warms up. Printed are reports drawn for the default audit, the processor's seconds as
medians over so many pairs, and the median of their ratios; * marks protocols that declare
`pairs_alike`. Protocols that the other build does not have are left out. Strangers are four of the
catalogue that declare nothing, with their likelihood and without, and one that draws its reports
one by one. With --processes a turn is a whole `ldpaudit audit` of such a stranger, start-up
included, as somebody who types it waits for it; reports are not counted then.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

GIVEN: tuple[Mapping[str, Any], ...] = (
    {"k": 20},
    {"k": 20, "delta": 1e-5},
    {"sizes": [4, 3, 2]},
    {},
    {"delta": 1e-5},
    {"dimension": 8},
    {"dimension": 8, "delta": 1e-5},
    {"k": 20, "buckets": 4},
    {"k": 20, "optimized": True},
    {"k": 20, "scale": 2.0},
    {"k": 20, "p": 0.5},
    {"k": 20, "epsilon_inf": 2.0},
    {"sizes": [4, 3, 2], "epsilon_inf": 2.0},
    {"k": 20, "d": 4},
    {"k": 20, "base": "grr", "rounds": 3},
    {"k": 20, "one_report": 0.5, "base": "l-grr", "rounds": 3},
    {"sizes": [2, 2], "fake": [[0.5, 0.5], [0.3, 0.7]]},
)


class Stranger:
    """A mechanism of the catalogue as somebody else's: nothing is declared, or no likelihood."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.k, self.epsilon = inner, inner.k, inner.epsilon

    def privatize(self, values: Any, *, rng: Any) -> Any:
        """Its reports."""
        return self.inner.privatize(values, rng=rng)


class WithLikelihood(Stranger):
    """The same, with its likelihood."""

    def log_likelihood(self, reports: Any, values: Any = None) -> Any:
        """Its likelihood."""
        return self.inner.log_likelihood(reports, values)


class InPython(WithLikelihood):
    """The same, its reports drawn one by one, as most strangers draw them."""

    def privatize(self, values: Any, *, rng: Any) -> Any:
        """Its reports, each touched by Python."""
        k, keep = self.k, float(np.exp(self.epsilon) / (np.exp(self.epsilon) + self.k - 1))
        out = np.empty(len(values), dtype=np.int64)
        for place, own in enumerate(values):
            other = int(rng.integers(k - 1))
            out[place] = own if rng.random() < keep else other + (other >= own)
        return out


STRANGERS = {
    f"{name} as {what}": (kind, name)
    for name in ("grr", "oue", "olh", "ss")
    for what, kind in (("a stranger", WithLikelihood), ("a black box", Stranger))
} | {"grr in Python": (InPython, "grr")}


def built(name: str) -> Any:
    """A protocol with the first parameters that it takes."""
    import ldpaudit

    if name in STRANGERS:
        kind, inner = STRANGERS[name]
        return kind(built(inner))
    for given in (*({"epsilon": 1.0} | dict(given) for given in GIVEN), {"k": 20, "f": 0.5}):
        try:
            return ldpaudit.mechanism(name, **given)
        except (TypeError, ValueError):
            continue
    return None


def worker() -> None:
    """Audit what is named on standard input, line by line."""
    import ldpaudit

    for line in sys.stdin:
        name, trials = json.loads(line)
        m = built(name)
        answer = None
        if m is not None:
            drawn, kind = [0], type(m)
            own = kind.privatize

            def counted(self: Any, values: Any, *, rng: Any, own: Any = own) -> Any:
                drawn[0] += len(values)  # noqa: B023
                return own(self, values, rng=rng)

            kind.privatize = counted
            started = time.process_time()
            try:
                result = ldpaudit.audit(m, trials=trials, repetitions=1)
                answer = [
                    time.process_time() - started,
                    drawn[0],
                    result.epsilon_lower,
                    bool(getattr(m, "pairs_alike", False)),
                ]
            except (TypeError, ValueError):
                answer = None
            finally:
                kind.privatize = own
        print(json.dumps(answer), flush=True)


class Build:
    """A process of one build."""

    def __init__(self, python: str) -> None:
        self._process = subprocess.Popen(
            [python, __file__, "--worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def audit(self, name: str, trials: int) -> list[Any] | None:
        """CPU seconds, reports, the bound, whether pairs are alike; None if it has no such."""
        asked, answers = self._process.stdin, self._process.stdout
        if asked is None or answers is None:
            raise RuntimeError("the process has no pipes.")
        asked.write(json.dumps([name, trials]) + "\n")
        asked.flush()
        found: list[Any] | None = json.loads(answers.readline() or "null")
        return found


def whole(python: str, file: str, trials: int) -> float:
    """Processor's seconds of one command, start-up included."""
    command = [python, "-m", "ldpaudit", "audit", f"{file}:m", "--trials", str(trials)]
    paths = {"PYTHONPATH": str(Path(__file__).parent)}
    # Elsewhere than in a checkout, which -m would take the package from.
    own = subprocess.Popen(
        command,
        env=os.environ | paths,
        cwd=Path(file).parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(own.pid, 0)
    own.returncode = os.waitstatus_to_exitcode(status)
    if own.returncode not in (0, 3):
        raise RuntimeError(f"{' '.join(command)} ended with {own.returncode}.")
    return used.ru_utime + used.ru_stime


def processes(python: str, pairs: int, trials: int, asked: list[str]) -> None:
    """Print what whole commands cost, the two builds in turn."""
    print("| whole command | CPU s | the other's | ratio |\n|---|---|---|---|")
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        for place, name in enumerate(asked or STRANGERS):
            file = Path(folder, f"stranger_{place}.py")
            file.write_text(f"from default_audit import built\nm = built({name!r})\n")
            turns = [
                (whole(sys.executable, str(file), trials), whole(python, str(file), trials))
                for _ in range(pairs + 1)
            ][1:]
            one, two = (statistics.median(turn[i] for turn in turns) for i in (0, 1))
            ratio = statistics.median(a / b for a, b in turns)
            print(f"| {name} | {one:.2f} | {two:.2f} | {ratio:.2f} |", flush=True)
            if ratio > 1.5:
                missed.append(f"{name} ({ratio:.2f}x)")
    print(f"\nbeyond 1.5 times the CPU: {', '.join(missed) or 'none'}")


def main() -> None:
    """Print a table, and which are beyond twice the reports or 1.5 times the seconds."""
    from ldpaudit.registry import names

    commands = sys.argv[1:2] == ["--processes"]
    del sys.argv[1 : 1 + commands]
    python = sys.argv[1] if len(sys.argv) > 1 else sys.executable
    pairs, trials = (int(text) for text in (sys.argv[2:4] + ["3", "100000"][len(sys.argv[2:4]) :]))
    if commands:
        processes(python, pairs, trials, sys.argv[4:])
        return
    ours, other = Build(sys.executable), Build(python)
    print("| protocol | reports | the other's | CPU s | the other's | ratio |")
    print("|---|---|---|---|---|---|")
    missed = []
    for name in sys.argv[4:] or [*sorted(names("protocols")), *STRANGERS]:
        turns = [(ours.audit(name, trials), other.audit(name, trials)) for _ in range(pairs + 1)]
        kept = [(a, b) for a, b in turns[1:] if a is not None and b is not None]
        if not kept:
            print(
                f"| {name} | {'' if turns[0][0] is None else turns[0][0][1]} | | | | |", flush=True
            )
            continue
        (_, mine, _, alike), (_, theirs, *_) = kept[0]
        ratio = statistics.median(a[0] / b[0] for a, b in kept)
        seconds = [statistics.median(turn[i][0] for turn in kept) for i in (0, 1)]
        print(
            f"| {name}{'*' * alike} | {mine:,} | {theirs:,} | {seconds[0]:.2f} | {seconds[1]:.2f} "
            f"| {ratio:.2f} |",
            flush=True,
        )
        if mine > 2 * theirs or ratio > 1.5:
            missed.append(f"{name} ({mine / theirs:.2f}x reports, {ratio:.2f}x CPU)")
    print(f"\nbeyond twice the reports or 1.5 times the CPU: {', '.join(missed) or 'none'}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker()
    else:
        main()
