"""The models of the learned witness, one by one, against what they are to estimate."""

from __future__ import annotations

import math

import numpy as np
import pytest

import ldpaudit
from ldpaudit.arrays import Ints
from ldpaudit.attacks import _levels, _models
from ldpaudit.attacks._models import Additive, Counts
from ldpaudit.attacks._training import Training
from ldpaudit.attacks.learned import LearnedDistinguisher

from .learning import draw, rng


def test_counts_are_log_ratios_less_one_standard_error() -> None:
    """Against the definition, report by report; what training has not shown says nothing."""
    table = rng().integers(0, 3, (5000, 3))
    first = rng(2).random(5000) < (0.3 + 0.4 * (table.sum(axis=1) % 2))
    training = Training(table.astype(np.uint16), [4, 4, 4], first, 3)
    model = Counts.learn(training)
    assert model is not None
    score = model.score(training.by_column)
    for row in np.unique(table, axis=0):
        same = (table == row).all(axis=1)
        one, two = (np.count_nonzero(same & side) + 0.5 for side in (first, ~first))
        ratio = math.log(one / two) - math.log(first.mean() / (1 - first.mean()))
        shy = math.copysign(max(0, abs(ratio) - math.sqrt(1 / one + 1 / two)), ratio)
        np.testing.assert_allclose(score[same], shy, rtol=1e-12)
    unknown = np.array([[3, 0, 0], [0, 3, 0], [0, 0, 3]], dtype=np.uint16)
    assert model.score(dict(enumerate(unknown.T))).tolist() == [0.0, 0.0, 0.0]
    assert (
        Counts.learn(Training(np.arange(99, dtype=np.uint16)[:, None], [99], first[:99], 1)) is None
    )


def test_the_additive_model_keeps_the_bits_that_matter_and_their_weight() -> None:
    """OUE: only two bits of 60 tell anything. Weights within 5 standard errors (about 6e-7)."""
    n, epsilon = 50_000, 1.0
    m = ldpaudit.mechanism("oue", k=60, epsilon=epsilon)
    reports, first = draw(m, n, rng(4), pair=(7, 50))
    bits = np.unpackbits(reports, axis=1, count=60, bitorder="little").astype(np.uint16)
    model = Additive.learn(Training(bits, [2] * 60, first, 60))
    assert model is not None
    assert model.columns == [7, 50]
    assert [columns for columns, _ in model.terms] in ([(7, 7), (50, 50)], [(50, 50), (7, 7)])
    signs = {7: 1, 50: -1}
    for (columns, codes), weight in zip(model.terms, model.weights, strict=True):
        sign = signs[columns[0]] * (1 if codes[0] else -1)
        share = np.mean(bits[:, columns[0]])
        error = 1 / math.sqrt(n * share * (1 - share) * 0.2)
        assert abs(weight - sign * epsilon) < 5 * error


def test_pairs_are_found_where_no_column_alone_tells_anything() -> None:
    """A hash h of 40 values and y, the own value's hash or not: each alone is a fair coin."""
    n = 20_000
    first = rng().random(n) < 0.5
    h = rng(2).integers(0, 2, (n, 40))
    y = h[np.arange(n), np.where(first, 7, 30)] ^ (rng(3).random(n) < 0.3)
    table = np.column_stack((h, y)).astype(np.uint16)
    model = Additive.learn(Training(table, [2] * 41, first, 41))
    assert model is not None
    pairs = {columns for columns, _ in model.terms if columns[0] != columns[1]}
    assert pairs == {(7, 40), (30, 40)}


def test_counts_are_not_taken_for_all_there_is_of_several_columns() -> None:
    """Eight bits come often each, and a sum over them still tells more than their 256 counts."""
    m = ldpaudit.mechanism("oue", k=8, epsilon=1.0)
    own = rng(3)
    first = own.random(30_000) < 0.5
    reports = m.privatize(np.where(first, 0, 1), rng=own)
    assert LearnedDistinguisher().fit(reports, first, rng=own).model == "additive"


def test_counts_say_all_where_one_column_tells_the_others() -> None:
    """A value and its residue are as many reports as values; bits are more than either shows."""
    own = rng(5)
    first, values = own.random(4000) < 0.5, own.integers(0, 6, 4000)
    residues, coins = values % 2, own.integers(0, 2, 4000)

    def say_all(columns: list[Ints], size: int, counted: int) -> bool:
        table = np.column_stack(columns)[:size].astype(np.uint16)
        model = Counts.learn(Training(table, [6] * len(columns), first[:size], counted))
        assert model is not None
        return model.say_all(Training(table, [6] * len(columns), first[:size], counted))

    assert say_all([values, residues], 4000, 2)
    assert say_all([residues, values], 4000, 2)
    assert not say_all([values, coins], 4000, 2)
    assert not say_all([coins, residues], 4000, 2)
    # What came before is a column that is not counted, and six values want 500 reports each.
    assert not say_all([values, residues], 4000, 1)
    assert not say_all([values, residues], 3000, 2)
    assert say_all([values], 400, 1)
    assert not say_all([values], 300, 1)


@pytest.mark.parametrize("pairs", [False, True])
def test_a_dense_and_a_sparse_table_are_the_same(
    pairs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against the codes, entry by entry; the fits of both are the same to the last digit kept."""
    own = rng(6)
    codes = own.integers(0, 4, (3000, 3)).astype(np.uint16)
    first = own.random(3000) < np.where((codes[:, 0] == 1) ^ (codes[:, 1] == 2), 0.7, 0.4)
    training = Training(codes, [4] * 3, first, 3)
    levels = training.levels
    asked = np.array([0, 5, 10])
    beside = np.array([1, 5, 4]) if pairs else None
    truth = codes[:, levels.column[asked]] == levels.code[asked]
    if beside is not None:
        truth &= codes[:, levels.column[beside]] == levels.code[beside]
    counted = Additive.learn(training)  # each of the ways in which reports have them
    monkeypatch.setattr(_models, "_TOGETHER", 0)
    dense, fitted = levels.table(codes, asked, beside), Additive.learn(training)
    monkeypatch.setattr(_levels, "_ENTRIES", 0)
    sparse, again = levels.table(codes, asked, beside), Additive.learn(training)
    assert isinstance(dense, np.ndarray)
    assert not isinstance(sparse, np.ndarray)
    np.testing.assert_array_equal(dense, truth)
    np.testing.assert_array_equal(sparse.toarray(), truth)
    assert fitted is not None
    assert again is not None
    assert counted is not None
    assert fitted.terms == again.terms == counted.terms
    np.testing.assert_allclose(fitted.weights, again.weights, atol=2e-6)
    np.testing.assert_allclose(fitted.weights, counted.weights, atol=2e-6)
