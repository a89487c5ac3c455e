"""MSS end to end at k = 22000: clients, streamed aggregation, frequencies; seconds and memory.

Usage: python benchmarks/mss_end_to_end.py

Each case runs in a process of its own, so that its peak memory (which includes
the interpreter and its imports) is its own. The choice of moduli is made before
the clock starts; the decoder's set-up is inside it.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

import numpy as np

from ldpaudit.protocols import ModularSubsetSelection

CASES = ((4.0, 1_000_000), (1.0, 100_000))
CHUNK = 8192  # users in memory at a time


def run(epsilon: float, num_users: int) -> None:
    """One case: n users with Zipf values, in chunks."""
    m = ModularSubsetSelection(22_000, epsilon)
    rng = np.random.default_rng(0)
    shares = 1 / np.arange(1, m.k + 1)
    users = rng.choice(m.k, num_users, p=shares / shares.sum())
    spent = {"clients": 0.0, "aggregation": 0.0, "frequencies": 0.0}

    def clock(part: str, start: float) -> float:
        now = time.perf_counter()
        spent[part] += now - start
        return now

    counts = None
    now = time.perf_counter()
    for start in range(0, num_users, CHUNK):
        reports = m.privatize(users[start : start + CHUNK], rng=rng)
        now = clock("clients", now)
        summary = m.aggregate(reports)
        counts = summary if counts is None else counts + summary
        now = clock("aggregation", now)
    assert counts is not None  # noqa: S101
    frequencies = m.estimate(counts)
    clock("frequencies", now)

    truth = np.bincount(users, minlength=m.k) / num_users
    error = float(((frequencies - truth) ** 2).mean()) / m.mse(num_users, truth)
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    parts = ", ".join(f"{part} {seconds:.2f}" for part, seconds in spent.items())
    print(
        f"epsilon {epsilon:g}, {num_users} users: {sum(spent.values()):.2f} s ({parts}), "
        f"peak {peak:.0f} MB, squared error {error:.3f} of the expected",
        flush=True,
    )


def main() -> None:
    for epsilon, num_users in CASES:
        subprocess.run([sys.executable, __file__, str(epsilon), str(num_users)], check=True)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        run(float(sys.argv[1]), int(sys.argv[2]))
    else:
        main()
