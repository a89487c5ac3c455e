"""How much of the exact epsilon audits show: every pure protocol, and SHE from samples alone.

Usage: python benchmarks/audit_tightness.py [table | she]

`table`: the median of `epsilon_lower` over 21 seeds in parts of `exact_epsilon()`, by the
default audit at 1e5 reports an input. `she`: the same over 5 seeds by the learned witness of
an object that has `k`, `epsilon` and `privatize` alone, at 1e6 reports an input.
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

import ldpaudit

PURE = (
    *("grr", "ss", "sue", "oue", "ue", "the", "blh", "olh", "she", "hr", "pgr", "hpgr"),
    *("mss", "smss", "amss", "ass", "aue", "alh", "athe"),
)
SIZES, EPSILONS = (2, 25, 100), (1.0, 4.0)


@dataclass(frozen=True)
class Box:
    """A mechanism of which nothing can be had but reports."""

    inside: Any
    k: int
    epsilon: float

    def privatize(self, values: Any, *, rng: np.random.Generator) -> Any:
        """Reports of the mechanism inside."""
        return self.inside.privatize(values, rng=rng)


def pure(name: str, k: int, epsilon: float) -> Any:
    """A protocol of the catalogue; of UE's probabilities one that neither SUE nor OUE has."""
    more = {"p": 0.6} if name == "ue" else {}
    return ldpaudit.mechanism(name, k=k, epsilon=epsilon, **more)


def shown(m: Any, exact: float, trials: int, seeds: int) -> list[float]:
    """The median, least and greatest part of the exact epsilon over the seeds; seconds an audit."""
    start = time.perf_counter()
    parts = [
        ldpaudit.audit(m, [], trials=trials, seed=seed).epsilon_lower / exact
        for seed in range(seeds)
    ]
    seconds = (time.perf_counter() - start) / seeds
    return [float(np.median(parts)), min(parts), max(parts), seconds]


def main(what: str) -> None:
    print(f"{'':6}    k claim   exact  median   least    most       s")
    lowest = math.inf
    for name, k, epsilon in product(("she",) if what == "she" else PURE, SIZES, EPSILONS):
        m = pure(name, k, epsilon)
        exact = m.exact_epsilon()
        if what == "she":
            found = shown(Box(m, k, epsilon), exact, 1_000_000, 5)
        else:
            found = shown(m, exact, 100_000, 21)
        lowest = min(lowest, found[0])
        figures = " ".join(f"{figure:7.4f}" for figure in (exact, *found[:3]))
        print(f"{name:6} {k:4} {epsilon:5g} {figures} {found[3]:7.2f}", flush=True)
    print(f"the lowest median is {lowest:.4f} of the exact epsilon")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "table")
