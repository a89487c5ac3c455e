"""Decoding MSS: the direct Toeplitz decoder beside SciPy's LSMR on the sparse design, in one run.

Usage: python benchmarks/mss_decode.py [growth FILE.png | smss]

Prints medians over repetitions, in milliseconds: set-up (once a design), decode
(aggregated counts to frequencies), and LSMR on the CSR design stopped at the
same relative residual. `growth` times decodes from k = 1e3 to 1e6 and draws
them; `smss` times the scrambled design.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_matrix, vstack
from scipy.sparse.linalg import lsmr

import ldpaudit
from ldpaudit.data.sources import load
from ldpaudit.protocols import ModularSubsetSelection


def median_ms(work: Callable[[], object], repetitions: int = 15) -> float:
    """Median wall time of `work` in milliseconds, after one warm-up."""
    work()
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def sparse_design(m: ModularSubsetSelection) -> csr_matrix:
    """The weighted design W^(1/2) A as CSR: the peer's input."""
    values = np.arange(m.k)
    blocks = [
        csr_matrix((np.full(m.k, np.sqrt(weight)), (values % modulus, values)), (modulus, m.k))
        for modulus, weight in zip(m.decoder.moduli, m.decoder.weights, strict=True)
    ]
    return csr_matrix(vstack(blocks))


def compare(k: int, epsilon: float) -> None:
    """One line: set-up, decode, LSMR, the ratio, and the residuals of both."""
    m = ldpaudit.mechanism("mss", k=k, epsilon=epsilon)
    users = load("zipf", k=k, num_users=10_000).users()
    counts = m.aggregate(m.privatize(users, rng=np.random.default_rng(0)))
    setup = median_ms(lambda: ModularSubsetSelection(k, epsilon, m.moduli).estimate(counts), 5)
    decode = median_ms(lambda: m.estimate(counts))

    residues = m.residues(counts)
    right = m.decoder.adjoint(residues)
    ours = m.decoder.solve(right)
    scale = float(np.linalg.norm(right))
    residual = float(np.linalg.norm(m.decoder.normal(ours) - right)) / scale

    design = sparse_design(m)
    target = np.concatenate(
        [np.sqrt(w) * s for w, s in zip(m.decoder.weights, residues, strict=True)]
    )
    # LSMR has no stopping rule on the normal residual itself: take the loosest tolerance
    # whose answer meets 1e-8, so that the peer is not made to work for more.
    for tolerance in (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12):
        theirs = lsmr(design, target, atol=tolerance, btol=tolerance, conlim=0, maxiter=10_000)[0]
        peer_residual = float(np.linalg.norm(m.decoder.normal(theirs) - right)) / scale
        if peer_residual <= 1e-8:
            break
    peer = median_ms(
        lambda: lsmr(design, target, atol=tolerance, btol=tolerance, conlim=0, maxiter=10_000), 7
    )
    print(
        f"{k:>7} {epsilon:>7g} {len(m.moduli):>3} {setup:>12.2f} {decode:>11.3f} {peer:>9.2f} "
        f"{peer / decode:>8.1f} {residual:>12.1e} {peer_residual:>12.1e}"
    )


def decode_ms(name: str, k: int, epsilon: float, repetitions: int) -> float:
    """Median decode of one mechanism on aggregated Zipf counts, set-up aside."""
    m = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
    users = load("zipf", k=k, num_users=10_000).users()
    reports = m.privatize(users, rng=np.random.default_rng(0))
    counts = m.aggregate(reports)
    return median_ms(lambda: m.estimate(counts), repetitions)


def growth(path: str) -> None:
    """Decode time against k, its log-log slope, and a figure of both."""
    import seaborn as sns
    from matplotlib.figure import Figure

    sizes = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
    times = [decode_ms("mss", k, 1.0, 7) for k in sizes]
    for k, spent in zip(sizes, times, strict=True):
        print(f"k = {k:>9,}: {spent:9.3f} ms")
    slope = float(np.polyfit(np.log(sizes), np.log(times), 1)[0])
    print(f"log-log slope {slope:.2f}")
    with sns.axes_style("whitegrid"):
        figure = Figure(figsize=(6, 4), layout="constrained")
        axes = figure.subplots()
    axes.loglog(sizes, times, marker="o", color="#0173b2")
    axes.set_xlabel("Number of values k")
    axes.set_ylabel("Decode, counts to frequencies [ms]")
    axes.set_title(f"MSS decode, 8 blocks, after set-up: log-log slope {slope:.2f}")
    figure.savefig(path, dpi=150)


def main() -> None:
    """Run what the command line asks for."""
    if sys.argv[1:2] == ["growth"]:
        growth(sys.argv[2])
    elif sys.argv[1:] == ["smss"]:
        for budget in (0.5, 1.0, 2.0, 4.0, 5.0):
            print(
                f"smss k = 22,000 epsilon {budget:g}: {decode_ms('smss', 22_000, budget, 7):.0f} ms"
            )
    else:
        head = ("k", "epsilon", "l", "set-up [ms]", "decode [ms]", "LSMR [ms]", "ratio", "residual")
        print("{:>7} {:>7} {:>3} {:>12} {:>11} {:>9} {:>8} {:>12} {:>12}".format(*head, "of LSMR"))
        for size in (1024, 22_000):
            for budget in (0.5, 1.0, 2.0, 3.0, 4.0, 5.0):
                compare(size, budget)


if __name__ == "__main__":
    main()
