#!/usr/bin/env bash
# dpart does not cut at the bounds it is given: it stretches the least and largest value of the data onto them and back, so synthetic values end at the true extremes, at any epsilon; and its PrivBayes drops the bounds altogether.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
# Its own pins end with Python 3.10; these are the nearest, with wheels for 3.11 only.
"$work/env/bin/python" -m pip install -q --disable-pip-version-check \
    'numpy==1.23.5' 'scipy==1.9.3' 'pandas==1.5.3' 'scikit-learn==1.1.3' 'setuptools==75.8.0'
"$work/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps 'dpart==0.1.2' 'diffprivlib==0.6.2'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Largest synthetic income by dpart 0.1.2 at epsilon 0.1, bounds 0 and 1,000,000, one person's income changed."""
import sys
import warnings
from importlib.metadata import version

import numpy as np
import pandas as pd
from dpart.engines import Independent, PrivBayes

warnings.simplefilter("ignore")
np.random.seed(1)
n = 9_999
others = pd.DataFrame({"income": np.random.uniform(20_000, 60_000, n), "age": np.random.uniform(20, 60, n)})
near = []
for engine in (Independent, PrivBayes):
    for own in (91_234.0, 250_777.0):
        people = pd.concat([others, pd.DataFrame({"income": [own], "age": [40.0]})], ignore_index=True)
        bounds = {"income": {"min": 0.0, "max": 1e6}, "age": {"min": 0.0, "max": 120.0}}
        made = engine(epsilon=0.1, bounds=bounds)
        made.fit(people)
        top = made.sample(50_000)["income"].max()
        near.append(own * 0.98 < top <= own)
        print(f"dpart {version('dpart')}: {engine.__name__}: largest income {own:,.0f}, of 50,000 synthetic "
              f"ones {top:,.0f}; bounds in use {[float(b) for b in made.encoders['income'].feature_range]}")
sys.exit(not all(near))
PY
