#!/usr/bin/env bash
# autodp's accountant by characteristic functions, its tight one, gives scipy the range of delta as that of exp(epsilon); newer scipy keeps to it: the epsilon reported is negative, and the same for all noise and any number of rounds.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'autodp==0.2.3.1' 'numpy==1.26.4' 'scipy==1.11.4'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Epsilon of composed Gaussian noise at delta 1e-5 by two accountants of autodp 0.2.3.1."""
import contextlib
import io
import sys
import warnings
from importlib.metadata import version

from autodp.mechanism_zoo import ExactGaussianMechanism, GaussianMechanism
from autodp.transformer_zoo import ComposeAFA

warnings.simplefilter("ignore")
found = set()
for sigma, rounds in ((1.0, 1), (1.0, 10), (2.0, 1), (20.0, 10)):
    noise = GaussianMechanism(sigma, phi_off=False, RDP_off=True, approxDP_off=True)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints every step of its search
        epsilon = float(ComposeAFA()([noise], [rounds]).get_approxDP(1e-5))
    exact = float(ExactGaussianMechanism(sigma / rounds**0.5).get_approxDP(1e-5))
    print(f"autodp {version('autodp')}: sigma {sigma:g}, {rounds} rounds: by characteristic "
          f"functions epsilon = {epsilon:.4f}, exact {exact:.4f}")
    found.add(round(epsilon, 6))
sys.exit(not (len(found) == 1 and max(found) < 0))
PY
