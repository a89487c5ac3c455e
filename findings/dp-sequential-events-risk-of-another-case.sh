#!/usr/bin/env bash
# dp-sequential-events computes risks group by group and writes them beside the events in the order of time: an event gets the risk of another, cases that were safe are removed, and risky ones stay.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check \
    'numpy==1.26.4' 'scipy==1.13.1' 'pandas==2.2.3' 'networkx==3.4.2'
# Its menus and plots need more; the risk of cases does not.
"$work/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps 'dp-sequential-events==1.9.1'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Cases that dp-sequential-events 1.9.1 removes from a log, and those whose own risk is too high."""
import sys
import warnings
from importlib.metadata import version

import numpy as np
import pandas as pd
from dp_sequential_events.main.annotated import DAFSA_annotated_table, estimate_pk, precision
from dp_sequential_events.main.filtered import DAFSA_filtrated

warnings.simplefilter("ignore")
rng = np.random.default_rng(1)
events = []
for i in range(60):  # a machine answers within 12 seconds, a person within 16 hours; cases in turn
    kind, most = (("person", 60_000), ("machine", 13))[i % 2]
    start = pd.Timestamp("2024-03-01 08:00") + pd.Timedelta(hours=7 * i)
    events.append((f"c{i:02d}", "register", start))
    events.append((f"c{i:02d}", kind, start + pd.Timedelta(seconds=int(rng.integers(0, most)))))
pd.DataFrame(events, columns=["CaseID", "Activity", "Timestamp"]).to_csv("log.csv", index=False)

delta = 0.3
table = DAFSA_annotated_table("log.csv")
group = ["SrcState", "Activity", "TgtState"]
own = table.copy()  # the same risks by its own functions, one group after another, each beside its event
for _, rows in table.groupby(group):
    own.loc[rows.index, "Prec"] = precision(rows)
for _, rows in own.groupby(group):
    own.loc[rows.index, "PK"] = estimate_pk(rows.copy())["PK"].round(2)
apart = float(np.mean(table["PK"].round(2) != own["PK"]))
removed = set(table["CaseID"]) - set(DAFSA_filtrated(table, delta)["CaseID"])
risky = set(own.loc[own["PK"] + delta >= 1, "CaseID"])
print(f"dp-sequential-events {version('dp-sequential-events')}: {apart:.0%} of events have another risk than their own")
print(f"cases by person 30, by machine 30; own risk too high in {len(risky)}, removed {len(removed)}")
print(f"removed although safe: {len(removed - risky)}; risky, but kept: {len(risky - removed)}")
sys.exit(not (apart > 0.5 and len(removed - risky) >= 5 and len(risky - removed) >= 5))
PY
