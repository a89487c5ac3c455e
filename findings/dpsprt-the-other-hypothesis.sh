#!/usr/bin/env bash
# dpsprt takes either mean for the larger one, but its private tests divide by the difference of their logits, sign and all: if the null hypothesis has the larger mean they decide for the wrong hypothesis nearly always; its test without privacy does not.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'numpy==2.2.6' 'dpsprt==1.2.0'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Decisions of dpsprt 1.2.0 on answers drawn under the null hypothesis, error rates of 0.05 asked for."""
import sys
from importlib.metadata import version

import numpy as np
from dpsprt import DPSPRT, ClassicalSPRT, DPSPRTGaussian, DPSPRTSubsampled, DPSPRTTuned

runs, longest, alpha = 100, 20_000, 0.05
tests = {ClassicalSPRT: {}, DPSPRT: {"epsilon": 1.0}, DPSPRTTuned: {"epsilon": 1.0},
         DPSPRTSubsampled: {"epsilon": 1.0}, DPSPRTGaussian: {"epsilon": 1.0, "delta": 1e-5}}
rng = np.random.default_rng(1)
wrong = {}
for null, other in ((0.3, 0.7), (0.7, 0.3)):
    for test, budget in tests.items():
        seed = {"random_seed": 1} if budget else {}
        made = test(null, other, alpha, alpha, **budget, **seed)
        decided, used = [], []
        for _ in range(runs):
            made.reset()
            for n in range(1, longest + 1):
                stop, decision = made.add_sample(int(rng.random() < null))
                if stop:
                    break
            decided.append(decision)
            used.append(n)
        wrong[null, test.__name__] = decided.count(1)
        print(f"dpsprt {version('dpsprt')}: mu0 = {null}, mu1 = {other}, answers with mean {null}: {test.__name__} "
              f"decides for mu1 in {decided.count(1)} of {runs} runs, after {np.mean(used):.0f} answers on average")
# More than 24 of 100 at a rate of 0.08, which holds for the test without privacy, has a chance below 1e-6.
sys.exit(not all((n >= 70) == (null == 0.7 and name != "ClassicalSPRT") and (n >= 70 or n <= 24)
                 for (null, name), n in wrong.items()))
PY
