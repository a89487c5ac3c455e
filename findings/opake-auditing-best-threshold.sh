#!/usr/bin/env bash
# opake-auditing takes the threshold at which most guesses are right and tests the guesses as if it had been fixed beforehand: of audits of scores that know nothing, at significance 0.05, two in five report an epsilon above 0.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'numpy==2.2.6' 'scipy==1.15.3'
# Training needs torch, which takes gigabytes; the audit of scores does not.
"$work/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps 'opake-auditing==0.16.1' 'opake-base==0.16.1'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Audits of 1,000 canaries by opake-auditing 0.16.1, scores drawn without regard to membership."""
import sys
import types
from importlib.metadata import distribution, version

import numpy as np


def room(name, **names):
    """A package without the parts that need what is not installed."""
    made = types.ModuleType(name)
    made.__path__ = [str(distribution("opake-auditing").locate_file(name.replace(".", "/")))]
    made.__dict__.update(names)
    sys.modules[name] = made


room("torch")
room("torch.utils")
room("torch.utils.data", Subset=object)
room("opake.random", fold_in=None)
room("opake.api.auditing")
from opake.api.auditing._coin_flip import CoinFlip, canary_scores
from opake.api.auditing.one_run import one_run

rng = np.random.default_rng(1)
canaries, audits = 1_000, 1_000
indices = np.arange(canaries)
found = {"of its own choice": [], "0, fixed beforehand": []}
for _ in range(audits):
    inside = rng.random(canaries) < 0.5
    coins = CoinFlip(canaries, indices, inside, indices[inside], indices[~inside])
    scores = canary_scores(rng.standard_normal(canaries), canary_indices=indices)
    audit = one_run(scores, coin_flip=coins).eps_delta()
    for (name, bounds), threshold in zip(found.items(), (None, 0.0)):
        bounds.append(audit.epsilon_at(delta=0.0, significance=0.05, threshold=threshold))
share = {name: float(np.mean(np.array(bounds) > 0)) for name, bounds in found.items()}
for name, bounds in found.items():
    print(f"opake-auditing {version('opake-auditing')}: threshold {name}: lower bound above 0 in "
          f"{share[name]:.1%} of {audits:,} audits of nothing, largest {max(bounds):.3f}")
# 0.05 and five standard errors of 1,000 audits are 0.085.
sys.exit(not (share["of its own choice"] > 0.3 and share["0, fixed beforehand"] < 0.085))
PY
