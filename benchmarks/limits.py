"""How far the heaviest kernels are from what random words and memory allow.

Usage: python benchmarks/limits.py [FILE]

A kernel is timed in turn with a plain loop of numpy that does no more than it cannot do without,
and the medians of their processor times are printed with their ratio; with FILE, such as
benchmarks/LIMITS.md, the table is written there too. The least work of a client is one random word
of 64 bits for each of its draws, written to memory; that of a server is to read its reports once;
that of local hashing's server is one word for every two values, as many as a hash gives; that of a
decoder is what its method is made of, six Fourier transforms or two gathers for each block and
round, in order; that of a process is to load the libraries. Where Numba is installed it compiles
some of the loops.
"""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import ldpaudit

ROUNDS = 9
#: Random words or bytes that stay in the cache of a core.
CHUNK = 2**15

Work = Callable[[], object]


class Kernel(NamedTuple):
    """What is timed, its least work, and what that is; `units` divide both."""

    name: str
    work: Work
    least: Work
    what: str
    units: int
    unit: str = "ns per report"
    clock: Callable[[], float] = time.process_time


def seconds(work: Work, clock: Callable[[], float]) -> float:
    started = clock()
    work()
    return clock() - started


def of_children() -> float:
    """Processor time of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def words(many: float) -> Work:
    """Draw so many words, each chunk over the one before."""
    rng = np.random.default_rng(0)

    def draw() -> None:
        for left in range(int(many), 0, -CHUNK):
            rng.integers(0, 2**64, min(CHUNK, left), dtype=np.uint64)

    return draw


def read(array: np.ndarray[Any, Any]) -> Work:
    """Read an array once, by words where it has them."""
    flat = np.ascontiguousarray(array).view(np.uint8).reshape(-1)
    whole = flat[: flat.size // 8 * 8].view(np.uint64)
    return lambda: np.bitwise_xor.reduce(whole)


def transforms(k: int, many: int) -> Work:
    """Fourier transforms of 2 k numbers, so many."""
    from scipy.fft import next_fast_len, rfft

    vector = np.ones(next_fast_len(2 * k, real=True))

    def transform() -> None:
        for _ in range(many):
            rfft(vector)

    return transform


def gathers(k: int, many: int) -> Work:
    """Gather k doubles in order and add them up, so many times."""
    order, vector, out, total = np.arange(k), np.ones(k), np.empty(k), np.zeros(k)

    def add() -> None:
        for _ in range(many):
            np.take(vector, order, out=out, mode="clip")
            np.add(total, out, out=total)

    return add


def drawn(name: str, mechanism: Any) -> float:
    """Random choices in one report."""
    if name == "mss":  # a block, and the members of a subset of its residues
        return 1 + float(np.mean(mechanism.subset_sizes))
    known = {"grr": 1, "oue": int(mechanism.k), "ss": int(getattr(mechanism, "subset_size", 0))}
    return known.get(name, 2)


def clients() -> Iterator[Kernel]:
    """Clients, and what the users of a study are drawn from."""
    for name, k, epsilon, n in (
        ("grr", 1024, 1.0, 400_000),
        ("ss", 1024, 1.0, 50_000),
        ("ss", 1024, 4.0, 100_000),
        ("mss", 1024, 1.0, 100_000),
        ("mss", 1024, 4.0, 100_000),
        ("mss", 22_000, 1.0, 10_000),
        ("mss", 22_000, 4.0, 20_000),
        ("oue", 1024, 1.0, 50_000),
        ("olh", 1024, 1.0, 400_000),
        ("pi-rappor", 1024, 1.0, 400_000),
    ):
        m = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
        rng = np.random.default_rng(1)
        values, draws = rng.integers(0, k, n), drawn(name, m)
        yield Kernel(
            f"client {name}, k = {k:,}, epsilon {epsilon:g}",
            partial(m.privatize, values, rng=rng),
            words(draws * n),
            f"{draws:,.4g} word{'s' * (draws != 1)}",
            n,
        )


def servers() -> Iterator[Kernel]:
    """Servers, whose least work is to read what they are given."""
    for name, k, epsilon, n in (
        ("grr", 1024, 1.0, 1_000_000),
        ("ss", 1024, 1.0, 100_000),
        ("mss", 22_000, 1.0, 10_000),
        ("oue", 1024, 1.0, 100_000),
        ("olh", 1024, 1.0, 20_000),
    ):
        m = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
        rng = np.random.default_rng(1)
        reports = m.privatize(rng.integers(0, k, n), rng=rng)
        least, what = read(reports), f"{reports.nbytes / n:,.4g} bytes"
        if name == "olh":
            least, what = words(n * k / 2), f"{k // 2:,} words"
        yield Kernel(
            f"server {name}, k = {k:,}, epsilon {epsilon:g}",
            partial(m.aggregate, reports),
            least,
            what,
            n,
        )


def decoders() -> Iterator[Kernel]:
    """Decoders of residues at k = 22,000."""
    k = 22_000
    for name in ("mss", "smss"):
        m = ldpaudit.mechanism(name, k=k, epsilon=4.0)
        rng = np.random.default_rng(1)
        counts = m.aggregate(m.privatize(rng.integers(0, k, 20_000), rng=rng))
        blocks = len(m.subset_sizes)
        if name == "mss":
            least, what = transforms(k, 6), "6 Fourier transforms of 2 k numbers"
        else:
            rounds = rounds_of(m, counts)
            least = gathers(k, 2 * blocks * rounds)
            what = f"{rounds} rounds of {2 * blocks} gathers of k numbers"
        yield Kernel(
            f"decoder {name}, k = {k:,}",
            partial(m.estimate, counts),
            least,
            what,
            1000,
            "us",
        )


def starts() -> Iterator[Kernel]:
    """Whole processes beside those that load no more than numpy and what bounds need of scipy."""

    def process(code: str) -> Work:
        return lambda: subprocess.run([sys.executable, "-c", code], check=True)

    audit = "ldpaudit.audit(ldpaudit.mechanism('ss', k=100, epsilon=1.0), [], trials=10_000)"
    yield Kernel(
        "whole process: audit of ss",
        process(f"import ldpaudit; {audit}"),
        process("import numpy, scipy.special"),
        "import numpy, scipy.special",
        10**6,
        "ms",
        of_children,
    )


def rounds_of(mechanism: Any, counts: Any) -> int:
    """How often a decoder of scrambled residues multiplies by its normal matrix."""
    made, decoder = 0, mechanism.decoder
    normal = type(decoder).normal

    def counted(self: Any, vector: Any) -> Any:
        nonlocal made
        made += 1
        return normal(self, vector)

    type(decoder).normal = counted
    try:
        mechanism.estimate(counts)
    finally:
        type(decoder).normal = normal
    return made


def lines() -> Iterator[str]:
    """The table, a line at a time."""
    yield "| kernel | takes | least | ratio | least work |"
    yield "|---|---|---|---|---|"
    for kernels in (clients, servers, decoders, starts):
        for name, work, least, what, units, unit, clock in kernels():
            work(), least()
            turns = [(seconds(work, clock), seconds(least, clock)) for _ in range(ROUNDS)]
            ours, floor = (statistics.median(turn) for turn in zip(*turns, strict=True))
            scale = 1e9 / units
            yield (
                f"| {name} | {scale * ours:,.4g} {unit} | {scale * floor:,.4g} | "
                f"{ours / floor:.1f} | {what} |"
            )


def main(given: list[str]) -> int:
    """Print the table; write it where asked."""
    fast = "with Numba" if find_spec("numba") else "without Numba"
    made_by = (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, numpy {np.__version__}, {fast}; medians of {ROUNDS} turns, "
        "processor time."
    )
    told = [made_by, ""]
    print(made_by)
    for line in lines():
        print(line, flush=True)
        told.append(line)
    if given:
        path = Path(given[0])
        kept = path.read_text(encoding="utf-8").partition(MARK)[0] if path.exists() else ""
        path.write_text(f"{kept}{MARK}\n\n" + "\n".join(told) + "\n", encoding="utf-8")
    return 0


MARK = "<!-- written by limits.py -->"

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
