"""How often verdicts are right: mechanisms that leak, and mechanisms that keep their claim.

Usage: python benchmarks/trust.py wrong|right [--runs N] [--trials N] [--first SEED]
                                  [--log FILE] [NAME ...]

Every mechanism of tests/trusted.py of that kind, or those named, audited at default settings
(verdict at 1e-4, alpha 0.05) but for the reports per input, seed by seed. Of those that leak: the
share of runs that call a violation, or say that a trace as rare could not be seen. Of those that
keep their claim: violations, and bounds above the exact epsilon.

Each audit is a line of FILE, and what FILE holds already is not done again: an interrupt costs one
audit. Without --log the lines are printed before the table.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scipy.stats import binom

import ldpaudit

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.trusted import RARE, RIGHT, WRONG, named, truth

#: What is done by default: reports per input, and seeds. A bound is valid at any number of reports.
DEFAULTS = {"wrong": (100_000, 20), "right": (2_000, 1_000)}
#: Of those that keep their claim, more reports where 2,000 leave the learned witness silent.
AT_LEAST = {"grr, 100 values": 10_000, "agm": 20_000}
COLUMNS = ("violation", "too rare", "above", "inconclusive", "silent", "dependent")


def audited(name: str, seed: int, trials: int) -> dict[str, Any]:
    """What one audit says."""
    mechanism, started = (WRONG | RIGHT)[name], time.process_time()
    result = ldpaudit.audit(mechanism, [], trials=trials, seed=seed, repetitions=0)
    found = result.verdict == "violation"
    return {
        "name": name,
        "seed": seed,
        "trials": trials,
        "violation": found,
        "too rare": not found and name in RARE and named(name, result),
        "above": result.epsilon_lower > (truth(name) if name in RIGHT else result.claimed_epsilon),
        "epsilon": round(result.epsilon_lower, 4) if result.epsilon_lower > -math.inf else None,
        "inconclusive": result.verdict == "inconclusive",
        "silent": result.epsilon_lower == -math.inf,
        "dependent": result.dependence is not None,
        "seconds": round(time.process_time() - started, 3),
    }


def lines_of(log: Path | None) -> Iterator[dict[str, Any]]:
    """What was audited before; a last line that was cut short counts for nothing."""
    if log is not None and log.exists():
        for line in log.read_text().splitlines():
            if line.endswith("}"):
                yield json.loads(line)


def table(title: str, names: list[str], done: list[dict[str, Any]]) -> None:
    """Print a row for each mechanism, and what chance allows."""
    print(f"\n| {title} | runs | {' | '.join(COLUMNS)} |\n|---|{'---|' * (1 + len(COLUMNS))}")
    for name in (*names, "all"):
        own = [one for one in done if name in ("all", one["name"])]
        print(
            f"| {name} | {len(own)} | {' | '.join(str(sum(o[c] for o in own)) for c in COLUMNS)} |"
        )
    runs = [sum(one["name"] == name for one in done) for name in names]
    total, most = sum(runs), max(runs, default=0)
    luck = [
        binom.ppf(0.999, total, 0.05),
        binom.ppf(1 - 1e-3 / len(names), most, 0.05),
        binom.ppf(0.999, total, 1e-4),
    ]
    print(
        f"\nOf {total:,} audits {luck[0]:.0f} bounds above the truth at alpha = 0.05 would be luck "
        f"of 1 in 1,000, of {most:,} of any one mechanism {luck[1]:.0f}; violations at 1e-4 "
        f"{luck[2]:.0f}. {sum(one['seconds'] for one in done):,.0f} s of CPU."
    )


def main() -> None:
    """Audit what is not in the log yet, and print the table."""
    parser = argparse.ArgumentParser(usage=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("kind", choices=("wrong", "right"))
    parser.add_argument("names", nargs="*")
    for option in ("--runs", "--trials", "--first"):
        parser.add_argument(option, type=int)
    parser.add_argument("--log", type=Path)
    given = parser.parse_intermixed_args()
    trials, runs = DEFAULTS[given.kind]
    names = given.names or [*{"wrong": WRONG, "right": RIGHT}[given.kind]]
    first = given.first or 0
    seeds = range(first, first + (given.runs or runs))
    wanted = {
        (name, seed, given.trials or max(trials, AT_LEAST.get(name, 0)))
        for seed in seeds
        for name in names
    }
    done = {(one["name"], one["seed"], one["trials"]): one for one in lines_of(given.log)}
    for name, seed, size in sorted(wanted - set(done), key=lambda one: one[1]):
        done[name, seed, size] = audited(name, seed, size)
        line = json.dumps(done[name, seed, size])
        if given.log is None:
            print(line, flush=True)
        else:
            with given.log.open("a") as file:
                file.write(line + "\n")
    table(given.kind, names, [one for key, one in done.items() if key in wanted])


if __name__ == "__main__":
    main()
