#!/usr/bin/env bash
# ldp-hierarchical-mechanism numbers intervals from 0 and hands them to clients that count from 1: with direct encoding the first interval is sent as -1, which only those who are in it send.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'numpy==1.26.4' 'scipy==1.13.1' 'pandas==2.2.3' \
    'scikit-learn==1.5.2' 'statsmodels==0.14.4' 'pure-ldp==1.2.0' 'tqdm==4.67.1' 'bitarray==2.9.2' 'xxhash==3.5.0'
"$work/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps 'ldp-hierarchical-mechanism==0.1.3'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Reports of both ends of a domain of 16 values, ldp-hierarchical-mechanism 0.1.3, epsilon 0.1."""
import random
import sys
from importlib.metadata import version

import numpy as np
from hierarchical_mechanism_LDP.mechanism import Private_TreeBary


class Kept:
    """A server that keeps what it is sent."""

    def __init__(self):
        self.sent = set()

    def aggregate(self, report):
        self.sent.add(int(report))


random.seed(1)
np.random.seed(1)
sent = {}
for value in (0, 15):
    tree = Private_TreeBary(16, 4, 0.1, protocol="direct_encoding")
    tree.servers = [Kept() for _ in tree.servers]
    tree.update_tree(np.full(3_000, value))
    sent[value] = sorted(tree.servers[0].sent)
print(f"ldp-hierarchical-mechanism {version('ldp-hierarchical-mechanism')}: reports of the level "
      f"of 4 intervals, epsilon 0.1: from value 0 {sent[0]}, from value 15 {sent[15]}")
sys.exit(not (-1 in sent[0] and -1 not in sent[15]))
PY
