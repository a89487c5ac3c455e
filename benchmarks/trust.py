"""How often verdicts are right: mechanisms that leak, and mechanisms that keep their claim.

Usage: python benchmarks/trust.py [SECONDS] [TRIALS] [FIRST]

Every mechanism of tests/trusted.py at default settings (verdict at 1e-4, alpha 0.05) but for the
reports per input, in as many seeds, from FIRST on, as the seconds of the processor allow; an
interrupt ends it earlier. Of those that leak: the share of runs that call a violation, or say
that a trace as rare could not be seen. Of those that keep their claim: violations, and bounds
above the claim.
"""

from __future__ import annotations

import contextlib
import itertools
import sys
import time
from pathlib import Path

import ldpaudit

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.trusted import RARE, RIGHT, WRONG, named


def count(counts: dict[str, list[int]], until: float, trials: int, first: int) -> None:
    """Audit all of them, seed by seed, until so many seconds of this process."""
    everything = WRONG | RIGHT
    for turn in itertools.count():  # not a product, which would hold all numbers first
        name = [*everything][turn % len(everything)]
        mechanism, seed = everything[name], first + turn // len(everything)
        if time.process_time() >= until:
            return
        result = ldpaudit.audit(mechanism, [], trials=trials, seed=seed, repetitions=0)
        found = result.verdict == "violation"
        entry = counts[name]
        entry[0] += 1
        entry[1] += found
        entry[2] += not found and name in RARE and named(name, result)
        entry[3] += result.epsilon_lower > result.claimed_epsilon
        entry[4] += result.verdict == "inconclusive"


def main() -> None:
    """Print two tables."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    trials, first = (int(text) for text in (sys.argv[2:4] + ["100000", "0"][len(sys.argv[2:4]) :]))
    counts = {name: [0] * 5 for name in (*WRONG, *RIGHT)}
    started = time.process_time()
    with contextlib.suppress(KeyboardInterrupt):
        count(counts, started + seconds, trials, first)
    print(f"{trials:,} reports per input, {time.process_time() - started:.0f} s of CPU\n")
    for title, names in (("leaks", WRONG), ("keeps its claim", RIGHT)):
        print(f"| {title} | runs | violations | said to be too rare | bounds above the claim "
              "| inconclusive |")  # fmt: skip
        print("|---|---|---|---|---|---|")
        total = [0] * 5
        for name in names:
            total = [a + b for a, b in zip(total, counts[name], strict=True)]
            print(f"| {name} | {' | '.join(map(str, counts[name]))} |")
        print(f"| all | {' | '.join(map(str, total))} |\n", flush=True)


if __name__ == "__main__":
    main()
