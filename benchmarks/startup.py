"""Whole processes: how long `ldpaudit --help` and `import ldpaudit` take, beside `python -c pass`.

Usage: python benchmarks/startup.py

Medians of 15 turns, in which the commands alternate; at most 0.3 s and 0.2 s are promised on an
idle machine, the exit code is 1 if one is missed.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

_PYTHON = sys.executable
COMMANDS = {
    "python -c pass": ([_PYTHON, "-c", "pass"], None),
    "import ldpaudit": ([_PYTHON, "-c", "import ldpaudit"], 0.2),
    "ldpaudit --help": ([str(Path(_PYTHON).with_name("ldpaudit")), "--help"], 0.3),
    "ldpaudit list protocols": (
        [str(Path(_PYTHON).with_name("ldpaudit")), "list", "protocols"],
        None,
    ),
}


def main() -> int:
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(15):
        for name, (command, _) in COMMANDS.items():
            started = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            taken[name].append(time.perf_counter() - started)
    missed = 0
    for name, seconds in taken.items():
        median, most = statistics.median(seconds), COMMANDS[name][1]
        late = most is not None and median > most
        missed += late
        print(f"{name:24} {median:6.3f} s" + (f"  at most {most} s" if most else ""))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
