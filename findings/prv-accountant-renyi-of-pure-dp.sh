#!/usr/bin/env bash
# prv-accountant takes (alpha - 1) / alpha of epsilon as the Renyi divergence of pure DP, too little: its Renyi accountant ends below the exact epsilon, and so does the numerical one, whose range it sets, with its upper bound.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'prv-accountant==0.2.0' 'numpy==1.26.4' 'scipy==1.11.4'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""20 randomized responses of epsilon 2 each, at delta 1e-6: bounds of prv-accountant 0.2.0, and the sum."""
import math
import sys
from importlib.metadata import version

from prv_accountant import PRVAccountant, PureDPMechanism
from prv_accountant.other_accountants import RDP

epsilon, rounds, delta = 2.0, 20, 1e-6
truth = math.exp(epsilon) / (1 + math.exp(epsilon))


def delta_at(total):
    """Exact delta of the rounds at a total epsilon, by summing over the number of true answers."""
    return sum(
        math.comb(rounds, k) * truth**k * (1 - truth) ** (rounds - k)
        * max(0.0, 1 - math.exp(total - (2 * k - rounds) * epsilon))
        for k in range(rounds + 1)
    )


one = PureDPMechanism(epsilon)
renyi = RDP([one]).compute_epsilon(delta, [rounds])[2]
numerical = PRVAccountant(
    prvs=[one], max_self_compositions=[rounds], eps_error=0.1, delta_error=1e-9
).compute_epsilon(delta, [rounds])
print(f"prv-accountant {version('prv-accountant')}: upper bounds of epsilon at delta {delta}: Renyi "
      f"{renyi:.2f}, numerical {numerical[2]:.2f} (lower bound {numerical[0]:.2f})")
print(f"exact delta at {numerical[2]:.2f}: {delta_at(numerical[2]):.4f}; at 39.9: {delta_at(39.9):.4f}")
sys.exit(not (delta_at(numerical[2]) > 0.05 and renyi < numerical[0] and delta_at(39.9) > delta))
PY
