#!/usr/bin/env bash
# smartnoise-synth's StandardScaler asks OpenDP for noise at distance 1 between tables of a fixed size, where one changed row is a distance of 2 and 1 is rounded down to no change: mean and variance come out exact, at any epsilon.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check \
    'smartnoise-sql==1.0.10' 'opendp==0.14.1' 'numpy==1.26.4' 'pandas==2.2.3' 'faker==30.0.0'
# Its synthesizers need torch, which takes gigabytes; its transformers do not.
"$work/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps 'smartnoise-synth==1.0.8'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Noise of the mean and variance of 1,000 incomes that StandardScaler of smartnoise-synth 1.0.8 learns."""
import sys
import types
from importlib.metadata import distribution, version

import numpy as np

package = types.ModuleType("snsynth")  # without its start, which imports the synthesizers
package.__path__ = [str(distribution("smartnoise-synth").locate_file("snsynth"))]
sys.modules["snsynth"] = package
from snsynth.transform.standard import StandardScaler

incomes = np.random.default_rng(1).uniform(20_000, 60_000, 1_000)
exact = np.array([incomes.mean(), incomes.var(ddof=1)])
largest = {}
for epsilon in (0.01, 1.0):
    fits = []
    for _ in range(50):
        scaler = StandardScaler(lower=0.0, upper=100_000.0, epsilon=epsilon)
        scaler.fit(incomes.tolist())
        fits.append((scaler.mean, scaler.var))
    largest[epsilon], variance = np.abs(np.array(fits) - exact).max(axis=0)
    needed = 100_000 / 1_000 / (0.2 * epsilon)  # a fifth of the budget is the mean's
    print(f"smartnoise-synth {version('smartnoise-synth')}, opendp {version('opendp')}: epsilon {epsilon}: mean {exact[0]:,.2f}, "
          f"largest noise of 50 fits {largest[epsilon]:.1e}, variance {exact[1]:,.0f}, noise {variance:.1e}; "
          f"the scale of the mean's noise should be {needed:,.0f}")
sys.exit(not max(largest.values()) < 1e-3)
PY
