"""Ridge and post-processing of a decoded vector, against naive references."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import ldpaudit
from ldpaudit.protocols import ModularSubsetSelection
from ldpaudit.protocols._kernels._pure import SupportCounts
from ldpaudit.protocols.modular._postprocess import (
    NonNegativeLikelihood,
    SimplexProjection,
    SumConstraint,
    Unconstrained,
)


@pytest.fixture(params=["mss", "smss"])
def mechanism(request: pytest.FixtureRequest) -> ModularSubsetSelection:
    built: ModularSubsetSelection = ldpaudit.mechanism(request.param, k=40, epsilon=1.0)
    return built


def counts_of(mechanism: ModularSubsetSelection, num_users: int = 2_000) -> SupportCounts:
    values = np.minimum(np.random.default_rng(1).geometric(0.1, num_users), 40) - 1
    return mechanism.aggregate(mechanism.privatize(values, rng=np.random.default_rng(2)))


def dense_normal(mechanism: ModularSubsetSelection, ridge: float) -> np.ndarray:
    decoder = mechanism.decoder
    plain = np.array([decoder.normal(row) for row in np.eye(decoder.k)])
    return plain + ridge * sum(decoder.weights) * np.eye(decoder.k)


def test_default_is_the_estimate(mechanism: ModularSubsetSelection) -> None:
    counts = counts_of(mechanism)
    assert np.array_equal(mechanism.decode(counts), mechanism.estimate(counts))
    assert np.array_equal(
        mechanism.decode(counts, post=SumConstraint()), mechanism.estimate(counts)
    )


@pytest.mark.parametrize("ridge", [0.0, 0.01, 1.0])
def test_unconstrained_and_ridge_solve_the_normal_equations(
    mechanism: ModularSubsetSelection, ridge: float
) -> None:
    counts = counts_of(mechanism)
    right = mechanism.decoder.adjoint(mechanism.residues(counts))
    wanted = np.linalg.solve(dense_normal(mechanism, ridge), right)
    found = mechanism.decode(counts, ridge=ridge, post=Unconstrained())
    assert np.allclose(found, wanted, atol=1e-7)


def test_ridge_pulls_towards_zero(mechanism: ModularSubsetSelection) -> None:
    counts = counts_of(mechanism)
    free = [
        np.linalg.norm(mechanism.decode(counts, ridge=ridge, post=Unconstrained()))
        for ridge in (0.0, 0.1, 1.0)
    ]
    assert all(high > low for high, low in pairwise(free))


def test_simplex_projection_is_the_nearest_distribution(mechanism: ModularSubsetSelection) -> None:
    counts = counts_of(mechanism)
    start = mechanism.estimate(counts)
    found = mechanism.decode(counts, post=SimplexProjection())
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1.0)
    # Bisection on the threshold: an independent route to the same point.
    low, high = start.min() - 1, start.max()
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if np.maximum(start - middle, 0).sum() > 1 else (low, middle)
    assert np.allclose(found, np.maximum(start - low, 0), atol=1e-9)


def test_likelihood_climbs_and_is_stationary(mechanism: ModularSubsetSelection) -> None:
    """EM never lowers the Poisson likelihood, and stops where no direction climbs."""
    counts = counts_of(mechanism)
    blocks = mechanism._design.blocks
    residues = mechanism.residues(counts)
    rates = [s * (b.p - b.q) + b.q for s, b in zip(residues, blocks, strict=True)]

    def likelihood(frequencies: np.ndarray) -> float:
        total = 0.0
        for index, (block, rate) in enumerate(zip(blocks, rates, strict=True)):
            folded = mechanism.decoder.fold(index, frequencies)
            expected = (block.p - block.q) * folded + block.q
            total += float(np.sum(np.maximum(rate, 0) * np.log(expected) - expected))
        return total

    runs = [mechanism.decode(counts, post=NonNegativeLikelihood(steps=s)) for s in (1, 5, 50, 5000)]
    values = [likelihood(run) for run in runs]
    assert all(late >= early - 1e-12 for early, late in pairwise(values))
    best = mechanism.decode(counts, post=NonNegativeLikelihood(steps=20_000, tolerance=0.0))
    assert best.min() >= 0
    assert best.sum() == pytest.approx(1.0)
    top = likelihood(best)
    rng = np.random.default_rng(3)
    for _ in range(200):
        other = rng.dirichlet(np.ones(40) * 0.2)
        assert likelihood(0.999 * best + 0.001 * other) <= top + 1e-9


def test_post_processing_lowers_the_error_on_a_peaked_truth() -> None:
    m = ldpaudit.mechanism("mss", k=40, epsilon=1.0)
    frequencies = (
        np.bincount(
            np.minimum(np.random.default_rng(1).geometric(0.1, 2_000), 40) - 1, minlength=40
        )
        / 2_000
    )
    counts = counts_of(m)
    raw = np.mean((m.estimate(counts) - frequencies) ** 2)
    for post in (SimplexProjection(), NonNegativeLikelihood()):
        assert np.mean((m.decode(counts, post=post) - frequencies) ** 2) < raw


@pytest.mark.parametrize("ridge", [-1.0, float("nan"), float("inf")])
def test_bad_ridge(ridge: float) -> None:
    m = ldpaudit.mechanism("mss", k=40, epsilon=1.0)
    with pytest.raises(ValueError, match="ridge must be at least 0"):
        m.decode(counts_of(m), ridge=ridge)
