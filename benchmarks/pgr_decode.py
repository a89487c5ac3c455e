"""Decoding PGR: messages of 10,000 users to the support counts of all 22,000 values.

Usage: python benchmarks/pgr_decode.py

Prints medians over repetitions, in milliseconds. Decoding starts from the array
of messages and keeps no table between calls, so there is no set-up outside the
figure; building the mechanism, clients and the other end (counts to
frequencies) are timed apart.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from ldpaudit.data.sources import load
from ldpaudit.protocols.categorical.projective_geometry import ProjectiveGeometryResponse

NUM_VALUES, NUM_USERS = 22_000, 10_000
EPSILONS = (2.0, 3.0, 4.0, 4.5, 5.0)


def median_ms(work: Callable[[], object], repetitions: int = 25) -> float:
    """Median wall time of `work` in milliseconds, after one warm-up."""
    work()
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def line(epsilon: float) -> str:
    """The design at `epsilon` and its times."""
    m = ProjectiveGeometryResponse(NUM_VALUES, epsilon)
    users = load("zipf", k=NUM_VALUES, num_users=NUM_USERS).users()
    reports = m.privatize(users, rng=np.random.default_rng(0))
    counts = m.aggregate(reports)
    build = median_ms(lambda: ProjectiveGeometryResponse(NUM_VALUES, epsilon))
    clients = median_ms(lambda: m.privatize(users, rng=np.random.default_rng(0)))
    decode = median_ms(lambda: m.aggregate(reports))
    estimate = median_ms(lambda: m.estimate(counts))
    return (
        f"{epsilon:>7g} {m.field_order:>4} {m.dimension:>2} {m.universe_size:>8,} "
        f"{build:>10.3f} {clients:>12.2f} {decode:>11.2f} {estimate:>13.3f}"
    )


if __name__ == "__main__":
    print(f"k = {NUM_VALUES:,}, n = {NUM_USERS:,}")
    print("epsilon    q  t        K build [ms] clients [ms] decode [ms] estimate [ms]")
    for budget in EPSILONS:
        print(line(budget))
