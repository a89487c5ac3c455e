"""Attacks that read supports guess as those that read the table of likelihoods."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

import ldpaudit
from ldpaudit.contracts import HasSupports
from ldpaudit.registry import create_attack

NAMES = (
    "grr",
    "agrr",
    "ss",
    "sue",
    "oue",
    "asue",
    "blh",
    "olh",
    "aolh",
    "mss",
    "smss",
    "amss",
    "ass",
    "hr",
    "pgr",
    "hpgr",
    "pi-rappor",
    "alh",
)


class Table:
    """The likelihood of a mechanism and nothing else of it."""

    def __init__(self, mechanism: Any) -> None:
        self.k, self.log_likelihood = mechanism.k, mechanism.log_likelihood


def assert_two_levels(mechanism: Any) -> None:
    assert isinstance(mechanism, HasSupports)


def mechanisms(name: str) -> list[Any]:
    extra: dict[str, Any] = {"delta": 1e-3} if name in ("agrr", "asue", "aolh") else {}
    return [
        ldpaudit.mechanism(name, k=k, epsilon=epsilon, **extra)
        for k in (3, 9, 100)
        for epsilon in (0.5, 4.0)
    ]


def law(k: int) -> Any:
    weights = np.random.default_rng(k).permutation(1 / np.arange(1, k + 1))
    weights[0] = 0.0
    return weights / weights.sum()


@pytest.mark.parametrize("name", NAMES)
def test_the_table_says_the_same(name: str) -> None:
    bayes: Any = create_attack("bayes")
    single: Any = create_attack("single-guess")
    for m in mechanisms(name):
        assert_two_levels(m)
        rng = np.random.default_rng(0)
        reports = m.privatize(rng.integers(0, m.k, 400), rng=rng)
        table = m.log_likelihood(reports)
        gaps = np.ptp(table, axis=1)
        assert gaps[gaps > 0] == pytest.approx(m.support_gain)
        for prior in (np.full(m.k, 1 / m.k), law(m.k)):
            quick = bayes.guess(reports, m, prior, rng=rng)
            assert (quick == bayes.guess(reports, Table(m), prior, rng=rng)).all()
        guess = single.guess(reports, m, np.full(m.k, 1 / m.k), rng=rng)
        assert (table[np.arange(400), guess] == table.max(axis=1)).all()


@pytest.mark.parametrize(
    ("name", "k", "epsilon"),
    [
        ("olh", 200, 1.0),
        ("olh", 40, 4.0),
        ("olh", 5, 4.0),
        ("hr", 20, 1.0),
        ("hr", 20, 3.0),
        ("pgr", 40, 1.0),
        ("hpgr", 40, 2.0),
        ("pi-rappor", 40, 1.0),
    ],
)
def test_a_guess_of_tried_values_is_uniform(name: str, k: int, epsilon: float) -> None:
    """Places of guesses among the supported values, chi-square at 1e-6 by size of support."""
    m = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
    rng = np.random.default_rng(1)
    reports = m.privatize(rng.integers(0, k, 20_000), rng=rng)
    single: Any = create_attack("single-guess")
    guess = single.guess(reports, m, np.full(k, 1 / k), rng=rng)
    table = m.log_likelihood(reports)
    best = table == table.max(axis=1)[:, None]
    place = np.cumsum(best, axis=1)[np.arange(len(guess)), guess] - 1
    size = best.sum(axis=1)
    for many in np.flatnonzero(np.bincount(size) > 800):
        if many > 1:
            counts = np.bincount(place[size == many], minlength=many)
            assert stats.chisquare(counts).pvalue > 1e-6 / 50


def test_blocks_of_a_design_are_supports() -> None:
    """The Fano plane: its single guesses are members, its best guesses those of the table."""
    fano = [[0, 1, 2], [0, 3, 4], [0, 5, 6], [1, 3, 5], [1, 4, 6], [2, 3, 6], [2, 4, 5]]
    m = ldpaudit.mechanism("block-design", k=7, epsilon=1.0, blocks=fano)
    assert_two_levels(m)
    bayes: Any = create_attack("bayes")
    single: Any = create_attack("single-guess")
    rng, reports = np.random.default_rng(0), np.arange(7)
    for prior in (np.full(7, 1 / 7), law(7)):
        quick = bayes.guess(reports, m, prior, rng=rng)
        assert (quick == bayes.guess(reports, Table(m), prior, rng=rng)).all()
    guesses = single.guess(np.tile(reports, 50), m, np.full(7, 1 / 7), rng=rng)
    assert all(g in fano[r] for g, r in zip(guesses, np.tile(reports, 50), strict=True))
    assert len(set(guesses[::7].tolist())) == 3
