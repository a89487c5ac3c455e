"""ALLOMFREE on ten attributes of Adult, for docs/multidimensional.md: errors and budgets.

python benchmarks/allomfree_adult.py adult.csv.gz

The file needs the columns below, without missing values. Its 4.0e9 possible records are too many
for a study, whose tables have a row for each of k values; the library follows users themselves.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

import ldpaudit
from ldpaudit.collecting.rounds import follow

COLUMNS = (
    *("age", "workclass", "education", "marital_status", "occupation"),
    *("relationship", "race", "sex", "native_country", "income"),
)
ROUNDS = 10


def main(path: str) -> None:
    frame = pd.read_csv(path, usecols=list(COLUMNS))
    codes = [pd.factorize(frame[name], sort=True)[0] for name in COLUMNS]
    sizes = tuple(int(code.max()) + 1 for code in codes)
    people = np.ravel_multi_index(codes, sizes)
    truth = [np.bincount(c, minlength=s) / c.size for c, s in zip(codes, sizes, strict=True)]
    print(f"sizes {sizes}, {people.size:,} users, {ROUNDS} rounds\n")
    print(
        "| epsilon_inf | epsilon | ALLOMFREE | published | budget | SMP grr / oue / adp | SPL adp |"
    )
    print("|---|---|---|---|---|---|---|")
    for whole in (0.5, 1.0, 2.0, 3.0, 4.0, 5.0):
        one, cells = whole / 2, []
        for calibration in ("exact", "published"):
            m = ldpaudit.mechanism(
                "allomfree", sizes=sizes, epsilon=one, epsilon_inf=whole, calibration=calibration
            )
            rng = np.random.default_rng(0)
            rounds = (rng.permutation(people) for _ in range(ROUNDS))
            found = follow(m, rounds, rng=np.random.default_rng(1))
            cells.append(f"{found.mse.mean():.3g} ({found.mse_exact.mean():.3g})")
        errors = [
            float(
                np.mean(
                    ldpaudit.mechanism(name, sizes=sizes, epsilon=one, base=base).mse_marginals(
                        people.size, truth
                    )
                )
            )
            for name, base in (("smp", "grr"), ("smp", "oue"), ("smp", "adp"), ("spl", "adp"))
        ]
        print(
            f"| {whole:g} | {one:g} | {cells[0]} | {cells[1]} | {found.spent[-1]:.2f} "
            f"| {' / '.join(f'{e:.3g}' for e in errors[:3])} | {errors[3]:.3g} |"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
