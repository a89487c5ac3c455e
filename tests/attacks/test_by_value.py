"""What the learned witness does once: the same as where it is done report by report."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ldpaudit.attacks import LearnedDistinguisher, _contrast, _first_tree
from ldpaudit.attacks._by_value import ByValue, plain_values
from ldpaudit.attacks._encoding import parts_of
from ldpaudit.attacks._screen import find_traces, says_all
from ldpaudit.attacks._tables import Tables
from ldpaudit.attacks._words import in_words

COUNT = 2_000


def whole_numbers(first: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """40 values, those of one input even more often."""
    drawn = np.random.default_rng(1).integers(0, 40, first.size)
    return np.where(first & (drawn % 5 == 0), drawn // 2 * 2, drawn)


def words(first: npt.NDArray[np.bool_]) -> npt.NDArray[np.str_]:
    """100 texts of numbers and words; one more character tells the first input now and then."""
    drawn = whole_numbers(first)
    marks = np.where(first & (drawn < 9), "!", "")
    return np.array([f"{v} of {v % 7}{mark}" for v, mark in zip(drawn, marks, strict=True)])


@pytest.mark.parametrize("made", [whole_numbers, words])
def test_traces_are_told_of_values_as_of_reports(
    made: Callable[[npt.NDArray[np.bool_]], npt.NDArray[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same columns, in the same order, with the same codes."""
    first = np.random.default_rng(0).random(COUNT) < 0.5
    reports = made(first)
    parts = list(parts_of(reports))
    assert plain_values(parts[0]) is not None
    quick = find_traces(reports, parts, first)
    monkeypatch.setattr(ByValue, "of", classmethod(lambda cls, part: None))  # noqa: ARG005
    slow = find_traces(reports, parts, first)
    assert quick.columns
    assert [in_words(c) for c in quick.columns] == [in_words(c) for c in slow.columns]
    for one, two in zip(quick.columns, slow.columns, strict=True):
        assert np.array_equal(one(reports), two(reports))


def test_where_counts_say_all_the_score_is_that_of_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Traces of values that came often change no score; what gives an input away is named."""
    first = np.random.default_rng(2).random(40_000) < 0.5
    reports = whole_numbers(first)
    quick = LearnedDistinguisher().fit(reports, first, rng=np.random.default_rng(3))
    assert quick.model == "counts"
    monkeypatch.setattr("ldpaudit.attacks.learned.says_all", lambda *_: False)
    slow = LearnedDistinguisher().fit(reports, first, rng=np.random.default_rng(3))
    rng, values = np.random.default_rng(4), np.arange(-1, 42)
    one, two = (w.score(values, None, (0, 1), rng=rng) for w in (quick, slow))  # type: ignore[arg-type]
    assert np.array_equal(one, two)
    assert quick.looked_at == slow.looked_at
    even = np.where(first, 2 * (reports // 2), 2 * (reports // 2) + 1)
    witness = LearnedDistinguisher().fit(even, first, rng=rng)
    assert witness.clearest(even[:8_000], first[:8_000], 1.0) == "its residue modulo 2"


def test_a_few_common_texts_of_many_do_not_say_all() -> None:
    """Of more than 256 texts only the common ones have codes: their traces are looked at."""
    texts = np.array(["a", "bb"] * 100_000 + [f"x{'y' * (v % 9)}{v}" for v in range(300)])
    parts = list(parts_of(texts))
    assert len(parts) == 1
    assert not says_all(parts, 10**9)
    assert says_all(list(parts_of(np.array([1, 2, 3] * 1000))), 2_000)
    assert not says_all(list(parts_of(np.array([1, 2, 3] * 1000))), 1_999)
    # 1 and True are one value; a receiver tells them apart.
    assert not says_all(list(parts_of(np.array([1, True, 2] * 9, dtype=object))), 10**9)


def naive_pair(
    tables: list[npt.NDArray[np.float64]], drawn: npt.NDArray[np.int64], claimed: float
) -> tuple[tuple[int, int], bool]:
    """Level by level and pair by pair, of columns that are no more than are looked at."""
    count = len(drawn)
    clearest, apart = np.full((count, count), -np.inf), np.zeros((count, count))
    doubts = np.zeros((count, count))
    for table in tables:
        for level in (table + 0.5).T[table.any(axis=0)]:
            share = level / (drawn + 1)
            for i, j in product(range(count), repeat=2):
                ratio = math.log(share[i] / share[j])
                doubt = math.sqrt(1 / level[i] + 1 / level[j])
                if ratio - 2 * doubt > clearest[i, j]:
                    clearest[i, j], doubts[i, j] = ratio - 2 * doubt, doubt
                apart[i, j] += (share[i] - share[j]) * ratio - 1 / drawn[i] - 1 / drawn[j]
    np.fill_diagonal(clearest, -np.inf)
    np.fill_diagonal(apart, -np.inf)
    clear = False
    if clearest.max() > claimed:
        most = clearest + 3 * doubts >= clearest.max()
        clear = not (most[0, 1] or most[1, 0])
        both = np.maximum(clearest, clearest.T)
        apart = np.where(both > both.max() - 0.1, apart, -np.inf)
    one, two = sorted(divmod(int(apart.argmax()), count))
    return (one, two), clear


@pytest.mark.parametrize("claimed", [0.1, 5.0])
def test_the_pair_is_the_one_of_a_comparison_level_by_level(claimed: float) -> None:
    rng = np.random.default_rng(5)
    found = set()
    for _ in range(20):
        tables = [rng.poisson(rng.gamma(2, 20, (6, size))).astype(float) for size in (2, 7, 300)]
        drawn = np.array([int(own.sum()) for own in tables[0]])
        tables = [table[:, np.argsort(-table.sum(axis=0), kind="stable")[:256]] for table in tables]
        flags = rng.binomial(drawn[:, None], rng.random((6, 3))).astype(float)
        each = [np.stack((drawn - flag, flag), axis=1) for flag in flags.T]
        wanted = naive_pair(each + tables, drawn, claimed)
        found_in = Tables(drawn, flags, tables)
        assert _contrast._best(found_in, claimed, np.eye(6, dtype=np.bool_)) == wanted
        found.add(wanted)
    assert len(found) > 5


def test_a_tree_is_grown_as_from_its_own_reports_alone() -> None:
    """What one part of a split leaves over is what the other sums to."""
    rng = np.random.default_rng(6)
    codes = rng.integers(0, 5, (500, 4)).astype(np.uint16)
    codes[:, 2] = 1 + codes[:, 2] % 2  # a flag
    residual, variance = rng.normal(size=500), rng.random(500)
    rows, table = rng.random(500) < 0.3, _first_tree._Table.of(codes)
    whole, part, rest = (
        table.sums(np.flatnonzero(own), residual[own], variance[own])
        for own in (np.full(500, True), rows, ~rows)
    )
    left = whole.without(part)
    assert np.allclose(left.residuals, rest.residuals)
    assert np.allclose(left.variances, rest.variances)
    ((gain, column, last),) = table.splits([left])
    gains = {}
    for j, level in product(range(4), range(4)):
        below = ~rows & (codes[:, j] <= level)
        above = ~rows & (codes[:, j] > level)
        if below.any() and above.any() and (j, level) != (2, 0):
            parts = [residual[own].sum() ** 2 / variance[own].sum() for own in (below, above)]
            gains[j, level] = sum(parts) - residual[~rows].sum() ** 2 / variance[~rows].sum()
    assert (column, last) == max(gains, key=lambda key: gains[key])
    assert math.isclose(gain, max(gains.values()))
