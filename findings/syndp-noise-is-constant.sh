#!/usr/bin/env bash
# syndp seeds numpy anew in every call, with 0 unless told otherwise: all values get the same noise; at epsilon 0 the value itself comes back.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check \
    'numpy==1.26.4' 'pandas==2.2.3' 'scipy==1.13.1' 'scikit-learn==1.5.2' 'matplotlib==3.9.2'
# It asks for "sklearn", a name that installs nothing any more.
"$work/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps 'syndp==0.5.2'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Laplace noise of syndp 0.5.2 over many values at epsilon 1, and its output at epsilon 0."""
import sys
from importlib.metadata import version

from syndp.laplace_mechanism import laplace_mechanism

noise = {round(laplace_mechanism(float(v), 1.0, 1.0) - v, 9) for v in range(100)}
none = laplace_mechanism(37.0, 1.0, 0)
print(f"syndp {version('syndp')}: distinct noise in 100 values: {sorted(noise)}; "
      f"37.0 at epsilon 0: {none}")
sys.exit(len(noise) != 1 or none != 37.0)
PY
