"""Closed forms against the whole channel, for k <= 8: nothing here is random."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from ldpaudit.protocols import ModularSubsetSelection, OptimizedLocalHashing
from ldpaudit.protocols._kernels._pure import SupportCounts

from .channels import (
    DOMAINS,
    EPSILONS,
    Enumerable,
    all_reports,
    channel,
    covariance_trace,
    defined_channel,
    enumerable,
    hashing_patterns,
    hashing_supports,
    priors,
    single_estimates,
)

MECHANISMS = enumerable()
HASHINGS = [
    OptimizedLocalHashing(k=k, epsilon=epsilon)
    for k, epsilon in itertools.product(DOMAINS, EPSILONS)
]


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=repr)
def test_likelihood_is_the_defined_channel(mechanism: Enumerable) -> None:
    table = channel(mechanism)
    np.testing.assert_allclose(table.sum(axis=0), 1.0, rtol=1e-12)
    np.testing.assert_allclose(table, defined_channel(mechanism), rtol=1e-10)


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=repr)
def test_exact_epsilon_is_the_largest_log_ratio(mechanism: Enumerable) -> None:
    table = mechanism.log_likelihood(all_reports(mechanism))
    largest = float((table.max(axis=1) - table.min(axis=1)).max())
    assert largest == pytest.approx(mechanism.epsilon, abs=1e-9, rel=0)
    assert mechanism.exact_epsilon() == pytest.approx(mechanism.epsilon, abs=1e-9, rel=0)


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=repr)
def test_likelihood_of_named_values_is_a_selection_of_columns(mechanism: Enumerable) -> None:
    reports = all_reports(mechanism)
    full = mechanism.log_likelihood(reports)
    for values in ([0], [mechanism.k - 1, 0], [1, 1, 0], list(range(mechanism.k))):
        np.testing.assert_array_equal(mechanism.log_likelihood(reports, values), full[:, values])
    assert mechanism.log_likelihood(reports, []).shape == (len(reports), 0)


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=repr)
def test_bits_number_the_reports(mechanism: Enumerable) -> None:
    """A fixed-length code: the block first, then the report within the largest block."""
    reports = all_reports(mechanism)
    if isinstance(mechanism, ModularSubsetSelection):
        sizes = np.bincount(reports["block"])
        bits = [math.ceil(math.log2(len(sizes))) + math.ceil(math.log2(size)) for size in sizes]
        assert mechanism.bits == max(bits)
        assert mechanism.mean_bits == pytest.approx(np.mean(bits))
    else:
        assert mechanism.bits == math.ceil(math.log2(len(reports)))


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=repr)
def test_estimate_is_unbiased(mechanism: Enumerable) -> None:
    """Summing over all reports, the mean estimate of a user of value x is exactly e_x."""
    estimates = single_estimates(mechanism)
    mean = defined_channel(mechanism).T @ estimates
    np.testing.assert_allclose(mean, np.eye(mechanism.k), atol=1e-11 * np.abs(estimates).max())


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=repr)
def test_vulnerability_is_the_best_guess_over_all_reports(mechanism: Enumerable) -> None:
    table = defined_channel(mechanism)
    uniform = float(table.max(axis=1).sum()) / mechanism.k
    assert mechanism.vulnerability() == pytest.approx(uniform, rel=1e-12)
    for prior in priors(mechanism.k):
        naive = float((prior * table).max(axis=1).sum())
        assert mechanism.vulnerability(prior) == pytest.approx(naive, rel=1e-12), prior


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=repr)
def test_mse_is_the_trace_of_the_covariance(mechanism: Enumerable) -> None:
    table, estimates = defined_channel(mechanism), single_estimates(mechanism)
    for frequencies in priors(mechanism.k):
        naive = covariance_trace(table, estimates, frequencies)
        assert mechanism.mse(1, frequencies) == pytest.approx(naive, rel=1e-9)
        assert mechanism.mse(250, frequencies) == pytest.approx(naive / 250, rel=1e-9)


@pytest.mark.parametrize(
    ("k", "epsilon"),
    [(2, 0.1), (5, 0.1), (8, 0.1), (3, 0.5), (7, 0.5), (2, 1.0), (5, 1.0), (4, 2.0), (2, 3.5)],
)
def test_merged_supports_are_the_ideal_hash_functions(k: int, epsilon: float) -> None:
    """The merged table used below is the sum over every function and bucket."""
    mechanism = OptimizedLocalHashing(k=k, epsilon=epsilon)
    table, supports = hashing_supports(mechanism)
    merged, patterns = hashing_patterns(mechanism)
    code = 2 ** np.arange(k)[::-1]
    assert (patterns @ code == np.arange(2**k)).all()
    np.testing.assert_allclose(table.sum(axis=0), 1.0, rtol=1e-10)
    for x in range(k):
        summed = np.bincount(supports @ code, weights=table[:, x], minlength=2**k)
        np.testing.assert_allclose(summed, merged[:, x], rtol=1e-10)


@pytest.mark.parametrize("mechanism", HASHINGS, ids=repr)
def test_local_hashing_over_ideal_hash_functions(mechanism: OptimizedLocalHashing) -> None:
    k = mechanism.k
    table, supports = hashing_patterns(mechanism)
    np.testing.assert_allclose(table.sum(axis=0), 1.0, rtol=1e-12)
    largest = float(np.log(table.max(axis=1) / table.min(axis=1)).max())
    assert largest == pytest.approx(mechanism.epsilon, abs=1e-9, rel=0)
    assert mechanism.exact_epsilon() == pytest.approx(mechanism.epsilon, abs=1e-9, rel=0)

    supported = table.T @ supports  # [x, v]: P(v supported | x)
    expected = mechanism.q_star + (mechanism.p_star - mechanism.q_star) * np.eye(k)
    np.testing.assert_allclose(supported, expected, rtol=1e-10)

    estimates = np.array(
        [mechanism.estimate(SupportCounts(1, row.astype(np.int64))) for row in supports]
    )
    np.testing.assert_allclose(table.T @ estimates, np.eye(k), atol=1e-11 * np.abs(estimates).max())

    assert mechanism.vulnerability() == pytest.approx(table.max(axis=1).sum() / k, rel=1e-12)
    for prior in priors(k):
        naive = float((prior * table).max(axis=1).sum())
        assert mechanism.vulnerability(prior) == pytest.approx(naive, rel=1e-12), prior
        error = covariance_trace(table, estimates, prior)
        assert mechanism.mse(1, prior) == pytest.approx(error, rel=1e-9)
        assert mechanism.mse(250, prior) == pytest.approx(error / 250, rel=1e-9)
