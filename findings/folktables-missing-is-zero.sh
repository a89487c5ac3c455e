#!/usr/bin/env bash
# folktables gives its -1 for missing values to nan_to_num as "copy", so they become 0: a child, whom the survey does not ask, has the income of an adult without any.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'numpy==2.2.6' 'pandas==2.2.3' 'requests==2.32.5'
"$work/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps 'folktables==0.0.12'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Features that folktables 0.0.12 makes of a child's record and of an adult's without income."""
import sys
from importlib.metadata import version

import numpy as np
import pandas as pd
from folktables import ACSHealthInsurance

columns = [*ACSHealthInsurance.features, ACSHealthInsurance.target, ACSHealthInsurance.group]
records = pd.DataFrame(1.0, index=["child", "adult"], columns=dict.fromkeys(columns))
records["AGEP"] = [9.0, 40.0]
records["PINCP"] = [np.nan, 0.0]  # income is asked from 15 years on
features, _, _ = ACSHealthInsurance.df_to_numpy(records)
income = features[:, ACSHealthInsurance.features.index("PINCP")].tolist()
print(f"folktables {version('folktables')}: incomes in the file {records['PINCP'].tolist()}, in the "
      f"features {income}; -1 occurs {int((features == -1).sum())} times")
sys.exit(income != [0.0, 0.0])
PY
