#!/usr/bin/env bash
# suda scores every combination in which a record is unique, not the minimal ones that SUDA is defined by: one rare value brings in all combinations that contain it, and the record that is most at risk by definition ranks second.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'numpy==2.2.6' 'pandas==2.2.3' 'suda==0.2.2'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Scores of two records by suda 0.2.2, and with minimal sample uniques alone."""
import sys
import warnings
from importlib.metadata import version
from itertools import combinations
from math import factorial

import pandas as pd
from suda import suda

warnings.simplefilter("ignore")
names = ["sex", "region", "education", "job", "diagnosis"]
rare_value = ["usual"] * 4 + ["rare"]  # unique by one value
rare_pairs = ["odd"] * 4 + ["usual"]   # unique by each of six pairs, by no single value
rows = [rare_value, rare_pairs] + [["usual"] * 5] * 20
for i in range(4):  # each odd value occurs twice elsewhere
    rows += [["odd" if j == i else "usual" for j in range(5)]] * 2
data = pd.DataFrame(rows, columns=names)


def minimal(at, most):
    """Score by the definition, and how many uniques are minimal: those of which no part is unique."""
    score, found = 0, []
    for size in range(1, most + 1):
        for columns in combinations(names, size):
            if any(set(part) <= set(columns) for part in found):
                continue
            if (data[list(columns)] == data.loc[at, list(columns)]).all(axis=1).sum() == 1:
                found.append(columns)
                score += factorial(len(names) - size)
    return score, len(found)


swapped = []
for most in (1, 2, 3):
    result = suda(data.copy(), max_msu=most)
    said = [(int(result.loc[at, "suda"]), int(result.loc[at, "fM"])) for at in (0, 1)]
    true = [minimal(at, most) for at in (0, 1)]
    for at, name in enumerate(("one rare value", "six rare pairs")):
        print(f"suda {version('suda')}: max_msu {most}, {name}: score {said[at][0]}, minimal uniques {said[at][1]}; "
              f"by definition {true[at][0]}, {true[at][1]}")
    swapped.append(said[0][0] > said[1][0] and true[0][0] < true[1][0])
sys.exit(swapped != [False, True, True])
PY
