#!/usr/bin/env bash
# inf-tda has the sensitivities of its two cases the wrong way round: a user whose 100 records may share a cell gets a tenth of the noise that she needs, one with 100 distinct cells ten times too much.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'inf-tda==0.1' 'opendp==0.12.1' 'pandas==2.2.3' 'numpy==2.2.6'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Noise of inf-tda 0.1 on 2,000 cells, one user holding 100 records, epsilon 1 and delta 1e-6."""
import math
import sys
from importlib.metadata import version
from statistics import NormalDist

import numpy as np
import pandas as pd
from InfTDA.mechanism import inf_tda

contribution, budget, cells = 100, (1.0, 1e-6), 2_000
keys = pd.MultiIndex.from_product([["all"], [f"c{i:04d}" for i in range(cells)]])
data = pd.Series(np.full(cells, 100_000, dtype=np.int32), index=keys)
normal = NormalDist().cdf


def epsilon_of(sigma, sensitivity):
    """Exact epsilon at delta 1e-6 of one Gaussian level (Balle and Wang 2018)."""
    mu, low, high = sensitivity / sigma, 0.0, 500.0
    for _ in range(100):
        middle = (low + high) / 2
        lost = normal(mu / 2 - middle / mu) - math.exp(middle) * normal(-mu / 2 - middle / mu)
        low, high = (middle, high) if lost > budget[1] else (low, middle)
    return high


# Records that move from one cell to another: all 100 together, or each in a cell of its own.
needed = {False: math.sqrt(2) * contribution, True: math.sqrt(2 * contribution)}
shown = {}
for distinct, sensitivity in needed.items():
    noisy = inf_tda(data, budget, contribution, distinct_tuples=distinct).to_numpy()
    sigma = float(np.std(noisy - 100_000))
    shown[distinct] = epsilon_of(sigma, sensitivity)
    print(f"inf-tda {version('inf-tda')}: distinct_tuples={distinct}: noise {sigma:.0f}, L2 sensitivity "
          f"{sensitivity:.1f}, epsilon of that level {shown[distinct]:.3f} of {budget[0]}")
sys.exit(not (shown[False] > 5 and shown[True] < 0.1))
PY
