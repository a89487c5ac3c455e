"""Guesses by supports as bits beside guesses by the table of likelihoods, in one run.

    python benchmarks/supports.py [reports]

The same reports and the same generator: `same` says whether all guesses are equal (hashed values
are looked for in another order, so a single guess is another one of the same law). Seconds are
the processor's, medians of five turns of both.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import Any

import numpy as np

import ldpaudit
from ldpaudit.registry import create_attack


class Table:
    """The likelihood of a mechanism and nothing else of it."""

    def __init__(self, mechanism: Any) -> None:
        self.k, self.log_likelihood = mechanism.k, mechanism.log_likelihood


def timed(attack: Any, reports: Any, mechanism: Any, prior: Any) -> tuple[float, Any]:
    """Seconds of one turn, and the guesses."""
    start = time.process_time()
    guesses = attack.guess(reports, mechanism, prior, rng=np.random.default_rng(5))
    return time.process_time() - start, guesses


def main(size: int) -> None:
    """Print a row per protocol, attack and prior."""
    print("protocol     k  epsilon  attack        prior     same   table [us]   bits [us]   ratio")
    names = ("grr", "ss", "oue", "mss", "olh", "hr", "pgr", "hpgr", "pi-rappor")
    for name, k in (*((name, 1024) for name in names), ("mss", 74)):
        skewed = 1 / np.arange(1, k + 1)
        laws = {"uniform": np.full(k, 1 / k), "zipf": skewed / skewed.sum()}
        for epsilon in (1.0, 4.0):
            m = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
            rng = np.random.default_rng(1)
            reports = m.privatize(rng.integers(0, k, size), rng=rng)
            for attack in ("bayes", "single-guess"):
                for prior, law in laws.items():
                    turns = [
                        (timed(create_attack(attack), reports, kind, law))
                        for _ in range(5)
                        for kind in (Table(m), m)
                    ]
                    slow = statistics.median(seconds for seconds, _ in turns[::2])
                    quick = statistics.median(seconds for seconds, _ in turns[1::2])
                    same = bool((turns[0][1] == turns[1][1]).all())
                    print(
                        f"{name:<8} {k:>5} {epsilon:>8g}  {attack:<12}  {prior:<8} {same!s:>5} "
                        f"{1e6 * slow / size:>12.3f} {1e6 * quick / size:>11.3f} "
                        f"{slow / quick:>7.1f}",
                        flush=True,
                    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
