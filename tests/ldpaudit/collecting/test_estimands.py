"""What servers estimate: truths and errors against loops over users."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.adapters.finite_inputs import on_inputs
from ldpaudit.collecting.estimands import Distribution, Frequencies, Marginals, Mean, VectorMean
from ldpaudit.collecting.servers import Server, estimand_of
from ldpaudit.data import load
from tests.kinds import OneBit, Silent


def test_each_estimand_is_what_a_loop_over_users_says() -> None:
    rng = np.random.default_rng(2)
    histogram, numbers = rng.integers(1, 9, 6), rng.uniform(0, 4, 6)
    vectors = rng.normal(size=(6, 3))
    users = np.repeat(np.arange(6), histogram)
    assert Mean().truth(numbers, histogram) == pytest.approx(numbers[users].mean())
    assert VectorMean().truth(vectors, histogram) == pytest.approx(vectors[users].mean(axis=0))
    shares = Frequencies(6).truth(None, histogram)
    assert shares == pytest.approx([np.mean(users == v) for v in range(6)])
    assert Frequencies(6).truth_of(users) == pytest.approx(shares)
    rows = Marginals((2, 3)).truth(None, histogram)
    for part, again in zip(rows, Marginals((2, 3)).truth_of(users), strict=True):
        assert part == pytest.approx(again)
    assert rows[1] == pytest.approx([np.mean(users % 3 == v) for v in range(3)])
    spread = Distribution(0.0, 4.0, 8)
    bins = spread.truth(numbers, histogram)
    middles = np.floor(numbers[users] / 0.5)
    assert bins == pytest.approx([np.mean(middles == b) for b in range(8)])


def test_squares_of_errors_add_up_to_the_error() -> None:
    rng = np.random.default_rng(4)
    estimands: list[Any] = [Frequencies(5), Marginals((2, 3)), Mean(), VectorMean()]
    shapes: list[Any] = [5, [2, 3], (), 3]
    for estimand, shape in zip(estimands, shapes, strict=True):
        one, two = (
            [rng.random(size) for size in shape] if isinstance(shape, list) else rng.random(shape)
            for _ in range(2)
        )
        errors = estimand.errors(one, two)
        assert errors.ndim == 1
        assert errors @ errors == pytest.approx(estimand.error(one, two))
    server = Server(on_inputs(OneBit(1.0)))
    assert server.error_vector(0.75, np.asarray(0.5), 0.0625).tolist() == [0.25]


def test_the_error_of_a_distribution_is_the_squared_cost_of_moving_it() -> None:
    """Against scipy's Wasserstein distance of the bins' middles."""
    from scipy.stats import wasserstein_distance

    rng, spread = np.random.default_rng(3), Distribution(-2.0, 6.0, 16)
    middles = -2 + 0.5 * (np.arange(16) + 0.5)
    for _ in range(5):
        one, two = rng.dirichlet(np.ones(16), 2)
        distance = wasserstein_distance(middles, middles, one, two)
        assert spread.error(one, two) == pytest.approx(distance**2)


def test_a_mechanism_with_k_estimates_what_it_did() -> None:
    grr = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    spl = ldpaudit.mechanism("spl", sizes=(2, 3), epsilon=1.0)
    assert (estimand_of(grr), estimand_of(spl)) == (Frequencies(4), Marginals((2, 3)))
    assert estimand_of(on_inputs(OneBit(1.0))) == Mean()
    assert estimand_of(on_inputs(Silent(1.0))) is None
    assert ldpaudit.audit(Silent(1.0), trials=100).mse is None


def test_an_estimate_of_another_form_is_named() -> None:
    class Wide(OneBit):
        def estimate(self, counts: Any) -> Any:
            return np.full(2, super().estimate(counts))

    with pytest.raises(ValueError, match=r"estimate must return shape \(\), got \(2,\)\."):
        ldpaudit.audit(Wide(1.0), trials=100)


@pytest.mark.parametrize("epsilon", [0.5, 4.0])
def test_the_error_of_the_mean_of_adult_ages_is_the_exact_one(epsilon: float) -> None:
    """Mean of 300 squared errors within five standard errors of the mechanism's own figure."""
    ages = load("adult-age", low=0, high=100)
    view = on_inputs(OneBit(epsilon, 0.0, 100.0), ages.inputs)
    server, rng = Server(view), np.random.default_rng(7)
    truth = server.truth(ages.histogram)
    assert truth == pytest.approx(load("adult-age").users().mean() + 17, abs=0.2)
    # One bit per user: the number of ones is a sum over the ages of binomial counts.
    assert ages.inputs is not None
    ones = 0.5 + (ages.inputs - 50) / 50 * math.tanh(epsilon / 2) / 2
    squares = np.array(
        [
            server.error(50 + 50 / math.tanh(epsilon / 2) * (2 * total / ages.num_users - 1), truth)
            for total in rng.binomial(ages.histogram, ones, (300, ages.k)).sum(axis=1)
        ]
    )
    exact = server.exact(ages.num_users, truth, ages.histogram)
    assert exact is not None
    assert abs(squares.mean() - exact) < 5 * squares.std(ddof=1) / math.sqrt(300)
    result = ldpaudit.audit(
        view, [], trials=100, histogram=ages.histogram, data=ages.name, repetitions=2
    )
    assert result.mse is None  # an audit of the bound alone
    measured = ldpaudit.audit(
        view, ["blind"], trials=100, histogram=ages.histogram, data=ages.name, repetitions=40
    ).mse
    assert measured is not None
    assert measured.exact == pytest.approx(exact)
    # 40 squared errors of a normal estimate: their mean is exact times chi-square / 40.
    assert abs(measured.value / exact - 1) < 5 * math.sqrt(2 / 40)
