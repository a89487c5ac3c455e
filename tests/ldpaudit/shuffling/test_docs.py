"""Every figure of docs/shuffle.md against the code."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

import ldpaudit
from ldpaudit.shuffling import closed_form, shuffle
from ldpaudit.shuffling.channel import pair_laws
from ldpaudit.shuffling.divergence_bounds import FINE, delta_lower, delta_upper
from ldpaudit.shuffling.laws import clones

PAGE = Path(__file__).parents[3] / "docs" / "shuffle.md"
USERS, DELTA = 10_000, 1e-6


def rows(header: str) -> list[list[str]]:
    """The cells of the table whose header row starts so."""
    lines = PAGE.read_text().splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(f"| {header} |"))
    found = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return found


def upper_delta(mechanism: Any, epsilon: float, users: int = USERS) -> float:
    return max(delta_upper(law, users, epsilon, FINE) for law in pair_laws(mechanism).proven)


def lower_delta(mechanism: Any, epsilon: float, users: int = USERS) -> float:
    return max(delta_lower(law, users, epsilon, FINE) for law in pair_laws(mechanism).attacks)


@pytest.mark.parametrize("row", rows("protocol"), ids=lambda row: " ".join(row[:2]))
def test_central_epsilons(row: Any) -> None:
    name, local, lower, upper, any_clones, published, formula = row
    epsilon = float(local)
    mechanism = ldpaudit.mechanism(name, k=10, epsilon=epsilon)
    step = 1.05e-4  # the figures are rounded outwards to four digits
    assert (
        lower_delta(mechanism, float(lower)) >= DELTA > lower_delta(mechanism, float(lower) + step)
    )
    assert (
        upper_delta(mechanism, float(upper)) <= DELTA < upper_delta(mechanism, float(upper) - step)
    )
    for stated, share in (
        (any_clones, math.exp(-epsilon)),
        (published, 2 / (math.exp(epsilon) + 1)),
    ):
        law = clones(epsilon, share)
        assert delta_upper(law, USERS, float(stated)) <= DELTA
        assert delta_upper(law, USERS, float(stated) - step) > DELTA
    exact = closed_form(epsilon, USERS, DELTA)
    assert formula == ("" if exact is None else f"{exact:.3f}")


@pytest.mark.parametrize("row", rows("central epsilon"), ids=lambda row: " ".join(row[:2]))
def test_local_epsilons_at_an_equal_central_one(row: Any) -> None:
    central, name, local, success, error = row
    mechanism, more = (
        ldpaudit.mechanism(name, k=10, epsilon=float(local) + step) for step in (0.0, 0.0025)
    )
    assert upper_delta(mechanism, float(central)) <= DELTA < upper_delta(more, float(central))
    assert float(success) == pytest.approx(mechanism.vulnerability(), abs=6e-4)
    assert float(error) == pytest.approx(mechanism.mse(USERS, [0.1] * 10), rel=5e-3)  # half a digit


@pytest.mark.parametrize("row", rows("k"), ids=lambda row: " ".join(row[:2]))
def test_published_bounds_below_the_truth(row: Any) -> None:
    k, users, delta, published, lower, upper = row
    found = shuffle(ldpaudit.mechanism("grr", k=int(k), epsilon=2.0), int(users), float(delta))
    assert float(published) < float(lower)
    assert found.epsilon_lower == pytest.approx(float(lower), abs=1e-4)
    assert found.epsilon_upper == pytest.approx(float(upper), abs=1e-4)
    assert float(lower) <= found.epsilon_lower
    assert found.epsilon_upper <= float(upper)


def test_figures_in_the_text() -> None:
    million = shuffle(ldpaudit.mechanism("grr", k=10, epsilon=4.0), 1_000_000, DELTA)
    assert 0.0318 <= million.epsilon_lower <= million.epsilon_upper <= 0.0319
    for name, lower, upper in (("grr", 0.0087, 0.0088), ("oue", 0.0743, 0.0789)):
        mechanism = ldpaudit.mechanism(name, k=1_000, epsilon=2.0)
        assert lower_delta(mechanism, lower) >= DELTA >= upper_delta(mechanism, upper)
    text = PAGE.read_text()
    assert "0.7^6 = 0.117649" in text
    assert pytest.approx(0.117649, abs=5e-7) == 0.7**6
    assert pytest.approx(0.016807, abs=5e-7) == 0.1 * 0.7**5
