"""A package of mechanisms and attacks that misbehave, for real worker processes to find."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from textwrap import dedent

import pytest

CODE = """
import ctypes
import os
import signal
import sys
import time
from dataclasses import dataclass

import numpy as np

K = 6  # the size of the data set on which they misbehave


@dataclass(frozen=True)
class Hostile:
    k: int
    epsilon: float
    mode: str = "well"
    at: str = ""
    bits = 1

    def _strike(self):
        match self.mode if self.k == K else "well":
            case "raises":
                raise ZeroDivisionError(f"no {object()} today")
            case "unprintable":
                raise Unprintable
            case "leaves":
                sys.exit(0)
            case "exits":
                os._exit(0)
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "crashes":
                ctypes.string_at(0)
            case "hangs":
                time.sleep(3600)
            case "holds":  # the lock of the interpreter, in C
                ctypes.PyDLL(None).sleep(3600)
            case "exhausts":
                np.ones(2**60)
            case "deep":
                self._strike()
            case "once":  # as if from outside, once
                try:
                    open(self.at, "x").close()
                except FileExistsError:
                    return
                os.kill(os.getpid(), signal.SIGKILL)

    def privatize(self, values, *, rng):
        self._strike()
        reports = rng.integers(0, self.k, len(values))
        if self.k == K and self.mode == "short":
            return reports[:-1]
        return reports

    def log_likelihood(self, reports, values=None):
        columns = self.k if values is None else len(values)
        return np.full((len(reports), columns), -np.log(self.k))

    def aggregate(self, reports):
        return np.bincount(reports, minlength=self.k)

    def estimate(self, counts):
        out = counts / counts.sum()
        if self.k == K and self.mode == "nan":
            out[0] = np.nan
        if self.k == K and self.mode == "shape":
            out = out[:-1]
        return out

    def mse(self, n, frequencies=None):
        return float("nan") if self.k == K and self.mode == "nan mse" else 1.0 / n


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError

    def __reduce__(self):
        raise RuntimeError


@dataclass(frozen=True, kw_only=True)
class Attack:
    mode = ""

    def applies(self, mechanism):
        return None

    def guess(self, reports, mechanism, prior, *, rng):
        good = np.zeros(len(reports), dtype=np.int64)
        if mechanism.k != K:
            return good
        match self.mode:
            case "raises":
                raise KeyError("lost")
            case "nan":
                return good * np.nan
            case "range":
                return good + K
            case "exits":
                os._exit(1)
        return good[:-1]


class Raises(Attack):
    mode = "raises"


class Nan(Attack):
    mode = "nan"


class Range(Attack):
    mode = "range"


class Exits(Attack):
    mode = "exits"


class Short(Attack):
    mode = "short"
"""
ENTRIES = """
[ldpaudit.protocols]
hostile = hostile_parts:Hostile
[ldpaudit.attacks]
raises = hostile_parts:Raises
nan = hostile_parts:Nan
range = hostile_parts:Range
exits = hostile_parts:Exits
short = hostile_parts:Short
"""


def install(folder: Path, release: str = "1.0") -> Path:
    """Write the package as pip would, into a folder for the path; return it."""
    info = folder / "hostile_parts.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (folder / "hostile_parts.py").write_text(dedent(CODE))
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: hostile-parts\nVersion: {release}\n"
    )
    (info / "entry_points.txt").write_text(ENTRIES)
    return folder


def on_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process and its children find the package."""
    monkeypatch.syspath_prepend(str(folder))
    kept = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(folder), kept))))
    monkeypatch.delitem(sys.modules, "hostile_parts", raising=False)
