"""Figures in the guides are what the code says today."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

import ldpaudit
from ldpaudit import registry

DOCS = Path(__file__).parents[1] / "docs"
ROW = re.compile(r"\| `([\w-]+)`(?: \((\w+) = ([\d.e-]+)\))? \| ([^|]+) \| ([^|]+) \| ([^|]+) "
                 r"\| (\d+) \| ([^|]+) \| ([^|]+) \| [^|]+ \|")  # fmt: skip
#: Controls, which no one should use, are told of where they are audited.
CONTROLS = {"lho", "sticky-ue", "textbook-she"}
#: Those for records of several attributes have a guide of their own.
RECORDS = {"spl", "smp", "rsfd", "rsrfd", "allomfree"}
#: All reports of a user as one, in the same guide as those over time.
HISTORIES = {"repeated", "constant"}
#: All users' reports without their order, in shuffle.md.
SHUFFLED = {"shuffled"}
#: Protocols over time are told of in longitudinal.md.
LONGITUDINAL = {"l-grr", "l-sue", "l-oue", "l-osue", "l-soue", "rappor", "biloloha", "ololoha",
                "dbitflip", "bloom-rappor"}  # fmt: skip
#: Mechanisms for numbers and vectors are told of in numeric.md.
NUMERIC = {"laplace", "staircase", "duchi", "pm", "hm", "sw", "rounded", "dithered",
           "sampled-numbers", "privunit", "privunitg", "duchi-l2", "l2-laplace",
           "1bitmean", "gaussian-vector", "nldp-regression", "iht-regression"}  # fmt: skip
#: A table of blocks has no figures of its own.
TABLES = {"block-design"}


def catalogue() -> list[tuple[str, ...]]:
    return ROW.findall((DOCS / "protocols.md").read_text())


def test_the_catalogue_is_complete() -> None:
    guide = (DOCS / "numeric.md").read_text(encoding="utf-8")
    assert {name for name in NUMERIC if f"`{name}`" in guide} == NUMERIC
    elsewhere = CONTROLS | LONGITUDINAL | RECORDS | HISTORIES | NUMERIC | TABLES | SHUFFLED
    assert {row[0] for row in catalogue()} == set(registry.names("protocols")) - elsewhere


@pytest.mark.parametrize("row", catalogue(), ids=lambda row: row[0])
def test_the_catalogue_tells_the_truth(row: tuple[str, ...]) -> None:
    name, parameter, value, success, error, flat, bits, epsilon, delta = row
    given = {parameter: float(value)} if parameter else {}
    m = ldpaudit.mechanism(name, k=100, epsilon=1.0, **given)
    assert f"{m.vulnerability():.5f}" == success
    assert f"{m.mse(1, np.full(100, 0.01)):.4g}" == error
    assert f"{m.mse(1):.4g}" == flat
    assert str(m.bits) == bits
    exact, tail = m.exact_epsilon(), m.exact_delta(1.0)
    assert ("inf" if exact == math.inf else f"{exact:.4f}") == epsilon
    assert ("0" if tail < 1e-12 else f"{tail:.3g}") == delta
