"""Audits of 1e6 reports per input at k = 100, epsilon = 1, beside the way LDP-Auditor does them.

Usage: python benchmarks/audit_speed.py [--peers DIR] [audits|commands|memory]

LDP-Auditor is in no package index, so that it could not be installed here.
`audits` times a stand-in: the same clients (multi-freq-ldpy 0.2.5), called
report by report, with the same event (peer_events.py). It runs on some thousand
reports, in turns with ours, and is scaled up; divided by two it is what two
cores would take that share the work without loss. The tool's own seconds, on
two cores of another machine, stand beside it. Ours is one process: the bound of
an audit with whole reports of `privatize`, its pilot and its choice of a game.

`commands` are cold runs of `ldpaudit` from a shell: an audit of 1e6 reports an
input with its attacks and its accuracy run, the default audit of every
protocol (k = 100), the help and the import. `memory` is the peak of audits of
1e7 reports per input. Seconds are the processor's, medians; those of the clock
are added for commands. The exit code is 1 if a promise is missed.
"""

from __future__ import annotations

import inspect
import math
import os
import statistics
import subprocess
import sys
import time

import peers

import ldpaudit
from ldpaudit import registry

TRIALS, NUM_VALUES, ROUNDS = 10**6, 100, 5
#: Least ratio, the tool's own seconds, and reports of a turn of the stand-in.
PEER = {
    "grr": (15, 0.33, 500_000),
    "sue": (15, 2.1, 50_000),
    "oue": (15, 1.85, 50_000),
    "the": (15, 3.3, 50_000),
    "ss": (4, 2.1, 50_000),
    "olh": (400, 44.0, 4_000),
    "blh": (400, 42.0, 4_000),
    "she": (40, 53.0, 2_000),
}
#: Seconds of a cold command at most, and megabytes at 1e7 reports per input.
LARGE, DEFAULT, HELP, IMPORT, MEGABYTES = 1.5, 3.0, 0.3, 0.2, 300
#: A value of every parameter that a protocol has to be told.
VALUES = {"k": NUM_VALUES, "epsilon": 1, "epsilon_inf": 2, "one_report": 0.5, "rounds": 5, "d": 4,
          "delta": 1e-6, "p": 0.6, "f": 0.5, "buckets": 4, "optimized": "true",
          "sizes": "[10, 10]", "dimension": 5, "scale": 2, "num_users": 20}  # fmt: skip
BASES = {"repeated": "oue", "constant": "l-osue", "shuffled": "grr"}
#: The plane of seven points; two attributes of ten values.
FURTHER = {
    "block-design": ["--param", f"blocks={[[i, (i + 1) % 7, (i + 3) % 7] for i in range(7)]}"],
    "rsrfd": ["--param", f"fake={[[0.1] * 10] * 2}"],
}
#: No promise: a control of a hundred doubles a report, of which every bit is looked at, and a pool
#: of twenty reports, which is weighed against each of a hundred values.
SLOW = ("textbook-she", "shuffled")
#: Values where k = NUM_VALUES does not fit.
SIZES = {"block-design": 7}


def ours(name: str) -> peers.Turn:
    """Processor seconds of the bound alone, after an audit that loads what is loaded once."""
    m = ldpaudit.mechanism(name, k=NUM_VALUES, epsilon=1.0)
    ldpaudit.audit(m, [], trials=1000)

    def turn(reports: int) -> float:
        return peers.processor_seconds(lambda: ldpaudit.audit(m, [], trials=reports // 2))

    return turn


def audits(others: peers.Peers) -> bool:
    """Print the table of the stand-in; whether every ratio is kept."""
    print(f"{2 * TRIALS:,} reports of two inputs, k = {NUM_VALUES}, epsilon = 1; seconds")
    print("protocol      ours  stand-in on two cores    ratio  LDP-Auditor    ratio   bar")
    kept = True
    for name, (bar, own_seconds, reports) in PEER.items():
        theirs = others.turn("audits", "multi-freq-ldpy", name, NUM_VALUES)
        turns = [(ours(name), 2 * TRIALS), (theirs, reports)]
        spent = [value for value in peers.medians(ROUNDS, turns) if value is not None]
        mine, peer = 2 * TRIALS * spent[0], TRIALS * spent[1]
        kept &= peer / mine >= bar
        print(
            f"{name:>8} {mine:>9.3f} {peer:>22.2f} {peer / mine:>8.1f} {own_seconds:>12.2f}"
            f" {own_seconds / mine:>8.1f} {bar:>5}",
            flush=True,
        )
    return kept


def run(command: list[str]) -> tuple[float, float, float]:
    """Seconds of the processor and of the clock, and the peak in megabytes, of a process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    clock = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 3):
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}.")
    unit = 1 if sys.platform == "darwin" else 1024
    return used.ru_utime + used.ru_stime, clock, used.ru_maxrss * unit / 1e6


def audit_command(name: str, *more: str) -> list[str]:
    """`ldpaudit audit NAME` with what the protocol needs."""
    command = [sys.executable, "-m", "ldpaudit", "audit", name, *FURTHER.get(name, []), *more]
    for needed, parameter in inspect.signature(registry.load("protocols", name)).parameters.items():
        if parameter.default is parameter.empty and f"{needed}=" not in " ".join(command):
            value = BASES[name] if needed == "base" else VALUES[needed]
            value = SIZES.get(name, value) if needed == "k" else value
            command += ["--param", f"{needed}={value}"]
    return command


def show(title: str, command: list[str], bar: float, rounds: int = 1) -> bool:
    """Print the medians of a cold command; whether the processor keeps to the bar."""
    processor, clock, _ = (
        statistics.median(one) for one in zip(*(run(command) for _ in range(rounds)), strict=True)
    )
    print(f"{title:>28} {processor:>10.2f} {clock:>7.2f} {bar:>5.1f}", flush=True)
    return processor <= bar


def commands() -> bool:
    """Print the table of cold commands."""
    print(f"{'cold command':>28}  processor   clock   bar")
    kept = [
        show("oue, 1e6 an input", audit_command("oue", "--trials", str(TRIALS)), LARGE, ROUNDS),
        show("--help", [sys.executable, "-m", "ldpaudit", "--help"], HELP, ROUNDS),
        show("import ldpaudit", [sys.executable, "-c", "import ldpaudit"], IMPORT, ROUNDS),
    ]
    kept += [
        show(name, audit_command(name), math.inf if name in SLOW else DEFAULT)
        for name in registry.names("protocols")
    ]
    return all(kept)


def memory() -> bool:
    """Print the peak memory of large audits."""
    print("1e7 reports per input      seconds  peak [MB]   bar")
    kept = True
    for name in ("grr", "oue", "ss", "olh", "mss", "she"):
        processor, _, peak = run(audit_command(name, "--trials", str(10 * TRIALS)))
        print(f"{name:>20} {processor:>12.1f} {peak:>10.0f} {MEGABYTES:>5}", flush=True)
        kept &= peak <= MEGABYTES
    return kept


def main() -> int:
    parts = {"audits", "commands", "memory"}
    chosen = [part for part in sys.argv[1:] if part in parts] or sorted(parts)
    sys.argv[1:] = [word for word in sys.argv[1:] if word not in parts]
    others = peers.from_command_line(__doc__ or "")
    kept = True
    if "audits" in chosen:
        kept &= audits(others)
    others.close()
    if "commands" in chosen:
        kept &= commands()
    if "memory" in chosen:
        kept &= memory()
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
