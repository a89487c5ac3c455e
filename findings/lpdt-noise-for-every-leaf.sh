#!/usr/bin/env bash
# LPDT draws fresh noise for a person's label in every leaf of the tree: averaging over the leaves takes the noise away, so the budget of the label is spent once per leaf.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'numpy==1.26.4' 'scipy==1.13.1' 'scikit-learn==1.5.2' 'numba==0.60.0'
"$work/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps 'lpdt==0.0.2'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Label of one person read back from what LPDT 0.0.2 keeps of her in a tree of 256 leaves."""
import sys
from importlib.metadata import version

import numpy as np
from LPDT._estimator import RegressionRandomPermutationEstimator

epsilon, leaves, own = 1.0, 256, 3
np.random.seed(2)


def read_back(label):
    """Mean of V / U over the leaves: label plus noise in each of them."""
    noisy = []
    for leaf in range(leaves):
        made = RegressionRandomPermutationEstimator(None, epsilon, 1.0, 0.0, 0.5, 0.0)
        made.get_data(np.array([label]), np.array([float(leaf == own)]))
        noisy.append(made.V_sum / made.U_sum)
    return float(np.mean(noisy)), float(np.std(noisy))


right = 0
for label in (0.0, 1.0):
    for _ in range(50):
        guess, spread = read_back(label)
        right += (guess > 0.5) == (label > 0.5)
print(f"lpdt {version('lpdt')}: epsilon {epsilon}, noise of one leaf {spread:.2f} on labels in "
      f"[0, 1]; 0 or 1 told apart for {right} of 100 persons; epsilon-LDP allows "
      f"{100 * np.e / (np.e + 1):.0f}")
sys.exit(right < 95)
PY
