"""Counts drawn without reports have the joint law of those that are counted report by report.

Generators are fixed. Each test raises a false alarm with probability 1e-6 or
less, shared out over its statistics (Bonferroni).
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

import ldpaudit
from ldpaudit.contracts import HasCounts
from ldpaudit.protocols import (
    GeneralizedRandomizedResponse,
    ModularSubsetSelection,
    OptimizedUnaryEncoding,
    SubsetSelection,
)
from ldpaudit.protocols._kernels import _counts
from ldpaudit.protocols._kernels._subsets import SubsetRandomizer

from .channels import Enumerable, subsets
from .counted import (
    ALARM,
    Integers,
    Table,
    bit_moments,
    check_moments,
    chi_square,
    exact_law,
    subset_moments,
    uneven,
)

MANY = 2**40  # the most users there can be
NAMES = ("grr", "ss", "sue", "oue", "ue", "the", "blh", "olh", "mss", "smss", "amss")


def mechanism(name: str, k: int, epsilon: float, **extra: Any) -> Any:
    if name == "ue":
        extra["p"] = 0.7
    return ldpaudit.mechanism(name, k=k, epsilon=epsilon, **extra)


# --- the whole law of a few users ------------------------------------------------------------


@pytest.mark.parametrize(
    ("m", "values"),
    [
        (GeneralizedRandomizedResponse(k=3, epsilon=1.0), (0, 0, 2)),
        (OptimizedUnaryEncoding(k=3, epsilon=1.0), (0, 0, 2)),
        (SubsetSelection(k=3, epsilon=1.0), (0, 2, 2)),
        (SubsetSelection(k=5, epsilon=0.5), (0, 4)),
        (SubsetSelection(k=6, epsilon=0.1), (5, 5)),
        (ModularSubsetSelection(k=4, epsilon=0.5, moduli=(3, 4)), (0, 3)),
    ],
    ids=repr,
)
def test_counts_of_a_few_users_follow_the_enumerated_law(
    m: Enumerable, values: tuple[int, ...]
) -> None:
    """Chi-square over all count vectors."""
    draws = 2000
    law = exact_law(m, values)
    assert math.isclose(sum(law.values()), 1, rel_tol=1e-12)
    users = np.bincount(values, minlength=m.k)
    rng = np.random.default_rng(31)
    seen = Counter(tuple(m.sample_counts(users, rng=rng).supports.tolist()) for _ in range(draws))
    assert set(seen) <= set(law), "counts that cannot be"
    observed = np.array([float(seen[held]) for held in law])
    chi_square(observed, draws * np.array(list(law.values())))


# --- the covariance of very many users -------------------------------------------------------


def draw(sample: Callable[[], Integers], draws: int) -> Table:
    return np.array([sample() for _ in range(draws)], dtype=np.float64)


@pytest.mark.parametrize(
    ("modulus", "size"),
    [(2, 1), (3, 1), (3, 2), (5, 3), (8, 4), (9, 2), (9, 8), (13, 5), (17, 12)],
)
def test_subsets_of_very_many_users(modulus: int, size: int) -> None:
    block = SubsetRandomizer(modulus, 0.8, size)
    users, rng = uneven(modulus, MANY), np.random.default_rng(33)
    draws = draw(lambda: block.supports(users, rng), 400)
    assert (draws.sum(axis=1) == MANY * size).all()
    odds = size * math.exp(0.8)
    p = odds / (odds + modulus - size)
    check_moments(draws, *subset_moments(users, [(modulus, size, p, np.arange(modulus))]))


@pytest.mark.parametrize("k", [2, 7, 12])
def test_lies_of_very_many_users(k: int) -> None:
    m = GeneralizedRandomizedResponse(k=k, epsilon=1.0)
    users, rng = uneven(k, MANY), np.random.default_rng(34)
    draws = draw(lambda: m.sample_counts(users, rng=rng).supports, 2000)
    p = math.e / (math.e + k - 1)
    check_moments(draws, *subset_moments(users, [(k, 1, p, np.arange(k))]))


@pytest.mark.parametrize("name", ["sue", "oue", "ue", "the", "blh", "olh"])
def test_bits_of_very_many_users(name: str) -> None:
    m = mechanism(name, 9, 1.5)
    users, rng = uneven(9, MANY), np.random.default_rng(35)
    draws = draw(lambda: m.sample_counts(users, rng=rng).supports, 2000)
    check_moments(draws, *bit_moments(users, m.p_star, m.q_star))


@pytest.mark.parametrize("scrambled", [False, True])
def test_blocks_of_very_many_users(scrambled: bool) -> None:
    """Blocks are tied too: a user of one is missing in the others."""
    k, moduli, epsilon = 6, (3, 4), 0.5
    name = "smss" if scrambled else "mss"
    m: Any = ldpaudit.mechanism(name, k=k, epsilon=epsilon, moduli=moduli)
    values = np.arange(k)
    blocks = []
    for index, (modulus, size) in enumerate(zip(moduli, m.subset_sizes, strict=True)):
        odds = size * math.exp(epsilon)
        residues = m.decoder.residues_of(index, values) if scrambled else values % modulus
        blocks.append((modulus, size, odds / (odds + modulus - size), residues))
    users, rng = uneven(k, MANY), np.random.default_rng(36)
    draws = draw(lambda: m.sample_counts(users, rng=rng).supports, 600)
    check_moments(draws, *subset_moments(users, blocks))


# --- beside counted reports ------------------------------------------------------------------


def functionals(counts: Integers, mean: Table) -> list[float]:
    """Single entries, pairs of entries, their order and fixed random sums."""
    centred = counts - mean
    rng = np.random.default_rng(37)
    sums = rng.standard_normal((4, counts.size)) @ centred
    return [
        *centred[:2],
        *sums,
        sums[0] * sums[1],
        float(centred @ centred),
        float(centred[:-1] @ centred[1:]),
        float(centred[0] * centred[-1]),
        float(np.ptp(centred)),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_drawn_counts_are_like_counted_reports(name: str) -> None:
    """Two-sample Kolmogorov-Smirnov on each functional, which ties make conservative."""
    extra = {"moduli": (5, 6, 6)} if name == "smss" else {}
    m = mechanism(name, 12, 1.0, **extra)
    users, rng = uneven(12, 150), np.random.default_rng(38)
    values = np.repeat(np.arange(12), users)
    counted = [m.aggregate(m.privatize(values, rng=rng)).supports for _ in range(400)]
    drawn = [m.sample_counts(users, rng=rng).supports for _ in range(400)]
    mean = np.mean(counted, axis=0)
    pairs = list(
        zip(*([functionals(c, mean) for c in side] for side in (counted, drawn)), strict=True)
    )
    first, second = np.array(pairs).transpose(1, 2, 0)
    for one, two in zip(first, second, strict=True):
        assert stats.ks_2samp(one, two).pvalue >= ALARM / len(first)


# --- the parts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("good", "bad", "sample"),
    [(1, 1, 1), (5, 3, 4), (0, 4, 2), (3, 0, 2), (7, 9, 16), (8, 8, 0), (512, 7000, 40),
     (8192, 5616, 3700), (11_000, 11_000, 5917)],
)  # fmt: skip
def test_draws_of_one_row_are_hypergeometric(good: int, bad: int, sample: int) -> None:
    """Chi-square of very many users; the numbers run over as much of the law as they reach."""
    many, g, b, n = np.array([[MANY], [good], [bad], [sample]])
    [(row, drawn, share)] = _counts._hypergeometric(many, g, b, n, np.random.default_rng(39))
    assert not row.any()
    observed = np.zeros(sample + 1)
    observed[drawn] = share
    chi_square(observed, MANY * stats.hypergeom(good + bad, good, sample).pmf(range(sample + 1)))


def test_rows_of_one_user_reach_the_tails() -> None:
    """Chi-square over 100,000 rows of one user each."""
    many, good, bad, sample = np.full((4, 100_000), [[1], [30], [20], [20]])
    observed = np.zeros(21)
    rng = np.random.default_rng(52)
    for _, drawn, share in _counts._hypergeometric(many, good, bad, sample, rng):
        np.add.at(observed, drawn, share)
    chi_square(observed, 100_000 * stats.hypergeom(50, 30, 20).pmf(range(21)))


def test_rows_are_drawn_apart() -> None:
    """Rows of unlike laws in one call, some of one user: each number within its own bounds."""
    rng = np.random.default_rng(40)
    users, good, bad = (rng.integers(low, high, 3000) for low, high in ((1, 50), (0, 90), (0, 9)))
    sample = rng.integers(0, good + bad + 1)
    held = np.zeros(3000, dtype=np.int64)
    for row, drawn, share in _counts._hypergeometric(users, good, bad, sample, rng):
        np.add.at(held, row, share)
        assert (drawn >= np.maximum(0, sample - bad)[row]).all()
        assert (drawn <= np.minimum(sample, good)[row]).all()
    np.testing.assert_array_equal(held, users)


@pytest.mark.parametrize("cells", [1, 2, 3, 7, 64, 100])
def test_multinomial_deals_by_weight(cells: int) -> None:
    """Chi-square of one row of very many users; cells of weight 0 stay empty."""
    rng = np.random.default_rng(40)
    weights = rng.random((3, cells)) ** 4
    weights[1, 1:] = 0
    weights[2, 0] += 1e200  # far above all others: they get nothing
    dealt = _counts.multinomial(np.array([MANY, 5, 7]), weights, rng)
    assert dealt.sum(axis=1).tolist() == [MANY, 5, 7]
    assert dealt[1:, 0].tolist() == [5, 7]
    chi_square(dealt[0].astype(np.float64), MANY * weights[0] / weights[0].sum())


# --- promises --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("k", [2, 3, 33])
def test_drawn_counts_are_summaries(name: str, k: int) -> None:
    """They have the shape of counted ones, add up with them and are told apart by the seed."""
    m = mechanism(name, k, 1.0)
    able: object = m
    assert isinstance(able, HasCounts)
    users = uneven(k, 3000)
    kept = users.copy()
    first, second, other = (
        m.sample_counts(users, rng=np.random.default_rng(seed)) for seed in (41, 41, 42)
    )
    np.testing.assert_array_equal(users, kept)
    np.testing.assert_array_equal(first.supports, second.supports)
    assert (first.supports != other.supports).any()
    counted = m.aggregate(m.privatize([0, 1, 1], rng=np.random.default_rng(43)))
    assert first.supports.dtype == counted.supports.dtype == np.int64
    assert first.supports.shape == counted.supports.shape
    assert type(first.num_users) is int
    assert (first + counted).num_users == 3003
    assert (first.supports >= 0).all()
    assert (first.supports <= 3000).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_billion_users_are_estimated_well(name: str) -> None:
    """Each entry within six standard errors of all: 2e-9 an entry for Gaussian sums."""
    k, n = 33, 10**9
    m = mechanism(name, k, 1.0)
    users = uneven(k, n)
    frequencies = users / n
    estimate = m.estimate(m.sample_counts(users, rng=np.random.default_rng(44)))
    error = math.sqrt(m.mse(n, frequencies) * k)  # of all entries together
    assert np.abs(estimate - frequencies).max() <= 6 * error
    assert error < 1e-3


@pytest.mark.parametrize(("k", "epsilon"), [(2, 1.0), (100, 0.3), (1000, 1.0), (5000, 5.0)])
@pytest.mark.parametrize("num_users", [1, 40, 10**9])
def test_every_subset_is_whole(k: int, epsilon: float, num_users: int) -> None:
    m = SubsetSelection(k=k, epsilon=epsilon)
    users, rng = np.zeros(k, dtype=np.int64), np.random.default_rng(45)
    users[rng.integers(0, k)] = num_users
    counts = m.sample_counts(users, rng=rng)
    assert counts.num_users == num_users
    assert counts.supports.sum() == num_users * m.subset_size
    assert counts.supports.min() >= 0
    assert counts.supports.max() <= num_users


@pytest.mark.parametrize("name", ["mss", "smss", "amss"])
def test_every_block_is_whole(name: str) -> None:
    m: Any = ldpaudit.mechanism(name, k=20, epsilon=0.5)
    counts = m.sample_counts(uneven(20, 10_000), rng=np.random.default_rng(46))
    blocks = np.split(counts.supports, np.cumsum(m.moduli)[:-1])
    in_block = [divmod(int(b.sum()), w) for b, w in zip(blocks, m.subset_sizes, strict=True)]
    assert sum(users for users, _ in in_block) == 10_000
    assert not any(rest for _, rest in in_block)


def test_every_lie_is_counted_once() -> None:
    m = GeneralizedRandomizedResponse(k=50, epsilon=0.1)
    counts = m.sample_counts(uneven(50, 12_345), rng=np.random.default_rng(47))
    assert counts.supports.sum() == counts.num_users == 12_345


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("epsilon", [1e-12, 1e-3, 20.0])
def test_extreme_budgets(name: str, epsilon: float) -> None:
    m = mechanism(name, 5, epsilon)
    counts = m.sample_counts([3, 0, 0, 0, 997], rng=np.random.default_rng(48))
    if epsilon == 20.0 and name == "grr":
        assert counts.supports.tolist() == [3, 0, 0, 0, 997]
    assert counts.num_users == 1000


@pytest.mark.parametrize("name", NAMES)
def test_bad_histograms(name: str) -> None:
    m, rng = mechanism(name, 5, 1.0), np.random.default_rng(49)
    wrong: list[tuple[Any, str]] = [
        ([1, 2, 3, 4], "histogram must be 5 whole numbers"),
        (np.ones((5, 1), dtype=np.int64), "histogram must be 5 whole numbers"),
        ([0.5, 1, 1, 1, 1], "histogram must be 5 whole numbers"),
        ([True] * 5, "histogram must be 5 whole numbers"),
        ([1, 1, 1, 1, -1], "counts of at least 0"),
        ([0] * 5, "at least one user"),
        ([MANY, 1, 0, 0, 0], "histogram must hold at most 1099511627776 users"),
        ([2**62, 2**62, 2**62, 0, 0], "histogram must hold at most 1099511627776 users"),
        (np.full(5, 2**64 - 1, dtype=np.uint64), "histogram must hold at most 1099511627776"),
    ]
    for histogram, message in wrong:
        with pytest.raises(ValueError, match=message):
            m.sample_counts(histogram, rng=rng)
    for generator in (None, 0, np.random.RandomState(0)):
        with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator"):
            m.sample_counts([1, 1, 1, 1, 1], rng=generator)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.uint64])
def test_histograms_of_any_integers(dtype: type) -> None:
    m = SubsetSelection(k=4, epsilon=1.0)
    users = [1, 0, 250, 3]
    plain = m.sample_counts(users, rng=np.random.default_rng(50)).supports
    other = m.sample_counts(np.array(users, dtype=dtype), rng=np.random.default_rng(50)).supports
    np.testing.assert_array_equal(plain, other)


def test_counts_do_not_depend_on_the_chunk_in_law(monkeypatch: pytest.MonkeyPatch) -> None:
    """One row of cells at a time: the identities and the covariance stay."""
    monkeypatch.setattr(_counts, "_CHUNK", 1)
    block, users = SubsetRandomizer(7, 0.8, 3), uneven(7, MANY)
    rng = np.random.default_rng(51)
    draws = draw(lambda: block.supports(users, rng), 300)
    p = 3 * math.exp(0.8) / (3 * math.exp(0.8) + 4)
    check_moments(draws, *subset_moments(users, [(7, 3, p, np.arange(7))]))


def test_reference_moments_are_those_of_the_enumeration() -> None:
    """The naive covariance above, against the subsets themselves."""
    for modulus, size in itertools.product((2, 3, 5), (1, 2)):
        if size == modulus:
            continue
        odds, rows = size * math.e, subsets(modulus, size).astype(np.float64)
        p = odds / (odds + modulus - size)
        users: Integers = np.arange(1, modulus + 1)
        mean, covariance = np.zeros(modulus), np.zeros((modulus, modulus))
        for value, many in enumerate(users):
            inside = rows[:, value] == 1
            chance = np.where(inside, p / inside.sum(), (1 - p) / max(1, (~inside).sum()))
            single = chance @ rows
            mean += many * single
            covariance += many * ((rows.T * chance) @ rows - np.outer(single, single))
        found = subset_moments(users, [(modulus, size, p, np.arange(modulus))])
        np.testing.assert_allclose(found[0], mean, atol=1e-12)
        np.testing.assert_allclose(found[1], covariance, atol=1e-12)
