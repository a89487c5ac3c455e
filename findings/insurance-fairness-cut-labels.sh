#!/usr/bin/env bash
# insurance-fairness-ldp writes the reported label into an array as wide as the true ones: a longer label is cut, and the cut tells the length of the truth.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'insurance-fairness-ldp==0.1.1' 'numpy==2.2.6'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""k-RR of insurance-fairness-ldp 0.1.1 on labels of different lengths, one person at a time."""
import sys
import warnings
from importlib.metadata import version

import numpy as np
from insurance_fairness_ldp import KaryRandomisedResponse

warnings.simplefilter("ignore")
krr = KaryRandomisedResponse(epsilon=1.0, categories=["UK", "France", "Portugal"])
rng = np.random.default_rng(1)
sent = {
    truth: sorted({str(krr.privatise([truth], random_state=rng)[0]) for _ in range(300)})
    for truth in krr.categories
}
print(f"insurance-fairness-ldp {version('insurance-fairness-ldp')}: reports by true label")
for truth, reports in sent.items():
    print(f"  {truth}: {reports}")
sys.exit(sent["UK"] != ["Fr", "Po", "UK"] or sent["Portugal"] != ["France", "Portugal", "UK"])
PY
