#!/usr/bin/env bash
# privadjust's Hadamard sketch flips with epsilon at the client and debiases with epsilon / 2 at the server: every count comes back too large.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'privadjust==1.0.13' 'numpy==2.2.6' 'pandas==2.2.3'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Estimated counts of privadjust 1.0.13 beside the true ones, claim 2."""
import contextlib
import io
import math
import random
import sys
from importlib.metadata import version

import numpy as np
import pandas as pd
from privadjust.hadamard_count_mean.private_hcms_client import privateHCMSClient

random.seed(3)
np.random.seed(3)
epsilon, true = 2.0, {1: 12_000, 2: 6_000, 3: 2_000}
values = pd.DataFrame({"value": np.repeat(list(true), list(true.values()))})
client = privateHCMSClient(epsilon, 8, 64, values)
with contextlib.redirect_stdout(io.StringIO()):
    estimates, _ = client.server_simulator(client.execute_client())
half, whole = (1 / math.tanh(e / 2) for e in (epsilon / 2, epsilon))
print(f"privadjust {version('privadjust')}: {true} users, estimates "
      f"{ {v: round(float(f)) for v, f in estimates.items()} }")
factor = float(estimates[1]) / true[1]
print(f"factor {factor:.2f}; constants of epsilon / 2 over epsilon: {half / whole:.2f}")
sys.exit(not abs(factor - half / whole) < 0.25)
PY
