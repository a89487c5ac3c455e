"""How much of the exact epsilon audits show: every pure protocol, and SHE from samples alone.

Usage: python benchmarks/audit_tightness.py [table | she]

`table`: the median of `epsilon_lower` over 21 seeds in parts of `exact_epsilon()`, by the
default audit at 1e5 reports per input. `she`: the same over 5 seeds by the learned witness of
an object that has `k`, `epsilon` and `privatize` alone, at 1e6 reports per input.
"""

from __future__ import annotations

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
    """Parts of the exact epsilon that audits show, a seed each."""
    return [
        ldpaudit.audit(m, [], trials=trials, seed=seed).epsilon_lower / exact
        for seed in range(seeds)
    ]


def main(what: str) -> None:
    print(f"{'':6}    k claim   exact  median   least    most       s")
    medians, above, audits = [], 0, 0
    for name, k, epsilon in product(("she",) if what == "she" else PURE, SIZES, EPSILONS):
        m = pure(name, k, epsilon)
        exact, start = m.exact_epsilon(), time.perf_counter()
        if what == "she":
            parts = shown(Box(m, k, epsilon), exact, 1_000_000, 5)
        else:
            parts = shown(m, exact, 100_000, 21)
        seconds = (time.perf_counter() - start) / len(parts)
        medians.append(float(np.median(parts)))
        above, audits = above + sum(part > 1 for part in parts), audits + len(parts)
        figures = " ".join(f"{x:7.4f}" for x in (exact, medians[-1], min(parts), max(parts)))
        print(f"{name:6} {k:4} {epsilon:5g} {figures} {seconds:7.2f}", flush=True)
    print(f"the lowest median is {min(medians):.4f} of the exact epsilon")
    print(f"{above} of {audits} audits show more, {above / audits:.1%} at alpha = 5 %")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "table")
