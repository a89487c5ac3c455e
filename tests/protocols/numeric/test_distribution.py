"""Distributions from square wave reports: the channel of cells, EM, smoothed EM."""

from __future__ import annotations

import numpy as np
import pytest

from ldpaudit.protocols.numeric import SquareWave
from ldpaudit.protocols.numeric._expectation_maximization import band_channel, maximize


@pytest.mark.parametrize(("cells", "width"), [(5, 0.3), (8, 0.9), (16, 0.02)])
def test_channel_of_cells_equals_a_fine_average(cells: int, width: float) -> None:
    fine = 4000
    v = (np.arange(fine) + 0.5) / fine
    cuts = np.linspace(0, 1 + width, cells + 1)
    below = np.clip(cuts[:, None] - v, 0, width) / width
    naive = np.diff(below, axis=0).reshape(cells, cells, fine // cells).mean(axis=2)
    table = band_channel(cells, width)
    np.testing.assert_allclose(table, naive, atol=2e-4)
    np.testing.assert_allclose(table.sum(axis=0), 1, atol=1e-12)


def test_em_raises_the_likelihood_and_ends_at_the_truth_without_noise() -> None:
    channel = 0.3 / 8 + 0.7 * band_channel(8, 0.2)
    truth = np.array([1, 2, 3, 4, 4, 3, 2, 1]) / 20
    counts = 1e6 * channel @ truth
    np.testing.assert_allclose(maximize(counts, channel, False, 1e-9), truth, atol=2e-3)
    values = [
        counts @ np.log(channel @ maximize(counts, channel, False, tolerance))
        for tolerance in (1e9, 10.0, 1e-3)
    ]
    assert values == sorted(values)


@pytest.mark.parametrize("epsilon", [1.0, 3.0])
def test_distributions_are_near_and_smoothing_helps(epsilon: float) -> None:
    m, rng = SquareWave(epsilon, low=0.0, high=100.0, cells=64), np.random.default_rng(4)
    own = 100 * rng.beta(2, 5, 100_000)
    counts = m.aggregate(m.privatize(own[:30_000], rng=rng))
    counts = counts + m.aggregate(m.privatize(own[30_000:], rng=rng))
    truth = np.histogram(own, 64, (0, 100))[0] / own.size

    def wasserstein(shares: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
        return float(np.abs(np.cumsum(shares - truth)).sum() * 100 / 64)

    smooth, rough = (m.estimate_distribution(counts, smooth=s) for s in (True, False))
    for shares in (smooth, rough):
        assert shares.sum() == pytest.approx(1)
        assert (shares >= 0).all()
    # One report's error of the mean at most, a tenth of the width for equal shares.
    assert wasserstein(smooth) < 1.5
    assert wasserstein(np.full(64, 1 / 64)) > 15
    assert np.abs(np.diff(smooth)).sum() < np.abs(np.diff(rough)).sum()


def test_histograms_are_checked() -> None:
    m, other = SquareWave(1.0, cells=16), SquareWave(1.0, cells=32)
    counts = other.aggregate(other.privatize([0.1], rng=np.random.default_rng(0)))
    with pytest.raises(ValueError, match="counts must hold a histogram of 16 cells"):
        m.estimate_distribution(counts)
    with pytest.raises(ValueError, match="counts of different mechanisms"):
        _ = counts + m.aggregate(m.privatize([0.1], rng=np.random.default_rng(0)))
