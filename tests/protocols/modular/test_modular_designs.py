"""Modular subset selection: which designs are allowed, and the figures of known ones."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldpaudit.protocols import ModularSubsetSelection, SubsetSelection
from ldpaudit.protocols.modular._residues import choose_moduli, rank_deficit
from tests.protocols.channels import EPSILONS, all_reports, defined_channel, priors


def primes(low: float, high: float) -> list[int]:
    """Primes in [low, high] by trial division."""
    numbers = range(math.ceil(low), math.floor(high) + 1)
    return [n for n in numbers if all(n % d for d in range(2, math.isqrt(n) + 1))]


def uniform(k: int) -> npt.NDArray[np.float64]:
    return np.full(k, 1 / k)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.integers(2, 80), st.integers(0, 2**32), st.integers(1, 6))
def test_rank_deficit_is_that_of_the_design_matrix(k: int, seed: int, blocks: int) -> None:
    """Random coprime moduli, some of full rank and some short of it."""
    moduli: list[int] = []
    for candidate in np.random.default_rng(seed).permutation(np.arange(2, k + 1)).tolist():
        if all(math.gcd(candidate, other) == 1 for other in moduli):
            moduli.append(candidate)
        if len(moduli) == blocks:
            break
    rows = [np.arange(k)[None, :] % m == np.arange(m)[:, None] for m in moduli]
    rank = int(np.linalg.matrix_rank(np.concatenate(rows).astype(np.float64)))
    assert rank_deficit(k, moduli) == k - rank


@pytest.mark.parametrize(
    ("k", "moduli", "error", "message"),
    [
        (8, (3, 4), ValueError, "2 short"),
        (8, (2, 3), ValueError, "4 short"),
        (100, (30, 31), ValueError, "to determine every frequency"),
        (8, (4, 6), ValueError, "pairwise coprime, got 4 and 6"),
        (8, (7, 7), ValueError, "pairwise coprime, got 7 and 7"),
        (8, (5, 9), ValueError, "at most 8, got 9"),
        (8, (1, 8), ValueError, "at least 2, got 1"),
        (8, (-5, 7), ValueError, "at least 2, got -5"),
        (8, (5.0, 7), TypeError, "whole number, got 5.0"),
        (8, (True, 7), TypeError, "whole number, got True"),
        (8, ("5", 7), TypeError, "whole number, got '5'"),
        (8, 7, TypeError, "moduli must be a sequence of whole numbers, got 7"),
    ],
)
def test_moduli_that_cannot_be_decoded_are_refused(
    k: int, moduli: tuple[int, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        ModularSubsetSelection(k=k, epsilon=1.0, moduli=moduli)


def test_moduli_of_any_sequence_become_plain_integers() -> None:
    """A list or numpy integers build the same, hashable mechanism."""
    plain = ModularSubsetSelection(k=8, epsilon=1.0, moduli=(5, 7))
    listed = ModularSubsetSelection(k=8, epsilon=1.0, moduli=[5, 7])  # type: ignore[arg-type]
    array = ModularSubsetSelection(k=8, epsilon=1.0, moduli=tuple(np.array([5, 7])))
    assert plain == listed == array
    assert hash(plain) == hash(listed) == hash(array)
    assert repr(array) == "ModularSubsetSelection(k=8, epsilon=1.0, moduli=(5, 7))"


@pytest.mark.parametrize("k", [2, 3, 4, 5, 6, 7, 8, 9, 12, 25, 74, 96, 300, 1024])
@pytest.mark.parametrize("epsilon", [0.5, 4.0])
def test_default_moduli_decode(k: int, epsilon: float) -> None:
    m = ModularSubsetSelection(k=k, epsilon=epsilon)
    assert m.moduli is not None
    assert all(math.gcd(a, b) == 1 for i, a in enumerate(m.moduli) for b in m.moduli[:i])
    assert rank_deficit(k, m.moduli) == 0
    assert math.prod(m.moduli) >= k
    if k <= 3:
        assert m.moduli == (k,)
    else:
        assert max(m.moduli) < k
    assert choose_moduli(k, epsilon) == m.moduli
    frequencies = np.random.default_rng(k).dirichlet(np.ones(k))
    residues = []
    for modulus in m.moduli:
        folded = np.zeros(modulus)
        np.add.at(folded, np.arange(k) % modulus, frequencies)
        residues.append(folded)
    answer = m.decoder.decode(residues)
    np.testing.assert_allclose(np.asarray(answer), np.asarray(frequencies), rtol=0, atol=1e-10)


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("epsilon", EPSILONS)
def test_a_single_modulus_is_subset_selection(k: int, epsilon: float) -> None:
    mss, ss = ModularSubsetSelection(k=k, epsilon=epsilon), SubsetSelection(k=k, epsilon=epsilon)
    assert mss.moduli == (k,)
    assert mss.subset_sizes == (ss.subset_size,)
    assert mss.bits == ss.bits == mss.mean_bits
    assert mss.exact_epsilon() == ss.exact_epsilon()
    assert mss.published_success() == pytest.approx(ss.p_star / ss.subset_size, rel=1e-12)
    for prior in priors(k):
        assert mss.vulnerability(prior) == pytest.approx(ss.vulnerability(prior), rel=1e-12)
        assert mss.mse(10, prior) == pytest.approx(ss.mse(10, prior), rel=1e-9)
    reports = ss.privatize(np.arange(500) % k, rng=np.random.default_rng(1))
    same = np.zeros(500, dtype=mss.privatize([], rng=np.random.default_rng(1)).dtype)
    same["subset"] = reports
    np.testing.assert_allclose(
        mss.estimate(mss.aggregate(same)), ss.estimate(ss.aggregate(reports)), atol=1e-10
    )


def test_figures_of_a_small_design() -> None:
    """k = 8, epsilon = 4, moduli 5 and 7: .0305 at f = 0, .188 for uniform users."""
    m = ModularSubsetSelection(k=8, epsilon=4.0, moduli=(5, 7))
    assert m.mse(1) == pytest.approx(0.0305, abs=5e-5)
    assert m.mse(1, uniform(8)) == pytest.approx(0.188, abs=5e-4)


@pytest.mark.parametrize(
    ("epsilon", "published", "bayes"),
    [
        (0.5, 0.00090, 0.00129),
        (1.0, 0.00127, 0.00182),
        (2.0, 0.00285, 0.00409),
        (4.0, 0.01888, 0.02706),
    ],
)
def test_the_published_figure_understates_the_best_attack(
    epsilon: float, published: float, bayes: float
) -> None:
    """k = 1024, the eight largest primes of [0.6 k, 0.75 k]: within 2% and 1% of the figures."""
    moduli = tuple(primes(0.6 * 1024, 0.75 * 1024)[-8:])
    m = ModularSubsetSelection(k=1024, epsilon=epsilon, moduli=moduli)
    assert m.published_success() == pytest.approx(published, rel=0.02)
    assert m.vulnerability() == pytest.approx(bayes, rel=0.01)


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("moduli", [(5, 7), (3, 4, 5), (3, 5, 7, 8)])
def test_published_success_is_an_attack_that_can_be_run(
    epsilon: float, moduli: tuple[int, ...]
) -> None:
    """A uniform residue of the subset, then one of its ceil(k / m) preimages, in or out of [0, k).

    The success of that attacker by going through all reports and values.
    """
    m = ModularSubsetSelection(k=8, epsilon=epsilon, moduli=moduli)
    reports, table = all_reports(m), defined_channel(m)
    success = 0.0
    for report, likelihood in zip(reports, table, strict=True):
        block = int(report["block"])
        modulus, size = moduli[block], m.subset_sizes[block]
        members = np.unpackbits(report["subset"], bitorder="little")
        for x in range(8):
            guessed = members[x % modulus] / size / math.ceil(8 / modulus)
            success += likelihood[x] * guessed / 8
    assert m.published_success() == pytest.approx(success, rel=1e-12)
    assert m.published_success() <= m.vulnerability() * (1 + 1e-12)


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 2.0, 4.0, 5.0])
def test_default_design_is_close_to_subset_selection_with_fewer_bits(epsilon: float) -> None:
    """k = 1024: at most 1.15 times the error of subset selection at uniform users."""
    mss = ModularSubsetSelection(k=1024, epsilon=epsilon)
    ss = SubsetSelection(k=1024, epsilon=epsilon)
    ratio = mss.mse(1, uniform(1024)) / ss.mse(1, uniform(1024))
    assert 1.0 < ratio <= 1.15
    assert mss.bits < ss.bits
    assert mss.mean_bits <= mss.bits
