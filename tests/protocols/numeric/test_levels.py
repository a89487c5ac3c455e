"""Levels, dithers and where one mechanism passes another."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq, minimize

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
from ldpaudit.protocols.numeric.dithered import _worst
from ldpaudit.protocols.numeric.hybrid import THRESHOLD
from ldpaudit.protocols.numeric.rounded import best_levels

from .references import explained, near


def test_duchi_is_rounding_to_two_levels() -> None:
    one, two = Duchi(1.3), Rounded(1.3, levels=2)
    x = np.linspace(-1, 1, 41)
    np.testing.assert_array_equal(one.variance(x), two.variance(x))
    np.testing.assert_array_equal(one.log_likelihood([0, 1], x), two.log_likelihood([0, 1], x))
    c = 1 / math.tanh(0.65)
    np.testing.assert_allclose(one.report_estimates([0, 1]), [-c, c])
    np.testing.assert_allclose(np.exp(one.log_likelihood([1], x))[0], 0.5 + x / (2 * c))


def passes(one: Callable[[float], Any], other: Callable[[float], Any], near: float) -> float:
    def gap(epsilon: float) -> float:
        return float(one(epsilon).worst_variance() - other(epsilon).worst_variance())

    return float(brentq(gap, 0.97 * near, 1.03 * near, xtol=1e-5))


@pytest.mark.parametrize(
    ("other", "epsilon"), [(Piecewise, 1.2898), (Staircase, 1.968), (Laplace, 2.324)]
)
def test_where_duchi_is_passed(other: Callable[[float], Any], epsilon: float) -> None:
    assert passes(Duchi, other, epsilon) == pytest.approx(epsilon, abs=6e-4)


def test_where_hybrid_is_duchi_alone() -> None:
    assert abs(THRESHOLD - 0.6094) < 6e-5
    share = Hybrid(THRESHOLD + 1e-9)
    assert share.worst_variance() == pytest.approx(Duchi(THRESHOLD).worst_variance(), rel=1e-6)


@pytest.mark.parametrize(("aim", "epsilon"), [("average", 1.901), ("worst", 1.980)])
def test_where_two_dithered_levels_are_passed_by_the_hybrid(aim: str, epsilon: float) -> None:
    where = passes(lambda e: Dithered(e, levels=2, aim=aim), Hybrid, epsilon)
    assert where == pytest.approx(epsilon, abs=6e-4)


@pytest.mark.parametrize("epsilon", [0.2, 1.0, 1.6, 1.7, 2.5, 4.0, 6.0])
@pytest.mark.parametrize("aim", ["worst", "average"])
def test_best_levels_are_the_best(epsilon: float, aim: str) -> None:
    figures = {k: Dithered(epsilon, levels=k, aim=aim) for k in (*range(2, 13), 20)}
    by = {
        k: m.worst_variance() if aim == "worst" else m.mean_variance() for k, m in figures.items()
    }
    assert Dithered(epsilon, aim=aim).levels == min(by, key=lambda k: by[k])
    by = {k: Rounded(epsilon, levels=k).worst_variance() for k in (*range(2, 13), 20)}
    assert Rounded(epsilon).levels == min(by, key=lambda k: by[k])


def test_dithered_is_below_the_hybrid_everywhere() -> None:
    """By 3% at least, on a fine grid by the formula; and 1.7067 is where three levels begin."""
    grid = np.concatenate([np.arange(0.5, 6.0005, 1e-3), np.arange(1.7, 1.71, 1e-5)])
    worst = np.array([_worst(e, best_levels(e, _worst)) for e in grid.tolist()])
    hybrid = np.array([Hybrid(e).worst_variance() for e in grid.tolist()])
    assert (worst / hybrid).max() <= 0.9694
    for epsilon in (*np.arange(0.5, 6.01, 0.25), 1.7066, 1.7068):
        m = Dithered(epsilon)
        assert m.levels == 2 if epsilon < 1.7067 else (m.levels or 0) > 2
        assert m.worst_variance() == pytest.approx(_worst(epsilon, m.levels or 0), rel=1e-5)
        assert m.worst_variance() <= 0.97 * Hybrid(epsilon).worst_variance()
    for epsilon in (8.0, 10.0, 12.0):
        ratio = Dithered(epsilon).worst_variance() / Hybrid(epsilon).worst_variance()
        assert ratio <= 0.35


@pytest.mark.parametrize("epsilon", [0.3, 1.0, 1.7, 3.0])
def test_no_public_threshold_has_a_smaller_worst_case(epsilon: float) -> None:
    """The bound of a prior, by quadrature, equals the figure; other priors give less."""
    z = math.tanh(epsilon / 2)
    square = 1 / math.sinh(z) ** 2

    def bound(law: Callable[[float], float]) -> float:
        half = quad(lambda v: math.sqrt(z**-2 - law(v) ** 2), 0, 1)[0]
        return float(half**2 - 1 + quad(lambda v: 2 * v * law(v), 0, 1)[0])

    m = Dithered(epsilon, levels=2)
    least = bound(lambda v: v / z / math.sqrt(v * v + square))
    # Rounding to cells adds a quarter of the widest one squared, about 2e-6, and ends of cells
    # that are whole numbers make their widths uneven by 1 in 3000.
    assert m.worst_variance() == pytest.approx(least, abs=2.5e-6, rel=1e-6)
    assert m.worst_variance() >= least
    for law in (
        lambda v: v,
        lambda v: v**3,
        lambda v: v / math.sqrt(v * v + square),
        lambda _: 0.0,
    ):
        assert bound(law) < least
    plain = Dithered(epsilon, levels=2, aim="average")
    assert plain.worst_variance() == pytest.approx(z**-2 - 2 / 3, rel=1e-6)
    assert plain.worst_variance() > m.worst_variance()


@pytest.mark.parametrize("epsilon", [0.4, 1.7, 5.0])
def test_the_tilt_by_listing_all_its_reports(epsilon: float) -> None:
    """Mean, variance, and what is given away, from likelihoods and estimates of all reports."""
    m = Dithered(epsilon, low=2.0, high=5.0, levels=2)
    every = np.arange(m._outputs)
    x = np.concatenate([[2.0, 5.0, 3.5], np.random.default_rng(3).uniform(2, 5, 40)])
    law, estimates = np.exp(m.log_likelihood(every, x)), m.report_estimates(every)
    np.testing.assert_allclose(law.sum(axis=0), 1, atol=1e-12)
    np.testing.assert_allclose(estimates @ law, x, atol=1e-11)
    squares = (law * (estimates[:, None] - x) ** 2).sum(axis=0)
    np.testing.assert_allclose(squares, m.variance(x), rtol=1e-9)
    numbers = 2 + 3 * (np.arange(1500) + 0.5) / 1500
    table = np.exp(m.log_likelihood(every, numbers))
    assert m.posterior_mean_share() == pytest.approx(explained(table, numbers - 3.5), rel=1e-5)
    assert m.nearby_success(0.15) == pytest.approx(near(table, numbers, 0.1), rel=1e-4)
    assert m.mean_variance() == pytest.approx(m.variance(numbers).mean(), rel=1e-6)
    middle = np.abs(estimates - 3.5).max() / 1.5
    assert m.mean_influence() == pytest.approx(middle, rel=1e-12)
    # The two estimates of a threshold v are v - sqrt(v^2 + a) and v + sqrt(v^2 + a).
    unit = (estimates - 3.5) / 1.5
    products = -unit[: every.size // 2] * unit[every.size // 2 :]
    assert products == pytest.approx(1 / math.sinh(math.tanh(epsilon / 2)) ** 2, rel=3e-2)


@pytest.mark.parametrize("epsilon", [1.72, 2.2, 3.4, 5.2])
def test_the_soft_threshold_is_the_best_correction(epsilon: float) -> None:
    """No odd correction has a smaller worst variance: convex search over 24 parts of a step."""
    m = Dithered(epsilon)
    k, half = m.levels or 0, 12
    e, step = math.exp(epsilon), 2 / (k - 1)
    gain = (e + k - 1) / (e - 1)
    blind = gain * (gain - 1) * (k + 1) / (3 * (k - 1))
    ends = np.arange(1, 2 * half + 1) / (2 * half)
    integral = np.zeros((2 * half, half))  # of h up to each end, from h on its upper half
    for part in range(2 * half):
        index, sign = (half - 1 - part, -1) if part < half else (part - half, 1)
        integral[part:, index] += sign / (2 * half)
    rows, fixed = [np.zeros((1, half))], [np.array([gain - 1])]
    for segment in range(k // 2):
        s = 1 - segment * step
        chord = (gain - 1) * (s * s - ends * (2 * s * step - step**2))
        rows.append(2 * step * integral)
        fixed.append(chord + step**2 * ends * (1 - ends))
    table, base = np.vstack(rows), np.concatenate(fixed)
    found = minimize(  # type: ignore[call-overload]
        lambda z: z[:-1] @ z[:-1] / half + z[-1],
        np.append(np.zeros(half), base.max()),
        jac=lambda z: np.append(2 * z[:-1] / half, 1.0),
        constraints={
            "type": "ineq",
            "fun": lambda z: z[-1] - base - table @ z[:-1],
            "jac": lambda _: np.column_stack([-table, np.ones(len(base))]),
        },
        method="SLSQP",
        options={"maxiter": 500, "ftol": 1e-12},
    )
    assert found.success
    # The search holds the variance at the ends of parts only: it may be a little below.
    assert found.fun + blind <= m.worst_variance() * (1 + 1e-4)
    assert found.fun + blind == pytest.approx(m.worst_variance(), rel=5e-3)


@pytest.mark.parametrize("k", [3, 6])
def test_the_average_aim_has_the_least_average(k: int) -> None:
    """Any other odd correction does worse over the interval: checked with many."""
    from ldpaudit.protocols.numeric._window import ramp

    assert ramp(np.array([0.5])) == 0.125
    for epsilon in (0.6, 2.0, 4.5):
        plain = Dithered(epsilon, levels=k, aim="average")
        other = Dithered(epsilon, levels=k)
        assert plain.mean_variance() <= other.mean_variance() + 1e-9
        assert other.worst_variance() <= plain.worst_variance() + 1e-9
        assert plain.posterior_mean_share() == other.posterior_mean_share()
        assert plain.nearby_success(0.1) == other.nearby_success(0.1)


def test_parameters_are_checked() -> None:
    with pytest.raises(ValueError, match="unknown aim 'best'"):
        Dithered(1.0, aim="best")
    with pytest.raises(ValueError, match="levels must be at least 2, got 1"):
        Rounded(1.0, levels=1)
    with pytest.raises(ValueError, match="levels must be at most 65536"):
        Dithered(1.0, levels=10**6)
    with pytest.raises(ValueError, match="cells must be at least 2, got 1"):
        SquareWave(1.0, cells=1)
    assert Dithered(1.0, levels=50_000).bits <= 21
