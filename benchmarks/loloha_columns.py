"""LOLOHA and its peers on a file with a column per round, for docs/longitudinal.md.

python benchmarks/loloha_columns.py FILE.csv[.gz] [EPSILON_INF [EPSILON]]

Every row is a user, every column a round: for instance the 80 replicate weights PWGTP1..PWGTP80
of the American Community Survey, the data DB_MT and DB_DE of Arcolezi, Pinzon, Palamidessi and
Gambs (EDBT 2023). Values of all columns are one domain. Errors are averages over the rounds, each
round against its own truth, times the number of users; V* is the variance for f = 0.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

import ldpaudit
from ldpaudit.collecting.rounds import follow

PROTOCOLS = ("l-grr", "l-sue", "l-osue", "biloloha", "ololoha", "dbitflip")


def main(path: str, whole: float, one: float) -> None:
    table = pd.read_csv(path).to_numpy()
    domain, codes = np.unique(table, return_inverse=True)
    rounds = codes.reshape(table.shape).T.astype(np.int64)
    n, k = rounds.shape[1], domain.size
    print(
        f"{n:,} users, {len(rounds)} rounds, k = {k:,}, epsilon_inf = {whole:g}, epsilon = {one:g}"
    )
    print(
        f"{'':10} {'n x MSE':>10} {'exact':>10} {'V*':>10} "
        f"{'budget':>8} {'values':>7} {'revealed':>9}"
    )
    for name in PROTOCOLS:
        budgets = (
            {"epsilon": whole, "d": k}
            if name == "dbitflip"
            else {"epsilon": one, "epsilon_inf": whole}
        )
        m = ldpaudit.mechanism(name, k=k, **budgets)
        found = follow(m, rounds, rng=np.random.default_rng(0))
        print(
            f"{name:10} {n * found.mse.mean():10.3f} {n * found.mse_exact.mean():10.3f} "
            f"{m.mse(1):10.3f} {found.spent[-1]:8.2f} {found.distinct:7.2f} {found.revealed:9.1%}",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1], *map(float, sys.argv[2:] + ["2", "0.8"][len(sys.argv) - 2 :]))
