"""Parts of a report that every receiver sees, and that name the input, are found."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.attacks._encoding import as_array, parts_of
from ldpaudit.attacks._logistic import logistic
from ldpaudit.attacks._screen import Whole, find_traces
from ldpaudit.attacks.learned import LearnedDistinguisher

from .channels import CHANNELS, Leaky
from .learning import PAIR, Silent, play, rng, train


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_part_that_names_the_input_is_a_violation(channel: str) -> None:
    """At default settings but for fewer reports."""
    result = ldpaudit.audit(Leaky(channel), attacks=[], trials=1500)
    assert result.verdict == "violation"
    assert result.epsilon_lower is not None
    assert result.epsilon_lower > 4.5


@pytest.mark.slow
@pytest.mark.parametrize("channel", CHANNELS)
def test_it_is_found_in_nearly_every_run(channel: str) -> None:
    found = 0
    for seed in range(20):
        result = ldpaudit.audit(Leaky(channel), attacks=[], trials=1000, seed=seed)
        found += result.verdict == "violation"
    assert found >= 19


@pytest.mark.parametrize("kind", ["floats", "integers", "bytes"])
def test_traces_of_noise_are_left_out(kind: str) -> None:
    """The largest of all differences passes once in some hundred runs: at most 1 of 5."""
    kept = 0
    for seed in range(5):
        reports = Silent(kind).privatize(np.zeros(3000, dtype=int), rng=rng(seed))
        first = rng(seed, 1).random(3000) < 0.5
        kept += bool(find_traces(reports, list(parts_of(reports)), first).columns)
    assert kept <= 1


def test_what_was_looked_at_is_said_and_what_was_not() -> None:
    witness = train(Leaky("millisecond"), 400)
    assert any("decimal places" in text for text in witness.looked_at)
    assert not any("lists" in text for text in witness.looked_at)
    assert any("hash" in text for text in witness.not_looked_at)


def test_textbook_laplace_noise_is_given_away_by_low_bits() -> None:
    """Values near 0 lie on a coarser grid where noise was added to 1."""

    class Textbook:
        k, epsilon = 2, 1.0

        def privatize(self, values: Any, *, rng: np.random.Generator) -> Any:
            own = np.eye(2)[np.asarray(values)]
            return own + rng.laplace(scale=2.0, size=own.shape)

    assert play(Textbook(), 4000).shown(1e-6, one_sided=True) > 1.5


def test_lists_of_many_distinct_items_take_one_pass() -> None:
    """2,000 lists of 40 of 10^9 items: a pass for every item would take minutes."""
    first = rng().random(2000) < 0.5
    rows = [row.tolist() for row in rng(2).integers(0, 10**9, (2000, 40))]
    lists = [row + [-1] * (own + 1) for row, own in zip(rows, first, strict=True)]
    witness = LearnedDistinguisher().fit(lists, first, rng=rng())
    score = witness.score(lists[:100], Leaky("residue"), PAIR, rng=rng())
    assert ((score > 0) == first[:100]).all()


def test_equal_reports_have_equal_numbers_whatever_their_form() -> None:
    forms: list[Any] = [
        np.array([[1, 2], [1, 2], [2, 1]]), [[1, "a"], [1, "a"], [1, "b"]],
        [{3, 1}, {1, 3}, {1}], [b"\0", b"\0", b""], ["x\0", "x\0", "x"], [1, 1, 1.0],
    ]  # fmt: skip
    for reports in forms:
        one, two, three = Whole()(as_array(reports))
        assert one == two != three


def test_the_regression_is_the_one_of_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    marks = rng(3).random((3000, 30)) < 0.3
    truth = rng(4).random(3000) < 1 / (1 + np.exp(-(marks @ rng(5).normal(size=30))))
    peer = LogisticRegression(tol=1e-10, max_iter=1000).fit(marks.astype(float), truth)
    weights, base = logistic(marks.astype(float), truth)
    np.testing.assert_allclose(weights, peer.coef_[0], atol=1e-4)
    assert math.isclose(base, peer.intercept_[0], abs_tol=1e-4)
