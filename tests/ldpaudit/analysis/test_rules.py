"""Six rules of choice: against their definitions, written out point by point."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ldpaudit.analysis.rules import RULES, efficient, pick

Table = npt.NDArray[np.float64]
COSTS = arrays(
    np.float64,
    st.tuples(st.integers(1, 7), st.integers(2, 3)),
    elements=st.sampled_from([0.01, 0.1, 0.3, 1.0, 2.0, 7.0, 50.0]),
)


def naive_efficient(costs: Table) -> list[int]:
    return [
        i
        for i, point in enumerate(costs)
        if not any((other <= point).all() and (other < point).any() for other in costs)
    ]


def scaled(costs: Table) -> Table:
    """Shares of the range of decades, one entry at a time."""
    out = np.zeros_like(costs)
    for j in range(costs.shape[1]):
        least, most = math.log10(costs[:, j].min()), math.log10(costs[:, j].max())
        for i in range(len(costs)):
            above = math.log10(costs[i, j]) - least
            out[i, j] = above / (most - least) if most > least else 0.0
    return out


def lattice(size: int, steps: int = 60) -> list[tuple[float, ...]]:
    grid = itertools.product(range(steps + 1), repeat=size - 1)
    return [(*g[:], steps - sum(g)) for g in grid if sum(g) <= steps]


def naive(rule: str, u: Table) -> list[float]:
    """The figure of each scaled point of which the least is picked."""
    size = u.shape[1]
    if rule == "utopia":
        return [math.dist(point, [0.0] * size) for point in u]
    if rule == "weighted-sum":
        return [sum(point) / size for point in u]
    if rule == "hypervolume":
        return [-math.prod(1.1 - c for c in point) for point in u]
    if rule == "tchebycheff":
        return [max(point) / size + 0.01 * sum(point) / size for point in u]
    if rule == "epsilon-constraint":
        over = [max([0.0, *(c - 0.5 for c in point[1:])]) for point in u]
        return [
            point[0] + 1e-9 * sum(point) if o <= min(over) + 1e-9 else math.inf
            for point, o in zip(u, over, strict=True)
        ]
    lost = [0.0] * len(u)
    for weights in lattice(size):
        sums = [sum(w * c / 60 for w, c in zip(weights, point, strict=True)) for point in u]
        best = min(range(len(u)), key=lambda i: sums[i])
        rest = [s for i, s in enumerate(sums) if i != best]
        lost[best] += min(rest, default=sums[best]) - sums[best]
    inner = [all(c > 0 for c in point) for point in u]
    return [
        -value if mine or not any(inner) else math.inf
        for value, mine in zip(lost, inner, strict=True)
    ]


@given(COSTS)
@settings(max_examples=200)
def test_what_nothing_dominates(costs: Table) -> None:
    assert np.flatnonzero(efficient(costs)).tolist() == naive_efficient(costs)


@given(COSTS, st.sampled_from([rule for rule in RULES if rule != "knee"]))
@settings(max_examples=200)
def test_each_rule_by_its_definition(costs: Table, rule: str) -> None:
    kept = naive_efficient(costs)
    figures = naive(rule, scaled(costs[kept]))
    place = kept.index(pick(costs, rule))
    assert figures[place] <= min(figures) + 2e-9


@given(COSTS)
@settings(max_examples=20)
def test_the_knee_by_its_definition(costs: Table) -> None:
    kept = naive_efficient(costs)
    figures = naive("knee", scaled(costs[kept]))
    place = kept.index(pick(costs, "knee"))
    assert figures[place] <= min(figures) + 1e-6


@pytest.mark.parametrize("rule", RULES)
def test_units_do_not_matter(rule: str) -> None:
    costs = np.random.default_rng(0).lognormal(size=(12, 3))
    assert pick(costs, rule) == pick(costs * [3.0, 1e-9, 1e6], rule)


def test_rules_differ() -> None:
    costs = [[1.0, 90.0], [1.1, 20.0], [5.0, 12.0], [9.0, 4.0], [80.0, 1.0]]
    assert {pick(costs, rule) for rule in RULES} == {1, 3}
    assert pick(costs, "weighted-sum", [4.0, 1.0]) == 1
    assert pick(costs, "weighted-sum", [1.0, 20.0]) == 4
    assert pick(costs, "tchebycheff", [1.0, 20.0]) == 4


def test_one_point_is_picked_by_all() -> None:
    assert {pick([[1.0, 0.0]], rule) for rule in RULES} == {0}


@pytest.mark.parametrize(
    ("costs", "rule", "weights", "message"),
    [
        ([[1.0, 2.0]], "utopian", None, "unknown rule 'utopian'; did you mean utopia"),
        ([], "utopia", None, "costs must be n x d finite numbers"),
        ([[1.0, math.inf]], "utopia", None, "costs must be n x d finite numbers"),
        ([[1.0, -1.0]], "utopia", None, "at least 0"),
        ([[1.0, 2.0]], "weighted-sum", [1.0], "weights must be 2 positive numbers"),
        ([[1.0, 2.0]], "weighted-sum", [1.0, 0.0], "weights must be 2 positive numbers"),
    ],
)
def test_what_is_refused(
    costs: list[list[float]], rule: str, weights: list[float] | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        pick(costs, rule, weights)
