#!/usr/bin/env bash
# diffpriv-pure's geometric noise for counts is never negative: a reported count rules out every larger one, at any epsilon.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'diffpriv-pure==0.1.0'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Reports of the counts 10 and 11 by diffpriv-pure 0.1.0, documented as pure epsilon-DP, at 0.1."""
import random
import sys
from importlib.metadata import version

from diffpriv_pure import private_count

random.seed(1)
sent = {true: [private_count(true, 0.1) for _ in range(20_000)] for true in (10, 11)}
for true, reports in sent.items():
    print(f"diffpriv-pure {version('diffpriv-pure')}: count {true}, epsilon 0.1: least report "
          f"{min(reports)}, mean {sum(reports) / len(reports):.2f}, "
          f"share of {min(sent[10])}: {reports.count(min(sent[10])) / len(reports):.3f}")
print("a report of 10 cannot come from 11, whatever epsilon is; and the mean is too large")
sys.exit(not (min(sent[10]) == 10 and min(sent[11]) == 11 and sent[10].count(10) > 1_000))
PY
