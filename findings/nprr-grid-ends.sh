#!/usr/bin/env bash
# nprr rounds a uniform number to its grid, so both ends of the grid are drawn half as often: epsilon is larger than the one asked for.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'numpy==1.26.4' 'scipy==1.13.1'
# Its confidence sequences need a compiler; the mechanisms do not.
"$work/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps 'nprr==0.1.4'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Claimed and real epsilon of nprr 0.1.4 at claim 4, from how often each grid point is reported."""
import math
import sys
import types
from importlib.metadata import distribution, version

import numpy as np

package = types.ModuleType("nprr")  # without the part that needs the compiled package
package.__path__ = [str(distribution("nprr").locate_file("nprr"))]
sys.modules["nprr"] = package
from nprr.mechanisms import nprr, r_G_opt_entropy

claim = 4.0
r, bins = r_G_opt_entropy(claim)
np.random.seed(1)
n = 400_000
share = {x: np.mean(nprr(np.full(n, x), r, bins) == 0.0) for x in (0.0, 1.0)}
shown = math.log(share[0.0] / share[1.0])
inner = np.mean(nprr(np.full(n, 1.0), r, bins) == 1 / bins)
print(f"nprr {version('nprr')}: claim {claim}, r = {r:.4f}, {bins + 1} grid points")
print(f"reports 0 at input 0: {share[0.0]:.4f}, at input 1: {share[1.0]:.5f}")
print(f"an inner grid point at input 1: {inner:.5f}, twice as often as the end")
print(f"epsilon in these reports {shown:.3f}; with halves at the ends ln(1 + 2 G r / (1 - r)) is "
      f"{math.log(1 + 2 * bins * r / (1 - r)):.3f}")
sys.exit(not (bins > 1 and shown > claim + 0.15 and abs(inner / share[1.0] - 2) < 0.2))
PY
