#!/usr/bin/env bash
# anonypy overwrites the t of t-closeness with the share of the last value of a group, by alphabet, and compares with that: t has no effect, groups that all have one diagnosis pass t = 0.01, and other names for the same diagnoses give other groups.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'numpy==2.2.6' 'pandas==2.2.3'
# Its attack and drawings need more; anonymizing does not.
"$work/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps 'anonypy==0.2.1'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Groups by anonypy 0.2.1 with k = 5, and how far their diagnoses are from those of everybody."""
import sys
import warnings
from importlib.metadata import version

import numpy as np
import pandas as pd
from anonypy import Preserver

warnings.simplefilter("ignore")
rng = np.random.default_rng(1)
n = 400
people = pd.DataFrame({"age": np.arange(n) % 80 + 10, "income": rng.permutation(n)})


def groups(diagnosis, t):
    """Number of groups and the largest difference of a share, 0.5 at most for two equal halves."""
    data = people.assign(diagnosis=diagnosis)
    out = pd.DataFrame(Preserver(data, ["age", "income"], "diagnosis").anonymize_t_closeness(5, t))
    out["group"] = out["age"].str[0] + " " + out["income"].str[0]
    shares = out.pivot(index="group", columns="diagnosis", values="count").fillna(0)
    shares = shares.div(shares.sum(axis=1), axis=0)
    return len(shares), float((shares - data["diagnosis"].value_counts(normalize=True)).abs().max().max())


by_age = np.where(people["age"] < 50, "flu", "gout")
found = {t: groups(by_age, t) for t in (0.01, 0.1, 0.5, 0.99)}
for t, (count, far) in found.items():
    print(f"anonypy {version('anonypy')}: diagnosis by age, t = {t}: {count} groups, largest difference of a share {far:.2f}")
rare = rng.choice(["flu", "gout", "ulcer"], n, p=[0.6, 0.35, 0.05])
renamed = np.where(rare == "ulcer", "AIDS", rare)
names = {name: {t: groups(diagnosis, t)[0] for t in (0.01, 0.5)} for name, diagnosis in
         (("the rare one last", rare), ("the rare one first", renamed))}
for name, counts in names.items():
    print(f"diagnosis by chance, {name} by alphabet: groups by t: {counts}")
sys.exit(not (len(set(found.values())) == 1 and found[0.01][0] > 1 and found[0.01][1] == 0.5
              and all(len(set(counts.values())) == 1 for counts in names.values())
              and names["the rare one last"] != names["the rare one first"]))
PY
