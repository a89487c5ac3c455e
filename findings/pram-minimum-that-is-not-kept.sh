#!/usr/bin/env bash
# pram takes m as the least probability that a value stays, puts it on the diagonal and then divides by the sum, which it has made larger than 1: of values that are told to stay for sure, half of the rare ones change.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'numpy==1.26.4' 'pandas==2.2.3' 'pram==0.2.0'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""How often values of a share f stay by pram 0.2.0, for the least probability m that was asked."""
import sys
import warnings
from importlib.metadata import version

import numpy as np
import pandas as pd
from pram import pram

warnings.simplefilter("ignore")
counts = {"north": 10_000, "south": 8_000, "east": 1_800, "west": 200}
data = pd.DataFrame({"region": np.repeat(list(counts), list(counts.values()))})
n = len(data)
good = []
for m in (0.8, 1.0):
    np.random.seed(1)
    out = pram(data, m=m, alpha=1.0)
    for region, count in counts.items():
        stays = float(np.mean(out["region"][data["region"] == region] == region))
        law = m / (1 + m - count / n)
        error = 5 * np.sqrt(law * (1 - law) / count)  # five standard errors
        good.append(abs(stays - law) < error and stays < m - 0.1)
        print(f"pram {version('pram')}: m = {m}, alpha = 1: {region}, share {count / n:.0%}, stays in {stays:.3f} of cases; "
              f"m / (1 + m - f) is {law:.3f}")
sys.exit(not all(good))
PY
