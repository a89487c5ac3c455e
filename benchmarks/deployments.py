"""Exact figures of deployed parameters: the table of docs/deployments.md.

    python benchmarks/deployments.py

Bloom-filter RAPPOR is not a protocol here: its epsilons are those of its bits, h of which differ
one way and h the other between two values that share none.
"""

from __future__ import annotations

import math

import numpy as np

from ldpaudit.data import zipf
from ldpaudit.protocols import (
    BitFlip,
    CountMeanSketch,
    GeneralizedRandomizedResponse,
    HadamardCountMeanSketch,
    SymmetricUnaryEncoding,
)


def bloom(f: float, p: float, q: float, hashes: int) -> tuple[float, float]:
    """Epsilon of one report and of all reports of one value, of a RAPPOR Bloom filter."""
    own, other = q - f * (q - p) / 2, p + f * (q - p) / 2
    once = hashes * math.log(own * (1 - other) / (other * (1 - own)))
    return once, 2 * hashes * math.log((2 - f) / f)


def main() -> None:
    """Print both tables."""
    print("| RAPPOR in Chromium | one report | for ever |\n|---|---|---|")
    for name, noise in (
        ("normal noise", (0.5, 0.25, 0.75, 2)),
        ("sparse noise", (0.25, 0.25, 0.75, 2)),
        ("as in the paper", (0.5, 0.5, 0.75, 2)),
    ):
        once, forever = bloom(*noise)
        print(f"| {name} | {once:.3f} | {forever:.3f} |")
    print()
    print("| deployment | k | epsilon | success, uniform | success, Zipf | blind, Zipf |"
          " influence | n | error |\n|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    for name, mechanism, users in (
        ("Apple CMS, m = 1,024", CountMeanSketch(2_600, 4.0), 10**8),
        ("Apple HCMS, m = 32,768", HadamardCountMeanSketch(250_000, 4.0, 32_768, 1_024), 10**8),
        ("Windows dBitFlip, d = 1", BitFlip(32, 1.0, 1), 3 * 10**6),
        ("Windows dBitFlip, d = 4", BitFlip(32, 1.0, 4), 3 * 10**6),
        ("Chrome, clicks", GeneralizedRandomizedResponse(2_925, 14.0), 10**6),
        ("Chrome, views", GeneralizedRandomizedResponse(3, 14.0), 10**6),
        ("survey, two coins", GeneralizedRandomizedResponse(2, math.log(3)), 2_000),
        ("survey, a die", GeneralizedRandomizedResponse(2, math.log(5)), 2_000),
        ("one bit per value, epsilon 4", SymmetricUnaryEncoding(2_600, 4.0), 10**8),
    ):
        k = mechanism.k
        prior = zipf(k)
        error = math.sqrt(mechanism.mse(users, np.full(k, 1 / k)))
        print(
            f"| {name} | {k:,} | {mechanism.exact_epsilon():.3f} | {mechanism.vulnerability():.5f} "
            f"| {mechanism.vulnerability(prior):.4f} | {prior.max():.4f} "
            f"| {mechanism.influence([0]):.3f} | {users:,} | {error:.6f} |"
        )


if __name__ == "__main__":
    main()
