"""Figures of deployed parameters: the tables of docs/deployments.md.

python benchmarks/deployments.py            # all but the last, seconds
python benchmarks/deployments.py --pools    # pool inference, some minutes
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from ldpaudit.adapters import pool_habits
from ldpaudit.bounds.intervals import success_interval
from ldpaudit.data import zipf
from ldpaudit.leakage import estimate_vulnerability, pool_inference
from ldpaudit.protocols import (
    BitFlip,
    BloomRappor,
    CountMeanSketch,
    GeneralizedRandomizedResponse,
    HadamardCountMeanSketch,
    OneBitMean,
    SymmetricUnaryEncoding,
)

#: f, p, q of 2 hashes.
NOISE = {
    "RAPPOR in Chromium, normal noise": (0.5, 0.25, 0.75),
    "RAPPOR in Chromium, sparse noise": (0.25, 0.25, 0.75),
    "RAPPOR of the paper": (0.5, 0.5, 0.75),
}


def over_time() -> None:
    """Epsilons of one report and for ever."""
    print("| deployment | one report | for ever | pairs below, by cohort |\n|---|---|---|---|")
    for name, noise in NOISE.items():
        m = BloomRappor(1_000, *noise)
        pairs = np.random.default_rng(0).integers(0, m.k, (200, 2))
        found = np.concatenate([m.pair_epsilons((i, j)) for i, j in pairs.tolist() if i != j])
        below = (found < m.exact_epsilon() - 1e-9).mean()
        print(
            f"| {name} | {m.exact_epsilon():.3f} | {m.composed_epsilon(10**6):.3f} | {below:.2f} |"
        )
    for flip in (0.0, 0.2):
        bit = OneBitMean(1.0, flip=flip)
        error = math.sqrt(bit.worst_variance() / 3e6) / 2
        once, ever, most = bit.exact_epsilon(), bit.composed_epsilon(10**6), bit.worst_spent(10**6)
        told = f"{ever:.3f} of one level, {most:.0f} in all; error {error:.6f} of the range"
        print(f"| 1BitMean, flip {flip} | {once:.3f} | {told} | |")


def success(mechanism: Any, prior: Any) -> float:
    """Success of the best guess: exact, or the mean of 200,000 posteriors."""
    return estimate_vulnerability(mechanism, prior, trials=200_000).value


def once() -> None:
    """One report of each deployment."""
    print("| deployment | k | epsilon | success, uniform | success, Zipf | blind, Zipf |"
          " influence | n | error |\n|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    for name, mechanism, users in (
        *((name, BloomRappor(1_000, *noise), 10**7) for name, noise in NOISE.items()),
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
            f"| {name} | {k:,} | {mechanism.exact_epsilon():.3f} | {success(mechanism, None):.5f} "
            f"| {success(mechanism, prior):.4f} | {prior.max():.4f} "
            f"| {mechanism.single_influences().max():.3f} | {users:,} | {error:.6f} |"
        )


def pools() -> None:
    """Which of six pools a user favours, after some reports: 500 users each."""
    k, wanted = 2_600, (1, 10, 30, 100, 365)
    every = [np.arange(first, k, 6) for first in range(6)]
    some = [np.flatnonzero(np.arange(k) % 26 == first) for first in range(6)]
    print("| values in pools | polarisation | protocol |" + "".join(f" {t} |" for t in wanted))
    print("|---|---|---|" + "---|" * len(wanted))
    for words, sets in (("all", every), ("600 of 2,600", some)):
        for share in (0.5, 0.9):
            habits = pool_habits(zipf(k), sets, share)
            for name, m in (
                ("CMS", CountMeanSketch(k, 4.0)),
                ("HCMS", HadamardCountMeanSketch(k, 4.0)),
            ):
                found = pool_inference(m, habits, 365, 500, rng=np.random.default_rng(1))
                after = dict(zip(found.rounds, found.successes, strict=True))
                cells = [f"{after[t] / found.trials:.2f}" for t in wanted]
                print(f"| {words} | {share} | {name} | {' | '.join(cells)} |", flush=True)
    low, high = success_interval(250, 500, 0.05)
    print(f"widest 95% interval: {low:.3f} .. {high:.3f}")


if __name__ == "__main__":
    if "--pools" in sys.argv:
        pools()
    else:
        over_time()
        print()
        once()
