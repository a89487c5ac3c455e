#!/usr/bin/env bash
# binomialdpy's upper confidence bound is one minus alpha whatever the data are, and its lower one often stays at the 0.5 where the search starts: of a true 0.1 it holds in 4 of 10 samples, not 95%.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'binomialdpy==0.1.5' 'numpy==1.26.4' 'scipy==1.13.1'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""One-sided 95% bounds of binomialdpy 0.1.5 for 50 trials, epsilon 1, beside those that its p-values give."""
import math
import sys
from importlib.metadata import version

import numpy as np
from binomialdpy import ci, pvalue, tulap
from scipy.optimize import brentq

np.random.seed(1)
trials, alpha, b, runs = 50, 0.05, math.exp(-1.0), 200
name = f"binomialdpy {version('binomialdpy')}"


def inverted(noisy):
    """Probability at which the package's right-sided p-value is alpha."""
    excess = lambda p: pvalue.right([noisy], trials, p, b, 0)[0] - alpha
    return brentq(excess, 0, 1) if excess(0) < 0 < excess(1) else float(excess(0) < 0)


upper = {p: ci.upper(alpha, [noisy], trials, b, 0) for p, noisy in ((0.1, 4.2), (0.6, 31.3))}
print(f"{name}: upper bounds after 4.2 and 31.3 noisy successes: {list(upper.values())}")
noisy = np.random.binomial(trials, 0.1, runs) + tulap.random(runs, m=0, b=b, q=0)
lower = np.array(ci.lower(alpha, list(noisy), trials, b, 0))
exact = np.array([inverted(x) for x in noisy])
held, wanted = (float(np.mean(bounds <= 0.1)) for bounds in (lower, exact))
stuck = float(np.mean(np.abs(lower - 0.5) < 1e-3))
print(f"{name}: lower bound below the true 0.1 in {held:.0%} of {runs} samples, 0.5 in {stuck:.0%}; "
      f"by its own p-values {wanted:.0%}")
sys.exit(not (set(upper.values()) == {1 - alpha} and held < 0.7 and stuck > 0.3 and wanted > 0.87))
PY
