#!/usr/bin/env bash
# DP-epidemiology scales its noise by the number of whole weeks in the window: of a window of six days there are none, and the exact totals come out at any epsilon.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'opendp==0.11.1' 'pandas==2.2.3' 'numpy==1.26.4'
# Its dashboards and notebooks need much more; the analyses do not.
"$work/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps 'dp-epidemiology==0.1.1'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Hotspots of four shops at epsilon 0.1 by dp-epidemiology 0.1.1, windows of six and of seven days."""
import sys
from datetime import datetime
from importlib.metadata import version

import pandas as pd
from DP_epidemiology.hotspot_analyzer import hotspot_analyzer

shops = pd.DataFrame({
    "date": ["2020-03-02"] * 4,
    "merch_postal_code": ["500001", "500001", "500016", "500017"],
    "nb_transactions": [12, 30, 7, 101],
    "transaction_type": ["OFFLINE"] * 4,
})
same = {}
for last in (7, 8):
    runs = [
        hotspot_analyzer(shops, datetime(2020, 3, 1), datetime(2020, 3, last), "Medellin", 0.1)
        for _ in range(5)
    ]
    totals = [dict(zip(run["merch_postal_code"], run["nb_transactions"])) for run in runs]
    same[last] = sum(t == {"500001": 42, "500016": 7, "500017": 101} for t in totals)
    print(f"dp-epidemiology {version('dp-epidemiology')}: 1 to {last} March, epsilon 0.1: "
          f"{totals[0]}; exact in {same[last]} of 5 runs")
sys.exit(same != {7: 5, 8: 0})
PY
