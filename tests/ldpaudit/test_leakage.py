"""Leakage of small channels, by loops over the definition."""

from __future__ import annotations

import math
from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldpaudit.leakage import bayes_vulnerability, check_channel, exact_epsilon, min_entropy_leakage

Floats = npt.NDArray[np.float64]


def channels() -> st.SearchStrategy[tuple[Floats, Floats]]:
    """A channel of 2-5 values and 1-6 reports, zeros included, and a prior."""

    def build(shape: tuple[int, int], seed: int) -> tuple[Floats, Floats]:
        rng = np.random.default_rng(seed)
        table = rng.dirichlet(np.ones(shape[1]), shape[0])
        table[rng.random(shape) < 0.2] = 0
        table[table.sum(axis=1) == 0] = 1
        return table / table.sum(axis=1, keepdims=True), rng.dirichlet(np.ones(shape[0]))

    shapes = st.tuples(st.integers(2, 5), st.integers(1, 6))
    return st.builds(build, shapes, st.integers(0, 2**32))


@given(channels())
def test_against_the_definition(case: tuple[Floats, Floats]) -> None:
    channel, prior = case
    success = sum(
        max(prior[x] * channel[x, y] for x in range(len(prior))) for y in range(channel.shape[1])
    )
    assert bayes_vulnerability(channel, prior) == pytest.approx(success, rel=1e-12)
    leakage = min_entropy_leakage(channel, prior)
    assert leakage == pytest.approx(math.log(success / prior.max()), abs=1e-12)
    ratios = [0.0]
    for one, two in permutations(channel, 2):
        ratios += [
            math.inf if q == 0 else math.log(p / q) for p, q in zip(one, two, strict=True) if p > 0
        ]
    epsilon = exact_epsilon(channel)
    assert epsilon == pytest.approx(max(ratios), rel=1e-12, abs=1e-12)
    assert -1e-12 <= leakage <= epsilon + 1e-12


@given(channels(), st.integers(0, 2**32))
def test_processing_a_report_reveals_no_more(case: tuple[Floats, Floats], seed: int) -> None:
    channel, prior = case
    later = np.random.default_rng(seed).dirichlet(np.ones(3), channel.shape[1])
    assert bayes_vulnerability(channel @ later, prior) <= bayes_vulnerability(channel, prior) + 1e-9
    assert exact_epsilon(channel @ later) <= exact_epsilon(channel) + 1e-9


def test_extremes() -> None:
    assert bayes_vulnerability(np.eye(3)) == pytest.approx(1)
    assert exact_epsilon(np.eye(3)) == math.inf
    assert min_entropy_leakage(np.eye(4)) == pytest.approx(math.log(4))
    silent = np.full((4, 2), 0.5)
    assert bayes_vulnerability(silent, [0.7, 0.1, 0.1, 0.1]) == pytest.approx(0.7)
    assert exact_epsilon(silent) == 0
    assert exact_epsilon([[1.0, 0.0], [1.0, 0.0]]) == 0  # a report nobody sends


@pytest.mark.parametrize(
    ("channel", "message"),
    [
        ([[1.0, 0.0]], r"channel must have shape \(k >= 2, reports\), got \(1, 2\)"),
        ([1.0, 0.0], "channel must have shape"),
        ([[0.5, 0.5], [0.5, 0.4]], "channel row 1 must sum to 1, got 0.9"),
        ([[1.5, -0.5], [0.5, 0.5]], "channel row 0 must hold finite probabilities"),
        ([[math.nan, 1], [0.5, 0.5]], "channel row 0 must hold finite probabilities"),
    ],
)
def test_what_is_no_channel(channel: Any, message: str) -> None:
    for measure in (check_channel, bayes_vulnerability, min_entropy_leakage, exact_epsilon):
        with pytest.raises(ValueError, match=message):
            measure(channel)


def test_prior_must_fit() -> None:
    with pytest.raises(ValueError, match=r"prior must have shape \(2,\), got \(3,\)"):
        bayes_vulnerability(np.eye(2), [0.2, 0.3, 0.5])
