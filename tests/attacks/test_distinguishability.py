"""The likelihood-ratio score: sign, size, ties, and the epsilon it can see."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

import ldpaudit
from ldpaudit.attacks import LikelihoodRatio

NAMES = ("grr", "ss", "oue", "olh", "mss")


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


class Table:
    """A mechanism given by its likelihoods: reports are row numbers."""

    k, epsilon = 3, 1.0

    def __init__(self, table: npt.ArrayLike) -> None:
        self.table = np.asarray(table, dtype=np.float64)

    def privatize(
        self, values: npt.ArrayLike, *, rng: np.random.Generator
    ) -> npt.NDArray[np.int64]:
        return rng.integers(0, len(self.table), np.asarray(values).size)

    def log_likelihood(
        self, reports: npt.ArrayLike, values: npt.ArrayLike | None = None
    ) -> npt.NDArray[np.float64]:
        columns = np.arange(self.k) if values is None else np.asarray(values)
        return np.asarray(np.log(self.table[np.asarray(reports)][:, columns]))


def test_score_is_the_log_ratio_of_the_pair() -> None:
    m = Table([[0.5, 0.2, 0.1], [0.25, 0.25, 0.8], [0.25, 0.55, 0.1]])
    score = LikelihoodRatio().score([0, 1, 2], m, (0, 1), rng=rng())
    np.testing.assert_allclose(score, [math.log(2.5), 0.0, math.log(0.25 / 0.55)], rtol=1e-12)
    other = LikelihoodRatio().score([0, 1, 2], m, (2, 0), rng=rng())
    np.testing.assert_allclose(other, np.log([0.2, 3.2, 0.4]), rtol=1e-12)


def test_ratios_within_the_margin_count_as_nothing() -> None:
    near = 0.5 * math.exp(5e-10)
    m = Table([[near, 0.5, 0.5], [1 - near, 0.5, 0.5]])
    assert LikelihoodRatio().score([0, 1], m, (0, 1), rng=rng()).tolist() == [0.0, 0.0]
    strict = LikelihoodRatio(margin=1e-12).score([0, 1], m, (0, 1), rng=rng())
    assert strict[0] > 0 > strict[1]
    loose = LikelihoodRatio(margin=0.5).score(
        [0, 1], Table([[0.5, 0.4, 0.3]] * 2), (0, 1), rng=rng()
    )
    assert loose.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("epsilon", [0.5, 4.0])
@pytest.mark.parametrize("pair", [(0, 1), (5, 2)])
def test_scores_of_our_mechanisms(name: str, epsilon: float, pair: tuple[int, int]) -> None:
    """Plus or minus epsilon where one input alone is supported, exactly 0 on every other report."""
    k = 20
    m = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
    reports = m.privatize(rng().integers(0, k, 5000), rng=rng(2))
    score = LikelihoodRatio().score(reports, m, pair, rng=rng())
    assert score.shape == (5000,)
    decided = score[score != 0]
    assert decided.size
    np.testing.assert_allclose(np.abs(decided), epsilon, rtol=1e-12)
    reverse = LikelihoodRatio().score(reports, m, pair[::-1], rng=rng())
    np.testing.assert_array_equal(reverse, -score)
    if name in ("ss", "oue"):
        bits = np.unpackbits(reports, axis=1, count=k, bitorder="little").astype(np.int64)
        np.testing.assert_array_equal(np.sign(score), bits[:, pair[0]] - bits[:, pair[1]])
    if name == "grr":
        naive = (reports == pair[0]).astype(int) - (reports == pair[1]).astype(int)
        np.testing.assert_array_equal(np.sign(score), naive)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("epsilon", [0.5, 2.0])
def test_decided_reports_show_epsilon(name: str, epsilon: float) -> None:
    """Among decided reports a share e / (e + 1) is right: 5 standard errors, about 6e-7 each."""
    k, n = 25, 100_000
    m = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
    first = LikelihoodRatio().score(m.privatize(np.zeros(n, int), rng=rng(3)), m, (0, 1), rng=rng())
    second = LikelihoodRatio().score(m.privatize(np.ones(n, int), rng=rng(4)), m, (0, 1), rng=rng())
    right = np.count_nonzero(first > 0) + np.count_nonzero(second < 0)
    decided = np.count_nonzero(first) + np.count_nonzero(second)
    share = 1 / (1 + math.exp(-epsilon))
    assert decided > 1000
    assert abs(right - decided * share) <= 5 * math.sqrt(decided * share * (1 - share))


@pytest.mark.parametrize("name", NAMES)
def test_a_pair_of_equal_inputs_says_nothing(name: str) -> None:
    m = ldpaudit.mechanism(name, k=20, epsilon=1.0)
    reports = m.privatize(np.arange(20), rng=rng())
    assert not LikelihoodRatio().score(reports, m, (3, 3), rng=rng()).any()
    assert LikelihoodRatio().score(reports[:0], m, (0, 1), rng=rng()).shape == (0,)


def test_applies_says_what_is_missing() -> None:
    class WithoutLikelihood:
        k, epsilon = 5, 1.0

        def privatize(
            self, values: npt.ArrayLike, *, rng: np.random.Generator
        ) -> npt.NDArray[np.int64]:
            return rng.permutation(np.asarray(values, dtype=np.int64))

    attack = LikelihoodRatio()
    assert attack.applies(ldpaudit.mechanism("olh", k=5, epsilon=1.0)) is None
    assert attack.applies(Table([[1.0, 1.0, 1.0]])) is None
    assert attack.applies(WithoutLikelihood()) == "the mechanism has no log_likelihood"
