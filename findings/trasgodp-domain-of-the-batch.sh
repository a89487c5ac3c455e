#!/usr/bin/env bash
# trasgodp takes the k of k-ary randomized response from the batch: the channel of one person depends on who else is in it, and a value that nobody holds is never reported.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'trasgodp==2.1.0'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Share of true answers of one value in two batches, trasgodp 2.1.0, epsilon 1."""
import math
import sys
from importlib.metadata import version

import numpy as np
from trasgodp.categorical import dp_randomized_response_kary_array as kary

np.random.seed(2)


def truth_share(labels: list[str]) -> float:
    batch = ["a"] * 60_000 + labels
    return float(np.mean(kary(batch, 1.0)[:60_000] == "a"))


few, many = truth_share(["b", "c"]), truth_share([f"v{i}" for i in range(49)])
expected = [math.e / (math.e + k - 1) for k in (3, 50)]
print(f"trasgodp {version('trasgodp')}: value a stays with probability {few:.3f} in a batch of 3 "
      f"distinct values, {many:.3f} in one of 50 (k-RR: {expected[0]:.3f}, {expected[1]:.3f})")
try:
    alone = kary(["a", "a"], 1.0)
except ValueError as error:
    alone = f"ValueError: {error}"
print(f"a batch of one value: {alone}")
right = abs(few - expected[0]) < 0.01 and abs(many - expected[1]) < 0.01
sys.exit(not (right and str(alone).startswith("ValueError")))
PY
