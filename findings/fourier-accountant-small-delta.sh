#!/usr/bin/env bash
# fourier-accountant stops its search for epsilon when delta is within 1e-10 of the one asked for: below that, epsilon hardly depends on delta, and delta = 0, at which no Gaussian noise has one, gets a finite epsilon.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check \
    'numpy==2.2.6' 'scipy==1.15.3' 'fourier-accountant==0.12.11'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Epsilon by fourier-accountant 0.12.11 of one Gaussian step of a tenth of the data, and the exact one."""
import sys
from importlib.metadata import version

import numpy as np
from fourier_accountant import get_epsilon_R
from scipy.optimize import brentq
from scipy.stats import norm

rate, sigma = 0.1, 1.0


def delta_of(epsilon):
    """Exact delta at epsilon between the mixture of N(0) and N(1) and N(0)."""
    # The loss is above epsilon to the right of this point.
    x = sigma**2 * np.log((np.exp(epsilon) - (1 - rate)) / rate) + 0.5
    return rate * norm.sf(x - 1, scale=sigma) - (np.exp(epsilon) - (1 - rate)) * norm.sf(x, scale=sigma)


said, ratio = {}, {}
for delta in (1e-6, 1e-8, 1e-10, 1e-12, 1e-15, 0.0):
    said[delta] = float(get_epsilon_R(delta, sigma, rate, 1))
    real = delta_of(said[delta])
    ratio[delta] = real / delta if delta else np.inf
    exact = brentq(lambda e: np.log(delta_of(e) / delta), 0.1, 12, xtol=1e-9) if delta else np.inf
    print(f"fourier-accountant {version('fourier-accountant')}: delta {delta:g}: epsilon {said[delta]:.4f}, at which delta is "
          f"{real:.2g}; exact epsilon {exact:.4f}")
sys.exit(not (abs(ratio[1e-6] - 1) < 0.01 and ratio[1e-12] > 50 and ratio[1e-15] > 50_000
              and 0 < said[0.0] - said[1e-12] < 0.01))
PY
