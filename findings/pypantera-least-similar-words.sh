#!/usr/bin/env bash
# pypantera's CusText sorts cosine similarity like a distance, so a word is replaced by one of the k least similar; and each word has k candidates of its own, some of which its neighbour never sends, at any epsilon.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check \
    'numpy==1.26.4' 'pandas==2.2.3' 'scipy==1.13.1' 'scikit-learn==1.5.2'
# Its measures of language need more; the mechanisms do not.
"$work/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps 'pypantera==1.0.2'
cd "$work"
cat > words.py <<'PY'
"""CusText of pypantera 1.0.2, k = 5, on 36 words that lie on a circle, 10 degrees apart."""
import math
import random
import sys
from collections import Counter
from importlib.metadata import version

import numpy as np
from src.SamplingPerturbationMechanism.custext import CusText


def degrees(word, other):
    """Angle between two words of the circle."""
    apart = abs(int(word[1:]) - int(other[1:]))
    return min(apart, 36 - apart) * 10


if __name__ == "__main__":
    random.seed(1)
    np.random.seed(1)
    with open("circle.txt", "w") as file:
        for i in range(36):
            angle = math.radians(10 * i + random.uniform(-1, 1))
            file.write(f"w{i:02d} {math.cos(angle):.6f} {math.sin(angle):.6f}\n")
    nearest, certain = {}, {}
    for distance in ("euclidean", "cosine"):
        sent = {}
        for epsilon in (0.1, 1000.0):
            custext = CusText({"embPath": "circle.txt", "epsilon": epsilon, "k": 5, "distance": distance})
            sent[epsilon] = {w: Counter(custext.processText([w] * 2_000).split()) for w in ("w10", "w11")}
        one, other = sent[0.1].values()
        certain[distance] = sum(n for w, n in one.items() if w not in other) / 2_000
        nearest[distance] = min(degrees("w10", w) for sends in sent.values() for w in sends["w10"])
        print(f"pypantera {version('pypantera')}: {distance}: w10 becomes {sorted(one)} at epsilon 0.1, "
              f"{sorted(sent[1000.0]['w10'])} at 1000; {certain[distance]:.2f} of these at 0.1 never come from w11")
    sys.exit(not (nearest["euclidean"] == 0 and nearest["cosine"] >= 150 and min(certain.values()) > 0.1))
PY
"$work/env/bin/python" words.py
