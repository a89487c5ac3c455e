"""How often reports that are no independent draws are called a leak, and independent ones excused.

Usage: python benchmarks/dependent.py [RUNS] [TRIALS]

The sources of tests/dependent.py, each in so many runs of other seeds; TRIALS are the reports per
input of those that draw their own, recordings hold 4,000. Printed of each source: violations,
bounds at alpha = 0.05 above the claim, and audits that say that reports are no independent draws.
Of dependent sources and of those that keep their claim no audit should be a violation; of
independent ones none should be called dependent, but for 1 of 1,000.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

import ldpaudit

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.dependent import BROKEN, DEPENDENT, KEPT


def main() -> None:
    """Print a table for each kind."""
    runs, trials = (int(text) for text in (sys.argv[1:3] + ["200", "4000"][len(sys.argv[1:3]) :]))
    started = time.process_time()
    for title, sources in (("dependent", DEPENDENT), ("independent, kept", KEPT),
                           ("independent, broken", BROKEN)):  # fmt: skip
        print(f"\n| {title} | runs | violations | bounds above the claim | called dependent |")
        print("|---|---|---|---|---|")
        for name, source in sources.items():
            violations = above = called = 0
            for seed in range(runs):
                made = source(np.random.default_rng([seed, *name.encode()]))
                result = ldpaudit.audit(made, [], trials=trials, seed=seed, repetitions=0)
                violations += result.verdict == "violation"
                above += result.epsilon_lower > result.claimed_epsilon
                called += result.dependence is not None
            print(f"| {name} | {runs} | {violations} | {above} | {called} |", flush=True)
    print(f"\n{time.process_time() - started:.0f} s of CPU")


if __name__ == "__main__":
    main()
