"""Aggregate and estimate 100,000 reports at k = 1024, epsilon = 1, beside multi-freq-ldpy.

Usage: python benchmarks/servers.py [--peers DIR]

Medians of rounds in which the two take turns, in processor seconds; the peer
hashes 1024 texts a report for olh, and has one round of it. Each starts from
its own reports, as its own clients make them: ours are packed bits, where the
peer has a float a value (oue) or a list of indices (ss). The last columns are
the ratio and the least one we promise; the exit code is 1 if one is missed.
"""

from __future__ import annotations

import sys

import numpy as np
import peers

import ldpaudit

NUM_VALUES, NUM_REPORTS = 1024, 100_000
#: Least ratio and rounds of each protocol.
BARS = {"oue": (3, 7), "ss": (80, 3), "olh": (250, 1)}
REPEATED = 9  # our own times are short: the median of so many is a turn


def ours(name: str) -> peers.Turn:
    m = ldpaudit.mechanism(name, k=NUM_VALUES, epsilon=1.0)
    values = np.random.default_rng(1).integers(0, m.k, NUM_REPORTS)
    reports = m.privatize(values, rng=np.random.default_rng(2))

    def turn(many: int) -> float:
        return peers.processor_seconds(lambda: m.estimate(m.aggregate(reports[:many])))

    return lambda many: float(np.median([turn(many) for _ in range(REPEATED)]))


def row(name: str, others: peers.Peers) -> bool:
    """Print one row; whether the promise is kept."""
    bar, rounds = BARS[name]
    theirs = others.turn("servers", "multi-freq-ldpy", name, NUM_VALUES)
    mine, peer = peers.medians(rounds, [(ours(name), NUM_REPORTS), (theirs, NUM_REPORTS)])
    if mine is None or peer is None:
        raise RuntimeError(f"{name} was not timed.")
    print(
        f"{name:>8} {1e3 * mine * NUM_REPORTS:>10.2f} {1e3 * peer * NUM_REPORTS:>20.1f}"
        f" {peer / mine:>8.1f} {bar:>5} {rounds:>6}",
        flush=True,
    )
    return peer / mine >= bar


def main() -> int:
    others = peers.from_command_line(__doc__ or "")
    print("protocol  ours [ms] multi-freq-ldpy [ms]    ratio   bar rounds")
    kept = [row(name, others) for name in BARS]
    others.close()
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
