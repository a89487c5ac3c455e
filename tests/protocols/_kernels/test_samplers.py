"""What `privatize` draws follows the likelihood, for every mechanism and in every corner.

Chi-square tests against the enumerated channel: the generators are fixed and
each test raises a false alarm with probability 1e-6.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

import ldpaudit
from ldpaudit.arrays import Bytes
from ldpaudit.protocols import (
    GeneralizedRandomizedResponse,
    ModularSubsetSelection,
    OptimizedLocalHashing,
    OptimizedUnaryEncoding,
    SubsetSelection,
)
from ldpaudit.protocols.categorical.local_hashing import hash_to_buckets
from tests.protocols.channels import Enumerable, all_reports, defined_channel

ALARM = 1e-6
NUM_REPORTS = 200_000


def codes(reports: npt.NDArray[Any]) -> npt.NDArray[np.void]:
    """One opaque byte string a report, so that reports can be compared."""
    flat = np.ascontiguousarray(reports).reshape(len(reports), -1)
    return flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1]))).ravel()


def chi_square(observed: npt.ArrayLike, expected: npt.ArrayLike, degrees: int) -> None:
    """Fail with probability 1e-6 if `observed` has mean `expected`."""
    seen, mean = np.asarray(observed, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    assert mean.min() >= 5, "the approximation needs five expected reports per cell"
    statistic = float(((seen - mean) ** 2 / mean).sum())
    assert statistic <= stats.chi2(degrees).isf(ALARM)


CASES: list[Enumerable] = [
    GeneralizedRandomizedResponse(k=2, epsilon=1.0),
    GeneralizedRandomizedResponse(k=7, epsilon=0.5),
    GeneralizedRandomizedResponse(k=8, epsilon=3.0),
    SubsetSelection(k=2, epsilon=1.0),
    SubsetSelection(k=7, epsilon=0.2),
    SubsetSelection(k=8, epsilon=0.7),
    SubsetSelection(k=8, epsilon=3.0),
    OptimizedUnaryEncoding(k=3, epsilon=0.5),
    OptimizedUnaryEncoding(k=5, epsilon=1.0),
    ModularSubsetSelection(k=3, epsilon=0.5),
    ModularSubsetSelection(k=6, epsilon=0.5),
    ModularSubsetSelection(k=8, epsilon=1.0, moduli=(5, 7)),
    ModularSubsetSelection(k=8, epsilon=0.5, moduli=(3, 4, 5)),
]


@pytest.mark.parametrize("mechanism", CASES, ids=repr)
def test_reports_follow_the_channel(mechanism: Enumerable) -> None:
    k, table = mechanism.k, defined_channel(mechanism)
    alphabet = codes(np.asarray(all_reports(mechanism)))
    order = np.argsort(alphabet)
    values = np.arange(NUM_REPORTS) % k
    reports = mechanism.privatize(values, rng=np.random.default_rng(11))
    drawn = codes(np.asarray(reports))
    place = order[np.searchsorted(alphabet[order], drawn).clip(max=len(order) - 1)]
    assert (alphabet[place] == drawn).all(), "a report that cannot be"
    observed = np.zeros(table.shape)
    np.add.at(observed, (place, values), 1)
    expected = table * np.bincount(values, minlength=k)
    chi_square(observed, expected, k * (len(table) - 1))


def check_subsets(
    bits: npt.NDArray[np.uint8], own: int, size: int, inclusion: float, *, pairs: bool
) -> None:
    """Exact sizes, the own inclusion rate, and others that are all alike.

    Given m included ones and n - m not, counts of the M others have mean
    m (w-1)/M + (n-m) w/M and covariance proportional to I - 11^T/M, so their
    scaled squared distance is chi-square with M - 1 degrees of freedom.
    """
    n, others = len(bits), bits.shape[1] - 1
    assert (bits.sum(axis=1) == size).all()
    included = int(bits[:, own].sum())
    law = stats.binom(n, inclusion)
    assert law.ppf(ALARM / 2) <= included <= law.isf(ALARM / 2)

    rest = np.delete(bits, own, axis=1)
    split = {size - 1: included, size: n - included}
    mean = sum(many * w / others for w, many in split.items())
    scale = sum(many * w * (others - w) / (others * (others - 1)) for w, many in split.items())
    counts = rest.sum(axis=0, dtype=np.int64)
    assert float(((counts - mean) ** 2).sum()) / scale <= stats.chi2(others - 1).isf(ALARM)
    # No drift along the domain: a fixed contrast of the counts, within 5 standard errors.
    contrast = np.linspace(-1, 1, others)
    drift = float(contrast @ (counts - mean))
    assert abs(drift) <= 5 * np.sqrt(scale * float(contrast @ contrast))
    if not pairs:
        return
    joint = rest.T.astype(np.float64) @ rest
    both = {w: w * (w - 1) / (others * (others - 1)) for w in split}
    expected = sum(many * both[w] for w, many in split.items())
    variance = sum(many * both[w] * (1 - both[w]) for w, many in split.items())
    upper = joint[np.triu_indices(others, 1)]
    limit = stats.norm.isf(ALARM / 2 / upper.size)  # Bonferroni over the pairs
    assert np.abs(upper - expected).max() <= limit * np.sqrt(variance)


@pytest.mark.parametrize("own", [0, 7, 31, 59])
@pytest.mark.parametrize("epsilon", [0.1, 1.0, 4.0])
def test_subsets_are_uniform_given_the_own_value(own: int, epsilon: float) -> None:
    """k = 60: sizes 28, 16 and 1, with and without a dense start. Five tests of 1e-6 each."""
    m = SubsetSelection(k=60, epsilon=epsilon)
    reports = m.privatize(np.full(50_000, own), rng=np.random.default_rng(12 + own))
    bits = np.unpackbits(reports, axis=1, count=60, bitorder="little")
    check_subsets(bits, own, m.subset_size, m.p_star, pairs=m.subset_size > 1)


@pytest.mark.parametrize(
    ("k", "epsilon", "own", "num_reports"),
    [
        (1024, 0.5, 0, 8_000),
        (1024, 0.5, 517, 8_000),
        (1024, 0.5, 1023, 8_000),
        (22_000, 4.0, 0, 3_000),
        (22_000, 4.0, 21_999, 3_000),
    ],
)
def test_large_subsets(k: int, epsilon: float, own: int, num_reports: int) -> None:
    """Four tests of false alarm 1e-6 each."""
    m = SubsetSelection(k=k, epsilon=epsilon)
    reports = m.privatize(np.full(num_reports, own), rng=np.random.default_rng(13))
    bits = np.unpackbits(reports, axis=1, count=k, bitorder="little")
    check_subsets(bits, own, m.subset_size, m.p_star, pairs=False)
    assert not np.unpackbits(reports, axis=1, bitorder="little")[:, k:].any()


@pytest.mark.parametrize("own", [0, 20, 39])
def test_a_start_that_overshoots_keeps_the_law(own: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that start too full are a rare corner; here half of them do. Five tests of 1e-6."""
    from ldpaudit.protocols._kernels import _bits

    dense = _bits.bernoulli_rows

    def start(rows: int, values: int, _: float, rng: np.random.Generator) -> Bytes:
        return dense(rows, values, 0.5, rng)

    monkeypatch.setattr(_bits, "bernoulli_rows", start)
    rng = np.random.default_rng(14)
    packed = _bits.subset_rows(np.full(50_000, own), 64, 32, 0.7, rng)
    bits = np.unpackbits(packed, axis=1, count=64, bitorder="little")
    check_subsets(bits, own, 32, 0.7, pairs=True)


@pytest.mark.parametrize("k", [9, 74])
@pytest.mark.parametrize("epsilon", [0.1, 1.0, 6.0])
def test_large_unary_reports(k: int, epsilon: float) -> None:
    """Own bits, pooled and apart, and each other bit have their own rates.

    Exact binomial, Bonferroni at 1e-6.
    """
    m = OptimizedUnaryEncoding(k=k, epsilon=epsilon)
    values = np.random.default_rng(15).integers(0, k, 400_000)
    reports = m.privatize(values, rng=np.random.default_rng(16))
    bits = np.unpackbits(reports, axis=1, count=k, bitorder="little")
    users = np.bincount(values, minlength=k)
    pooled, half = bits[np.arange(values.size), values].sum(), stats.binom(values.size, 0.5)
    assert half.ppf(ALARM / 2) <= pooled <= half.isf(ALARM / 2)
    for value in range(k):
        own = bits[values == value, value].sum()
        others = bits[values != value, value].sum()
        for ones, trials, rate in (
            (own, users[value], 0.5),
            (others, values.size - users[value], m.q_star),
        ):
            law = stats.binom(int(trials), rate)
            assert law.ppf(ALARM / (4 * k)) <= ones <= law.isf(ALARM / (4 * k))
    assert not np.unpackbits(reports, axis=1, bitorder="little")[:, k:].any()


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 4.0])
def test_buckets_given_the_seed(epsilon: float) -> None:
    """The own bucket with p, every other bucket alike; seeds are all different. Chi-square."""
    m = OptimizedLocalHashing(k=1000, epsilon=epsilon)
    values = np.random.default_rng(17).integers(0, 1000, NUM_REPORTS)
    reports = m.privatize(values, rng=np.random.default_rng(18))
    assert np.unique(reports["seed"]).size == NUM_REPORTS
    g = m.num_buckets
    hashed = hash_to_buckets(reports["seed"], values.astype(np.uint64), g).astype(np.int64)
    shift = (reports["bucket"].astype(np.int64) - hashed) % g
    expected = np.full(g, (1 - m.p_star) / (g - 1))
    expected[0] = m.p_star
    chi_square(np.bincount(shift, minlength=g), NUM_REPORTS * expected, g - 1)


@pytest.mark.parametrize("g", [2, 3, 4, 7, 21])
@pytest.mark.parametrize("pair", [(0, 1), (1, 2), (0, 1023), (6, 7), (21_998, 21_999)])
def test_hashes_of_two_values_are_independent_and_uniform(g: int, pair: tuple[int, int]) -> None:
    """Over random seeds (h(v1), h(v2)) is uniform on all g^2 pairs: chi-square."""
    seeds = np.random.default_rng(19).integers(0, 2**64, NUM_REPORTS, dtype=np.uint64)
    first, second = (hash_to_buckets(seeds, value, g).astype(np.int64) for value in pair)
    joint = np.bincount(first * g + second, minlength=g * g)
    chi_square(joint, np.full(g * g, NUM_REPORTS / g**2), g * g - 1)


def test_hashes_of_consecutive_seeds_are_uniform() -> None:
    """Seeds with structure (0, 1, 2, ...) still spread evenly, alone and in a row: chi-square."""
    seeds, g = np.arange(NUM_REPORTS, dtype=np.uint64), 8
    for value in (0, 1, 500):
        hashed = hash_to_buckets(seeds, value, g).astype(np.int64)
        following = np.bincount(hashed[:-1] * g + hashed[1:], minlength=g * g)
        # Overlapping pairs: the pair statistic less the single one is chi-square, g (g - 1).
        pairs, singles = NUM_REPORTS / g**2, NUM_REPORTS / g
        statistic = float(((following - pairs) ** 2).sum()) / pairs
        statistic -= float(((np.bincount(hashed, minlength=g) - singles) ** 2).sum()) / singles
        assert statistic <= stats.chi2(g * (g - 1)).isf(ALARM)


def test_hash_avalanche() -> None:
    """Flipping any bit of the seed, or of the value, changes a one-bit hash half the time.

    64 + 10 binomial counts, two-sided exact, Bonferroni at 1e-6 in all.
    """
    n = 20_000
    rng = np.random.default_rng(20)
    seeds = rng.integers(0, 2**64, n, dtype=np.uint64)
    values = rng.integers(0, 1024, n).astype(np.uint64)
    plain = hash_to_buckets(seeds, values, 2)
    law = stats.binom(n, 0.5)
    low, high = law.ppf(ALARM / 148), law.isf(ALARM / 148)
    for bit in range(64):
        flipped = hash_to_buckets(seeds ^ (np.uint64(1) << np.uint64(bit)), values, 2)
        assert low <= np.count_nonzero(flipped != plain) <= high
    for bit in range(10):
        flipped = hash_to_buckets(seeds, values ^ (np.uint64(1) << np.uint64(bit)), 2)
        assert low <= np.count_nonzero(flipped != plain) <= high


def splitmix64(seed: int, word: int) -> int:
    """Word number `word` of the stream, counted from 0, in Python integers."""
    mask = 2**64 - 1
    z = (seed + (word + 1) * 0x9E3779B97F4A7C15) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return z ^ (z >> 31)


def test_reference_is_the_published_generator() -> None:
    """First words of the stream of seed 1234567, as printed for the C reference."""
    assert [splitmix64(1234567, word) for word in range(5)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


@pytest.mark.parametrize("g", [2, 4, 21, 22_027, 2**31 - 1])
@pytest.mark.parametrize("value", [0, 1, 2, 73, 1022, 1023, 2**31, 2**31 + 1])
def test_hash_is_splitmix64(value: int, g: int) -> None:
    """Values 2j and 2j + 1 take the low and the high half of word j, scaled to [0, g).

    A scalar value, an array of values and a table of seeds by values agree.
    """
    seeds = np.random.default_rng(21).integers(0, 2**64, 50, dtype=np.uint64)
    words = [splitmix64(seed, value // 2) for seed in seeds.tolist()]
    halves = [divmod(word, 2**32)[0 if value % 2 else 1] for word in words]
    naive = [half * g // 2**32 for half in halves]
    assert hash_to_buckets(seeds, value, g).tolist() == naive
    many = np.full(50, value, dtype=np.uint64)
    assert hash_to_buckets(seeds, many, g).tolist() == naive
    assert hash_to_buckets(seeds[:, None], many[:1], g)[:, 0].tolist() == naive


@pytest.mark.parametrize(("k", "epsilon"), [(2, 1.0), (7, 0.3), (33, 3.0)])
def test_supports_are_those_of_the_hash(k: int, epsilon: float) -> None:
    """The counting of whole words, against each report and each value in Python integers."""
    m = OptimizedLocalHashing(k=k, epsilon=epsilon)
    reports = m.privatize(np.arange(200) % k, rng=np.random.default_rng(26))
    naive = [0] * k
    for seed, bucket in reports.tolist():
        for value in range(k):
            half = splitmix64(seed, value // 2) >> 32 * (value % 2) & 2**32 - 1
            naive[value] += half * m.num_buckets >> 32 == bucket
    assert m.aggregate(reports).supports.tolist() == naive


@pytest.mark.parametrize("name", ["grr", "ss", "oue", "olh", "mss"])
def test_one_generator_state_one_answer(name: str) -> None:
    """The same stream gives the same reports, and the caller's values stay untouched."""
    m = ldpaudit.mechanism(name, k=50, epsilon=1.0)
    values = np.arange(400) % 50
    kept = values.copy()
    first = m.privatize(values, rng=np.random.default_rng(22))
    second = m.privatize(values, rng=np.random.default_rng(22))
    other = m.privatize(values, rng=np.random.default_rng(23))
    np.testing.assert_array_equal(first, second)
    assert (np.asarray(first) != np.asarray(other)).any()
    np.testing.assert_array_equal(values, kept)


@pytest.mark.parametrize("epsilon", [0.5, 4.0])
def test_large_modular_reports(epsilon: float) -> None:
    """k = 1024: uniform blocks (chi-square), then exact sizes and the own residue's rate in each.

    Chi-square at 1e-6; the rates are exact binomial, Bonferroni at 1e-6 over the blocks.
    """
    k, n = 1024, 40_000
    m = ModularSubsetSelection(k=k, epsilon=epsilon)
    assert m.moduli is not None
    values = np.random.default_rng(24).integers(0, k, n)
    reports = m.privatize(values, rng=np.random.default_rng(25))
    num_blocks = len(m.moduli)
    users = np.bincount(reports["block"], minlength=num_blocks)
    chi_square(users, np.full(num_blocks, n / num_blocks), num_blocks - 1)
    for block, (modulus, size) in enumerate(zip(m.moduli, m.subset_sizes, strict=True)):
        mine = reports["block"] == block
        bits = np.unpackbits(reports["subset"][mine], axis=1, bitorder="little")
        assert (bits[:, :modulus].sum(axis=1) == size).all()
        assert not bits[:, modulus:].any()
        residues = values[mine] % modulus
        e = np.exp(epsilon)
        law = stats.binom(len(bits), size * e / (size * e + modulus - size))
        own = bits[np.arange(len(bits)), residues].sum()
        assert law.ppf(ALARM / 2 / num_blocks) <= own <= law.isf(ALARM / 2 / num_blocks)
