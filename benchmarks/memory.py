"""Peak memory of simulated collections of 1e5 to 1e7 users, and counts of 1e9 users.

Usage: python benchmarks/memory.py

First table: every user's report is drawn and counted, in the way of
`ldpaudit compare` (k = 1024; she, whose reports are k floats, 100); each line is
a process of its own. The peak beyond what the process held before is a matter
of the chunk, not of the users. The error is divided by the exact one.

Second table: the aggregate of 1e9 users drawn from its exact law, for every
protocol that can and has one budget, with its set-up apart.
"""

from __future__ import annotations

import inspect
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np

import ldpaudit
from ldpaudit import registry
from ldpaudit.collecting import accuracy
from ldpaudit.contracts import Values
from ldpaudit.data.sources import load

COLLECTED = ("grr", "sue", "oue", "the", "ss", "blh", "olh", "hr", "pgr", "mss", "she")
USERS = (10**5, 10**6, 10**7)
DRAWN = 10**9
NUM_VALUES = 1024
#: Values of the parameters that some protocols need beyond k and epsilon.
NEEDED = {"p": 0.6, "delta": 1e-6, "buckets": 4, "optimized": True}


def built(name: str, k: int) -> Any:
    """The mechanism at epsilon = 1."""
    accepted = inspect.signature(registry.load("protocols", name)).parameters
    needed = {key: value for key, value in NEEDED.items() if key in accepted}
    return ldpaudit.mechanism(name, k=k, epsilon=1.0, **needed)


def plain(name: str) -> bool:
    """Whether k, epsilon and the values above are all that it needs."""
    parameters = inspect.signature(registry.load("protocols", name)).parameters.values()
    needed = {p.name for p in parameters if p.default is p.empty}
    return {"k", "epsilon"} <= needed <= {"k", "epsilon", *NEEDED}


def users(k: int, num_users: int) -> Values:
    """Users of each value, by Zipf's law."""
    return load("zipf", k=k, num_users=num_users).histogram


def peak() -> float:
    """Largest resident memory of this process so far, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def collect(name: str, num_users: int) -> None:
    """Print one line of the first table."""
    m = built(name, 100 if name == "she" else NUM_VALUES)
    rng, histogram = np.random.default_rng(0), users(m.k, num_users)
    accuracy.measure_error(m, users(m.k, 1000), "zipf", 1, 0.05, rng)  # set-up, imports
    before, start = peak(), time.process_time()
    outcome = accuracy.measure_error(m, histogram, "zipf", 1, 0.05, rng)
    seconds, error = (
        time.process_time() - start,
        outcome.value / m.mse(num_users, histogram / num_users),
    )
    print(
        f"{name:>8} {m.k:>5} {num_users:>10,} {seconds:>8.2f} {before:>10.0f}"
        f" {peak() - before:>10.1f} {error:>6.3f}",
        flush=True,
    )


def draw(name: str) -> None:
    """Print one line of the second table, if the protocol can draw counts."""
    start = time.process_time()
    m = built(name, NUM_VALUES)
    if not hasattr(m, "sample_counts"):
        return
    rng, histogram = np.random.default_rng(0), users(m.k, DRAWN)
    m.estimate(m.sample_counts(users(m.k, 1000), rng=rng))
    ready = time.process_time()
    counts = m.sample_counts(histogram, rng=rng)
    drawn = time.process_time()
    truth = histogram / DRAWN
    error = float(((m.estimate(counts) - truth) ** 2).mean()) / m.mse(DRAWN, truth)
    print(
        f"{name:>9} {1e3 * (drawn - ready):>10.1f} {1e3 * (ready - start):>12.1f} {error:>6.3f}",
        flush=True,
    )


def main() -> None:
    print("protocol     k      users  seconds  held [MB]  more [MB]  error")
    for name in COLLECTED:
        for num_users in USERS:
            subprocess.run([sys.executable, __file__, name, str(num_users)], check=True)
    print(f"\n{DRAWN:.0e} users, k = {NUM_VALUES}")
    print("protocol  draw [ms]  set-up [ms]  error")
    for name in filter(plain, registry.names("protocols")):
        draw(name)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        collect(sys.argv[1], int(sys.argv[2]))
    else:
        main()
