#!/usr/bin/env bash
# trasgodp's planar noise restarts from seed 42 in every call: each phone that calls it moves its position by the same offset.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'trasgodp==2.1.0'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Displacements of single positions, one call each, trasgodp 2.1.0, epsilon 0.01 per metre."""
import sys
from importlib.metadata import version

import pandas as pd
from trasgodp.geoindis import metric_privacy

moved = set()
for latitude in (10.0, 20.0, 30.0):
    one = pd.DataFrame({"lat": [latitude], "lon": [5.0]})
    found = metric_privacy(one, "lat", "lon", 0.01)
    moved.add((round(float(found["lat"].iloc[0]) - latitude, 9), round(float(found["radius_m"].iloc[0]), 6)))
print(f"trasgodp {version('trasgodp')}: (degrees north, metres) of three calls: {sorted(moved)}")
print("the distance moved is a column of the result as well")
sys.exit(len({north for north, _ in moved}) != 1)
PY
