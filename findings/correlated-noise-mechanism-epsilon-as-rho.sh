#!/usr/bin/env bash
# correlated-noise-mechanism puts epsilon where the rho of zCDP belongs when its multi-epoch mode streams, so delta has no effect: at a target of 1 it adds a sixth to an eighth of the noise of its other mode, and epsilon is 6.6 to 11.6; both take a norm for its square.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'numpy==2.2.6' 'scipy==1.15.3' 'dp-accounting==0.6.0'
# Training needs torch, which takes gigabytes; the amount of noise does not.
"$work/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps 'correlated-noise-mechanism==0.4.0'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Noise by correlated-noise-mechanism 0.4.0 for one pass over the data, each record in one step, and its epsilon."""
import math
import sys
import types
from importlib.metadata import distribution, version

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

name = "correlated_noise_mechanism"
torch, package = types.ModuleType("torch"), types.ModuleType(name)
torch.Tensor = object
package.__path__ = [str(distribution(name).locate_file(name))]  # without the parts that need torch
sys.modules.update({"torch": torch, name: package})
from correlated_noise_mechanism.utils import get_noise_multiplier


class Numbers(np.ndarray):
    """An array that is asked for like a tensor."""

    def cpu(self):
        return self

    def numpy(self):
        return np.asarray(self)


def epsilon_of(mu, delta):
    """Exact epsilon of Gaussian noise whose deviation is 1 / mu of the sensitivity."""
    return brentq(lambda e: norm.cdf(mu / 2 - e / mu) - math.exp(e) * norm.cdf(-mu / 2 - e / mu) - delta, 0, 100)


target, steps = 1.0, 100
found = {}
for scale, text in ((0.0, "no correlation"), (0.5, "0.5 * 0.9^t")):
    column = np.concatenate([[1.0], scale * 0.9 ** np.arange(steps - 1)])
    sensitivity = float(np.linalg.norm(column))
    for mode in ("BLT", "Multi-Epoch-BLT"):
        for delta in (1e-5, 1e-9):
            sigma = get_noise_multiplier(
                target_epsilon=target, target_delta=delta, sample_rate=1 / steps, epochs=1, mode=mode, participation="streaming",
                a=np.array([scale]).view(Numbers), lamda=np.array([0.9]).view(Numbers))
            real = epsilon_of(sensitivity / sigma, delta)
            found[scale, mode, delta] = (sigma, real)
            print(f"correlated-noise-mechanism {version(name)}: {text}, {mode}, epsilon {target}, delta {delta:g}: "
                  f"deviation {sigma:.3f}, sensitivity {sensitivity:.3f}, exact epsilon {real:.2f}")
same = all(found[s, "Multi-Epoch-BLT", 1e-5][0] == found[s, "Multi-Epoch-BLT", 1e-9][0] for s in (0.0, 0.5))
sys.exit(not (same and found[0.0, "BLT", 1e-5][1] < target < 1.1 < found[0.5, "BLT", 1e-5][1]
              and found[0.0, "Multi-Epoch-BLT", 1e-5][1] > 6 and found[0.5, "Multi-Epoch-BLT", 1e-9][1] > 11))
PY
