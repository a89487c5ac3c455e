"""Reports a second of one process, beside multi-freq-ldpy and pure-ldp, at epsilon = 1.

Usage: python benchmarks/clients.py [--peers DIR]

Medians of rounds in which we and the peers take turns, in processor seconds, so
that what else runs counts little. The peers are called user by user, as their
examples do; ours is given all of them. The last columns are the ratio to the
faster peer and the least ratio we promise; the exit code is 1 if one is missed.
The peers' client for the is that of she: it sends k floats and the server
compares them with the threshold, where ours sends the k bits.
"""

from __future__ import annotations

import sys

import numpy as np
import peers

import ldpaudit

ROUNDS = 7
SHORTEST = 0.1  # processor seconds a turn, and at most MOST reports
MOST = 2**20
BARS = {"grr": 15, "sue": 15, "oue": 15, "olh": 20, "the": 8, "ss": 6}
UNTIMED = ("she", "blh", "hr", "pgr", "mss")  # no promise


def enough(seconds: peers.Turn) -> int:
    """Reports that take SHORTEST seconds or more."""
    many = 64
    while (spent := seconds(many)) is not None and spent < SHORTEST and many < MOST:
        many *= 2
    return many


def ours(name: str, k: int) -> peers.Turn:
    m = ldpaudit.mechanism(name, k=k, epsilon=1.0)
    values, rng = np.random.default_rng(1).integers(0, k, MOST), np.random.default_rng(2)
    m.privatize(values[:1000], rng=rng)  # what is computed once, like the threshold of the
    return lambda many: peers.processor_seconds(lambda: m.privatize(values[:many], rng=rng))


def row(name: str, k: int, others: peers.Peers) -> bool:
    """Print one row; whether the promise, if there is one, is kept."""
    turns = [ours(name, k)]
    turns += [others.turn("clients", package, name, k) for package in peers.NAMES]
    spent = peers.medians(ROUNDS, [(turn, enough(turn)) for turn in turns])
    rates = [None if seconds is None else 1 / seconds for seconds in spent]
    shown = " ".join(f"{'-' if rate is None else f'{rate:.3g}':>16}" for rate in rates)
    bar = BARS.get(name)
    known = [rate for rate in rates if rate is not None]
    ratio = known[0] / max(known[1:]) if known[1:] else None
    print(
        f"{k:>6} {name:>8} {shown} {'-' if ratio is None else f'{ratio:.1f}':>8}"
        f" {'-' if bar is None else bar:>5}",
        flush=True,
    )
    return bar is None or (ratio is not None and ratio >= bar)


def main() -> int:
    others = peers.from_command_line(__doc__ or "")
    columns = " ".join(f"{name:>16}" for name in ("ours", *peers.NAMES))
    print(f"{'k':>6} {'protocol':>8} {columns} {'ratio':>8} {'bar':>5}")
    kept = [row(name, k, others) for k in (100, 1024) for name in (*BARS, *UNTIMED)]
    others.close()
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
