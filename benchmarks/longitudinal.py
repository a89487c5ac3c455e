"""A million users for a hundred rounds: time and memory of protocols over time.

Usage: python benchmarks/longitudinal.py

k = 360; the first value of a user is uniform, and each round changes it with
probability 1/4 to a uniform one. Every line is a process of its own. Clients are
the processor seconds of all rounds; every twentieth round is also aggregated and
estimated, and its squared error divided by the exact one. Memos are those that a
user has made on average: times epsilon_inf, the budget that is spent.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

import numpy as np

import ldpaudit

NUM_USERS, ROUNDS, NUM_VALUES, CHANGES = 10**6, 100, 360, 0.25
BUDGETS = {"epsilon": 1.0, "epsilon_inf": 2.0}
PROTOCOLS = {
    "biloloha": BUDGETS,
    "ololoha": BUDGETS,
    "l-grr": BUDGETS,
    "l-osue": BUDGETS,
    "l-sue": BUDGETS,
    "dbitflip": {"epsilon": 2.0, "d": 1},
}


def peak() -> float:
    """Largest resident memory of this process so far, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def collect(name: str) -> None:
    """Print one line."""
    m = ldpaudit.mechanism(name, k=NUM_VALUES, **PROTOCOLS[name])
    rng, data = np.random.default_rng(0), np.random.default_rng(1)
    values = data.integers(0, NUM_VALUES, NUM_USERS)
    clients, server, errors = 0.0, [], []
    state = m.start(NUM_USERS, rng=rng)
    for number in range(ROUNDS):
        if number:
            moving = np.flatnonzero(data.random(NUM_USERS) < CHANGES)
            values[moving] = data.integers(0, NUM_VALUES, moving.size)
        start = time.process_time()
        reports = m.privatize_round(values, state, rng=rng)
        clients += time.process_time() - start
        if number % 20 == 19:
            start = time.process_time()
            estimate = m.estimate(m.aggregate(reports))
            server.append(time.process_time() - start)
            true = np.bincount(values, minlength=NUM_VALUES) / NUM_USERS
            errors.append(((estimate - true) ** 2).mean() / m.mse(NUM_USERS, true))
    memos, aggregated = m.spent(state).mean() / m.epsilon_inf, np.median(server)
    print(
        f"{name:>8} {clients:>11.1f} {1e3 * clients / ROUNDS:>12.0f} {1e3 * aggregated:>15.0f}"
        f" {peak():>9.0f} {memos:>7.3f} {np.mean(errors):>6.3f}",
        flush=True,
    )


def main() -> None:
    print(f"{NUM_USERS:,} users, {ROUNDS} rounds, k = {NUM_VALUES}")
    print("protocol clients [s] a round [ms] aggregated [ms] peak [MB]   memos  error")
    for name in PROTOCOLS:
        subprocess.run([sys.executable, __file__, name], check=True)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        collect(sys.argv[1])
    else:
        main()
