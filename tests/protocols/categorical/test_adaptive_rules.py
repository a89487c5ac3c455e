"""Adaptive protocols by a rule: what it picks is what it picks of all, listed one by one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.analysis import RULES, efficient, pick
from ldpaudit.protocols._kernels._subsets import SubsetRandomizer

K = 30
UNIFORM = np.full(K, 1 / K)


def costs(m: Any) -> list[float]:
    return [m.mse(1, UNIFORM), m.vulnerability(), m.influence([0])]


@pytest.mark.parametrize("rule", RULES)
def test_subset_size_by_rule(rule: str) -> None:
    table = []
    for size in range(1, K):
        r = SubsetRandomizer(K, 1.0, size)
        error = r.q * (1 - r.q) / (r.p - r.q) ** 2 + (1 - r.p - r.q) / (K * (r.p - r.q))
        table.append([error, r.p / size, (1 - r.q) / (r.p - r.q)])
    m = ldpaudit.mechanism("ass", k=K, epsilon=1.0, rule=rule)
    assert m.subset_size == 1 + pick(table, rule)
    np.testing.assert_allclose(costs(m), table[m.subset_size - 1])


@pytest.mark.parametrize("name", ["aue", "alh", "athe"])
@pytest.mark.parametrize("rule", RULES)
def test_no_other_weights_dominate_what_a_rule_picks(name: str, rule: str) -> None:
    """Weighted sums over two decades of weights, in all three figures."""
    mine = ldpaudit.mechanism(name, k=K, epsilon=2.0, rule=rule)
    others = [
        costs(ldpaudit.mechanism(name, k=K, epsilon=2.0, success_weight=weight))
        for weight in np.geomspace(0.1, 10, 5)
    ]
    assert mine.exact_epsilon() <= 2.0 + 1e-9
    assert efficient([costs(mine), *others])[0]


def test_rules_differ_and_an_unknown_one_is_refused() -> None:
    sizes = {ldpaudit.mechanism("ass", k=100, epsilon=1.0, rule=r).subset_size for r in RULES}
    assert len(sizes) > 3
    with pytest.raises(ValueError, match="unknown rule 'knees'; did you mean knee"):
        ldpaudit.mechanism("aue", k=4, epsilon=1.0, rule="knees")
    assert math.isfinite(ldpaudit.mechanism("alh", k=2, epsilon=1.0, rule="knee").mse(1))
