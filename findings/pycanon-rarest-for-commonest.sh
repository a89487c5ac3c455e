#!/usr/bin/env bash
# pycanon sorts counts upwards where recursive (c,l)-diversity sorts downwards: a group in which 98 of 100 share a diagnosis gets the best c there is, not 99; and by rounding, two equally frequent values have an entropy diversity of 1.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'numpy==2.2.6' 'pandas==2.2.3'
# Its reports need more; the measures do not.
"$work/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps 'pycanon==1.3.6'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Diversity of single groups by pycanon 1.3.6, and the least c of the definition."""
import sys
from importlib.metadata import version

import pandas as pd
from pycanon.anonymity import entropy_l_diversity, recursive_c_l_diversity


def group(**counts):
    return pd.DataFrame({"zip": "12345", "diagnosis": [v for v, n in counts.items() for _ in range(n)]})


found = {}
for counts in ({"flu": 98, "asthma": 1, "gout": 1}, {"flu": 34, "asthma": 33, "gout": 33}):
    c, l = recursive_c_l_diversity(group(**counts), ["zip"], ["diagnosis"])
    down = sorted(counts.values(), reverse=True)
    least = down[0] // sum(down[l - 1:]) + 1  # r_1 < c (r_l + ... + r_m)
    found[down[0]] = (int(c), int(l), least)
    print(f"pycanon {version('pycanon')}: {counts}: c = {c}, l = {l}; by the definition c = {least}")
entropy = {n: entropy_l_diversity(group(**{f"v{i}": 5 for i in range(n)}), ["zip"], ["diagnosis"]) for n in range(2, 9)}
print(f"entropy diversity of n equally frequent values: {entropy}")
sys.exit(not (found == {98: (1, 3, 99), 34: (1, 3, 2)} and entropy[2] == 1))
PY
