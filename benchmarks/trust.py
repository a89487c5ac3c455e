"""How often verdicts are right: mechanisms that leak, and mechanisms that keep their claim.

Usage: python benchmarks/trust.py [SECONDS] [TRIALS]

Every mechanism of tests/trusted.py at default settings (verdict at 1e-4, alpha 0.05) but for the
reports per input, in as many seeds as the seconds allow. Of those that leak: the share of runs
that call a violation. Of those that keep their claim: violations, and bounds above the claim.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import ldpaudit

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.trusted import RIGHT, WRONG


def main() -> None:
    """Print two tables."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    trials = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    counts = {name: [0, 0, 0, 0] for name in (*WRONG, *RIGHT)}
    started, seed = time.process_time(), 0
    while time.process_time() - started < seconds:
        for name, mechanism in (WRONG | RIGHT).items():
            if time.process_time() - started >= seconds:
                break
            result = ldpaudit.audit(mechanism, [], trials=trials, seed=seed, repetitions=0)
            entry = counts[name]
            entry[0] += 1
            entry[1] += result.verdict == "violation"
            entry[2] += result.epsilon_lower > result.claimed_epsilon
            entry[3] += result.verdict == "inconclusive"
        seed += 1
    print(f"{trials:,} reports per input, {time.process_time() - started:.0f} s of CPU\n")
    for title, names in (("leaks", WRONG), ("keeps its claim", RIGHT)):
        print(f"| {title} | runs | violations | bounds above the claim | inconclusive |")
        print("|---|---|---|---|---|")
        total = [0, 0, 0, 0]
        for name in names:
            total = [a + b for a, b in zip(total, counts[name], strict=True)]
            print(f"| {name} | {' | '.join(map(str, counts[name]))} |")
        print(f"| all | {' | '.join(map(str, total))} |\n")


if __name__ == "__main__":
    main()
