#!/usr/bin/env bash
# diff-priv-laplace-python takes 1 as the sensitivity of minimum, maximum and median in whatever unit, and the range of the data themselves for sums and means: the largest income comes back to the nearest few, and if all earn the same, the mean is exact.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'numpy==2.2.6' 'setuptools==75.8.0' 'wheel==0.45.1'
"$work/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation 'diff-priv-laplace-python==1.0.5'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Statistics of 1,000 incomes by diff-priv-laplace-python 1.0.5 at epsilon 1, one person's changed."""
import sys
from importlib.metadata import version

import numpy as np
from diffpriv_laplace import DiffPrivStatistics

np.random.seed(1)
name = f"diff-priv-laplace-python {version('diff-priv-laplace-python')}"
others = np.random.uniform(20_000, 60_000, 999).round()
right = 0
for own in (91_234.0, 250_777.0):
    largest = [float(DiffPrivStatistics.max(np.append(others, own), 1.0)) for _ in range(500)]
    right += sum((x > 170_000) == (own > 170_000) for x in largest)
    print(f"{name}: largest income {own:,.0f}: reports at epsilon 1 from {min(largest):,.1f} to {max(largest):,.1f}")
means = {float(DiffPrivStatistics.mean(np.full(1_000, 31_500.0), 1.0)) for _ in range(500)}
print(f"{name}: the two told apart in {right} of 1000 reports, of which epsilon 1 allows {1000 * np.e / (np.e + 1):.0f}; "
      f"means of 1,000 equal incomes: {means}")
sys.exit(not (right == 1_000 and means == {31_500.0}))
PY
