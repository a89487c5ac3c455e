"""The limit for means: the theorem on random channels, the programs, their certificates."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import linprog

import ldpaudit
from ldpaudit.analysis._mean_programs import Dual, broken, cells, least_variance, mirrored
from ldpaudit.analysis.mean_limit import TABLE, frontier_mean, solved
from ldpaudit.protocols import Dithered, Duchi, Hybrid, Piecewise, PrivUnit, Rounded


def test_no_unbiased_estimate_of_a_random_channel_is_below() -> None:
    """Least average error over unbiased estimates of a channel, by least squares."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        inputs, outputs = int(rng.integers(2, 6)), int(rng.integers(6, 12))
        x = rng.normal(size=inputs)
        prior = rng.dirichlet(np.ones(inputs))
        x -= prior @ x
        channel = rng.dirichlet(np.full(outputs, 0.7), inputs)
        mass = prior @ channel
        variance = prior @ x**2
        share = float((((prior * x) @ channel) ** 2 / mass).sum() / variance)
        # a minimises sum mass a^2 subject to channel a = x.
        inverse = np.linalg.pinv(channel / mass @ channel.T)
        a = channel.T @ (inverse @ x) / mass
        assert channel @ a == pytest.approx(x, abs=1e-6)
        error = float(mass @ a**2 - variance)
        limit = frontier_mean(1.0).error_at(share, variance=variance)  # type: ignore[call-overload]
        assert error >= limit * (1 - 1e-9)


def test_mechanisms_on_the_limit_and_above() -> None:
    for epsilon in (0.5, 1.3, 4.0):
        limit = frontier_mean(epsilon)
        for m in (Duchi(epsilon), Rounded(epsilon, levels=3)):
            error = limit.error_at(m.posterior_mean_share())
            assert m.mean_variance() == pytest.approx(error, rel=1e-9)
        for other in (Piecewise(epsilon), Hybrid(epsilon), Dithered(epsilon)):
            assert other.mean_variance() > limit.error_at(other.posterior_mean_share()) * 0.9999999
        unit = PrivUnit(20, epsilon)
        error = limit.error_at(unit.posterior_mean_share(), variance=1.0)
        assert unit.mse(1) == pytest.approx(error, rel=1e-9)


def test_error_at_checks_and_targets() -> None:
    limit = frontier_mean(2.0)
    assert limit.error_at(0.0) == math.inf
    assert limit.error_at(1.0) == 0
    assert limit.error_at(0.25, target="population") == pytest.approx(4 / 3)
    np.testing.assert_allclose(limit.error_at([0.5, 1.0], variance=2.0), [2.0, 0.0])
    with pytest.raises(ValueError, match=r"share must lie in \[0, 1\], got 1.5"):
        limit.error_at(1.5)
    with pytest.raises(ValueError, match=r"share must lie in \[0, 1\], got nan"):
        limit.error_at(math.nan)
    with pytest.raises(ValueError, match="unknown target 'x'"):
        limit.error_at(0.5, target="x")
    with pytest.raises(ValueError, match="variance must be positive"):
        limit.error_at(0.5, variance=0.0)
    with pytest.raises(ValueError, match="epsilon must be positive"):
        frontier_mean(0)
    with pytest.raises(ValueError, match=r"epsilon must lie in \[0.1, 8.0\] for least variances"):
        _ = frontier_mean(9.0).worst_variance
    assert ldpaudit.frontier_mean(1.0) == frontier_mean(1.0)


#: Epsilon, least worst-case variance, least average: the design's, from 31 x 241 programs.
DESIGN = [
    (0.25, 64.00, 64.00),
    (0.5, 16.003, 16.003),
    (1.0, 3.991, 3.886),
    (2.0, 0.865, 0.776),
    (3.0, 0.304, 0.260),
    (4.0, 0.127, 0.105),
    (6.0, 0.027, None),
]


@pytest.mark.parametrize(("epsilon", "worst", "average"), DESIGN)
def test_shipped_values_are_those_of_the_design(
    epsilon: float, worst: float, average: float | None
) -> None:
    limit = frontier_mean(epsilon)
    assert limit.worst_variance == pytest.approx(worst, rel=0.01)
    if average is not None:
        assert limit.mean_variance == pytest.approx(average, rel=0.01)
    assert limit.worst_variance >= limit.two_point_variance
    assert limit.mean_variance <= limit.worst_variance


def test_shipped_values_fall_and_no_mechanism_is_below() -> None:
    values = np.array([TABLE[epsilon] for epsilon in sorted(TABLE)])
    assert (np.diff(values, axis=0) < 0).all()
    for epsilon, (worst, average) in TABLE.items():
        for m in (Duchi(epsilon), Piecewise(epsilon), Hybrid(epsilon), Dithered(epsilon)):
            assert m.worst_variance() > worst
        assert Dithered(epsilon, aim="average").mean_variance() > average
    for epsilon in (0.5, 1.0):  # within 1% of the limit
        assert Dithered(epsilon).worst_variance() < 1.01 * TABLE[epsilon][0]


@pytest.mark.slow
@pytest.mark.parametrize("epsilon", [1.0, 3.0])
def test_shipped_values_are_solved_anew(epsilon: float) -> None:
    worst, average = solved(epsilon)
    assert TABLE[epsilon][0] <= worst * (1 + 1e-9)
    assert TABLE[epsilon] == pytest.approx((worst, average), rel=1e-3)


def test_programs_equal_a_naive_one_on_few_inputs() -> None:
    """All columns of two levels for five inputs, estimates on a fine grid."""
    epsilon, x = 1.5, mirrored(5)
    e = math.exp(epsilon)
    patterns = np.array([[e if number >> i & 1 else 1.0 for i in range(5)] for number in range(32)])
    estimates = np.repeat(np.linspace(-3, 3, 241), 32)
    columns = np.tile(patterns, (241, 1))
    gap = estimates[:, None] - x
    equal = np.vstack([columns.T, (columns * gap).T])
    target = np.repeat([1.0, 0.0], 5)
    squares = (columns * gap**2).T
    found = linprog(
        np.append(np.zeros(len(columns)), 1.0),
        A_ub=np.column_stack([squares, -np.ones(5)]),
        b_ub=np.zeros(5),
        A_eq=np.column_stack([equal, np.zeros(10)]),
        b_eq=target,
    )
    bound = least_variance(x, epsilon)
    assert bound.lower <= found.fun * (1 + 1e-9)  # type: ignore[operator]
    assert bound.upper == pytest.approx(found.fun, rel=2e-3)
    weights = np.full(5, 0.2)
    found = linprog(weights @ squares, A_eq=equal, b_eq=target)
    bound = least_variance(x, epsilon, weights)
    assert bound.lower <= found.fun * (1 + 1e-9)  # type: ignore[operator]
    assert bound.upper == pytest.approx(found.fun, rel=2e-3)


def test_two_inputs_are_binary_response() -> None:
    bound = least_variance(np.array([-1.0, 1.0]), 1.0)
    exact = 4 * math.e / (math.e - 1) ** 2
    assert bound.lower <= exact * (1 + 1e-9)
    assert bound.lower == pytest.approx(exact, rel=1e-3)
    assert frontier_mean(1.0).two_point_variance == pytest.approx(exact)


def test_the_worst_column_is_found_exactly() -> None:
    """Against a fine grid of estimates with the best of all weights."""
    rng = np.random.default_rng(4)
    for _ in range(30):
        x = mirrored(6)
        dual = Dual(rng.normal(size=6), rng.normal(size=6), rng.uniform(0.01, 1, 6))
        worst, estimates, columns = broken(x, 3.0, dual)
        a = np.linspace(-60, 60, 60_001)[:, None]
        pays = dual.spread * (a - x) ** 2 - dual.mean * (a - x) - dual.scale
        naive = np.where(pays < 0, 3 * pays, pays).sum(axis=1)
        assert worst <= naive.min() + 1e-9
        assert worst == pytest.approx(naive.min(), rel=1e-4, abs=1e-4)
        for estimate, column in zip(estimates, columns, strict=True):
            gap = estimate - x
            paid = column @ (dual.spread * gap**2 - dual.mean * gap - dual.scale)
            assert paid < 0


def test_cells_part_the_interval_and_mirror() -> None:
    centres, widths = cells(11)
    assert widths.sum() == pytest.approx(2)
    np.testing.assert_array_equal(centres, -centres[::-1])
    assert (np.diff(centres) > 0).all()
    np.testing.assert_allclose(np.cumsum(widths) - widths / 2 - 1, centres, atol=1e-12)
