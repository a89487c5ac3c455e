"""Variances and what reports give away: the published table, quadrature, simulation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from ldpaudit.protocols.numeric import (
    Dithered,
    Duchi,
    Hybrid,
    Laplace,
    Piecewise,
    Rounded,
    SquareWave,
    Staircase,
)

from .references import channel, explained, midpoints, near

MAKERS = {
    "laplace": Laplace,
    "staircase": Staircase,
    "duchi": Duchi,
    "pm": Piecewise,
    "hm": Hybrid,
    "sw": SquareWave,
}


def make(name: str, epsilon: float, levels: int = 0) -> Any:
    if name == "rounded":
        return Rounded(epsilon, levels=levels)
    if name == "dithered":
        return Dithered(epsilon, levels=levels, aim="average")
    return MAKERS[name](epsilon)  # type: ignore[abstract]


#: Mechanism, levels, epsilon, worst variance, average, R2, V_0.1, times the limit.
ORACLES = """
laplace 0 0.5 32 32 0.0183 0.1219 1.789
staircase 0 0.5 31.668 31.668 0.0247 0.1222 2.405
duchi 0 0.5 16.671 16.337 0.0200 0.1217 1.000
pm 0 0.5 21.223 18.875 0.0271 0.1253 1.576
hm 0 0.5 16.671 16.337 0.0200 0.1217 1.000
sw 0 0.5 21.518 19.056 0.0273 0.1265 1.605
rounded 2 0.5 16.671 16.337 0.0200 0.1217 1.000
dithered 2 0.5 16.004 16.004 0.0243 0.1218 1.194
rounded 3 0.5 21.965 19.819 0.0165 0.1308 1.000
dithered 3 0.5 22.048 19.736 0.0244 0.1317 1.479
laplace 0 1 8 8 0.0641 0.1435 1.644
staircase 0 1 7.6724 7.6724 0.0948 0.1447 2.410
duchi 0 1 4.6827 4.3494 0.0712 0.1412 1.000
pm 0 1 5.2236 4.1959 0.1055 0.1580 1.485
hm 0 1 4.289 4.289 0.0847 0.1478 1.191
sw 0 1 5.5161 4.3706 0.1017 0.1643 1.485
rounded 2 1 4.6827 4.3494 0.0712 0.1412 1.000
dithered 2 1 4.016 4.016 0.0885 0.1414 1.169
rounded 3 1 4.9421 4.2358 0.0730 0.1633 1.000
dithered 3 1 5.0254 4.1524 0.1009 0.1651 1.398
laplace 0 4 0.5 0.5 0.4643 0.2626 1.300
staircase 0 4 0.25992 0.25992 0.7423 0.3092 2.246
duchi 0 4 1.076 0.74269 0.3098 0.1863 1.000
pm 0 4 0.24135 0.13701 0.7236 0.6735 1.076
hm 0 4 0.21898 0.21898 0.6676 0.6076 1.319
sw 0 4 0.48857 0.27174 0.5616 0.7791 1.044
rounded 3 4 0.31817 0.23406 0.5875 0.2651 1.000
dithered 3 4 0.17871 0.15072 0.7134 0.2698 1.126
rounded 4 4 0.1996 0.14903 0.7021 0.3366 1.054
dithered 4 4 0.15622 0.112 0.7706 0.3506 1.129
rounded 5 4 0.17669 0.12764 0.7337 0.4010 1.055
dithered 5 4 0.16511 0.10681 0.7765 0.4282 1.113
rounded 6 4 0.18223 0.12506 0.7364 0.4588 1.048
dithered 6 4 0.18337 0.11172 0.7661 0.5037 1.098
"""
ROWS = [line.split() for line in ORACLES.strip().splitlines()]


def half_a_digit(text: str) -> float:
    """What rounding to the digits of a text may change, and a little."""
    return 0.51 * 10.0 ** -len(text.partition(".")[2])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: "-".join(row[:3]))
def test_table_of_the_design(row: list[str]) -> None:
    name, levels, epsilon, worst, average, share, near_by, beyond = row
    m = make(name, float(epsilon), int(levels))
    assert m.worst_variance() == pytest.approx(float(worst), abs=half_a_digit(worst))
    assert m.mean_variance() == pytest.approx(float(average), abs=half_a_digit(average))
    # The table's R2 and V are by a quadrature that is good to some units of the last digit,
    # its guesses and dithers being few: 0.4% at most, for dithers of two levels and for V.
    r2 = m.posterior_mean_share()
    assert r2 == pytest.approx(float(share), rel=4e-3, abs=half_a_digit(share))
    assert m.nearby_success(0.1) == pytest.approx(float(near_by), rel=4e-3)
    limit = (1 - r2) / r2 / 3
    assert m.mean_variance() / limit == pytest.approx(float(beyond), rel=4e-3)
    assert m.mean_variance() >= limit * (1 - 1e-9)


CASES = [
    ("laplace", 0, 0.8),
    ("laplace", 0, 3.0),
    ("staircase", 0, 0.7),
    ("staircase", 0, 2.5),
    ("duchi", 0, 1.7),
    ("pm", 0, 0.8),
    ("pm", 0, 2.6),
    ("hm", 0, 0.6),
    ("hm", 0, 2.2),
    ("sw", 0, 0.6),
    ("sw", 0, 3.1),
    ("rounded", 4, 2.2),
    ("rounded", 7, 5.1),
    ("dithered", 2, 1.3),
    ("dithered", 4, 2.9),
    ("dithered", 8, 5.5),
]


@pytest.mark.parametrize(("name", "levels", "epsilon"), CASES)
def test_figures_equal_the_quadrature_of_published_densities(
    name: str, levels: int, epsilon: float
) -> None:
    m = make(name, epsilon, levels)
    x = midpoints(-1, 1, 400)
    table = channel(name, epsilon, x, levels)
    assert table.sum(axis=0) == pytest.approx(np.ones(x.size), abs=2e-3)
    table /= table.sum(axis=0)
    assert m.posterior_mean_share() == pytest.approx(explained(table, x), rel=3e-3)
    assert m.nearby_success(0.1) == pytest.approx(near(table, x, 0.1), rel=3e-3)
    assert m.nearby_success(0.35) == pytest.approx(near(table, x, 0.35), rel=3e-3)


def published_variance(name: str, epsilon: float, levels: int, x: float) -> float:
    e, s = math.exp(epsilon), math.exp(epsilon / 2)
    c = (e + 1) / (e - 1)
    if name == "laplace":
        return 8 / epsilon**2
    if name == "staircase":
        b = 1 / e
        return 4 * (2 ** (-2 / 3) * b ** (2 / 3) * (1 + b) ** (2 / 3) + b) / (1 - b) ** 2  # type: ignore[no-any-return]
    if name == "duchi":
        return c**2 - x**2
    if name == "pm":
        return x**2 / (s - 1) + (s + 3) / (3 * (s - 1) ** 2)
    if name == "hm":
        return (s + 3) / (3 * s * (s - 1)) + c**2 / s if epsilon > 0.6094 else c**2 - x**2
    if name == "sw":
        b = (epsilon * e - e + 1) / (2 * e * (e - 1 - epsilon))
        q = 1 / (2 * b * e + 1)
        p, v = e * q, (x + 1) / 2
        g = 2 * b * (p - q)
        square = q * ((1 + b) ** 3 + b**3) / 3 + (p - q) * (2 * v**2 * b + 2 * b**3 / 3)
        return 4 * (square - ((1 - g) / 2 + g * v) ** 2) / g**2
    k, d = levels, 2 / (levels - 1)
    gain, q = (e + k - 1) / (e - 1), 1 / (e + k - 1)
    f = (x + 1) / d % 1
    blind = q * k * (k + 1) / (3 * (k - 1)) * gain**2
    if name == "rounded":
        return x**2 * (gain - 1) + d**2 * f * (1 - f) * gain + blind
    return (gain - 1) * (x**2 + d**2 * f * (1 - f)) + blind + d**2 / 12


@pytest.mark.parametrize(("name", "levels", "epsilon"), CASES)
def test_variance_is_the_published_one(name: str, levels: int, epsilon: float) -> None:
    m = make(name, epsilon, levels)
    for x in (-1.0, -0.55, 0.0, 0.2, 0.713, 1.0):
        wanted = published_variance(name, epsilon, levels, x)
        assert float(m.variance(x)) == pytest.approx(wanted, rel=1e-6)
    x = np.linspace(-1, 1, 20_001)  # type: ignore[assignment]
    assert m.mean_variance() == pytest.approx(m.variance(x).mean(), rel=2e-4)
    assert m.worst_variance() == pytest.approx(m.variance(x).max(), rel=1e-6)
    assert m.worst_variance() >= m.variance(x).max() * (1 - 1e-12)


EVERY = [
    Laplace(1.3),
    Staircase(2.1),
    Duchi(0.9),
    Piecewise(1.6),
    Hybrid(3.3),
    SquareWave(1.1),
    Rounded(3.4),
    Dithered(2.4),
    Dithered(3.7, aim="average"),
    Rounded(2.0, low=18.0, high=90.0, levels=5),
    Dithered(2.0, low=18.0, high=90.0),
    Piecewise(3.0, low=-7.0, high=-3.0),
    Laplace(2.0, low=0.0, high=1e6),
]


@pytest.mark.parametrize("m", EVERY, ids=repr)
def test_estimates_are_unbiased_with_the_stated_variance(m: Any) -> None:
    """Five standard errors: about 6e-7 false alarms a number, some 100 numbers."""
    rng = np.random.default_rng(20261128)
    n = 40_000
    for share in (0.0, 0.31, 0.777):
        x = m.low + share * (m.high - m.low)
        estimates = m.report_estimates(m.privatize(np.full(n, x), rng=rng))
        error = math.sqrt(float(m.variance(x)) / n)
        assert abs(estimates.mean() - x) < 5 * error
        squares = (estimates - x) ** 2
        assert abs(squares.mean() - float(m.variance(x))) < 5 * squares.std() / math.sqrt(n)
    own = rng.uniform(m.low, m.high, n)
    counts = m.aggregate(m.privatize(own, rng=rng))
    assert abs(m.estimate(counts) - own.mean()) < 5 * math.sqrt(m.mse(n))
    spread = math.sqrt((m.mean_variance() + own.var()) / n)
    assert m.standard_error(counts) == pytest.approx(spread, rel=0.05)


@pytest.mark.parametrize("m", EVERY, ids=repr)
def test_an_attacker_gets_what_is_stated(m: Any) -> None:
    """Guesses from the likelihood alone, over 81 numbers; five standard errors, 6e-7 each."""
    rng = np.random.default_rng(20261129)
    numbers = np.linspace(m.low, m.high, 81)
    weights = np.linspace(1, 3, 81)
    weights /= weights.sum()
    prior = (numbers, weights)
    n = 20_000
    own = rng.choice(81, n, p=weights)
    reports = m.privatize(numbers[own], rng=rng)
    joint = np.exp(m.log_likelihood(reports, numbers)) * weights
    joint /= joint.sum(axis=1, keepdims=True)
    squares = (joint @ numbers - numbers[own]) ** 2
    variance = weights @ numbers**2 - (weights @ numbers) ** 2
    wanted = variance * (1 - m.posterior_mean_share(prior))
    assert abs(squares.mean() - wanted) < 5 * squares.std() / math.sqrt(n)
    tau = 0.075 * (m.high - m.low) / 2  # three steps of 0.025 to both sides
    windows = np.lib.stride_tricks.sliding_window_view(joint, 7, axis=1).sum(axis=2)
    first = windows.argmax(axis=1)
    success = m.nearby_success(tau + 1e-9 * (m.high - m.low), prior)
    hits = (own >= first) & (own < first + 7)
    assert abs(hits.mean() - success) < 5 * math.sqrt(success * (1 - success) / n)
    # A window of 2 tau + a step of points is at most seven of them: tau = 3 steps is reached.
    blind = max(weights[i : i + 7].sum() for i in range(75))
    reach = blind * math.exp(m.epsilon) / (blind * math.exp(m.epsilon) + 1 - blind)
    assert blind - 1e-12 <= success <= reach + 1e-12


@pytest.mark.parametrize("m", EVERY[:9], ids=repr)
def test_a_fine_list_of_numbers_is_nearly_uniform(m: Any) -> None:
    numbers = midpoints(-1, 1, 200)
    assert m.posterior_mean_share(numbers) == pytest.approx(m.posterior_mean_share(), rel=1e-3)
    # A window of 0.2 holds 21 of the numbers, which are 0.01 apart.
    assert m.nearby_success(0.1, numbers) == pytest.approx(m.nearby_success(0.105), rel=5e-3)
    assert m.mean_variance(numbers) == pytest.approx(m.mean_variance(), rel=1e-3)


@pytest.mark.parametrize("m", EVERY, ids=repr)
def test_units_of_the_input_change_nothing_else(m: Any) -> None:
    wide = type(m)(**{**vars_of(m), "low": -10.0, "high": 30.0})
    unit = type(m)(**{**vars_of(m), "low": -1.0, "high": 1.0})
    assert wide.worst_variance() == pytest.approx(400 * unit.worst_variance(), rel=1e-9)
    assert wide.mean_variance() == pytest.approx(400 * unit.mean_variance(), rel=1e-9)
    assert wide.nearby_success(4.0) == pytest.approx(unit.nearby_success(0.2), rel=1e-9)
    assert float(wide.variance(20.0)) == pytest.approx(400 * float(unit.variance(0.5)), rel=1e-9)


def vars_of(m: Any) -> dict[str, Any]:
    return {name: getattr(m, name) for name in m.__dataclass_fields__}


def test_priors_are_checked() -> None:
    m = Duchi(1.0)
    with pytest.raises(ValueError, match=r"prior must hold two different numbers"):
        m.posterior_mean_share([0.3, 0.3])
    with pytest.raises(ValueError, match=r"prior must be numbers or \(numbers, weights\), got 3"):
        m.mean_variance(([0.1], [1.0], 2))
    with pytest.raises(ValueError, match=r"values must lie in \[-1, 1\], got 1.5"):
        m.mean_variance([1.5])
    with pytest.raises(ValueError, match="prior must hold at least one number"):
        m.mean_variance([])
    with pytest.raises(ValueError, match=r"tau must be positive and finite, got 0"):
        m.nearby_success(0)
    assert m.nearby_success(5.0) == 1.0
    assert m.mean_variance([0.5]) == pytest.approx(float(m.variance(0.5)))
    assert m.mse(10, [0.5]) == pytest.approx(float(m.variance(0.5)) / 10)
