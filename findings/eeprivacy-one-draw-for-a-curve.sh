#!/usr/bin/env bash
# eeprivacy's mean of vectors by Laplace noise adds one draw to all components: of a mean load curve the level is noisy and the differences between its hours are exact, at any epsilon; its twin with Gaussian noise draws for each hour.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'numpy==2.2.6' 'scipy==1.15.3'
# Drawings need more; the operations do not.
"$work/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps 'eeprivacy==0.0.5'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Curve of one household read back from two private means by eeprivacy 0.0.5, the other 999 households being known."""
import sys
from importlib.metadata import version

import numpy as np
from eeprivacy.operations import PrivateVectorClampedMeanGaussian, PrivateVectorClampedMeanLaplace

np.random.seed(1)
homes, hours, most = 1_000, 24, 5.0
load = np.round(np.random.uniform(0.1, most, (homes, hours)), 1)  # kW
own = load[0]
apart = {}
for operation in (PrivateVectorClampedMeanLaplace, PrivateVectorClampedMeanGaussian):
    for epsilon in (1.0, 0.001):
        made = operation(lower_bound=0.0, upper_bound=most, k=hours, N=homes)
        mean = np.asarray(made.execute(vectors=list(load), epsilon=epsilon, delta=1e-6))
        error = mean * homes - load[1:].sum(axis=0) - own
        apart[operation, epsilon] = float(np.ptp(error))
        print(f"eeprivacy {version('eeprivacy')}: {operation.__name__}, epsilon {epsilon}: own curve read back with an error of "
              f"{np.abs(error).max():,.1f} kW at most; of differences between hours, {np.ptp(error):,.1g} kW")
sys.exit(not all((error < 1e-6) == (operation is PrivateVectorClampedMeanLaplace) for (operation, _), error in apart.items()))
PY
