"""Beside its figures, every mechanism promises: merging, clear refusals, value semantics."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ldpaudit
from ldpaudit.contracts import (
    FrequencyOracle,
    HasBayesVulnerability,
    HasBits,
    HasExactEpsilon,
    HasLikelihood,
    HasVariance,
    Mechanism,
)
from ldpaudit.protocols import (
    GeneralizedRandomizedResponse,
    ModularSubsetSelection,
    OptimizedLocalHashing,
    OptimizedUnaryEncoding,
    SubsetSelection,
)

NAMES = ("grr", "ss", "oue", "olh", "mss")
CLASSES = (
    GeneralizedRandomizedResponse,
    SubsetSelection,
    OptimizedUnaryEncoding,
    OptimizedLocalHashing,
    ModularSubsetSelection,
)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", NAMES)
def test_every_ability_is_there(name: str) -> None:
    m = ldpaudit.mechanism(name, k=10, epsilon=1.0)
    for ability in (
        Mechanism,
        HasLikelihood,
        FrequencyOracle,
        HasVariance,
        HasBits,
        HasExactEpsilon,
        HasBayesVulnerability,
    ):
        assert isinstance(m, ability)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("k", [2, 9, 300])
def test_summaries_of_parts_add_up_to_that_of_the_whole(name: str, k: int) -> None:
    m = ldpaudit.mechanism(name, k=k, epsilon=1.0)
    reports = m.privatize(rng().integers(0, k, 1000), rng=rng(2))
    whole = m.aggregate(reports)
    merged = m.aggregate(reports[:1])
    for part in (reports[1:300], reports[300:300], reports[300:]):
        merged = merged + m.aggregate(part)
    assert merged.num_users == whole.num_users == 1000
    np.testing.assert_array_equal(merged.supports, whole.supports)
    np.testing.assert_array_equal(m.estimate(merged), m.estimate(whole))


@pytest.mark.parametrize("name", NAMES)
def test_summary_counts_the_likely_reports(name: str) -> None:
    """A report supports the values of its higher likelihood: counted one by one."""
    k = 40
    m = ldpaudit.mechanism(name, k=k, epsilon=1.0)
    reports = m.privatize(rng().integers(0, k, 700), rng=rng(3))
    likelihood = m.log_likelihood(reports)
    supports = m.aggregate(reports).supports
    if name == "mss":
        naive: list[int] = []
        for block, modulus in enumerate(m.moduli):
            mine = reports["block"] == block
            table = likelihood[mine]
            high = table > (table.max(axis=1, keepdims=True) + table.min(axis=1, keepdims=True)) / 2
            naive.extend(int(high[:, residue].sum()) for residue in range(modulus))
        assert supports.tolist() == naive
        return
    middle = math.log(m.p_star) if name in ("grr", "olh") else likelihood.max(axis=1)[:, None]
    if name == "oue":  # a report with no bit set, or all of them, has one level
        bits = np.unpackbits(reports, axis=1, count=k, bitorder="little")
        assert supports.tolist() == bits.sum(axis=0).tolist()
    else:
        assert supports.tolist() == (likelihood >= middle - 1e-9).sum(axis=0).tolist()


@pytest.mark.parametrize("name", NAMES)
def test_summaries_of_other_domains_are_refused(name: str) -> None:
    small, large = (ldpaudit.mechanism(name, k=k, epsilon=1.0) for k in (12, 30))
    first = small.aggregate(small.privatize([1, 2], rng=rng()))
    second = large.aggregate(large.privatize([1, 2], rng=rng()))
    with pytest.raises(ValueError, match="counts of different mechanisms cannot be added"):
        first + second
    with pytest.raises(TypeError, match="unsupported operand"):
        first + 1


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_batch(name: str) -> None:
    m = ldpaudit.mechanism(name, k=10, epsilon=1.0)
    batches: list[npt.ArrayLike] = [[], np.empty(0, dtype=np.int64), np.empty(0)]
    for empty in batches:
        reports = m.privatize(empty, rng=rng())
        assert len(reports) == 0
        assert m.log_likelihood(reports).shape == (0, 10)
        counts = m.aggregate(reports)
        assert counts.num_users == 0
        assert not counts.supports.any()
        with pytest.raises(ValueError, match="num_users of counts must be at least 1, got 0"):
            m.estimate(counts)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("epsilon", "error", "message"),
    [
        (0, ValueError, "epsilon must be positive and finite, got 0"),
        (0.0, ValueError, "epsilon must be positive and finite, got 0.0"),
        (-1.0, ValueError, "epsilon must be positive and finite, got -1.0"),
        (math.nan, ValueError, "epsilon must be positive and finite, got nan"),
        (math.inf, ValueError, "epsilon must be positive and finite, got inf"),
        (-math.inf, ValueError, "epsilon must be positive and finite, got -inf"),
        ("1", TypeError, "epsilon must be a number, got '1'"),
        (True, TypeError, "epsilon must be a number, got True"),
        (None, TypeError, "epsilon must be a number, got None"),
        ([1.0, 2.0], TypeError, "epsilon must be a number"),
        (1j, TypeError, "epsilon must be a number"),
    ],
)
def test_bad_epsilon(name: str, epsilon: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ldpaudit.mechanism(name, k=10, epsilon=epsilon)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("k", "error", "message"),
    [
        (1, ValueError, "k must be at least 2, got 1"),
        (0, ValueError, "k must be at least 2, got 0"),
        (-3, ValueError, "k must be at least 2, got -3"),
        (4.0, TypeError, "k must be a whole number, got 4.0"),
        (math.nan, TypeError, "k must be a whole number, got nan"),
        ("4", TypeError, "k must be a whole number, got '4'"),
        (True, TypeError, "k must be a whole number, got True"),
        (None, TypeError, "k must be a whole number, got None"),
    ],
)
def test_bad_k(name: str, k: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ldpaudit.mechanism(name, k=k, epsilon=1.0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ([0, 10], ValueError, r"values must lie in \[0, 10\), got 10"),
        ([-1, 3], ValueError, r"values must lie in \[0, 10\), got -1"),
        (np.array([2**63], dtype=np.uint64), ValueError, "values must lie in"),
        ([0.0, 1.0], TypeError, "values must be integers, got dtype float64"),
        ([True, False], TypeError, "values must be integers, got dtype bool"),
        (["a"], TypeError, "values must be integers"),
        ([[0, 1]], ValueError, r"values must be one-dimensional, got shape \(1, 2\)"),
        (3, ValueError, r"values must be one-dimensional, got shape \(\)"),
    ],
)
def test_bad_values(name: str, values: Any, error: type[Exception], message: str) -> None:
    m = ldpaudit.mechanism(name, k=10, epsilon=1.0)
    with pytest.raises(error, match=message):
        m.privatize(values, rng=rng())
    with pytest.raises(error, match=message):
        m.log_likelihood(m.privatize([1, 2], rng=rng()), values)


@pytest.mark.parametrize("name", NAMES)
def test_bad_generators(name: str) -> None:
    m = ldpaudit.mechanism(name, k=10, epsilon=1.0)
    for wrong in (None, 0, np.random.RandomState(0), np.random.PCG64(0)):
        with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator"):
            m.privatize([1, 2], rng=wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        m.privatize([1, 2], rng())  # type: ignore[call-arg]


def wrong_reports(name: str) -> list[npt.NDArray[Any]]:
    """Arrays that are no reports over k = 20: other shapes, types and ranges."""
    mechanism = ldpaudit.mechanism(name, k=20, epsilon=1.0)
    good = mechanism.privatize([1, 2, 3], rng=rng())
    common: list[npt.NDArray[Any]] = [good[0], np.zeros((3, 2, 2)), np.array(["a", "b"])]
    if name == "grr":
        return [*common, np.array([20]), np.array([-1]), good[:, None], good.astype(float)]
    if name in ("ss", "oue"):
        return [*common, good[:, :-1], good.astype(np.int64), good.astype(bool), good.ravel()]
    plain = np.zeros(3, dtype=[("seed", "<u8")])
    common += [good[:, None], np.zeros(3, dtype=np.uint64), plain]
    if name == "mss":
        unknown = good.copy()
        unknown["block"][1] = len(mechanism.moduli)
        common.append(unknown)
    return common


@pytest.mark.parametrize("name", NAMES)
def test_bad_reports(name: str) -> None:
    m = ldpaudit.mechanism(name, k=20, epsilon=1.0)
    for wrong in wrong_reports(name):
        for method in (m.aggregate, m.log_likelihood):
            with pytest.raises((TypeError, ValueError), match=r"(reports|values) must .*got "):
                method(wrong)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("prior", "error", "message"),
    [
        (np.full(9, 1 / 9), ValueError, r"must have shape \(10,\), got \(9,\)"),
        (np.full((1, 10), 0.1), ValueError, r"must have shape \(10,\), got \(1, 10\)"),
        (0.1, ValueError, r"must have shape \(10,\), got \(\)"),
        (np.full(10, 0.2), ValueError, "must sum to 1, got 2.0"),
        (np.zeros(10), ValueError, "must sum to 1, got 0.0"),
        (np.array([-0.1, 1.1] + [0.0] * 8), ValueError, "must hold finite probabilities"),
        (np.array([math.nan] + [1 / 9] * 9), ValueError, "must hold finite probabilities"),
        (np.array([math.inf] + [0.0] * 9), ValueError, "must hold finite probabilities"),
        (["a"] * 10, TypeError, "must be numbers"),
    ],
)
def test_bad_priors(name: str, prior: Any, error: type[Exception], message: str) -> None:
    m = ldpaudit.mechanism(name, k=10, epsilon=1.0)
    with pytest.raises(error, match="prior " + message):
        m.vulnerability(prior)
    with pytest.raises(error, match="frequencies " + message):
        m.mse(10, prior)


@pytest.mark.parametrize("name", NAMES)
def test_bad_number_of_users(name: str) -> None:
    m = ldpaudit.mechanism(name, k=10, epsilon=1.0)
    for frequencies in (None, np.full(10, 0.1)):
        for wrong in (0, -1):
            with pytest.raises(ValueError, match=f"num_users must be at least 1, got {wrong}"):
                m.mse(wrong, frequencies)
        for odd in (1.5, True, "3", None):
            with pytest.raises(TypeError, match="num_users must be a whole number"):
                m.mse(odd, frequencies)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NAMES)
def test_a_table_that_does_not_fit_is_refused(name: str) -> None:
    """2**20 reports x 1000 values is above the stated size; the reports by name are not."""
    m = ldpaudit.mechanism(name, k=1000, epsilon=1.0)
    report = m.privatize([5], rng=rng())
    many = np.broadcast_to(report, (2**20, *report.shape[1:]))
    with pytest.raises(ValueError, match="is above the limit of"):
        m.log_likelihood(many)
    assert m.log_likelihood(report, [5, 6]).shape == (1, 2)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("epsilon", [1, 0.1, 2.5])
def test_repr_pickle_and_copy_give_the_same_mechanism(name: str, epsilon: float) -> None:
    m = ldpaudit.mechanism(name, k=np.int64(12), epsilon=epsilon)
    names = {cls.__name__: cls for cls in CLASSES}
    again = eval(repr(m), names)  # noqa: S307 - the repr is the name everywhere
    assert repr(m).startswith(f"{type(m).__name__}(k=12, epsilon={float(epsilon)!r}")
    _ = m.estimate(m.aggregate(m.privatize([0, 1], rng=rng())))  # fills what is cached
    _ = m.vulnerability(), m.mse(1), m.mse(1, np.full(12, 1 / 12))
    for same in (again, pickle.loads(pickle.dumps(m)), copy.copy(m), copy.deepcopy(m)):  # noqa: S301
        assert same == m
        assert hash(same) == hash(m)
        assert repr(same) == repr(m)
        reports = same.privatize(np.arange(12), rng=rng(4))
        np.testing.assert_array_equal(reports, m.privatize(np.arange(12), rng=rng(4)))
        estimate = m.estimate(m.aggregate(reports))
        np.testing.assert_array_equal(same.estimate(same.aggregate(reports)), estimate)
    assert m != ldpaudit.mechanism(name, k=12, epsilon=epsilon + 0.5)
    assert m != ldpaudit.mechanism(name, k=13, epsilon=epsilon)
    assert len({m, again, ldpaudit.mechanism(name, k=13, epsilon=epsilon)}) == 2
    with pytest.raises(AttributeError):
        m.epsilon = 2.0  # type: ignore[misc]


@pytest.mark.parametrize("name", NAMES)
def test_budgets_past_the_reach_of_floats_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="epsilon must be at most 700"):
        ldpaudit.mechanism(name, k=8, epsilon=701.0)


@pytest.mark.parametrize("epsilon", [1e-6, 1e-3, 20.0, 50.0, 300.0, 700.0])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("k", [2, 8, 100])
def test_extreme_budgets_stay_finite_and_sane(name: str, epsilon: float, k: int) -> None:
    if name == "olh" and epsilon > 21.4:
        with pytest.raises(ValueError, match="epsilon must keep"):
            ldpaudit.mechanism(name, k=k, epsilon=epsilon)
        return
    m = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
    values = rng().integers(0, k, 50)
    reports = m.privatize(values, rng=rng(5))
    assert np.isfinite(m.log_likelihood(reports)).all()
    assert np.isfinite(m.estimate(m.aggregate(reports))).all()
    assert m.exact_epsilon() == pytest.approx(epsilon, rel=1e-9)
    success = m.vulnerability()
    assert 1 / k * (1 - 1e-12) <= success <= 1 / (1 + (k - 1) * math.exp(-epsilon)) + 1e-12
    for prior in (np.full(k, 1 / k), np.eye(k)[0]):
        error = m.mse(10, prior)
        assert math.isfinite(error)
        assert error >= 0
    assert math.isfinite(m.mse(10))
    assert m.mse(10) > 0


@pytest.mark.parametrize("name", ["grr", "ss"])
@pytest.mark.parametrize("epsilon", [20.0, 37.0, 50.0, 300.0])
def test_the_error_keeps_its_digits_at_large_budgets(name: str, epsilon: float) -> None:
    """Against the closed form in e^-epsilon, for w = 1: both protocols are then the same."""
    k, small = 8, math.exp(-epsilon)
    m = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
    total = 1 + (k - 1) * small
    p, q = 1 / total, small / total
    wanted = q * (1 - q) / (p - q) ** 2 + (k - 2) * q / (k * (p - q))
    assert m.mse(1, np.full(k, 1 / k)) == pytest.approx(wanted, rel=1e-9)
