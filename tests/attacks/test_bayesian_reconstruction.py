"""The Bayes-optimal guess: against a loop, and against the exact figure it should reach."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest

import ldpaudit
from ldpaudit.attacks import BayesianReconstruction
from ldpaudit.data.priors import zipf

NAMES = ("grr", "ss", "oue", "olh", "mss")


def priors(k: int) -> list[npt.NDArray[np.float64]]:
    """Uniform, random, and one that rules out every other value."""
    holes = np.where(np.arange(k) % 2 == 0, 1.0, 0.0)
    return [
        np.full(k, 1 / k),
        np.random.default_rng(1).dirichlet(np.full(k, 0.5)),
        holes / holes.sum(),
    ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("epsilon", [0.5, 3.0])
def test_guess_is_the_largest_posterior(name: str, epsilon: float) -> None:
    """One report and one value at a time; the smallest of equals wins."""
    k = 12
    m = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
    rng = np.random.default_rng(2)
    reports = m.privatize(rng.integers(0, k, 200), rng=rng)
    for prior in priors(k):
        guesses = BayesianReconstruction().guess(reports, m, prior, rng=rng)
        assert guesses.shape == (200,)
        for row, guess in enumerate(guesses.tolist()):
            posterior = []
            for value in range(k):
                likelihood = float(m.log_likelihood(reports[row : row + 1], [value])[0, 0])
                posterior.append(prior[value] * math.exp(likelihood))
            best = max(posterior)
            assert posterior[guess] == pytest.approx(best, rel=1e-12)
            assert prior[guess] > 0
            if prior.min() == prior.max():
                assert guess == next(v for v in range(k) if posterior[v] >= best * (1 - 1e-12))


@pytest.mark.parametrize("name", NAMES)
def test_guess_draws_nothing(name: str) -> None:
    """The generator is left where it was, and the same reports get the same guesses."""
    m = ldpaudit.mechanism(name, k=30, epsilon=1.0)
    reports = m.privatize(np.arange(30), rng=np.random.default_rng(3))
    rng = np.random.default_rng(4)
    attack, prior = BayesianReconstruction(), zipf(30)
    first = attack.guess(reports, m, prior, rng=rng)
    np.testing.assert_array_equal(first, attack.guess(reports, m, prior, rng=rng))
    assert rng.bit_generator.state == np.random.default_rng(4).bit_generator.state


@pytest.mark.parametrize(
    ("name", "epsilon", "s"), list(itertools.product(NAMES, (0.5, 2.0, 4.0), (0.3, 1.0)))
)
def test_success_is_the_vulnerability(name: str, epsilon: float, s: float) -> None:
    """Zipf users over k = 64: within 5 standard errors of the exact figure, about 6e-7 each."""
    k, n = 64, 100_000
    m, prior = ldpaudit.mechanism(name, k=k, epsilon=epsilon), zipf(k, s)
    rng = np.random.default_rng(5)
    values = rng.choice(k, size=n, p=prior)
    guesses = BayesianReconstruction().guess(m.privatize(values, rng=rng), m, prior, rng=rng)
    success = m.vulnerability(prior)
    standard_error = math.sqrt(success * (1 - success) / n)
    assert abs(float((guesses == values).mean()) - success) <= 5 * standard_error


@pytest.mark.parametrize("name", NAMES)
def test_success_of_uniform_users(name: str) -> None:
    """Ties are many here; within 5 standard errors of the exact figure, about 6e-7 each."""
    k, n = 64, 100_000
    m, prior = ldpaudit.mechanism(name, k=k, epsilon=2.0), np.full(k, 1 / k)
    rng = np.random.default_rng(6)
    values = rng.integers(0, k, n)
    guesses = BayesianReconstruction().guess(m.privatize(values, rng=rng), m, prior, rng=rng)
    success = m.vulnerability()
    standard_error = math.sqrt(success * (1 - success) / n)
    assert abs(float((guesses == values).mean()) - success) <= 5 * standard_error


class WithoutLikelihood:
    k, epsilon = 5, 1.0

    def privatize(
        self, values: npt.ArrayLike, *, rng: np.random.Generator
    ) -> npt.NDArray[np.int64]:
        return rng.permutation(np.asarray(values, dtype=np.int64))


def test_applies_says_what_is_missing() -> None:
    attack = BayesianReconstruction()
    assert attack.applies(ldpaudit.mechanism("grr", k=5, epsilon=1.0)) is None
    assert attack.applies(WithoutLikelihood()) == (
        "the mechanism has no log_likelihood; learned-guess learns from reports instead"
    )


def test_no_reports_no_guesses() -> None:
    m = ldpaudit.mechanism("oue", k=5, epsilon=1.0)
    rng = np.random.default_rng(7)
    reports = m.privatize([], rng=rng)
    assert BayesianReconstruction().guess(reports, m, zipf(5), rng=rng).shape == (0,)
