"""Figures in docs/manipulation.md and of influence in docs/mss.md are what the code says today."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import ldpaudit
from ldpaudit.collecting.manipulation import influence_limit
from ldpaudit.protocols._kernels._subsets import SubsetRandomizer

DOCS = Path(__file__).parents[1] / "docs"
TEXT = (DOCS / "manipulation.md").read_text()
ROW = re.compile(r"\| `([\w-]+)` \| ([\d.]+) \| ([\d.]+) \| (\d+) \| ([\d.]+) \| ([\d.]+) "
                 r"\| ([\d.]+) \| ([\d.]+) \|")  # fmt: skip
SIZE = re.compile(r"\| (\d+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|\n")


def test_the_tables_were_found() -> None:
    assert len(ROW.findall(TEXT)) == 14
    assert len(SIZE.findall(TEXT)) == 5


@pytest.mark.parametrize("row", ROW.findall(TEXT), ids=lambda row: row[0])
def test_influence_of_each_protocol(row: tuple[str, ...]) -> None:
    name, success, error, bits, worst, mean, ten, spread = row
    m = ldpaudit.mechanism(name, k=100, epsilon=1.0)
    single = m.single_influences()
    assert f"{m.vulnerability():.5f}" == success
    assert f"{m.mse(1, np.full(100, 0.01)):.4g}" == error
    assert str(m.bits) == bits
    assert f"{single.max():.2f}" == worst
    assert f"{single.mean():.2f}" == mean
    assert f"{m.influence(range(10)):.1f}" == ten
    assert f"{m.influence(range(0, 100, 10)):.1f}" == spread


@pytest.mark.parametrize("row", SIZE.findall(TEXT), ids=lambda row: row[0])
def test_larger_subsets(row: tuple[str, ...]) -> None:
    size, success, error, influence = row
    r = SubsetRandomizer(100, 1.0, int(size))
    variance = r.q * (1 - r.q) / (r.p - r.q) ** 2 + (1 - r.p - r.q) / (100 * (r.p - r.q))
    assert f"{r.p / r.size:.5f}" == success
    assert f"{variance:.4g}" == error
    assert f"{(1 - r.q) / (r.p - r.q):.2f}" == influence


def test_figures_of_the_limit() -> None:
    assert f"{influence_limit(1.0):.2f}" == "1.58"
    of_eight_blocks = 1 + 8 / (7 * np.expm1(1.0))
    assert f"{of_eight_blocks:.3f}" == "1.665"
    assert "1.665" in (DOCS / "mss.md").read_text()


def test_mss_beside_affine_blocks() -> None:
    page = (DOCS / "mss.md").read_text()
    k, uniform = 22_000, np.full(22_000, 1 / 22_000)
    ss, affine = (ldpaudit.mechanism(name, k=k, epsilon=1.0) for name in ("ss", "pi-rappor"))
    assert f"| `ss` | 1 | {ss.bits:,} | 1 | {ss.influence([0]):.2f} |" in page
    ratio = affine.mse(1, uniform) / ss.mse(1, uniform)
    success = affine.vulnerability() / ss.vulnerability()
    found = f"{ratio:.4f} | {affine.bits} | {success:.4f} | {affine.influence([0]):.2f}"
    assert f"| `pi-rappor` | {found} |" in page


@pytest.mark.parametrize(
    ("modulus", "row"),
    [(12, "1.070 | 0.185 | 1.024 | 5.68 | 5.06"), (50, "1.009 | 0.568 | 1.012 | 4.27 | 4.14")],
)
def test_many_scrambled_blocks(modulus: int, row: str) -> None:
    """Less error, bits and influence than MSS, at most 1.10 of the error of subset selection."""
    k, uniform = 100, np.full(100, 0.01)
    m, ss, plain = (
        ldpaudit.mechanism(name, k=k, epsilon=1.0, **given)
        for name, given in (("smss", {"moduli": (modulus,) * 128}), ("ss", {}), ("mss", {}))
    )
    error, single = m.mse(1, uniform) / ss.mse(1, uniform), m.single_influences()
    success = m.vulnerability() / ss.vulnerability()
    found = f"{error:.3f} | {m.bits / ss.bits:.3f} | {success:.3f}"
    assert f"{found} | {single.max():.2f} | {single.mean():.2f}" == row
    assert f"| 100 | 128 of {modulus} | {row} |" in (DOCS / "mss.md").read_text()
    assert error < min(1.1, plain.mse(1, uniform) / ss.mse(1, uniform))
    assert m.bits < plain.bits
    assert single.max() < plain.single_influences().min() * 2 < plain.single_influences().max()


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 2.0, 3.0, 4.0, 5.0])
def test_influence_by_epsilon(epsilon: float) -> None:
    """Of k = 1,024; scrambled designs take seconds each and are left out."""
    names = ("ss", "oue", "pgr", "pi-rappor", "mss")
    found = [
        ldpaudit.mechanism(name, k=1024, epsilon=epsilon).single_influences().max()
        for name in names
    ]
    row = " | ".join(f"{worst:.3g}" for worst in found)
    assert f"| 1,024 | {epsilon:g} | {row} |" in (DOCS / "mss.md").read_text()
