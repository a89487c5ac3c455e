"""Sparse linear regression under local privacy: error against the number of people.

Usage: python benchmarks/regression.py [LARGEST], 1,000,000 by default; 1e7 takes 3 GB and minutes

Points are normal in 10 dimensions, the label depends on 3 of them (coefficients of length 1/2) with
noise of 0.1, epsilon is 1. Printed are median l2 errors over some collections of `nldp-regression`
(delta = 1e-5, one report a person) and of `sparse_descent` with `iht-regression` (a person reports
in one of ten rounds), beside the published upper rates without their constants, d sqrt(k / n) /
epsilon and k sqrt(d / n) / epsilon. The summary of noisy moments is drawn from its exact law.
"""

from __future__ import annotations

import math
import sys

import numpy as np

from ldpaudit.protocols.regression import NoisyMoments, sparse_descent

DIMENSION, SPARSITY, EPSILON, DELTA = 10, 3, 1.0, 1e-5
RUNS = 5
#: Clips that lose little of normal points: lengths beyond r, coordinates beyond tau1.
RADIUS, POINT_CLIP, LABEL_CLIP = 4.5, 2.5, 1.25


def people(n: int, theta: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    x = rng.standard_normal((n, DIMENSION))
    return np.column_stack([x, x @ theta + 0.1 * rng.standard_normal(n)])


def main() -> int:
    largest = int(float(sys.argv[1])) if len(sys.argv) > 1 else 10**6
    theta = np.zeros(DIMENSION)
    theta[[0, 4, 7]] = np.array([1.0, -1.0, 1.0]) / math.sqrt(12)
    moments = NoisyMoments(DIMENSION, EPSILON, DELTA, RADIUS, POINT_CLIP, LABEL_CLIP)
    print(f"{'n':>10} {'nldp':>8} {'rate':>8} {'iht':>8} {'rate':>8}")
    n = 10**5
    while n <= largest:
        rng, found = np.random.default_rng(n), []
        for _ in range(RUNS):
            total, rest = None, n
            descent = []
            while rest:
                size = min(rest, 10**6)
                rows = people(size, theta, rng)
                part = moments.sample_sums(rows, rng=rng)
                total = part if total is None else total + part
                rest -= size
                descent.append(rows)
            fitted = sparse_descent(
                np.concatenate(descent), epsilon=EPSILON, sparsity=SPARSITY, rounds=10, step=0.4,
                point_clip=POINT_CLIP, label_clip=LABEL_CLIP, rng=rng,
            )  # fmt: skip
            found.append(
                [np.linalg.norm(moments.estimate(total) - theta), np.linalg.norm(fitted - theta)]
            )
        one, two = np.median(found, axis=0)
        first = DIMENSION * math.sqrt(SPARSITY / n) / EPSILON
        second = SPARSITY * math.sqrt(DIMENSION / n) / EPSILON
        print(f"{n:>10,} {one:>8.3g} {first:>8.3g} {two:>8.3g} {second:>8.3g}", flush=True)
        n *= 10
    return 0


if __name__ == "__main__":
    sys.exit(main())
