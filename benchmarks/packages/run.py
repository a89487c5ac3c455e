"""Audits other people's packages, each in an environment of its own, and writes docs/packages.md.

    python benchmarks/packages/run.py                 all of them (about half an hour)
    python benchmarks/packages/run.py nprr lpdt       these again; the others as they are kept
    python benchmarks/packages/run.py --table         the page again from results.json

A file of mechanisms/ says what to install, at which version, and what each mechanism claims. It
runs in that environment alone: worker.py there records reports by ldpaudit/recorder.py, and this
program audits the recordings and the estimates here. Nothing is installed beside ldpaudit.
"""

from __future__ import annotations

import argparse
import ast
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from table import write

import ldpaudit
from ldpaudit.adapters import from_samples
from ldpaudit.testing import audit_estimator

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RESULTS = HERE / "results.json"
#: Of the estimates; reports are audited at the usual 0.05.
ALPHA = 1e-3


def constants(script: Path) -> dict[str, Any]:
    """PACKAGE, REQUIRES and ALONE of a script, which is not run here."""
    found: dict[str, Any] = {"ALONE": []}
    for node in ast.parse(script.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name in ("PACKAGE", "REQUIRES", "ALONE"):
                found[name] = ast.literal_eval(node.value)
    return found


def installed(script: Path, work: Path) -> Path:
    """The Python of an environment with what the script needs, made where it is missing."""
    named, home = constants(script), work / f"env-{script.stem}"
    python, done = home / "bin" / "python", home / "complete"
    if not done.exists():
        base = os.environ.get("PYTHON", sys.executable)
        subprocess.run([base, "-m", "venv", "--clear", home], check=True)
        pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, *named["REQUIRES"]], check=True)
        if named["ALONE"]:
            alone = ["--no-deps", "--no-build-isolation", *named["ALONE"]]
            subprocess.run([*pip, *alone], check=True)
        done.touch()
    return python


def recorded(script: Path, work: Path, reports: int) -> list[dict[str, Any]]:
    """What the worker recorded of every mechanism of one script, or had recorded in this folder."""
    out = work / f"out-{script.stem}"
    done = out / "mechanisms.json"
    if done.exists() and done.stat().st_mtime > script.stat().st_mtime:
        kept: list[dict[str, Any]] = json.loads(done.read_text())
        return kept
    python = installed(script, work)
    out.mkdir(exist_ok=True)
    arguments = [HERE / "worker.py", script, ROOT / "ldpaudit" / "recorder.py", out, str(reports)]
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    subprocess.run(
        [python, *arguments], check=True, cwd=out, env={**os.environ, **threads}, timeout=1_800
    )
    found: list[dict[str, Any]] = json.loads(done.read_text())
    return found


def reports_of(file: str) -> Any:
    """A file of the recorder; lines of JSON as lists, which differ in length."""
    if not file.endswith(".jsonl"):
        return file
    return [json.loads(line) for line in Path(file).read_text().splitlines()]


def audited(line: dict[str, Any]) -> dict[str, Any]:
    """One line of the table: the bound, the verdict and the estimator's."""
    claim = {"epsilon": line["claim"] or 1.0, "delta": line["delta"], "name": "recorded"}
    mechanism = from_samples(*map(reports_of, line["files"]), **claim)
    result = ldpaudit.audit(mechanism, trials=min(mechanism.num_reports))
    kept = {name: line[name] for name in ("mechanism", "claim", "delta", "realised", "known")}
    return {
        **kept,
        "means": line["means"],
        "note": line["note"],
        "bound": float(result.epsilon_lower),
        "verdict": "no claim" if line["claim"] is None else result.verdict,
        "reports": min(mechanism.num_reports),
        "rounded": rounded(line["files"], claim),
        "estimator": biased(line["estimates"]) if line["estimates"] else None,
    }


def rounded(files: list[str], claim: dict[str, Any]) -> dict[str, Any] | None:
    """The same of reports in doubles rounded to multiples of 2^-20, which hides their last digits.

    None where reports are no doubles, or are such multiples already.
    """
    if not all(file.endswith(".npy") for file in files):
        return None
    reports = [np.load(file, allow_pickle=False) for file in files]
    if any(part.dtype.kind != "f" for part in reports):
        return None
    coarse = [np.round(part * 2.0**20) / 2.0**20 for part in reports]
    if all(np.array_equal(a, b) for a, b in zip(reports, coarse, strict=True)):
        return None
    result = ldpaudit.audit(from_samples(*coarse, **claim), trials=min(map(len, coarse)))
    return {"bound": float(result.epsilon_lower), "verdict": result.verdict}


def biased(estimates: dict[str, Any]) -> dict[str, Any]:
    """Whether recorded estimates are off, and by how much under the worst frequencies."""
    worst: dict[str, Any] = {"strength": -1.0}
    for name, part in estimates.items():
        histogram, given = np.array(part["histogram"]), np.array(part["estimates"])
        left = iter(given)

        def server(reports: Any, left: Any = left, users: int = int(histogram.sum())) -> Any:
            if len(reports) != users:
                raise ValueError("estimates are of whole collections.")
            return next(left)

        found = audit_estimator(
            lambda values, *, rng: values,  # noqa: ARG005 - reports were estimated elsewhere
            server,
            k=len(histogram),
            frequencies={name: histogram / histogram.sum()},
            num_users=int(histogram.sum()),
            collections=len(given),
            alpha=ALPHA / len(estimates),
        )
        bias = found.worst.worst
        margin = (bias.upper - bias.lower) / 2
        entry = {
            "verdict": found.verdict,
            "what": bias.what,
            "under": name,
            "bias": bias.bias,
            "lower": bias.lower,
            "upper": bias.upper,
            "strength": abs(bias.bias) / margin if margin else 0.0,
        }
        if entry["strength"] > worst["strength"]:
            worst = entry
    return worst


def main() -> None:
    """Run the scripts that were named, keep their lines, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="files of mechanisms/, without .py")
    parser.add_argument("--work", type=Path, help="folder of environments and recordings to keep")
    parser.add_argument("--reports", type=int, default=20_000, help="per input")
    parser.add_argument("--table", action="store_true", help="write the page, run nothing")
    given = parser.parse_args()
    scripts = {path.stem: path for path in sorted((HERE / "mechanisms").glob("*.py"))}
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    with tempfile.TemporaryDirectory() as temporary:
        work = (given.work or Path(temporary)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        for name in [] if given.table else given.names or scripts:
            lines = [audited(line) for line in recorded(scripts[name], work, given.reports)]
            kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
            kept[name] = {"package": constants(scripts[name])["PACKAGE"], "lines": lines}
            RESULTS.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
            for line in lines:
                shown = {"inf": math.inf, None: math.nan}.get(line["realised"], line["realised"])
                estimator = line["estimator"]["verdict"] if line["estimator"] else "-"
                print(
                    f"{name:24} {line['mechanism']:26} claim {line['claim']} realised "
                    f"{shown:.3f} bound {line['bound']:.3f} {line['verdict']} {estimator}",
                    flush=True,
                )
    write({name: kept[name] for name in scripts if name in kept}, ROOT / "docs" / "packages.md")


if __name__ == "__main__":
    main()
