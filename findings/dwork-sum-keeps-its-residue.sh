#!/usr/bin/env bash
# dwork multiplies integer noise by the sensitivity: a noisy sum is the true one plus a multiple of the range, so its remainder is exact, at any epsilon.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'dwork==0.0.13' 'pandas==2.2.3' 'numpy==2.2.6'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Noisy sums of hours in [0, 60] by dwork 0.0.13 at epsilon 0.01, one person's hours changed by one."""
import sys
from importlib.metadata import version

import pandas as pd
from dwork.dataschema.dataschema import DataSchema
from dwork.dataset.pandas import PandasDataset
from dwork.language.types import Integer


class Week(DataSchema):
    hours = Integer(min=0, max=60)


left = {}
for own in (22, 23):
    hours = pd.DataFrame({"hours": [40, 35, 17, 60, 8, own]})
    total = PandasDataset(Week, hours)["hours"].sum()
    sums = [int(total.dp(0.01)) for _ in range(2_000)]
    left[own] = {s % 60 for s in sums}
    print(f"dwork {version('dwork')}: true sum {hours.hours.sum()}, sums from {min(sums)} to {max(sums)}, "
          f"remainders by 60: {left[own]}")
sys.exit(left != {22: {2}, 23: {3}})
PY
