"""Reports drawn in chunks and aggregated as they come: time and peak memory.

`python benchmarks/streaming.py [grr=1e8 oue=1e8 mss=1e8]`; every chunk has a seed of its own,
nothing is kept or written.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

import ldpaudit
from ldpaudit.collecting.streams import aggregate

DOMAINS = {"grr": 100, "oue": 100, "mss": 1024}
CHUNK = 100_000


def batches(mechanism: Any, total: int) -> Iterator[Any]:
    shares = 1 / np.arange(1, mechanism.k + 1)
    shares /= shares.sum()
    for number, start in enumerate(range(0, total, CHUNK)):
        rng = np.random.default_rng([20261125, number])
        own = rng.choice(mechanism.k, min(CHUNK, total - start), p=shares)
        yield mechanism.privatize(own, rng=rng)


def main() -> None:
    asked = sys.argv[1:] or ["grr=1e8", "oue=1e8", "mss=1e8"]
    for name, total in ((n, int(float(t))) for n, t in (part.split("=") for part in asked)):
        mechanism = ldpaudit.mechanism(name, k=DOMAINS[name], epsilon=1.0)
        started = time.perf_counter()
        counts = aggregate(mechanism, batches(mechanism, total))
        took = time.perf_counter() - started
        shares = 1 / np.arange(1, mechanism.k + 1)
        truth = shares / shares.sum()
        error = float(np.mean((mechanism.estimate(counts) - truth) ** 2))
        expected = mechanism.mse(total, truth) + float(np.mean(truth * (1 - truth))) / total
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{name} k = {mechanism.k:,}, {total:,} reports: {took:.0f} s, "
            f"peak {peak:.0f} MB, squared error {error / expected:.2f} of the expected",
            flush=True,
        )


if __name__ == "__main__":
    main()
