"""How often an audit finds what leaks, by reports alone: every wrong mechanism of tests/broken.py.

Usage: python benchmarks/audit_broken.py [SEEDS]

Verdicts (alpha 1e-4) on 1e5 reports per input, at a claim of 1, of an object that has `k`,
`epsilon` and `privatize` and no more, for every mechanism whose exact epsilon is 1.05 or above.
"""

from __future__ import annotations

import importlib.util
import math
import sys
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import ldpaudit


@dataclass(frozen=True)
class Box:
    """A mechanism of which nothing can be had but reports."""

    inside: Any
    k: int
    epsilon: float

    def privatize(self, values: Any, *, rng: np.random.Generator) -> Any:
        """Reports of the mechanism inside."""
        return self.inside.privatize(values, rng=rng)


def load_broken() -> Any:
    path = Path(__file__).parents[1] / "tests" / "broken.py"
    spec = importlib.util.spec_from_file_location("broken", path)
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    sys.modules["broken"] = module
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def main(seeds: int) -> None:
    print(f"{'':18}  k   exact   found  median   least       s")
    fewest = seeds
    for (kind, fault), k in product(load_broken().WRONG.items(), (2, 8, 25)):
        m = kind(k, 1.0)
        exact, start = fault.epsilon(m), time.perf_counter()
        if exact < 1.05:
            continue
        audits = [ldpaudit.audit(Box(m, k, 1.0), [], seed=seed) for seed in range(seeds)]
        found = sum(audit.verdict == "violation" for audit in audits)
        shown = [audit.epsilon_lower for audit in audits]
        fewest, seconds = min(fewest, found), (time.perf_counter() - start) / seeds
        print(
            f"{kind.__name__:18} {k:2} {exact:7.4f} {found:3} of {seeds} "
            f"{np.median(shown):6.4f}  {min(shown):6.4f} {seconds:7.2f}",
            flush=True,
        )
    print(f"the fewest found are {fewest} of {seeds}, {math.floor(100 * fewest / seeds)} %")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
