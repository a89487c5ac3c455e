"""The limit is derived on paper; here it meets independent formulas and a search for a breach."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.optimize import linprog

from ldpaudit.analysis.limits import Frontier, frontier, mse_without_epsilon, non_dominated

Floats = npt.NDArray[np.float64]
GRID = list(itertools.product((10, 100, 1024), (0.5, 1.0, 2.0, 4.0)))


def subset_selection(k: int, epsilon: float, w: int) -> tuple[float, float]:
    """Attack success and n times the exact variance at uniform truth, from p and q of the paper."""
    e = math.exp(epsilon)
    total = w * e + k - w
    p = w * e / total
    q = (w * (w - 1) * e + (k - w) * w) / ((k - 1) * total)
    mean = p / k + q * (k - 1) / k
    return e / total, mean * (1 - mean) / (p - q) ** 2


@pytest.mark.parametrize(("k", "epsilon"), GRID)
def test_every_vertex_is_subset_selection_down_to_the_best(k: int, epsilon: float) -> None:
    every = [subset_selection(k, epsilon, w) for w in range(k - 1, 0, -1)]
    best = int(np.argmin([error for _, error in every]))
    points = frontier(k, epsilon).points
    assert len(points) == best + 1
    np.testing.assert_allclose(points, every[: best + 1], rtol=1e-9)
    assert frontier(k, epsilon).mse_at(1.0) == pytest.approx(every[best][1], rel=1e-9)


@pytest.mark.parametrize(
    ("epsilon", "least"), [(0.5, 15.3594), (1.0, 3.6094), (2.0, 0.7097), (4.0, 0.0747)]
)
def test_least_error_for_100_values(epsilon: float, least: float) -> None:
    assert frontier(100, epsilon).points[-1, 1] == pytest.approx(least, abs=5e-5)


def test_randomized_response_on_ten_values_is_on_both_curves() -> None:
    k, e = 10, math.exp(4.0)
    p, q = e / (e + k - 1), 1 / (e + k - 1)
    users = (p * (1 - p) / k + q * (1 - q) * (k - 1) / k) / (p - q) ** 2
    limit = frontier(k, 4.0)
    assert limit.mse_at(p) == pytest.approx(0.1267, abs=5e-5)
    assert limit.mse_at(p, target="users") == pytest.approx(users, rel=1e-12)
    assert users == pytest.approx(0.0367, abs=5e-5)


@pytest.mark.parametrize(("k", "epsilon"), GRID)
def test_users_is_population_less_the_sampling_variance(k: int, epsilon: float) -> None:
    success = np.linspace(1 / k, 1, 50)[1:]
    for error in (frontier(k, epsilon).mse_at, lambda v, t: mse_without_epsilon(k, v, t)):
        difference = error(success, "population") - error(success, "users")
        np.testing.assert_allclose(difference, (1 - 1 / k) / k, rtol=1e-6)


def test_users_keeps_its_digits_where_subtraction_would_lose_them() -> None:
    k, epsilon = 1000, 45.0
    q = math.exp(-epsilon)  # randomized response: k n MSE = p(1-p) + (k-1) q(1-q) -> 2 (k-1) q
    limit = frontier(k, epsilon).mse_at(1.0, target="users")
    assert limit == pytest.approx(2 * (k - 1) * q / k, rel=1e-9)


def fisher_error(channel: Floats) -> float:
    """n times the Cramer-Rao error per item at uniform truth, straight from the definition."""
    k = channel.shape[1]
    centre = np.eye(k) - 1 / k
    columns = channel @ centre
    information = columns.T @ (columns / channel.mean(axis=1)[:, None])
    values = np.linalg.eigvalsh(information)[1:]
    return float(np.sum(1 / values) / k) if values[0] > 1e-12 else math.inf


def best_channels(k: int, epsilon: float, rng: np.random.Generator) -> list[Floats]:
    """Channels of random epsilon-LDP columns, weighted by linear programming.

    Success and the trace of the information are linear in the columns' weights,
    so each programme finds the best trade-off that its columns allow.
    """
    e = math.exp(epsilon)
    random = e ** rng.random((30, k))
    extreme = np.where(rng.random((20, k)) < 0.5, e, 1.0)
    nearly = np.where(rng.random((20, k)) < 0.4, e, 1.0)
    nearly[np.arange(20), rng.integers(k, size=20)] = e ** rng.random(20)
    # The orbit of one column under cyclic shifts is always a channel.
    orbit = np.array([np.roll(random[0], shift) for shift in range(k)])
    columns = np.concatenate((random, extreme, nearly, orbit))
    columns /= columns.mean(axis=1, keepdims=True)
    success, variance = columns.max(axis=1) / k, columns.var(axis=1)
    out = []
    for price in rng.uniform(0, 0.9 * k * (1 - 1 / e), size=4):  # the range of the curve's slope
        found = linprog(price * success - variance, A_eq=columns.T, b_eq=np.ones(k))
        assert found.x is not None, found.message
        kept = found.x > 1e-9
        out.append(columns[kept] * found.x[kept, None])
    return out


@pytest.mark.parametrize(("k", "epsilon"), list(itertools.product((3, 4), (0.5, 1.0, 2.0))))
def test_no_channel_is_below_the_curve(k: int, epsilon: float) -> None:
    """A search for a breach that could succeed.

    The error comes from the eigenvalues of the full Fisher information of
    asymmetric channels and the success from their largest entries; neither uses
    a step of the derivation. That the search has teeth is shown twice: it
    reaches the curve, and channels of a 5% larger epsilon do get below it.
    """
    rng = np.random.default_rng(20240)
    limit = frontier(k, epsilon)

    def ratios(searched: float) -> Floats:
        found = []
        for channel in itertools.chain(*(best_channels(k, searched, rng) for _ in range(60))):
            np.testing.assert_allclose(channel.sum(axis=0), 1.0, atol=1e-6)
            assert (channel.max(axis=1) <= math.exp(searched) * channel.min(axis=1) + 1e-9).all()
            success = channel.max(axis=1).sum() / k
            found.append(fisher_error(channel) / limit.mse_at(min(success, 1.0)))
        return np.array(found)

    honest = ratios(epsilon)
    honest = honest[np.isfinite(honest)]  # else some direction is unseen, its error infinite
    assert len(honest) > 30
    assert honest.min() > 1 - 1e-6
    assert honest.min() < 1 + 1e-3
    assert np.nanmin(ratios(1.05 * epsilon)) < 0.99


@pytest.mark.parametrize("k", [2, 3, 10, 10**6])
@pytest.mark.parametrize("epsilon", [1e-300, 1e-12, 1.0, 30.0, 700.0, 5000.0])
def test_extreme_sizes_stay_finite_and_monotone(k: int, epsilon: float) -> None:
    limit = frontier(k, epsilon)
    success = np.linspace(1e-9, 1, 501)
    errors = limit.mse_at(success)
    assert not np.isnan(errors).any()
    assert np.isinf(errors[success <= 1 / k]).all()
    after = errors[success > 1 / k]
    assert (after[1:] <= after[:-1]).all()
    assert (limit.mse_at(success, target="users") >= 0).all()
    assert not np.isnan(limit.points).any()
    assert (np.diff(limit.points[:, 0]) >= 0).all()
    free = mse_without_epsilon(k, success)
    assert (errors >= free * (1 - 1e-9))[success > (1 + 1e-6) / k].all()


def test_the_epsilon_free_curve_is_the_limit_of_large_epsilon() -> None:
    k = 50
    vertices = 1 / np.arange(k - 1, 0, -1)  # where one in w values is certain
    np.testing.assert_allclose(
        frontier(k, 700.0).mse_at(vertices), mse_without_epsilon(k, vertices), rtol=1e-9
    )
    assert mse_without_epsilon(k, 1.0, target="users") == 0
    assert mse_without_epsilon(k, 1 / k) == math.inf


def test_scalars_give_floats_and_arrays_keep_their_shape() -> None:
    limit = frontier(10, 1.0)
    assert type(limit.mse_at(0.15)) is float
    assert type(limit.mse_at(1)) is float
    assert type(mse_without_epsilon(10, 0.15)) is float
    assert limit.mse_at(np.full((2, 3), 0.15)).shape == (2, 3)
    assert limit.mse_at([]).shape == (0,)
    assert limit.mse_at(0.1) == math.inf
    # Between two vertices the information is linear in the success.
    (v0, m0), (v1, m1) = limit.points[:2]
    assert limit.mse_at((v0 + v1) / 2) == pytest.approx(2 / (1 / m0 + 1 / m1))


def test_a_frontier_is_a_value() -> None:
    assert frontier(10, 1) == Frontier(k=10, epsilon=1.0)
    assert len({frontier(10, 1.0), frontier(10, 1.0), frontier(10, 2.0)}) == 2
    assert repr(frontier(10, 1)) == "Frontier(k=10, epsilon=1.0)"
    with pytest.raises(ValueError, match="read-only"):
        frontier(10, 1.0).points[0, 0] = 0.0


@pytest.mark.parametrize(
    ("k", "epsilon", "error", "message"),
    [
        (1, 1.0, ValueError, "k must be at least 2, got 1"),
        (10**7 + 1, 1.0, ValueError, "k must be at most 10000000"),
        (2.5, 1.0, TypeError, "k must be a whole number, got 2.5"),
        (True, 1.0, TypeError, "k must be a whole number"),
        (10, 0.0, ValueError, "epsilon must be positive and finite, got 0.0"),
        (10, -1.0, ValueError, "epsilon must be positive"),
        (10, math.inf, ValueError, "epsilon must be positive"),
        (10, math.nan, ValueError, "epsilon must be positive"),
        (10, "1", TypeError, "epsilon must be a number"),
    ],
)
def test_bad_parameters(k: int, epsilon: float, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        frontier(k, epsilon)


@pytest.mark.parametrize("success", [0.0, -0.1, 1.0001, math.nan, [0.5, math.inf]])
def test_success_out_of_range(success: float) -> None:
    for curve in (frontier(10, 1.0).mse_at, lambda v: mse_without_epsilon(10, v)):
        with pytest.raises(ValueError, match=r"success must lie in \(0, 1\], got"):
            curve(success)


def test_other_bad_input() -> None:
    limit = frontier(10, 1.0)
    with pytest.raises(TypeError, match="success must be numbers, got str"):
        limit.mse_at("half")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="success must be numbers, got list"):
        limit.mse_at([[0.5], [0.5, 0.5]])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="unknown target 'user'; did you mean users"):
        limit.mse_at(0.5, target="user")
    with pytest.raises(ValueError, match="k must be at least 2"):
        mse_without_epsilon(1, 0.5)
    with pytest.raises(ValueError, match="both have shape"):
        non_dominated([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="both have shape"):
        non_dominated([[1.0]], [[1.0]])
    with pytest.raises(ValueError, match="not be nan"):
        non_dominated([1.0, math.nan], [1.0, 2.0])


def beaten(points: Floats) -> npt.NDArray[np.bool_]:
    """The definition: no worse in both, better in one."""
    out = [((points <= one).all(axis=1) & (points < one).any(axis=1)).any() for one in points]
    return np.array(out, dtype=np.bool_)


# Few distinct numbers, so that ties are common.
@given(
    arrays.arrays(
        np.float64,
        st.tuples(st.integers(0, 12), st.just(2)),
        elements=st.sampled_from([0.0, 0.5, 1.0, 2.0, math.inf]),
    ),
    st.randoms(use_true_random=False),
)
def test_non_dominated_is_its_definition_in_any_order(points: Floats, random: object) -> None:
    mask = non_dominated(points[:, 0], points[:, 1])
    np.testing.assert_array_equal(mask, ~beaten(points))
    order = np.arange(len(points))
    random.shuffle(order)  # type: ignore[attr-defined]
    np.testing.assert_array_equal(non_dominated(*points[order].T), mask[order])


def test_subset_selections_are_not_dominated_and_the_worse_ones_are() -> None:
    every = np.array([subset_selection(50, 1.0, w) for w in range(1, 50)])
    kept = every[non_dominated(*every.T)]
    np.testing.assert_allclose(kept[::-1], frontier(50, 1.0).points)
