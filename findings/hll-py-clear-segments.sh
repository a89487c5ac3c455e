#!/usr/bin/env bash
# hll-py randomises the hash that goes into a sketch, and files that sketch under the true text.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'hll-py==0.1.13'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""What a sketch of hll-py 0.1.13 holds after one randomised insert, epsilon 0.1."""
import random
import sys
from importlib.metadata import version

from hll_py import SketchConfig
from hll_py.HyperLogLogLDP import HyperLogLogLDP

random.seed(1)
kept = set()
for _ in range(200):
    sketch = HyperLogLogLDP(SketchConfig(epsilon=0.1))
    sketch.insert_segments(["maple_seg0"])
    kept.add(tuple(sketch.sketch_map))
print(f"hll-py {version('hll-py')}: names of the sketches after 200 inserts at epsilon 0.1: {kept}")
sys.exit(kept != {("maple_seg0",)})
PY
