#!/usr/bin/env bash
# dp-mobility-report draws extremes and quartiles from the values of the data themselves: each of the five numbers is one traveller's exact distance, at any epsilon.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check \
    'diffprivlib==0.6.6' 'numpy==2.2.6' 'pandas==2.2.3' 'scipy==1.15.3' 'scikit-learn==1.5.2' 'setuptools==75.8.0' 'wheel==0.45.1'
# Its maps need much more; the privacy does not.
"$work/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation 'dp-mobility-report==0.2.11'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Five numbers of 1,000 travellers' distances by dp-mobility-report 0.2.11 at epsilon 1, one made a little longer."""
import sys
import types
from importlib.metadata import distribution, version

import numpy as np
import pandas as pd

package = types.ModuleType("dp_mobility_report")  # without the reports
package.__path__ = [str(distribution("dp-mobility-report").locate_file("dp_mobility_report"))]
sys.modules["dp_mobility_report"] = package
from dp_mobility_report.privacy.diff_privacy import quartiles_dp

np.random.seed(1)
distances = pd.Series(np.random.lognormal(1.5, 0.8, 1_000)).sort_values(ignore_index=True)
own = distances[500]  # hers is in the middle
moved = distances.replace(own, own + 1e-9)
exact, seen = 0, {}
for name, data in (("as it is", distances), ("a micrometre longer", moved)):
    reports = [quartiles_dp(data, 1.0, 1)[0] for _ in range(500)]
    exact += sum(int(report.isin(data).sum()) for report in reports)
    seen[name] = sum(int((report == own).any()) for report in reports)
    print(f"dp-mobility-report {version('dp-mobility-report')}: own distance {name}: "
          f"{own} in {seen[name]} of 500 reports at epsilon 1")
print(f"numbers reported that are somebody's distance to the last digit: {exact} of 5000")
sys.exit(not (exact == 5_000 and seen["as it is"] > 10 and seen["a micrometre longer"] == 0))
PY
