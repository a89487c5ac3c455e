#!/usr/bin/env bash
# scipy.special, which every exact bound of an audit comes from, loads numpy's generator of Fortran wrappers and the test tools of numpy and Python: a third of what importing it costs every command that takes one bound.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'numpy==2.4.6' 'scipy==1.17.1'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""What one Clopper-Pearson bound loads beside numpy, and what of it is for Fortran or for tests."""
import subprocess
import sys

BOUND = "import numpy; before = set(sys.modules); from scipy.special import betaincinv; betaincinv(8, 3, 0.05)"
TOOLS = ("numpy.f2py.crackfortran", "numpy.testing", "unittest.case")


def run(code, *options):
    done = subprocess.run([sys.executable, *options, "-c", f"import sys; {code}"], capture_output=True, text=True, check=True)
    return done.stdout.split(), done.stderr


loaded = set(run(BOUND + "; print(*(set(sys.modules) - before))")[0])
shares = []
for _ in range(7):
    took = {}
    for line in run(BOUND, "-X", "importtime")[1].splitlines():
        own, total, name = (part.strip() for part in line.removeprefix("import time:").split("|"))
        if total.isdigit():
            took[name] = int(total)
    shares.append((took["numpy.f2py"] + took["numpy.testing"]) / took["scipy.special"])
share = sorted(shares)[3]
versions = run("import numpy, scipy; print(numpy.__version__, scipy.__version__)")[0]
print(f"numpy {versions[0]}, scipy {versions[1]}: one bound loads {len(loaded)} further modules, among them "
      f"{', '.join(name for name in TOOLS if name in loaded)}; numpy.f2py and numpy.testing are "
      f"{share:.0%} of the time that scipy.special takes to load")
sys.exit(not (loaded >= set(TOOLS) and share > 0.2))
PY
