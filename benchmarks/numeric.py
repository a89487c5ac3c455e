"""Mechanisms for numbers and vectors: time and memory beside plain draws and one value a call.

Usage: python benchmarks/numeric.py [REPORTS]

Numbers come in chunks, are privatised, aggregated and the mean is estimated, 10,000,000 of
them by default; the unit is the processor time of as many uniform doubles of numpy in the same
run. Then PrivUnit in 1,000 dimensions beside as many normal numbers, and both styles of one
value a call: diffprivlib's Laplace, if it is installed, and functions as in public code of
studies of numeric data (one `numpy.random` draw a user). The exit code is 1 if a promise is
missed: at most 8 times the draws and 100 MB above the start for numbers, 4 times for vectors,
50 times as fast as one value a call.
"""

from __future__ import annotations

import math
import resource
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

import ldpaudit
from ldpaudit.protocols import PrivUnit

CHUNK = 100_000
ROUNDS = 5
NUMBERS = ("duchi", "rounded", "dithered", "pm", "hm", "sw", "laplace")
PROMISED = ("duchi", "rounded", "dithered", "pm")


def seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def peak() -> float:
    """Largest memory of the process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def uniform(total: int) -> None:
    rng = np.random.default_rng(1)
    for _ in range(total // CHUNK):
        rng.random(CHUNK)


def collect(name: str, total: int) -> float:
    """The estimated mean of so many numbers, which are spread evenly."""
    mechanism, rng = ldpaudit.mechanism(name, epsilon=1.0), np.random.default_rng(2)
    values, counts = np.linspace(-1, 1, CHUNK), None
    for _ in range(total // CHUNK):
        part = mechanism.aggregate(mechanism.privatize(values, rng=rng))
        counts = part if counts is None else counts + part
    return float(mechanism.estimate(counts))


def duchi_one(value: float, epsilon: float) -> float:
    e = np.exp(epsilon)
    p = (value * (e - 1) + e + 1) / (2 * e + 2)
    c = (e + 1) / (e - 1)
    return float(c if np.random.binomial(1, p) else -c)  # noqa: NPY002


def piecewise_one(value: float, epsilon: float) -> float:
    s = np.exp(epsilon / 2)
    top = (s + 1) / (s - 1)
    left = (top + 1) / 2 * value - (top - 1) / 2
    right = left + top - 1
    if np.random.random() < s / (s + 1):  # noqa: NPY002
        return float(np.random.uniform(left, right))  # noqa: NPY002
    below = left + top
    place = np.random.uniform(0, below + top - right)  # noqa: NPY002
    return float(place - top if place < below else place - below + right)


def laplace_one(value: float, epsilon: float) -> float:
    return float(value + np.random.laplace(0, 2 / epsilon))  # noqa: NPY002


def numbers(total: int) -> bool:
    kept = True
    for name in NUMBERS:  # tables that are made once
        collect(name, CHUNK)
    print(f"{'mechanism':>10} {'x uniform':>10} {'MB more':>8} {'error':>9} {'expected':>9}")
    for name in NUMBERS:
        before, ratios = peak(), []
        for _ in range(ROUNDS):
            unit = seconds(lambda: uniform(total))
            ratios.append(seconds(lambda name=name: collect(name, total)) / unit)
        ratio, more = statistics.median(ratios), peak() - before
        error = abs(collect(name, total))
        expected = math.sqrt(ldpaudit.mechanism(name, epsilon=1.0).mse(total))
        print(f"{name:>10} {ratio:>10.2f} {more:>8.0f} {error:>9.2g} {expected:>9.2g}", flush=True)
        kept &= name not in PROMISED or (ratio <= 8 and more <= 100)
    return kept


def vectors(reports: int = 2000, dimension: int = 1000) -> bool:
    mechanism, rng = PrivUnit(dimension, 4.0), np.random.default_rng(3)
    own = rng.standard_normal((reports, dimension))
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    mechanism.privatize(own[:10], rng=rng)
    ratios = []
    for _ in range(ROUNDS):
        unit = seconds(lambda: [rng.standard_normal(dimension) for _ in range(reports)])
        ratios.append(seconds(lambda: mechanism.privatize(own, rng=rng)) / unit)
    ratio = statistics.median(ratios)
    print(f"privunit, {dimension:,} dimensions: {ratio:.2f} times the normal numbers", flush=True)
    return ratio <= 4


def one_a_call(users: int = 20_000) -> bool:
    kept, values = True, np.linspace(-1, 1, users)
    styles: list[tuple[str, str, Callable[[float], float]]] = [
        ("duchi", "one value a call", lambda v: duchi_one(v, 1.0)),
        ("pm", "one value a call", lambda v: piecewise_one(v, 1.0)),
        ("laplace", "one value a call", lambda v: laplace_one(v, 1.0)),
    ]
    try:
        from diffprivlib.mechanisms import Laplace
    except ImportError:
        print("diffprivlib is not installed: its Laplace is left out")
    else:
        theirs = Laplace(epsilon=1.0, sensitivity=2.0)
        styles.append(("laplace", "diffprivlib", theirs.randomise))
    many = np.linspace(-1, 1, 500_000)
    for name, style, call in styles:
        mechanism, rng = ldpaudit.mechanism(name, epsilon=1.0), np.random.default_rng(4)
        ratios = []
        for _ in range(ROUNDS):
            slow = seconds(lambda call=call: [call(v) for v in values]) / users
            fast = seconds(lambda m=mechanism, r=rng: m.privatize(many, rng=r)) / many.size
            ratios.append(slow / fast)
        ratio = statistics.median(ratios)
        print(f"{name} beside {style}: {ratio:.0f} times as fast", flush=True)
        kept &= ratio >= 50
    return kept


def main() -> int:
    total = int(float(sys.argv[1])) if len(sys.argv) > 1 else 10_000_000
    kept = [numbers(total), vectors(), one_a_call()]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
