"""Runs in the environment of one package: records its mechanisms and estimates; see run.py."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import math
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

USERS, COLLECTIONS = 2_000, 40


def loaded(name: str, path: Path) -> Any:
    """The module in a file."""
    spec = importlib.util.spec_from_file_location(name, str(path))
    if spec is None or spec.loader is None:
        raise ImportError("no module: %s" % path)  # noqa: UP031
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def shares(k: int) -> dict:
    """What the users of the collections hold: counts of k values by name."""
    steps = 1 / np.arange(1, k + 1)
    falling = np.floor(USERS * steps / steps.sum()).astype(int)
    falling[0] += USERS - falling.sum()
    last = np.zeros(k, dtype=int)
    last[-1] = USERS
    return {"falling": falling, "all at the last value": last}


def collected(mechanism: Any) -> dict:
    """Estimated shares of every collection, shape (collections, k), by what the users hold."""
    found = {}
    for name, counts in shares(mechanism.k).items():
        held = np.repeat(np.arange(mechanism.k), counts).tolist()
        found[name] = {
            "histogram": counts.tolist(),
            "estimates": [
                [float(share) for share in mechanism.server(sent(mechanism, held))]
                for _ in range(COLLECTIONS)
            ],
        }
    return found


def sent(mechanism: Any, held: list) -> list:
    """One report per value held."""
    if mechanism.batch:
        return list(mechanism.client(held))
    return [mechanism.client(value) for value in held]


def main() -> None:
    """Record every mechanism of the script into a folder each."""
    here = Path(__file__).resolve().parent
    script, recorder, out, reports = sys.argv[1:5]
    loaded("common", here / "common.py")
    record = loaded("recorder", Path(recorder)).record
    package = loaded("package", Path(script))
    about = []
    for place, mechanism in enumerate(package.mechanisms()):
        start, folder = time.perf_counter(), Path(out) / str(place)
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            files = record(
                mechanism.client,
                list(mechanism.inputs),
                int(reports),
                folder,
                batch=mechanism.batch,
                seed=1 + place,
            )
            estimates = collected(mechanism) if mechanism.server else None
        line = {
            "mechanism": mechanism.name,
            "claim": mechanism.claim,
            "delta": mechanism.delta,
            "realised": "inf" if math.isinf(mechanism.realised) else mechanism.realised,
            "known": mechanism.known,
            "means": mechanism.means,
            "note": mechanism.note,
            "files": files,
            "estimates": estimates,
        }
        if math.isnan(mechanism.realised):
            line["realised"] = None
        about.append(line)
        took = time.perf_counter() - start
        print(f"{mechanism.name}: {took:.1f} s", file=sys.stderr, flush=True)
    (Path(out) / "mechanisms.json").write_text(json.dumps(about))


if __name__ == "__main__":
    main()
