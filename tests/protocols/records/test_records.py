"""Protocols for records: every report enumerated, whom each guarantee speaks of, their error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.contracts import HasRelation, MarginalOracle
from ldpaudit.leakage import channels
from ldpaudit.protocols import (
    AttributeSampling,
    BudgetSplitting,
    RandomSamplingFakeData,
    RandomSamplingRealisticFakeData,
)

VARIANTS = ("grr", "sue-z", "sue-r", "oue-z", "oue-r", "adp")
SIZES = ((2, 2), (3, 2), (2, 5), (3, 3), (2, 2, 2))


def every_report(m: Any) -> Any:
    """All reports: every combination of the attributes' own; of SMP those of each attribute."""
    parts = [oracle.every_report() for oracle in m.attributes]
    if isinstance(m, AttributeSampling):
        rows = np.zeros(sum(map(len, parts)), dtype=m._dtype)
        start = 0
        for j, part in enumerate(parts):
            mine = slice(start, start + len(part))
            rows["attribute"][mine], rows[f"a{j}"][mine] = j, part
            start += len(part)
        return rows
    grid = np.meshgrid(*[np.arange(len(part)) for part in parts], indexing="ij")
    rows = np.zeros(grid[0].size, dtype=m._dtype)
    for j, (part, index) in enumerate(zip(parts, grid, strict=True)):
        rows[f"a{j}"] = part[index.ravel()]
    return rows


def mechanisms(epsilon: float, sizes: tuple[int, ...]) -> list[Any]:
    laws = [np.random.default_rng(7).dirichlet(np.ones(k)) for k in sizes]
    fake = tuple(tuple(float(p) for p in law) for law in laws)
    return [
        *(BudgetSplitting(sizes, epsilon, base) for base in ("grr", "oue", "ss", "adp")),
        *(AttributeSampling(sizes, epsilon, base) for base in ("grr", "sue", "ss")),
        *(
            RandomSamplingFakeData(sizes, epsilon, v, calibration=c)
            for v in VARIANTS
            for c in ("exact", "published")
        ),
        *(
            RandomSamplingRealisticFakeData(sizes, epsilon, v, fake=fake)
            for v in ("grr", "sue-r", "oue-r")
        ),
    ]


# ------------------------------------------------------------------ the channel


@pytest.mark.parametrize("epsilon", [0.5, 3.0])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_reports_sum_to_one_and_every_guarantee_is_exact(
    sizes: tuple[int, ...], epsilon: float
) -> None:
    """The largest ratio over all reports and all pairs that differ in 1, 2, ... attributes."""
    for m in mechanisms(epsilon, sizes):
        table = m.log_likelihood(every_report(m))
        assert np.exp(table).sum(axis=0) == pytest.approx(1.0, abs=1e-12)
        records = m.records(np.arange(m.k))
        differ = (records[:, None, :] != records).sum(axis=2)
        ratios = (table[:, :, None] - table[:, None, :]).max(axis=0)
        worst = [ratios[differ == count].max() for count in range(1, len(sizes) + 1)]
        exact = [m.epsilon_between(count) for count in range(1, len(sizes) + 1)]
        # SMP discloses one attribute: the others make no difference.
        assert np.maximum.accumulate(worst) == pytest.approx(exact, abs=1e-9), m


def test_likelihood_is_the_definition() -> None:
    """RS+FD by its story: one attribute in d is true, the others are the fake law."""
    sizes, epsilon = (3, 2), 1.3
    for variant in ("grr", "oue-z", "oue-r"):
        m = RandomSamplingFakeData(sizes, epsilon, variant)
        rows = every_report(m)
        wanted = np.zeros((len(rows), m.k))
        for value, record in enumerate(m.records(np.arange(m.k))):
            for true in range(2):
                law = np.full(len(rows), 0.5)
                for j, (oracle, size) in enumerate(zip(m.attributes, sizes, strict=True)):
                    likely = np.exp(oracle.log_likelihood(rows[f"a{j}"]))
                    if j == true:
                        law *= likely[:, record[j]]
                    elif variant == "grr":
                        law /= size
                    elif variant == "oue-r":
                        law *= likely.mean(axis=1)
                    else:
                        bits = np.unpackbits(rows[f"a{j}"], axis=1, count=size, bitorder="little")
                        q = oracle.q_star
                        law *= np.where(bits == 1, q, 1 - q).prod(axis=1)
                wanted[:, value] += law
        assert np.exp(m.log_likelihood(rows)) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("m", mechanisms(1.0, (3, 2)), ids=repr)
def test_reports_follow_the_likelihood(m: Any) -> None:
    """Chi-square of 50,000 reports of one record; alarms once in 1e6."""
    from scipy.stats import chisquare

    rows, n = every_report(m), 50_000
    law = np.exp(m.log_likelihood(rows, [3]))[:, 0] * n
    drawn = m.privatize(np.full(n, 3), rng=np.random.default_rng(5))
    names, seen = np.unique(drawn, return_counts=True)
    places = {row.tobytes(): i for i, row in enumerate(rows)}
    counts = np.zeros(len(rows))
    for row, count in zip(names, seen, strict=True):
        counts[places[row.tobytes()]] = count
    common = law >= 10
    rare = (counts[~common].sum(), law[~common].sum())
    observed, expected = counts[common], law[common]
    if rare[1] > 0:
        observed, expected = np.append(observed, rare[0]), np.append(expected, rare[1])
    assert chisquare(observed, expected * n / expected.sum()).pvalue > 1e-6


# ------------------------------------------------------------- whom it protects


def test_sampling_hides_nothing_where_every_attribute_differs() -> None:
    for d, k, epsilon, printed in ((2, 2, 1.0, 1.490), (3, 3, 1.0, 1.817), (3, 4, 0.5, 1.081)):
        m = RandomSamplingFakeData((k,) * d, epsilon)
        assert round(m.epsilon_between(d), 3) == printed
        assert m.epsilon_between(d) == pytest.approx(math.log(d * math.expm1(epsilon) + 1))
        assert m.exact_epsilon() == pytest.approx(epsilon, abs=1e-9)


def test_the_published_calibration_breaks_its_claim_for_one_attribute_too() -> None:
    """Where attributes have several sizes, or fake values are encoded; not for -z."""
    for sizes in ((2, 100), (3, 2), (74, 7, 16, 2)):
        for variant in ("grr", "sue-r", "oue-r"):
            m = RandomSamplingFakeData(sizes, 1.0, variant, calibration="published")
            assert m.exact_epsilon() > 1.01
        for variant in ("sue-z", "oue-z"):
            m = RandomSamplingFakeData(sizes, 1.0, variant, calibration="published")
            assert m.exact_epsilon() == pytest.approx(1.0, abs=1e-12)
    assert (
        RandomSamplingFakeData((3, 3), 1.0, "sue-r", calibration="published").exact_epsilon() > 1.1
    )


@pytest.mark.parametrize("neighbours", ["attribute", "record"])
@pytest.mark.parametrize("epsilon", [1e-3, 0.5, 5.0, 100.0])
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_exact_calibration_spends_all_of_epsilon(
    variant: str, epsilon: float, neighbours: str
) -> None:
    m = RandomSamplingFakeData((2, 74, 7), epsilon, variant, neighbours)
    assert m.exact_epsilon() == pytest.approx(epsilon, rel=1e-9)


def test_the_joint_event_finds_what_one_attribute_does_not() -> None:
    m = RandomSamplingFakeData((2, 2), 1.0)
    assert isinstance(m, HasRelation)
    assert isinstance(m, MarginalOracle)
    everywhere = ldpaudit.audit(m, [], pair=(0, 3), trials=500_000)
    assert everywhere.epsilon_lower > 1.4
    assert everywhere.verdict == "inconclusive"  # nothing is claimed of these records
    assert everywhere.outside is not None
    assert everywhere.bound.event.endswith("records that differ in 2 of 2 attributes")
    alarms = 0
    for seed in range(20):
        one = ldpaudit.audit(m, [], pair=(0, 1), trials=20_000, seed=seed)
        alarms += one.epsilon_lower > 1.0
        assert one.verdict == "consistent"  # errs once in 10,000
        assert one.bound.event.endswith("records that differ in 1 of 2 attributes")
    assert alarms <= 9  # of 20 at 5%: once in 1e6
    assert one.epsilon_lower > 0.9


# --------------------------------------------------------------------- the server


@pytest.mark.parametrize("m", mechanisms(1.0, (4, 2, 3)), ids=repr)
def test_estimates_are_unbiased_with_the_error_stated(m: Any) -> None:
    """400 collections of 300 users; bias and error within 5.5 standard errors."""
    rng, n, rounds = np.random.default_rng(11), 300, 400
    values = np.sort(rng.integers(0, m.k, n) * rng.integers(0, 2, n))
    truth = [
        np.bincount(c, minlength=s) / n for c, s in zip(m.records(values).T, m.sizes, strict=True)
    ]
    errors = [np.empty((rounds, size)) for size in m.sizes]
    for i in range(rounds):
        found = m.estimate_marginals(m.aggregate(m.privatize(values, rng=rng)))
        for rows, estimate, f in zip(errors, found, truth, strict=True):
            rows[i] = estimate - f
    for rows, stated in zip(errors, m.mse_marginals(n, truth), strict=True):
        standard = rows.std(axis=0, ddof=1) / math.sqrt(rounds)
        assert (np.abs(rows.mean(axis=0)) < 5.5 * standard).all()
        squares = (rows**2).mean(axis=1)
        off = abs(squares.mean() - stated) * math.sqrt(rounds) / squares.std(ddof=1)
        assert off < 5.5


def test_published_variances_at_no_frequency() -> None:
    """The sigma of the papers, d^2 sigma (1 - sigma) / (n (p - q)^2), for f = 0."""
    d, k, epsilon = 3, 5, 1.0
    for variant in ("grr", "oue-z", "oue-r"):
        m = RandomSamplingFakeData((k,) * d, epsilon, variant, calibration="published")
        p, q = m.attributes[0].p_star, m.attributes[0].q_star
        sigma = {
            "grr": (q + (d - 1) / k) / d,
            "oue-z": q,
            "oue-r": (q + (d - 1) * (p / k + (k - 1) * q / k)) / d,
        }[variant]
        wanted = d**2 * sigma * (1 - sigma) / (1000 * (p - q) ** 2)
        assert m.mse_marginals(1000) == pytest.approx([wanted] * d, rel=1e-12)


@pytest.mark.parametrize("m", mechanisms(1.0, (4, 2)), ids=repr)
def test_summaries_add_up(m: Any) -> None:
    reports = m.privatize(np.arange(8).repeat(20), rng=np.random.default_rng(0))
    whole, parts = m.aggregate(reports), m.aggregate(reports[:33]) + m.aggregate(reports[33:])
    for one, two in zip(m.estimate_marginals(whole), m.estimate_marginals(parts), strict=True):
        assert np.array_equal(one, two)
    with pytest.raises(ValueError, match="counts of different mechanisms"):
        whole + BudgetSplitting((2, 2, 2), 1.0).aggregate(
            BudgetSplitting((2, 2, 2), 1.0).privatize([0], rng=np.random.default_rng(0))
        )


# --------------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: BudgetSplitting((), 1.0), "sizes must be"),
        (lambda: BudgetSplitting((2, 1), 1.0), "every size must be at least 2, got 1"),
        (lambda: BudgetSplitting((2**31, 2**31), 1.0), "product below 2"),
        (
            lambda: AttributeSampling((2**30, 2**30), 1.0).log_likelihood(
                AttributeSampling((2**30, 2**30), 1.0).privatize([0], rng=np.random.default_rng(0))
            ),
            "is above the limit",
        ),
        (lambda: BudgetSplitting((2, 2), -1.0), "epsilon must be positive"),
        (lambda: AttributeSampling((2, 2), 1.0, "psychic"), "unknown base 'psychic'"),
        (lambda: RandomSamplingFakeData((2, 2), 1.0, "x"), "unknown variant 'x'"),
        (lambda: RandomSamplingFakeData((2, 2), 1.0, neighbours="x"), "unknown neighbours 'x'"),
        (lambda: RandomSamplingRealisticFakeData((2, 2), 1.0), "fake must be 2 laws"),
        (
            lambda: RandomSamplingRealisticFakeData((2, 2), 1.0, fake=((1.0, 0.0), (0.5, 0.5))),
            "fake must hold probabilities above 0",
        ),
        (lambda: BudgetSplitting((2, 2), 1.0).flatten([[0, 2]]), r"values must lie in \[0, 2\)"),
        (lambda: BudgetSplitting((2, 2), 1.0).flatten([0, 1]), "records must have shape"),
        (
            lambda: BudgetSplitting((2, 2), 1.0).aggregate(np.zeros(3, dtype=np.void)),
            "reports must be a vector",
        ),
        (lambda: BudgetSplitting((2, 2), 1.0).epsilon_between(3), "differing must be at most 2"),
    ],
)
def test_nonsense_is_named(build: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        build()


def test_records_are_numbered() -> None:
    m = BudgetSplitting((3, 4, 2), 1.0)
    assert m.k == 24
    assert np.array_equal(m.flatten(m.records(np.arange(24))), np.arange(24))
    assert channels.exact_epsilon(np.exp(m.log_likelihood(every_report(m))).T) == pytest.approx(1.0)
