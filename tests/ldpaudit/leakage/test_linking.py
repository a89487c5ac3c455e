"""Whose reports these are, and which attribute is true: against chance and against exact laws."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.leakage.linking import find_true_attribute, reidentify


class Nothing:
    """No likelihood."""

    k, epsilon = 2, 1.0

    def privatize(self, values: Any, *, rng: Any) -> Any:  # noqa: ARG002
        return values


def test_one_report_of_one_attribute_is_the_bayes_success() -> None:
    """A population with every value once, randomized response: right with probability p."""
    m = ldpaudit.mechanism("grr", k=8, epsilon=2.0)
    found = reidentify(m, range(8), trials=40_000)
    p = m.vulnerability()
    assert abs(found.success - p) < 5 * math.sqrt(p * (1 - p) / 40_000)
    assert (found.attack, found.blind) == ("reidentification", 1 / 8)
    assert found.lower < p < found.upper  # type: ignore[operator]


def test_twins_share_the_guess() -> None:
    m = ldpaudit.mechanism("grr", k=4, epsilon=50.0)
    found = reidentify(m, [0, 0, 1, 1, 1, 1, 1, 1], trials=20_000)
    wanted = 2 / 8 * 1 / 2 + 6 / 8 * 1 / 6
    assert abs(found.success - wanted) < 5 * math.sqrt(wanted / 20_000)
    both = reidentify(m, [0, 0, 1, 1, 1, 1, 1, 1], trials=20_000, top=6)
    assert both.success == 1.0


def test_collections_add_up() -> None:
    m = ldpaudit.mechanism("smp", sizes=(5, 4, 3), epsilon=3.0)
    successes = [reidentify(m, range(60), collections=c, trials=4000).success for c in (1, 5, 20)]
    assert successes[0] < successes[1] < successes[2]
    assert successes[2] > 0.9


def test_with_no_privacy_the_true_attribute_of_empty_fakes_is_plain() -> None:
    loud = ldpaudit.mechanism("rsfd", sizes=(4, 4), epsilon=9.0, variant="sue-z")
    assert find_true_attribute(loud, range(16)).success > 0.9


def test_uniform_values_hide_the_true_attribute_of_grr() -> None:
    m = ldpaudit.mechanism("rsfd", sizes=(4, 4, 4), epsilon=4.0, variant="grr")
    posterior = m.attribute_posterior(m.privatize(range(64), rng=np.random.default_rng(0)))
    assert posterior == pytest.approx(1 / 3, abs=1e-12)
    skewed = find_true_attribute(m, [0] * 9 + [63])
    assert skewed.success > 0.5


def test_posterior_of_the_true_attribute_is_calibrated() -> None:
    """Simulated with the attribute known: the best guess is right as often as it says; 5 s.e."""
    m: Any = ldpaudit.mechanism("rsfd", sizes=(3, 4), epsilon=2.0, variant="oue-z")
    rng, n = np.random.default_rng(1), 40_000
    own = rng.integers(0, 12, n)
    records = m.records(own)
    drawn = rng.integers(0, 2, n)
    rows = np.empty(n, dtype=m._dtype)
    for j, attribute in enumerate(m._attributes):
        rows[f"a{j}"] = attribute.fakes(n, rng)
        true = drawn == j
        rows[f"a{j}"][true] = attribute.oracle.privatize(records[true, j], rng=rng)
    posterior = m.attribute_posterior(rows)
    right = posterior.argmax(axis=1) == drawn
    off = right - posterior.max(axis=1)
    assert abs(off.mean()) < 5 * off.std() / math.sqrt(n)
    assert right.mean() > 0.6


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: reidentify(m, [0]), "at least two people"),
        (lambda m: reidentify(m, [0, 4]), r"values must lie in \[0, 4\)"),
        (lambda m: reidentify(m, [0, 1], top=2), "top must be at most 1"),
        (lambda m: reidentify(m, [0, 1], collections=0), "collections must be at least 1"),
        (lambda _: reidentify(Nothing(), [0, 1]), "must have log_likelihood"),
        (lambda m: find_true_attribute(m, [0, 1]), "hides no attribute"),
    ],
)
def test_nonsense_is_named(call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call(ldpaudit.mechanism("grr", k=4, epsilon=1.0))
