"""Figures of docs/deployments.md that can be had quickly are what the code says today."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import ldpaudit
from ldpaudit.data import zipf

PAGE = (Path(__file__).parents[3] / "docs" / "deployments.md").read_text(encoding="utf-8")
NOISE = {
    "RAPPOR in Chromium, normal noise": {"f": 0.5, "p": 0.25},
    "RAPPOR in Chromium, sparse noise": {"f": 0.25, "p": 0.25},
    "RAPPOR of the paper": {"f": 0.5, "p": 0.5},
}


def lines(start: str) -> list[list[str]]:
    """Cells of the table rows that begin so."""
    found = re.findall(rf"^\| {re.escape(start)}.*$", PAGE, re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found]


@pytest.mark.parametrize("name", NOISE)
def test_rappor(name: str) -> None:
    m: Any = ldpaudit.mechanism("bloom-rappor", k=1_000, **NOISE[name])
    once, ever = lines(name)[:2]
    assert once[1:3] == ["1,000", f"{m.exact_epsilon():.3f}"]
    assert once[5] == f"{zipf(1_000).max():.4f}"
    forever = f"{m.composed_epsilon(10**6):.3f} for one value"
    assert ever[1:3] == [f"{m.exact_epsilon():.3f}", f"at most {forever}"]
    assert ever[3].startswith(forever)
    assert f"{m.epsilon_inf:.3f}" == forever.split()[0]


def test_one_bit_means() -> None:
    plain, flipped = (ldpaudit.mechanism("1bitmean", epsilon=1.0, flip=f) for f in (0.0, 0.2))
    first, second = lines("Windows 1BitMean")
    assert first[1] == f"{plain.exact_epsilon():g}"
    assert second[1] == f"{flipped.exact_epsilon():.3f}"
    errors = [(m.worst_variance() / 3e6) ** 0.5 / 2 for m in (plain, flipped)]
    assert f"errs by {errors[0]:.6f} of the range, and by {errors[1]:.5f}" in PAGE


def test_its_code_runs() -> None:
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)  # noqa: S102
    assert names["frequencies"].shape == (300,)
    assert names["found"].successes[-1] > 450
