#!/usr/bin/env bash
# federatedhplearning's total budget is the sampling rate times the budget of a round times a root: nothing of Renyi DP, and far too small where a round's epsilon is large, even for one round.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check \
    'federatedhplearning==1.0.2' 'numpy==1.26.4' 'scipy==1.13.1' 'pandas==2.2.3' 'scikit-learn==1.5.2' 'matplotlib==3.9.2'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Totals of federatedhplearning 1.0.2 beside exact ones of randomized response, epsilon 8 a round, 1 client of 100."""
import sys
from importlib.metadata import version

import numpy as np
from federated_hplearning import compute_rdp_privacy_budget
from scipy.stats import binom

rate, local, delta = 0.01, 8.0, 1e-5
lie = 1 / (1 + np.exp(local))
true = rate * (1 - lie) + (1 - rate) * lie  # chance of a 1 if her bit is 1 and everybody's else is 0


def delta_at(total, rounds):
    """Exact delta of the rounds at a total epsilon, by summing over the number of ones."""
    ones = np.arange(rounds + 1)
    mine, without = (binom.logpmf(ones, rounds, p) for p in (true, lie))
    return float(np.sum(np.exp(mine) * np.maximum(0.0, -np.expm1(np.minimum(total + without - mine, 0.0)))))


worst = {}
for rounds in (1, 100, 1_000):
    told = compute_rdp_privacy_budget(rate, local, rounds, delta)
    low, high = 0.0, local * rounds
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if delta_at(middle, rounds) > delta else (low, middle)
    worst[rounds] = high / told
    print(f"federatedhplearning {version('federatedhplearning')}: {rounds} rounds: epsilon {told:.2f} at delta {delta}, "
          f"exact {high:.2f}; exact delta at {told:.2f}: {delta_at(told, rounds):.3f}")
sys.exit(not min(worst.values()) > 5)
PY
