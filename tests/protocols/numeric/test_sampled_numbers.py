"""Several numbers: which are sent, the estimate, its error, privacy of all together."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from ldpaudit.protocols.numeric import SampledNumbers
from ldpaudit.protocols.numeric.sampled_numbers import _subsets


def test_the_published_number_is_sent() -> None:
    for epsilon, d, k in ((1.0, 5, 1), (5.0, 5, 2), (7.4, 5, 2), (40.0, 5, 5), (0.1, 1, 1)):
        m = SampledNumbers(d, epsilon)
        assert m.sampled == k
        assert m.mechanism.epsilon == pytest.approx(epsilon / k)
    assert SampledNumbers(5, 1.0, sample=3).sampled == 3


@pytest.mark.parametrize(("d", "k"), [(5, 2), (6, 4), (50, 3), (4, 4)])
def test_subsets_are_uniform(d: int, k: int) -> None:
    """Inclusion of each attribute, five standard errors: 6e-7 each."""
    n = 20_000
    chosen = _subsets(n, d, k, np.random.default_rng(0))
    assert (np.diff(chosen, axis=1) > 0).all()
    assert chosen.min() >= 0
    assert chosen.max() < d
    shares = np.bincount(chosen.ravel(), minlength=d) / n
    assert (np.abs(shares - k / d) <= 5 * math.sqrt(k / d * (1 - k / d) / n)).all()


@pytest.mark.parametrize("base", ["hm", "pm", "duchi", "dithered", "rounded", "sw"])
def test_estimates_are_unbiased_with_the_stated_error(base: str) -> None:
    m, rng = SampledNumbers(4, 6.0, radius=3.0, base=base), np.random.default_rng(1)
    x = np.array([3.0, -3.0, 0.0, 1.1])
    n = 20_000
    reports = m.privatize(np.tile(x, (n, 1)), rng=rng)
    each = m.report_estimates(reports)
    assert (np.abs(each.mean(axis=0) - x) < 5 * each.std(axis=0) / math.sqrt(n)).all()
    squares = ((each - x) ** 2).sum(axis=1)
    assert abs(squares.mean() - m.variance(x[None])[0]) < 5 * squares.std() / math.sqrt(n)
    np.testing.assert_allclose(m.estimate(m.aggregate(reports)), each.mean(axis=0), atol=1e-6)
    parts = m.aggregate(reports[:7]) + m.aggregate(reports[7:])
    np.testing.assert_array_equal(parts.sums, m.aggregate(reports).sums)
    cube = 3 * np.random.default_rng(2).uniform(-1, 1, (4000, 4))
    errors = m.variance(cube)
    assert abs(errors.mean() - m.mean_variance()) < 5 * errors.std() / math.sqrt(4000)
    assert m.mse(10) == pytest.approx(m.mean_variance() / 10)


def test_likelihood_sums_to_one_and_epsilon_is_reached() -> None:
    m = SampledNumbers(3, 2.0, base="rounded", sample=2)
    k = m.mechanism.levels
    rows = [(a, r) for a in itertools.combinations(range(3), 2) for r in np.ndindex(k, k)]
    reports = np.zeros(len(rows), dtype=m._dtype)
    reports["attribute"], reports["report"] = zip(*rows, strict=True)
    corners = np.array([*itertools.product([-1, 1], repeat=3), (0.1, 0.2, -0.7)])
    table = m.log_likelihood(reports, corners)
    np.testing.assert_allclose(np.exp(table).sum(axis=0), 1)
    assert (table.max(axis=1) - table.min(axis=1)).max() == pytest.approx(m.exact_epsilon())
    assert m.exact_epsilon() == pytest.approx(2.0, abs=1e-9)
    law = np.exp(table)
    for claim in (0.0, 0.5, 1.5, 1.99):
        deltas = np.maximum(0, law[:, None, :] - math.exp(claim) * law[:, :, None]).sum(axis=0)
        assert m.exact_delta(claim) == pytest.approx(deltas.max(), abs=1e-12)
    assert m.exact_delta(2.5) == 0


def test_share_is_that_of_the_attributes_sent() -> None:
    m = SampledNumbers(5, 5.0)
    assert m.posterior_mean_share() == pytest.approx(0.4 * m.mechanism.posterior_mean_share())
    with pytest.raises(ValueError, match="prior must be None"):
        m.posterior_mean_share([0.0])  # type: ignore[arg-type]


def test_reports_return_and_inputs_are_checked() -> None:
    m, rng = SampledNumbers(7, 6.0), np.random.default_rng(3)
    reports = m.privatize(rng.uniform(-1, 1, (50, 7)), rng=rng)
    np.testing.assert_array_equal(m.unpack(m.pack(reports)), reports)
    assert m.bits == (math.comb(7, 2) - 1).bit_length() + 2 * m.mechanism.bits
    with pytest.raises(ValueError, match="message 0 must have 16 bytes, got 1"):
        m.unpack([b"a"])
    with pytest.raises(TypeError, match="message 0 must be bytes"):
        m.unpack([1])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="message 0 must name increasing attributes below 7"):
        m.unpack([np.array([3, 3, 0, 0], dtype=">u4").tobytes()])
    with pytest.raises(ValueError, match="values must lie in the"):
        m.privatize(np.full((1, 7), 1.5), rng=rng)
    with pytest.raises(ValueError, match="reports must be a vector of dtype"):
        m.aggregate(np.zeros(3))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown base 'laplace'"):
        SampledNumbers(3, 1.0, base="laplace")
    with pytest.raises(ValueError, match="sample must be at most 3, got 4"):
        SampledNumbers(3, 1.0, sample=4)
