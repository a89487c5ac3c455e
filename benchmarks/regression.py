"""Sparse linear regression under local privacy: error against people, dimension and sparsity.

Usage: python benchmarks/regression.py [MOST], most people of `iht-regression`, 1e7 by default

Points are normal in d dimensions, the label depends on k of them (coefficients of length 1/2) with
noise of 0.1, epsilon is 1. Printed are median l2 errors over some collections, of

- `nldp-regression` (delta = 1e-5, one report a person), unthresholded and with the threshold
  sigma sqrt(2 ln d), sigma the standard deviation of one coefficient to first order;
- `sparse_descent` with `iht-regression`, a person reports in one of ten rounds;

beside the published upper rates without their constants, d sqrt(k / n) / epsilon and
k sqrt(d / n) / epsilon, and the error in parts of the rate, which is constant where the rate holds.
Beyond 100,000 people each point is held by as many more of them. The summary of noisy moments is
drawn from its exact law, gradients are reported one by one: 1e7 take minutes.
"""

from __future__ import annotations

import math
import sys

import numpy as np

from ldpaudit.protocols.regression import NoisyMoments, sparse_descent

EPSILON, DELTA = 1.0, 1e-5
#: Points that differ; collections of moments, and of gradients.
POINTS, MANY, RUNS = 10**5, 25, 3
#: Clips of coordinates and labels (which have a standard deviation of 1 and 1/2). Of moments they
#: bias coefficients by half a percent, of gradients, which err more, by three.
OF_MOMENTS, OF_GRADIENTS = (3.0, 1.6), (2.5, 1.25)
SIZES = [10**5, 10**6, 10**7, 10**8, 10**9]
#: (d, k) of the sweeps, which of them descent takes part in, and their numbers of people.
SHAPES = [(5, 3), (10, 1), (10, 3), (10, 5), (20, 3), (40, 3)]
OF_BOTH = SHAPES[:3]
SWEEPS = 10**10, 10**7


def people(n: int, d: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients, and up to a hundred thousand points with labels."""
    rng = np.random.default_rng(n + 1000 * d + k)
    theta = np.zeros(d)
    theta[:: d // k][:k] = np.where(np.arange(k) % 2, -0.5, 0.5) / math.sqrt(k)
    x = rng.standard_normal((min(n, POINTS), d))
    return theta, np.column_stack([x, x @ theta + 0.1 * rng.standard_normal(len(x))])


def moments(n: int, d: int, k: int) -> tuple[float, float]:
    """Median error of noisy moments without and with a threshold."""
    theta, rows = people(n, d, k)
    plain = NoisyMoments(d, EPSILON, DELTA, math.sqrt(2.5 * d), *OF_MOMENTS)
    noise = math.sqrt(32 * math.log(2.5 / DELTA) / n) / EPSILON
    spread = noise * math.hypot(plain.radius**2 / 2, math.sqrt(d) * math.prod(OF_MOMENTS))
    cut = NoisyMoments(
        d, EPSILON, DELTA, plain.radius, *OF_MOMENTS, spread * math.sqrt(2 * math.log(d))
    )
    rng, held = np.random.default_rng(1), np.full(len(rows), n // len(rows))
    found = []
    for _ in range(MANY):
        counts = plain.sample_sums(rows, held, rng=rng)
        found.append([np.linalg.norm(m.estimate(counts) - theta) for m in (plain, cut)])
    one, two = np.median(found, axis=0)
    return float(one), float(two)


def gradients(n: int, d: int, k: int) -> float:
    """Median error of sparse descent."""
    theta, rows = people(n, d, k)
    rng, found = np.random.default_rng(2), []
    for _ in range(RUNS):
        fitted = sparse_descent(
            np.tile(rows, (n // len(rows), 1)), epsilon=EPSILON, sparsity=k, rounds=10, step=0.4,
            point_clip=OF_GRADIENTS[0], label_clip=OF_GRADIENTS[1], rng=rng,
        )  # fmt: skip
        found.append(np.linalg.norm(fitted - theta))
    return float(np.median(found))


def line(of_moments: int, of_gradients: int, d: int, k: int) -> str:
    """Errors and rates for so many people, 0 for none."""
    text = f"{d:>3} {k:>3}"
    if of_moments:
        rate = d * math.sqrt(k / of_moments) / EPSILON
        one, two = moments(of_moments, d, k)
        text += f" {of_moments:>14,} {one:>8.3g} {two:>8.3g} {rate:>8.3g} {one / rate:>6.1f}"
        text += f" {two / rate:>6.1f}"
    else:
        text += " " * 53
    if of_gradients:
        rate = k * math.sqrt(d / of_gradients) / EPSILON
        error = gradients(of_gradients, d, k)
        text += f" {of_gradients:>11,} {error:>8.3g} {rate:>8.3g} {error / rate:>6.1f}"
    return text


def main() -> int:
    most = int(float(sys.argv[1])) if len(sys.argv) > 1 else 10**7
    print(
        f"{'d':>3} {'k':>3} {'people':>14} {'moments':>8} {'cut':>8} {'rate':>8} {'/ rate':>6}"
        f" {'cut':>6} {'people':>11} {'descent':>8} {'rate':>8} {'/ rate':>6}"
    )
    for n in SIZES:
        print(line(n, n if n <= most else 0, 10, 3), flush=True)
    for d, k in SHAPES:
        of_gradients = min(SWEEPS[1], most) if (d, k) in OF_BOTH else 0
        print(line(SWEEPS[0], of_gradients, d, k), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
