#!/usr/bin/env bash
# privkit's planar Laplace moves positions in the plane of the equator, not along the ground: of the noise, north-south only sin(latitude) is left, nothing at the equator, and the error it reports is larger than the one made.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install -q --disable-pip-version-check 'numpy==1.26.4' 'scipy==1.13.1' 'networkx==3.4.2' 'pyproj==3.7.0'
# The whole of it comes with face recognition and takes gigabytes; the noise does not need that.
"$work/env/bin/python" -m pip install -q --disable-pip-version-check --no-deps 'privkit==0.5.1'
cd "$work"
"$work/env/bin/python" - <<'PY'
"""Noise of privkit 0.5.1 in metres north and east at three latitudes, epsilon 0.01 per metre."""
import importlib
import math
import random
import sys
import types
from importlib.metadata import distribution, version


def room(name, **names):
    """A package without the parts that need what is not installed."""
    made = types.ModuleType(name)
    made.__path__ = [str(distribution("privkit").locate_file(name.replace(".", "/")))]
    made.__dict__.update(names)
    sys.modules[name] = made
    return made


sys.modules["osmnx"] = types.ModuleType("osmnx")  # road networks
room("privkit")
utils = room("privkit.utils")
utils.geo_utils = importlib.import_module("privkit.utils.geo_utils")
utils.constants = importlib.import_module("privkit.utils.constants")
utils.GridMap = importlib.import_module("privkit.utils.discrete_utils").GridMap
room("privkit.data", LocationData=type("LocationData", (), {"DATA_TYPE_ID": "location"}))
room("privkit.metrics", QualityLoss=type("QualityLoss", (), {"METRIC_ID": "quality_loss"}))
ppms = room("privkit.ppms")
ppms.PPM = importlib.import_module("privkit.ppms.ppm").PPM
from privkit.ppms.planar_laplace import PlanarLaplace

random.seed(1)
noise = PlanarLaplace(0.01)
metre = math.radians(1) * utils.geo_utils.EARTH_RADIUS
ratios = {}
for latitude in (0.0, 30.0, 60.0):
    north, east, made, told = [], [], 0.0, 0.0
    for _ in range(20_000):
        lat, lon, distance = noise.get_obfuscated_point(latitude, 0.0)
        north.append((lat - latitude) * metre)
        east.append(lon * metre * math.cos(math.radians(latitude)))
        made += math.hypot(north[-1], east[-1]) / 20_000
        told += distance / 20_000
    spread = [math.sqrt(sum(x * x for x in xs) / 20_000) for xs in (north, east)]
    ratios[latitude] = spread[0] / spread[1]
    print(f"privkit {version('privkit')}: latitude {latitude:g}: spread {spread[0]:.2f} m north, "
          f"{spread[1]:.1f} m east; mean error {made:.0f} m, reported {told:.0f} m")
sys.exit(not all(abs(r - math.sin(math.radians(l))) < 0.05 for l, r in ratios.items()))
PY
