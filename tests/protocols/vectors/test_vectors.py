"""Mechanisms for vectors: the design's table, best caps, errors, laws, what is given away."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import integrate, special, stats

import ldpaudit
from ldpaudit.protocols.numeric import SampledNumbers
from ldpaudit.protocols.vectors import (
    DuchiVector,
    GaussianVector,
    LaplaceVector,
    PrivUnit,
    PrivUnitG,
)
from ldpaudit.protocols.vectors._sphere import cap_moment, cap_share, log_constant

PURE = [PrivUnit, DuchiVector, PrivUnitG, LaplaceVector]
SIZES = [(2, 0.5), (3, 1.0), (10, 4.0), (100, 1.0), (1000, 8.0), (10_000, 2.0)]


def makers() -> list[Any]:
    return [*PURE, lambda d, e, radius=1.0: GaussianVector(d, e, 1e-4, radius)]


@pytest.mark.parametrize(
    ("d", "epsilon", "error", "threshold", "duchi", "g", "laplace", "coordinate"),
    [
        (10, 1, 59.7326, 0.12832, 1.155, 1.060, 7.37, 7.82),
        (10, 4, 3.6743, 0.46253, 4.104, 1.185, 7.48, 29.0),
        (100, 1, 629.349, 0.03983, 1.161, 1.006, 64.2, 74.4),
        (100, 4, 42.8181, 0.15107, 3.904, 1.017, 59.0, 251),
    ],
)
def test_table_of_the_design(
    d: int,
    epsilon: float,
    error: float,
    threshold: float,
    duchi: float,
    g: float,
    laplace: float,
    coordinate: float,
) -> None:
    best = PrivUnit(d, epsilon)
    assert best.mse(1) == pytest.approx(error, rel=2e-6)
    assert best.threshold == pytest.approx(threshold, abs=6e-6)
    assert best.mean_length == pytest.approx(best.threshold, abs=1e-12)
    assert DuchiVector(d, epsilon).mse(1) / best.mse(1) == pytest.approx(duchi, abs=6e-4)
    assert LaplaceVector(d, epsilon).mse(1) / best.mse(1) == pytest.approx(laplace, rel=1e-3)
    # The design's thresholds of PrivUnitG are not quite the best: ours are never above.
    ratio = PrivUnitG(d, epsilon).mse(1) / best.mse(1)
    assert g * 0.993 <= ratio <= g + 6e-4
    one = SampledNumbers(d, epsilon, base="duchi", sample=1)
    unit = np.eye(1, d)
    assert one.variance(unit)[0] / best.mse(1) == pytest.approx(coordinate, rel=2e-3)


@pytest.mark.parametrize(("d", "epsilon"), SIZES)
def test_the_best_cap_is_the_best(d: int, epsilon: float) -> None:
    m = PrivUnit(d, epsilon)
    e1 = math.expm1(epsilon)

    def mean(angle: float) -> float:
        return float(e1 * cap_moment(d, angle) / (1 + e1 * cap_share(d, angle)))

    assert m.mean_length == pytest.approx(mean(m.angle), rel=1e-9)
    assert m.mean_length == pytest.approx(m.threshold, rel=1e-9)
    around = m.angle * np.linspace(0.5, 1.0, 26), m.angle + np.linspace(0, 0.5, 26)
    assert all(mean(float(a)) <= m.mean_length * (1 + 1e-12) for a in np.concatenate(around))
    # It is on the limit for means: error (1 - R2) / R2.
    share = m.posterior_mean_share()
    assert m.mse(1) == pytest.approx((1 - share) / share, rel=1e-9)


def test_three_dimensions_in_closed_form() -> None:
    for epsilon in (0.3, 1.0, 5.0, 20.0):
        m = PrivUnit(3, epsilon)
        assert m.mean_length == pytest.approx(math.tanh(epsilon / 4), rel=1e-9)
        assert m.mse(1) == pytest.approx(1 / math.sinh(epsilon / 4) ** 2, rel=1e-6)


@pytest.mark.parametrize("d", [2, 3, 7, 60])
def test_caps_equal_an_integral_over_the_angle(d: int) -> None:
    c = math.exp(log_constant(d))
    for angle in (0.1, 0.9, math.pi / 2, 2.5):
        share = c * integrate.quad(lambda a: math.sin(a) ** (d - 2), 0, angle)[0]
        moment = c * integrate.quad(lambda a: math.cos(a) * math.sin(a) ** (d - 2), 0, angle)[0]
        assert float(cap_share(d, angle)) == pytest.approx(share, rel=1e-8, abs=1e-12)
        assert float(cap_moment(d, angle)) == pytest.approx(moment, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("maker", makers())
@pytest.mark.parametrize(("d", "epsilon"), [(2, 1.5), (5, 1.0), (5, 6.0), (300, 3.0)])
def test_estimates_are_unbiased_with_the_stated_error(maker: Any, d: int, epsilon: float) -> None:
    """Five standard errors, 6e-7 each; three inputs, one of them inside, one the centre."""
    m, rng = maker(d, epsilon, radius=2.5), np.random.default_rng(d)
    n = 20_000 if d < 100 else 2_000
    direction = rng.standard_normal(d)
    direction *= 2.5 / np.linalg.norm(direction)
    for x in (direction, 0.3 * direction, np.zeros(d)):
        reports = m.privatize(np.tile(x, (n, 1)), rng=rng)
        along = reports @ (direction / 2.5)
        assert abs(along.mean() - x @ direction / 2.5) < 5 * along.std() / math.sqrt(n)
        squares = ((reports - x) ** 2).sum(axis=1)
        error = 5 * squares.std() / math.sqrt(n) + 1e-9 * squares.mean()
        assert abs(squares.mean() - m.variance(x[None])[0]) < error
        across = rng.standard_normal(d)
        across -= (across @ direction) / 6.25 * direction
        sideways = reports @ across
        assert abs(sideways.mean()) < 5 * sideways.std() / math.sqrt(n)
        np.testing.assert_allclose(
            m.estimate(m.aggregate(reports)),
            reports.mean(axis=0),
            atol=1e-6 * np.abs(reports).max(),
        )
    assert m.mse(100) == pytest.approx(m.variance(direction[None])[0] / 100, rel=1e-9)
    assert m.worst_variance() >= m.mean_variance()


@pytest.mark.parametrize("maker", PURE)
@pytest.mark.parametrize(("d", "epsilon"), [*SIZES, (4, 0.01)])
def test_exact_epsilon_is_the_claim_and_the_largest_ratio(
    maker: Any, d: int, epsilon: float
) -> None:
    m, rng = maker(d, epsilon), np.random.default_rng(1)
    assert m.exact_epsilon() == pytest.approx(epsilon, abs=1e-9)
    n = 400 if d < 1000 else 40
    inputs = m.domain.grid(6)
    reports = m.privatize(inputs[rng.integers(0, len(inputs), n)], rng=rng)
    if maker is LaplaceVector:  # the ratio is reached on the line through both
        reports = np.concatenate([reports, 3 * inputs])
    inside = np.concatenate([inputs, 0.4 * inputs, np.zeros((1, d))])
    table = m.log_likelihood(reports, inside)
    widest = (table.max(axis=1) - table.min(axis=1)).max()
    assert widest <= epsilon + 1e-6 * max(1, np.abs(table).max() / 1e6)
    assert widest == pytest.approx(epsilon, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("maker", makers())
def test_densities_integrate_to_one_in_the_plane(maker: Any) -> None:
    m = maker(2, 2.0)
    # No input along an axis: a threshold there would fall between two lines of the grid.
    inputs = np.array([[0.8, 0.6], [0.28, -0.96], [0.1, 0.2]])
    turns = 2 * math.pi * (np.arange(20_000) + 0.5) / 20_000
    circle = np.column_stack([np.cos(turns), np.sin(turns)])
    if isinstance(m, PrivUnit | DuchiVector):  # a density on the circle of radius 1 / m
        reports = circle / m.mean_length
        total = np.exp(m.log_likelihood(reports, inputs)).mean(axis=0) * 2 * math.pi / m.mean_length
    else:
        far = {GaussianVector: 45.0, LaplaceVector: 30.0, PrivUnitG: 15.0}[type(m)]  # type: ignore[index]
        side = np.linspace(-far, far, 1201)
        plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
        law = np.exp(m.log_likelihood(plane, inputs))
        total = law.sum(axis=0) * (side[1] - side[0]) ** 2
    np.testing.assert_allclose(total, 1, atol=4e-3)


@pytest.mark.parametrize("maker", makers())
@pytest.mark.parametrize(("d", "epsilon"), [(2, 1.0), (6, 3.0), (40, 5.0)])
def test_what_is_told_equals_a_simulation(maker: Any, d: int, epsilon: float) -> None:
    """A report's posterior mean lies along it: R2 and cosine by the mean cosine given length."""
    m, rng = maker(d, epsilon), np.random.default_rng(8)
    n = 40_000
    own = rng.standard_normal((n, d))
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    reports = m.privatize(own, rng=rng)
    lengths = np.linalg.norm(reports, axis=1)
    cosines = np.einsum("ij,ij->i", own, reports) / lengths
    assert abs(cosines.mean() - m.expected_cosine()) < 5 * cosines.std() / math.sqrt(n)
    # E a(r)^2 from bins of the length, each with its own mean cosine, less what noise adds.
    bins = np.array_split(np.argsort(lengths), 20)
    means = np.array([cosines[b].mean() for b in bins])
    errors = np.array([cosines[b].var() / b.size for b in bins])
    squares = (means**2 - errors).mean()
    spread = math.sqrt(float((4 * means**2 * errors + 2 * errors**2).sum())) / 20
    assert abs(squares - m.posterior_mean_share()) < 5 * spread + 5e-3 * squares
    assert m.posterior_mean_share() <= PrivUnit(d, epsilon).posterior_mean_share() or isinstance(
        m, GaussianVector
    )
    with pytest.raises(ValueError, match="prior must be None"):
        m.posterior_mean_share([1.0])
    # Nothing lies below the limit for means.
    share = m.posterior_mean_share()
    assert m.mse(1) >= (1 - share) / share * (1 - 1e-9)


@pytest.mark.parametrize("tau", [0.2, 0.7, 1.3, 2.5])
def test_nearby_success_of_a_cap(tau: float) -> None:
    m, rng = PrivUnit(4, 3.0, radius=2.0), np.random.default_rng(3)
    n = 20_000
    own = rng.standard_normal((n, 4))
    own *= 2 / np.linalg.norm(own, axis=1, keepdims=True)
    guess = m.privatize(own, rng=rng)
    guess *= 2 / np.linalg.norm(guess, axis=1, keepdims=True)
    hits = np.linalg.norm(guess - own, axis=1) <= tau
    success = m.nearby_success(tau)
    error = 5 * math.sqrt(success * (1 - success) / n) + 1e-12
    assert abs(hits.mean() - success) < error  # 6e-7 false alarms


@pytest.mark.parametrize("maker", makers())
@pytest.mark.parametrize(("d", "epsilon"), [(2, 2.0), (9, 4.0)])
def test_delta_equals_a_simulation(maker: Any, d: int, epsilon: float) -> None:
    """E max(0, 1 - exp(claim - loss)) over reports, five standard errors: 6e-7 each."""
    m, rng = maker(d, epsilon), np.random.default_rng(5)
    pair = m.domain.grid(2)
    n = 100_000
    reports = m.privatize(np.tile(pair[0], (n, 1)), rng=rng)
    table = m.log_likelihood(reports, pair)
    for claim in (0.0, 0.3 * epsilon, 0.8 * epsilon):
        gains = np.maximum(0, -np.expm1(np.minimum(claim - (table[:, 0] - table[:, 1]), 0)))
        assert abs(gains.mean() - m.exact_delta(claim)) < 5 * gains.std() / math.sqrt(n) + 1e-9
    if maker in PURE:
        assert m.exact_delta(epsilon + 0.01) == 0


def test_gaussian_noise_is_the_least() -> None:
    for epsilon, delta in ((0.5, 1e-6), (1.0, 1e-5), (8.0, 1e-3)):
        m = GaussianVector(7, epsilon, delta)
        mu = 2 / m.scale
        naive = stats.norm.cdf(mu / 2 - epsilon / mu)
        naive -= math.exp(epsilon) * stats.norm.cdf(-mu / 2 - epsilon / mu)
        assert m.exact_delta(epsilon) == pytest.approx(naive, rel=1e-6)
        assert m.exact_delta(epsilon) == pytest.approx(delta, rel=1e-6)
        assert m.exact_delta(epsilon) <= delta


def test_the_place_in_a_cap_follows_beta() -> None:
    m, rng = PrivUnit(50, 2.0), np.random.default_rng(6)
    reports = m.privatize(np.tile(np.eye(1, 50), (20_000, 1)), rng=rng)
    t = reports[:, 0] * m.mean_length
    inside = t >= m.threshold
    assert abs(inside.mean() - m.cap_probability) < 5 * math.sqrt(0.25 / 20_000)
    half = 24.5
    for part, low, high in ((t[inside], m.threshold, 1.0), (t[~inside], -1.0, m.threshold)):
        ends = special.betainc(half, half, (1 + np.array([low, high])) / 2)
        uniform = (special.betainc(half, half, (1 + part) / 2) - ends[0]) / (ends[1] - ends[0])
        assert stats.kstest(uniform, "uniform").pvalue > 6e-7


@pytest.mark.parametrize("maker", makers())
def test_reports_return_and_inputs_are_checked(maker: Any) -> None:
    m, rng = maker(3, 1.0), np.random.default_rng(0)
    reports = m.privatize(np.eye(3), rng=rng)
    np.testing.assert_array_equal(m.unpack(m.pack(reports)), reports)
    assert m.bits == 192
    with pytest.raises(ValueError, match="message 0 must have 24 bytes, got 2"):
        m.unpack([b"ab"])
    with pytest.raises(TypeError, match="message 0 must be bytes"):
        m.unpack([1])
    with pytest.raises(ValueError, match="message 0 must hold finite numbers"):
        m.unpack([np.full(3, np.nan).astype(">f8").tobytes()])
    with pytest.raises(ValueError, match="values must lie in the unit ball"):
        m.privatize([[1.0, 1.0, 0.0]], rng=rng)
    with pytest.raises(ValueError, match=r"reports must be float64 of shape \(n, 3\)"):
        m.aggregate(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="got a coordinate of"):
        m.aggregate(np.full((1, 3), 1e9))
    with pytest.raises(ValueError, match="got a coordinate of"):
        m.aggregate(np.full((1, 3), np.nan))
    one, two = m.aggregate(reports[:1]), m.aggregate(reports[1:])
    np.testing.assert_array_equal((one + two).sums, m.aggregate(reports).sums)
    with pytest.raises(ValueError, match="counts of different mechanisms"):
        _ = one + maker(4, 1.0).aggregate(np.zeros((1, 4)))
    with pytest.raises(ValueError, match="dimension must be at least 2, got 1"):
        maker(1, 1.0)
    with pytest.raises(ValueError, match="epsilon must be positive"):
        maker(3, 0.0)


@pytest.mark.parametrize("epsilon", [1e-3, 1.0, 12.0, 50.0])
@pytest.mark.parametrize("d", [2, 9, 1000, 10_000])
def test_nothing_overflows(d: int, epsilon: float) -> None:
    for maker in PURE:
        m = maker(d, epsilon)  # type: ignore[abstract]
        reports = m.privatize(np.eye(2, d), rng=np.random.default_rng(0))
        assert np.isfinite(reports).all()
        assert np.isfinite(m.log_likelihood(reports, np.eye(2, d))).all()
        assert math.isfinite(m.mse(1))
        assert m.mse(1) >= 0


@pytest.mark.parametrize("d", [2, 3])
def test_reports_have_one_length_also_where_noise_is_along_the_vector(d: int) -> None:
    """A length that is off where the noise happens to lie along the vector would name it."""
    m, inputs = PrivUnit(d, 1.0), np.zeros((500_000, d))
    inputs[:, 0] = 1.0
    reports = m.privatize(inputs, rng=np.random.default_rng(11))
    lengths = np.linalg.norm(reports, axis=1) * m.mean_length
    assert np.abs(lengths - 1).max() < 2.0**-25 + 1e-10  # coordinates are rounded to units


@pytest.mark.parametrize("maker", makers())
def test_last_digits_do_not_tell_what_noise_was_added_to(maker: Any) -> None:
    """Coordinates are whole units, whatever the inputs; doubles of noise alone are finer."""
    m, rng = maker(3, 1.0, radius=0.7), np.random.default_rng(12)
    inputs = 0.7 * np.array([[1.0, 0, 0], [-1.0, 0, 0], [0, 0.6, 0.8]]).repeat(2000, axis=0)
    reports = m.privatize(inputs, rng=rng)
    units = np.rint(reports / m._unit)
    np.testing.assert_array_equal(units * m._unit, reports)
    # Odd and even units alike, five standard errors, 6e-7 each, also far from the input.
    for own in range(3):
        rows = units[2000 * own : 2000 * own + 2000].ravel()
        for far in (rows, rows[np.abs(rows) > np.median(np.abs(rows))]):
            odd = (far % 2 == 1).mean()
            assert abs(odd - 0.5) < 2.5 / math.sqrt(far.size)


@pytest.mark.slow
@pytest.mark.parametrize("maker", [PrivUnit, LaplaceVector])
def test_an_audit_of_reports_alone_finds_no_trace_in_digits(maker: Any) -> None:
    """Before reports were rounded it found violations of 3 and 8 at a claim of 1."""
    m = maker(3, 1.0)

    class Box:
        domain, epsilon = m.domain, m.epsilon

        def privatize(self, values: Any, *, rng: np.random.Generator) -> Any:
            return m.privatize(values, rng=rng)

    found = ldpaudit.audit(Box(), [], trials=30_000, alpha=1e-6)
    assert found.verdict == "consistent"  # a false alarm has probability 1e-6
    assert found.epsilon_lower <= 1
