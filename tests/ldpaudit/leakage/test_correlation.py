"""Reports on one attribute against what they say of another, by enumeration."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.leakage import bayes_vulnerability, channel, correlated_channel, exact_epsilon


def grr(k: int, epsilon: float) -> Any:
    return channel(ldpaudit.mechanism("grr", k=k, epsilon=epsilon))


@pytest.mark.parametrize(("k", "other"), [(2, 3), (4, 2), (3, 5)])
def test_success_and_epsilon_by_enumeration(k: int, other: int) -> None:
    joint = np.random.default_rng(k).dirichlet(np.full(k * other, 0.5)).reshape(k, other)
    reports = grr(other, 1.5)
    found = correlated_channel(reports, joint)
    right = sum(
        max(sum(joint[x, z] * reports[z, y] for z in range(other)) for x in range(k))
        for y in range(reports.shape[1])
    )
    assert bayes_vulnerability(found, joint.sum(axis=1)) == pytest.approx(right, rel=1e-12)
    laws = [
        [sum(joint[x, z] / joint[x].sum() * reports[z, y] for z in range(other))
         for y in range(reports.shape[1])]
        for x in range(k)
    ]  # fmt: skip
    largest = max(
        math.log(a / b) for one, two in itertools.permutations(laws, 2)
        for a, b in zip(one, two, strict=True)
    )  # fmt: skip
    assert exact_epsilon(found) == pytest.approx(largest, rel=1e-12)
    assert largest <= 1.5


def test_the_ends() -> None:
    """Attributes that determine each other have one epsilon; independent ones say nothing."""
    reports = grr(3, 1.0)
    same = correlated_channel(reports, np.diag([0.5, 0.3, 0.2]))
    np.testing.assert_allclose(same, reports, rtol=1e-12)
    nothing = correlated_channel(reports, np.outer([0.4, 0.6], [0.5, 0.3, 0.2]))
    assert exact_epsilon(nothing) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("joint", "message"),
    [
        (np.full((2, 2), 0.25), r"shape \(k >= 2, 3\), got \(2, 2\)"),
        (np.full((2, 3), 0.25), "joint"),
        ([[0.5, 0.5, 0.0], [0.0, 0.0, 0.0]], "joint row 1 is 0"),
    ],
)
def test_what_is_no_joint_law_is_refused(joint: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        correlated_channel(grr(3, 1.0), joint)
