"""Which neighbours the budget of memos speaks of: all pairs of short histories, enumerated.

Between histories that change at the same times the loss is the sum of what each memo's rounds
cost, and never above memos times epsilon_inf. Between others it can be far above that: the
repetition of a memo is itself seen.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from tests.protocols.channels import Table

from .histories import history_law, largest_ratio, response, unary, unary_noise

History = tuple[int, ...]


def pattern(history: History) -> History:
    """When a history returns to which of its values: equal for those that change alike."""
    first: dict[int, int] = {}
    return tuple(first.setdefault(value, len(first)) for value in history)


def laws(name: str, k: int, epsilon: float, epsilon_inf: float, rounds: int) -> tuple[
    Any, dict[History, Table]
]:  # fmt: skip
    """The mechanism and the law of each history; both rounds by the textbook, for k = 2 or 3."""
    m = ldpaudit.mechanism(name, k=k, epsilon=epsilon, epsilon_inf=epsilon_inf)
    e = math.exp(epsilon_inf)
    if name == "l-grr":
        permanent = response(k, e / (e + k - 1))
        c = math.exp(epsilon)
        ratio = (c * (e + k - 2) - (k - 1)) / (e - c)
        fresh = response(k, ratio / (ratio + k - 1))
    else:
        p1 = math.sqrt(e) / (math.sqrt(e) + 1)
        s = math.exp(epsilon / 2) / (1 + math.exp(epsilon / 2))
        p2 = (s + p1 - 1) / (2 * p1 - 1)
        permanent, fresh = unary(k, p1, 1 - p1), unary_noise(k, p2, 1 - p2)
    every = itertools.product(range(k), repeat=rounds)
    return m, {h: history_law(permanent, fresh, h) for h in every}


CASES = [
    ("l-grr", k, rounds, *budgets)
    for k, rounds in ((2, 3), (3, 2), (3, 3))
    for budgets in ((0.09, 0.1), (0.5, 1.0), (2.0, 4.0))
] + [("l-sue", 2, 3, 0.09, 0.1), ("l-sue", 2, 3, 0.5, 1.0)]


@pytest.mark.parametrize(("name", "k", "rounds", "epsilon", "epsilon_inf"), CASES)
def test_histories_that_change_at_the_same_times(
    name: str, k: int, rounds: int, epsilon: float, epsilon_inf: float
) -> None:
    """The sum of the composed epsilons of the memos, for each pattern of change."""
    m, found = laws(name, k, epsilon, epsilon_inf, rounds)
    worst: dict[History, float] = {}
    for one, two in itertools.permutations(found, 2):
        if pattern(one) == pattern(two):
            told = largest_ratio(found[one], found[two])
            worst[pattern(one)] = max(worst.get(pattern(one), 0.0), told)
    assert len(worst) == len({pattern(history) for history in found})
    for when, told in worst.items():
        blocks = np.bincount(when)
        assert told == pytest.approx(sum(m.composed_epsilon(int(size)) for size in blocks))
        assert told <= blocks.size * epsilon_inf
        assert blocks.size * epsilon_inf <= m.worst_spent(rounds) + 1e-12


@pytest.mark.parametrize(
    ("name", "k", "rounds", "epsilon", "epsilon_inf", "alike", "any_two"),
    [
        ("l-grr", 2, 3, 0.09, 0.1, 0.1894, 2.3940),
        ("l-grr", 3, 3, 0.09, 0.1, 0.2700, 3.7265),
        ("l-grr", 3, 3, 0.9, 1.0, 2.7000, 5.0618),
        ("l-grr", 3, 3, 0.5, 1.0, 1.5000, 1.9046),
        ("l-sue", 2, 3, 0.09, 0.1, 0.1894, 4.6480),
        ("l-sue", 2, 3, 0.9, 1.0, 1.8947, 5.9183),
    ],
)
def test_histories_that_change_at_different_times(
    name: str, k: int, rounds: int, epsilon: float, epsilon_inf: float, alike: float, any_two: float
) -> None:
    """Most of the loss is when users changed, which no number of memos bounds."""
    m, found = laws(name, k, epsilon, epsilon_inf, rounds)
    pairs = list(itertools.permutations(found, 2))
    same = max(largest_ratio(found[a], found[b]) for a, b in pairs if pattern(a) == pattern(b))
    worst = max(largest_ratio(found[a], found[b]) for a, b in pairs)
    assert same == pytest.approx(alike, abs=6e-5)
    assert worst == pytest.approx(any_two, abs=6e-5)
    assert same <= m.worst_spent(rounds)
    assert (worst > m.worst_spent(rounds)) == (epsilon > 0.8 * epsilon_inf)


def test_a_change_shows_more_with_every_round() -> None:
    """0...01...1 against 0...0: half the rounds times ln(p2 / q2), above any number of memos."""
    epsilon, epsilon_inf = 0.5, 1.0
    p1 = math.e / (math.e + 1)
    ratio = (math.exp(1.5) - 1) / (math.e - math.exp(0.5))
    p2 = ratio / (1 + ratio)
    losses = []
    for half in (1, 2, 5, 10):
        whole = p1 * p2**half * (1 - p2) ** half + (1 - p1) * (1 - p2) ** half * p2**half
        parts = p1 * p2**half + (1 - p1) * (1 - p2) ** half
        losses.append(math.log(parts**2 / whole))
        if half < 3:  # the same by enumeration
            _, found = laws("l-grr", 2, epsilon, epsilon_inf, 2 * half)
            changed, constant = (0,) * half + (1,) * half, (0,) * (2 * half)
            seen = found[changed][changed] / found[constant][changed]
            assert losses[-1] == pytest.approx(math.log(seen))
    assert np.all(np.diff(losses) > 0)
    assert losses[-1] - losses[-2] == pytest.approx(5 * math.log(ratio), rel=0.01)
    assert losses[-1] > 10 > 2 * epsilon_inf  # 2 epsilon_inf is all that two memos may cost


def test_a_public_hash_makes_patterns_of_its_own() -> None:
    """BiLOLOHA: values that change alike meet in buckets that do not; 2 epsilon_inf is not kept.

    Over all 16 hash functions of four values, histories (0, 1) and (2, 3) as everywhere.
    """
    epsilon, epsilon_inf = 0.09, 0.1
    m = ldpaudit.mechanism("biloloha", k=4, epsilon=epsilon, epsilon_inf=epsilon_inf)
    _, found = laws("l-grr", 2, epsilon, epsilon_inf, 3)
    worst = 0.0
    for hashed in itertools.product((0, 1), repeat=4):
        for when in ((0, 0, 1), (0, 1, 0), (0, 1, 1)):
            one, two = (tuple(hashed[first + step] for step in when) for first in (0, 2))
            worst = max(worst, largest_ratio(found[one], found[two]))
    assert m.worst_spent(3) == pytest.approx(0.2)
    # Reports 1, 1, 0 of buckets 1, 1, 0 against bucket 0 all the time.
    e, c = math.exp(epsilon_inf), math.exp(epsilon)
    p, p2 = e / (e + 1), (c * e - 1) / (c * e - 1 + e - c)
    q, q2 = 1 - p, 1 - p2
    likely = (p * p2**2 + q * q2**2) * (p * p2 + q * q2)
    assert worst == pytest.approx(math.log(likely / (p * q2**2 * p2 + q * p2**2 * q2)))
    assert worst == pytest.approx(2.3940, abs=6e-5)
