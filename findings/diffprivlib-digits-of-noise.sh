#!/usr/bin/env bash
# diffprivlib's Laplace mechanism adds noise in doubles: reports of 1.0 lie on a coarser grid than reports of 0.0, and one that is off it rules 1.0 out.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'diffprivlib==0.6.6' 'numpy==2.2.6' 'scipy==1.15.3' 'scikit-learn==1.6.1'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Reports of diffprivlib 0.6.6 that are no multiples of 2^-53, at epsilon 1 and sensitivity 1."""
import sys
from importlib.metadata import version

import numpy as np
from diffprivlib.mechanisms import Laplace

made = Laplace(epsilon=1.0, sensitivity=1.0, random_state=np.random.RandomState(1))
off = {}
for true in (0.0, 1.0):
    scaled = np.array([made.randomise(true) for _ in range(5_000)]) * 2.0**53
    off[true] = float(np.mean(scaled != np.round(scaled)))
    print(f"diffprivlib {version('diffprivlib')}: value {true}, share of reports off the grid "
          f"{off[true]:.4f}")
print("the epsilon of the law in real numbers is 1; the digits tell more")
sys.exit(not (off[0.0] > 0.05 and off[1.0] == 0.0))
PY
