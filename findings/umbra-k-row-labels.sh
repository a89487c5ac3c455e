#!/usr/bin/env bash
# umbra-k finds the rows of a group by their labels: in a table put together from two, where labels occur twice, groups smaller than k come out.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check \
    'umbra-k==0.1.0' 'numpy==1.26.4' 'pandas==2.2.3' 'scikit-learn==1.5.2'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Sizes of the groups that umbra-k 0.1.0 makes of two clinics' patients for k = 10, labels kept and renewed."""
import sys
from importlib.metadata import version

import numpy as np
import pandas as pd
from umbra_k import MondrianAnonymizer

rng = np.random.default_rng(1)


def clinic():
    return pd.DataFrame({"age": rng.integers(20, 80, 300), "zip": rng.integers(10_000, 10_100, 300)})


both = pd.concat([clinic(), clinic()])  # rows 0 to 299, twice
least = {}
for name, table in (("twice the same labels", both), ("labels of their own", both.reset_index(drop=True))):
    made = MondrianAnonymizer(k=10, quasi_id=["age", "zip"]).fit_transform(table)
    sizes = made.groupby(["age", "zip"]).size()
    least[name] = int(sizes.min())
    print(f"umbra-k {version('umbra-k')}: {name}: {len(made)} rows in {len(sizes)} groups, least {least[name]} for "
          f"k = 10, {int(sizes[sizes < 10].sum())} rows in groups below 10")
sys.exit(not (least["twice the same labels"] < 10 <= least["labels of their own"]))
PY
