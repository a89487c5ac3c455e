"""The model of ordered columns: what it scores, what it finds, and where it stays away."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ldpaudit.attacks._encoding import find_columns
from ldpaudit.attacks._models import Additive
from ldpaudit.attacks._smooth import Smooth
from ldpaudit.attacks._training import Training

from .learning import rng


def training(reports: np.ndarray, first: np.ndarray) -> Training:
    columns = find_columns(reports)
    codes = np.stack([column(reports) for column in columns], axis=1)
    return Training(codes, [column.size for column in columns], first, len(columns))


def planar(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Planar Laplace noise around 0 and 1, and which reports are around 1."""
    generator = rng(seed)
    first = generator.random(n) < 0.5
    radius, angle = generator.gamma(2, 1, n), generator.random(n) * 2 * math.pi
    return np.stack((first + radius * np.cos(angle), radius * np.sin(angle)), axis=1), first


@pytest.mark.parametrize("kind", ["planar", "signed"])
def test_scores_are_sums_over_the_knots_that_are_reached(kind: str) -> None:
    """Against the definition, report by report, in plain loops."""
    own = training(*(planar(3_000, 2) if kind == "planar" else signed(3_000, 2, 2)[:2]))
    model = Smooth.learn(own)
    assert model is not None
    scores = model.score(own.by_column)
    for row in range(0, 3_000, 300):
        codes = own.codes[row].astype(int)
        expected = model.base + sum(float(table[codes[column]]) for column, table in model.alone)
        for (one, two), (first, second), cells in model.pairs:
            places = sum(codes[one] >= knot for knot in first), sum(codes[two] >= k for k in second)
            expected += float(cells[places])
        assert scores[row] == pytest.approx(expected, abs=1e-12)


def test_what_two_coordinates_say_together_is_learned() -> None:
    """The log ratio |r| - |r - 1|: half of the error of levels alone is left, or less."""
    reports, first = planar(10_000, 3)
    own = training(reports, first)
    model, levels = Smooth.learn(own), Additive.learn(own)
    assert model is not None
    assert levels is not None
    assert model.pairs
    exact = np.hypot(*reports.T) - np.hypot(reports[:, 0] - 1, reports[:, 1])
    errors = [np.mean((m.score(own.by_column) - exact) ** 2) for m in (model, levels)]
    assert errors[0] < errors[1] / 2


def signed(n: int, seed: int, numbers: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Noisy numbers around 0 or 1, each times a coin that is sent too; and the log ratios."""
    generator = rng(seed)
    first = generator.random(n) < 0.5
    noisy = generator.laplace(scale=2, size=(n, numbers)) + first[:, None]
    coins = generator.choice([-0.44, 0.56], (n, numbers))
    reports = np.stack((coins, coins * noisy), axis=2).reshape(n, -1)
    return reports, first, ((np.abs(noisy) - np.abs(noisy - 1)) / 2).sum(axis=1)


@pytest.mark.parametrize("numbers", [1, 4])
def test_what_a_number_says_beside_its_sign_is_learned(numbers: int) -> None:
    """A third of the error of levels and their pairs is left, or less."""
    reports, first, exact = signed(10_000, 6, numbers)
    own = training(reports, first)
    model, levels = Smooth.learn(own), Additive.learn(own)
    assert model is not None
    assert levels is not None
    assert {both for both, _, _ in model.pairs} >= {(2 * j, 2 * j + 1) for j in range(numbers)}
    errors = [np.mean((m.score(own.by_column) - exact) ** 2) for m in (model, levels)]
    assert errors[0] < errors[1] / 3


def test_a_flag_that_changes_nothing_splits_nothing() -> None:
    """Beside a number that is told by itself; a limit that chance passes once in 50 or less."""
    generator = rng(7)
    first = generator.random(10_000) < 0.5
    noisy = generator.laplace(scale=2, size=10_000) + first
    coins = generator.integers(0, 2, (10_000, 3)) + 0.0
    model = Smooth.learn(training(np.column_stack((noisy, coins)), first))
    assert model is not None
    assert model.columns == [0]


def test_several_noisy_numbers_add_up_without_pairs() -> None:
    generator = rng(4)
    first = generator.random(10_000) < 0.5
    reports = generator.laplace(scale=2, size=(10_000, 4)) + first[:, None] * np.array([1, 1, 0, 0])
    model = Smooth.learn(training(reports, first))
    assert model is not None
    assert not model.pairs
    assert model.columns == [0, 1]


@pytest.mark.parametrize("kind", ["bits", "noise"])
def test_there_is_no_such_model_without_order_or_difference(kind: str) -> None:
    """The limit is passed by chance in fewer than one of 50 sets of noise."""
    generator = rng(5)
    first = generator.random(4_000) < 0.5
    reports = generator.normal(size=(4_000, 3))
    if kind == "bits":
        reports = ((reports > 0) ^ first[:, None]).astype(float)
    assert Smooth.learn(training(reports, first)) is None
