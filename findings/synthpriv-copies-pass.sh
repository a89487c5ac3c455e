#!/usr/bin/env bash
# synthpriv's membership inference tells real rows from synthetic ones, not members from others: a copy of the data passes as private, strangers fail; and columns of text are not looked at.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check \
    'numpy==2.2.6' 'pandas==2.2.3' 'scipy==1.15.3' 'scikit-learn==1.6.1'
# Its generators need torch, which takes gigabytes; its metrics do not.
"$work/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps 'synthpriv==0.2.1'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""AUC of the membership inference of synthpriv 0.2.1 for four tables handed in as synthetic."""
import sys
import types
from importlib.metadata import distribution, version

import numpy as np
import pandas as pd

package = types.ModuleType("synthpriv")  # without its start, which imports torch
package.__path__ = [str(distribution("synthpriv").locate_file("synthpriv"))]
sys.modules["synthpriv"] = package
from synthpriv.metrics.privacy import mia_auc

rng = np.random.default_rng(1)


def people(age):
    n = 2_000
    return pd.DataFrame({"age": rng.normal(age, 12, n).round(1), "income": rng.lognormal(10, 0.5, n).round(),
                         "city": rng.choice(list("abcdef"), n), "illness": rng.choice(["flu", "gout", "none"], n)})


real = people(45)
found = {}
for name, table in {
    "the real rows themselves": real,
    "the same, everybody's city and illness replaced": real.assign(city="z", illness="z"),
    "strangers of the same population": people(45),
    "strangers 30 years older": people(75),
}.items():
    result = mia_auc(real, table.sample(frac=1, random_state=0, ignore_index=True))
    found[name] = result.status
    print(f"synthpriv {version('synthpriv')}: {name}: AUC {result.value:.3f}, {result.status}")
sys.exit(list(found.values()) != ["passed", "passed", "passed", "failed"])
PY
