"""The models of the learned witness, one by one, against what they are to estimate."""

from __future__ import annotations

import math

import numpy as np

import ldpaudit
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
