"""The blind guess and the published single guess: the law of the guesses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

import ldpaudit
from ldpaudit.attacks import BlindGuess, SingleGuess
from ldpaudit.data.priors import zipf

NAMES = ("grr", "ss", "oue", "olh", "mss")
ALARM = 1e-6


class WithoutLikelihood:
    k, epsilon = 5, 1.0

    def privatize(
        self, values: npt.ArrayLike, *, rng: np.random.Generator
    ) -> npt.NDArray[np.int64]:
        return rng.permutation(np.asarray(values, dtype=np.int64))


@pytest.mark.parametrize("prior", [[0.2, 0.5, 0.3], [0.0, 0.0, 1.0], [0.4, 0.2, 0.4]])
def test_blind_guess_is_the_likeliest_value(prior: list[float]) -> None:
    """Whatever the mechanism and its reports, and without a draw."""
    rng = np.random.default_rng(1)
    cases: list[tuple[Any, Any]] = [(WithoutLikelihood(), np.arange(4)), (None, ["a", "b"])]
    for m, reports in cases:
        guesses = BlindGuess().guess(reports, m, np.array(prior), rng=rng)
        assert guesses.tolist() == [prior.index(max(prior))] * len(reports)
        assert guesses.dtype == np.int64
    assert rng.bit_generator.state == np.random.default_rng(1).bit_generator.state
    assert BlindGuess().guess([], WithoutLikelihood(), np.array(prior), rng=rng).shape == (0,)


def test_applies_says_what_is_missing() -> None:
    whole, bare = ldpaudit.mechanism("grr", k=5, epsilon=1.0), WithoutLikelihood()
    assert BlindGuess().applies(whole) is None
    assert BlindGuess().applies(bare) is None
    assert SingleGuess().applies(whole) is None
    assert SingleGuess().applies(bare) == "the mechanism has no log_likelihood"


def check_uniform(guesses: npt.NDArray[np.int64], among: list[int], k: int) -> None:
    """Chi-square at 1e-6: guesses fall on the named values alone, and evenly."""
    counts = np.bincount(guesses, minlength=k)
    assert counts.size == k
    assert counts[among].sum() == len(guesses)
    if len(among) > 1:
        mean = len(guesses) / len(among)
        statistic = float(((counts[among] - mean) ** 2).sum()) / mean
        assert statistic <= stats.chi2(len(among) - 1).isf(ALARM)


@pytest.mark.parametrize(
    "support",
    [[0], [8], [0, 8], [1, 2, 3], [7, 8], list(range(8)), list(range(9)), []],
    ids=str,
)
def test_single_guess_is_uniform_over_the_support_of_a_unary_report(support: list[int]) -> None:
    """An empty support leaves the whole domain. False alarm 1e-6 each."""
    k = 9
    m = ldpaudit.mechanism("oue", k=k, epsilon=1.0)
    bits = np.zeros((1, k), dtype=np.uint8)
    bits[0, support] = 1
    reports = np.repeat(np.packbits(bits, axis=1, bitorder="little"), 20_000, axis=0)
    guesses = SingleGuess().guess(reports, m, zipf(k), rng=np.random.default_rng(2))
    check_uniform(guesses, support or list(range(k)), k)


@pytest.mark.parametrize("name", NAMES)
def test_single_guess_is_uniform_over_the_most_likely_values(name: str) -> None:
    """Some reports of each mechanism, ties by the likelihood. Chi-square, 1e-6 a report."""
    k = 9
    m = ldpaudit.mechanism(name, k=k, epsilon=0.7)
    for report in m.privatize(np.arange(k), rng=np.random.default_rng(3)):
        one = np.asarray(report)[None]
        likelihood = m.log_likelihood(one)[0]
        among = [v for v in range(k) if likelihood[v] >= likelihood.max() - 1e-12]
        many = np.repeat(one, 20_000, axis=0)
        guesses = SingleGuess().guess(many, m, zipf(k), rng=np.random.default_rng(4))
        check_uniform(guesses, among, k)


def test_each_report_gets_a_guess_from_its_own_support() -> None:
    """A batch of different reports is not mixed up."""
    k = 70
    m = ldpaudit.mechanism("ss", k=k, epsilon=1.0)
    rng = np.random.default_rng(5)
    reports = m.privatize(rng.integers(0, k, 2000), rng=rng)
    guesses = SingleGuess().guess(reports, m, zipf(k), rng=rng)
    bits = np.unpackbits(reports, axis=1, count=k, bitorder="little")
    assert bits[np.arange(2000), guesses].all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("epsilon", [0.5, 3.0])
def test_single_guess_reaches_the_uniform_vulnerability(name: str, epsilon: float) -> None:
    """Uniform users: no better attack exists. Within 5 standard errors, about 6e-7 each."""
    k, n = 50, 100_000
    m = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
    rng = np.random.default_rng(6)
    values = rng.integers(0, k, n)
    guesses = SingleGuess().guess(m.privatize(values, rng=rng), m, np.full(k, 1 / k), rng=rng)
    success = m.vulnerability()
    standard_error = math.sqrt(success * (1 - success) / n)
    assert abs(float((guesses == values).mean()) - success) <= 5 * standard_error


def test_the_published_modular_attack_is_weaker_than_a_guess_over_preimages() -> None:
    """The paper's attacker picks a residue, then a preimage that may not exist.

    Simulated as described and compared with its published figure: within 5
    standard errors; the guess over existing preimages beats it by as many.
    """
    k, n = 100, 200_000
    m = ldpaudit.mechanism("mss", k=k, epsilon=2.0, moduli=(61, 67, 71))
    rng = np.random.default_rng(7)
    values = rng.integers(0, k, n)
    reports = m.privatize(values, rng=rng)
    moduli, sizes = np.array(m.moduli), np.array(m.subset_sizes)
    bits = np.unpackbits(reports["subset"], axis=1, bitorder="little")
    rank = rng.integers(0, sizes[reports["block"]])
    residues = (np.cumsum(bits, axis=1) == rank[:, None] + 1).argmax(axis=1)
    modulus = moduli[reports["block"]]
    preimage = residues + modulus * rng.integers(0, -(-k // modulus))
    published = m.published_success()
    error = math.sqrt(published / n)
    assert abs(float((preimage == values).mean()) - published) <= 5 * error
    better = SingleGuess().guess(reports, m, np.full(k, 1 / k), rng=rng)
    assert float((better == values).mean()) > published + 5 * error
