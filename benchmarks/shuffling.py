"""Central epsilon of shuffled reports: what `ldpaudit.shuffle` takes, and what it leaves open.

Usage: python benchmarks/shuffling.py

Medians of five turns, in seconds of one processor. At most 2 s for a million users is promised;
the exit code is 1 if it is missed. `gap` is the upper end over the lower, less 1.
"""

from __future__ import annotations

import statistics
import sys
import time

import ldpaudit
from ldpaudit.shuffling import local_budget

CASES = [
    ("grr", 10, 2.0, 10_000, None),
    ("grr", 10, 2.0, 1_000_000, 2.0),
    ("grr", 10, 4.0, 1_000_000, 2.0),
    ("oue", 10, 2.0, 1_000_000, None),
    ("mss", 10, 2.0, 1_000_000, None),
    ("grr", 100, 2.0, 1_000_000, None),
    ("grr", 10, 2.0, 100_000_000, None),
]
TURNS, TARGETS = 5, (0.1, 1.0)


def main() -> int:
    missed = 0
    print("protocol    k  epsilon        users  lower       upper       gap      seconds")
    for name, k, epsilon, users, most in CASES:
        mechanism, taken = ldpaudit.mechanism(name, k=k, epsilon=epsilon), []
        for _ in range(TURNS if users < 10**8 else 1):
            started = time.process_time()
            found = ldpaudit.shuffle(mechanism, users, 1e-6)
            taken.append(time.process_time() - started)
        median = statistics.median(taken)
        missed += most is not None and median > most
        gap = found.epsilon_upper / found.epsilon_lower - 1
        print(
            f"{name:8} {k:4} {epsilon:8} {users:12,}  {found.epsilon_lower:.4e}  "
            f"{found.epsilon_upper:.4e}  {gap:.1e} {median:8.2f}"
            + (f"  at most {most} s" if most else "")
        )
    for target in TARGETS:
        started = time.process_time()
        local = local_budget(lambda e: ldpaudit.mechanism("grr", k=10, epsilon=e), 10_000, target)
        seconds = time.process_time() - started
        print(f"local epsilon of grr for {target} at 10,000 users: {local:.4f}, {seconds:.2f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
