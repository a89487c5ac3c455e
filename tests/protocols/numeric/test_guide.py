"""Figures in docs/numeric.md are what the code says today."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.data import load
from ldpaudit.protocols import Dithered, Hybrid, PrivUnit

GUIDE = (Path(__file__).parents[3] / "docs" / "numeric.md").read_text(encoding="utf-8")


def table(columns: str) -> list[list[str]]:
    """Rows of the table whose heading begins with these columns."""
    start = GUIDE.index(f"| {columns}")
    lines = GUIDE[start:].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def make(name: str, epsilon: float, **more: Any) -> Any:
    return ldpaudit.mechanism(name.strip("`"), epsilon=epsilon, **more)


@pytest.mark.parametrize("row", table("mechanism | epsilon"), ids=lambda row: "-".join(row[:2]))
def test_what_is_given_away(row: list[str]) -> None:
    name, epsilon, worst, average, share, near, beyond = row
    m = make(name, float(epsilon))
    r2 = m.posterior_mean_share()
    assert f"{m.worst_variance():.4g}" == worst
    assert f"{m.mean_variance():.4g}" == average
    assert f"{r2:.4f}" == share
    assert f"{m.nearby_success(0.1):.4f}" == near
    assert f"{m.mean_variance() / ldpaudit.frontier_mean(1.0).error_at(r2):.2f}" == beyond


@pytest.mark.parametrize("row", table("average variance"), ids=lambda row: "-".join(row[:2]))
def test_what_is_given_away_at_equal_error(row: list[str]) -> None:
    average, name, epsilon, share, near = row
    m = make(name, float(epsilon))  # epsilon is rounded to two digits, and all else with it
    assert m.mean_variance() == pytest.approx(float(average), rel=0.02)
    assert m.posterior_mean_share() == pytest.approx(float(share), rel=0.025)
    assert m.nearby_success(0.1) == pytest.approx(float(near), rel=0.015)
    limit = 1 / (1 + 3 * float(average))
    assert float(share) >= limit - 1e-3


@pytest.mark.parametrize("row", table("epsilon | least worst"), ids=lambda row: row[0])
def test_least_variances(row: list[str]) -> None:
    epsilon = float(row[0])
    limit, worst = ldpaudit.frontier_mean(epsilon), Dithered(epsilon)
    average = Dithered(epsilon, aim="average")
    assert row[1:] == [
        f"{limit.worst_variance:.4g}",
        f"{limit.mean_variance:.4g}",
        f"{worst.worst_variance():.4g} ({worst.levels})",
        f"{average.mean_variance():.4g} ({average.levels})",
        f"{Hybrid(epsilon).worst_variance():.4g}",
    ]


@pytest.mark.parametrize("row", table("dimensions | epsilon"), ids=lambda row: "-".join(row[:2]))
def test_vectors(row: list[str]) -> None:
    d, epsilon = int(row[0]), float(row[1])
    best = PrivUnit(d, epsilon)
    others = [
        make(name, epsilon, dimension=d).mse(1) for name in ("duchi-l2", "privunitg", "l2-laplace")
    ]
    one = make("sampled-numbers", epsilon, dimension=d, base="duchi", sample=1)
    others.append(float(one.variance(np.eye(1, d))[0]))
    assert f"{best.mse(1):.6g}" == row[2]
    assert f"{best.posterior_mean_share():.4g}" == row[3]
    assert [f"{other / best.mse(1):.4g}" for other in others] == row[4:]


def test_figures_in_the_text() -> None:
    two = Dithered(2.0), Dithered(2.0, levels=3, aim="average")
    assert re.search(r"at epsilon = 2 it is 0\.942 where plain subtraction has 1\.013", GUIDE)
    assert [f"{m.worst_variance():.3f}" for m in two] == ["0.942", "1.013"]
    assert math.floor(1000 * ldpaudit.frontier_mean(2.0).worst_variance) == 864
    gains = [1 - Dithered(e).worst_variance() / Hybrid(e).worst_variance() for e in (0.5, 2, 4, 6)]
    assert [round(gain, 2) for gain in gains] == [0.04, 0.10, 0.35, 0.54]
    least = 1 - Dithered(1.7067).worst_variance() / Hybrid(1.7067).worst_variance()
    plain = Dithered(1.686, levels=2, aim="average").worst_variance()
    assert f"{least:.2%}" == "3.07%"
    assert f"{1 - plain / Hybrid(1.686).worst_variance():.1%}" == "2.6%"
    for epsilon, gain in ((1.0, "0.1%"), (1.7, "0.7%")):
        even = Dithered(epsilon, levels=2, aim="average").worst_variance()
        assert f"{1 - Dithered(epsilon).worst_variance() / even:.1%}" == gain


@pytest.mark.parametrize(
    "row", table("mechanism | epsilon | error"), ids=lambda row: "-".join(row[:2])
)
def test_what_is_given_away_of_real_ages(row: list[str]) -> None:
    ages: Any = load("adult-age", low=0, high=100)
    prior = (ages.inputs, ages.frequencies)
    name, epsilon, error, share, near, beyond = row
    m = make(name, float(epsilon), low=0.0, high=100.0)
    variance, r2 = m.mean_variance(prior), m.posterior_mean_share(prior)
    assert f"{math.sqrt(variance):.2f}" == error
    assert f"{r2:.4f}" == share
    assert f"{m.nearby_success(5.0, prior):.4f}" == near
    mean = ages.inputs @ ages.frequencies
    spread = float(ages.frequencies @ (ages.inputs - mean) ** 2)
    limit = ldpaudit.frontier_mean(1.0).error_at(r2, spread)
    assert f"{variance / limit:.2f}" == beyond
