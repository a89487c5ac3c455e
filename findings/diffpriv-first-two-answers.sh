#!/usr/bin/env bash
# DiffPriv's randomized response takes each answer for an index: of a list of bits the first two entries are randomized, over and over, and everybody else's answer stays as it is.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'DiffPriv==1.0.3' 'numpy==2.2.6'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Which of 1,000 answers DiffPriv 1.0.3 changes in 200 calls of randresponse."""
import collections
import math
import random
import sys
import types
from importlib.metadata import distribution, version

import numpy as np

package = types.ModuleType("DiffPriv")  # without its start, which asks the network for updates
package.__path__ = [str(distribution("DiffPriv").locate_file("DiffPriv"))]
package.numpy, package.random, package.math = np, random, math
sys.modules["DiffPriv"] = package
from DiffPriv.diff import randresponse

np.random.seed(1)
answers = np.random.randint(0, 2, 1_000).tolist()
changed = collections.Counter()
for _ in range(200):
    sent = list(answers)
    randresponse(sent)
    changed.update(i for i, (a, b) in enumerate(zip(answers, sent)) if a != b)
print(f"DiffPriv {version('DiffPriv')}: calls of 200 in which the answer of a person changed, by her "
      f"place in the list of 1,000: {dict(changed)}")
sys.exit(set(changed) != {0, 1})
PY
