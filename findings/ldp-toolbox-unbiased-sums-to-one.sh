#!/usr/bin/env bash
# ldp-toolbox documents its estimates as unbiased, then clips and rescales them to sum to 1: a value that nobody holds gets a positive share on average, a frequent one too little.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'ldp-toolbox==0.1.3' 'numba==0.61.2' 'numpy==2.2.6' 'scipy==1.15.3' 'joblib==1.5.1' 'xxhash==3.5.0'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Mean of 60 estimates of ldp-toolbox 0.1.3 (GRR, k = 100, epsilon 1, 2,000 users who all hold 0)."""
import sys
from importlib.metadata import version

import numpy as np
from ldp_toolbox.protocols.frequency.grr import GeneralizedRandomizedResponse

np.random.seed(5)
grr = GeneralizedRandomizedResponse(100, 1.0)
runs = np.array([grr.estimate([grr.obfuscate(0) for _ in range(2_000)]) for _ in range(60)])
held, empty = runs[:, 0], runs[:, 1:].mean(axis=1)
error = empty.std(ddof=1) / np.sqrt(len(empty))
print(f"ldp-toolbox {version('ldp-toolbox')}: share of the value that all hold {held.mean():.3f} "
      f"(truth 1), of each other {empty.mean():.4f} +- {error:.4f} (truth 0)")
sys.exit(not (empty.mean() > 10 * error and held.mean() < 0.9))
PY
