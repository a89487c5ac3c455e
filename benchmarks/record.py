"""Run the benchmarks and write what they print, and the machine, to benchmarks/RECORD.md.

Usage: python benchmarks/record.py [NAME ...]

A NAME is that of a script (`clients`) or the start of it; without one all of RUNS are run, one
after another, which needs the registry from which pip installs the
peers. Every section of RECORD.md that was run anew is replaced, the others stay. The exit code
is 1 if a benchmark ended badly, for instance because a promised ratio was missed.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from ratios import put_first

RUNS = (
    ("before.py",),
    ("startup.py",),
    ("mss_decode.py",),
    ("mss_decode.py", "smss"),
    ("mss_end_to_end.py",),
    ("pgr_decode.py",),
    ("block_decode.py",),
    ("mss_influence.py",),
    ("mss_influence.py", "designs"),
    ("poisoning.py",),
    ("clients.py",),
    ("servers.py",),
    ("memory.py",),
    ("audit_speed.py",),
    ("supports.py",),
    ("longitudinal.py",),
    ("scale.py",),
    ("streaming.py",),
    ("numeric.py",),
    ("pages.py",),
    ("limits.py", "benchmarks/LIMITS.md"),
)
HERE = Path(__file__).parent
RECORD = HERE / "RECORD.md"


def main(names: list[str]) -> int:
    chosen = [run for run in RUNS if not names or any(run[0].startswith(n) for n in names)]
    if not chosen:
        known = ", ".join(dict.fromkeys(Path(run[0]).stem for run in RUNS))
        print(f"no benchmark of that name; there are {known}", file=sys.stderr)
        return 2
    bad = 0
    for run in chosen:
        print(f"== {' '.join(run)}", flush=True)
        load, started = os.getloadavg()[0], time.perf_counter()
        done = subprocess.run(
            [sys.executable, str(HERE / run[0]), *run[1:]],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        print(done.stdout, flush=True)
        bad += done.returncode != 0
        took = time.perf_counter() - started
        ended = f", exit code {done.returncode}" if done.returncode else ""
        body = "\n".join(f"    {line}".rstrip() for line in done.stdout.strip("\n").splitlines())
        words = f"{machine()}; load {load:.1f} at the start, {took:.0f} s{ended}."
        _replace(f"## python benchmarks/{' '.join(run)}", f"{words}\n\n{body}")
        put_first()
    return 1 if bad else 0


def machine() -> str:
    """The day, the processor and the versions that matter, in one line."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file() and (
        found := re.search(r"^model name\s*: (.+)$", cpuinfo.read_text(), re.M)
    ):
        model = found[1]
    parts = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy"))
    today = datetime.now(UTC).date().isoformat()
    return f"{today}, {os.cpu_count()} cores ({model}), Python {platform.python_version()}, {parts}"


def _replace(heading: str, text: str) -> None:
    """Put a section into the record where it was, or at the end."""
    whole = RECORD.read_text(encoding="utf-8")
    section = f"{heading}\n\n{text}\n\n"
    found = re.search(rf"^{re.escape(heading)}\n.*?(?=^## |\Z)", whole, re.M | re.S)
    if found:
        whole = whole[: found.start()] + section + whole[found.end() :]
    else:
        whole = whole.rstrip("\n") + f"\n\n{section}"
    RECORD.write_text(whole.rstrip("\n") + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
