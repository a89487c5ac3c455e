"""Histories as mechanisms: their laws by enumeration, what they leak, and who promised what."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.adapters.histories import Change, ConstantHistory, Histories, Repeated
from ldpaudit.contracts import HasRounds

BUDGETS = {"epsilon": 0.4, "epsilon_inf": 0.5}


def histories_of(k: int, rounds: int) -> list[tuple[int, ...]]:
    return list(itertools.product(range(k), repeat=rounds))


def pattern(history: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(history.index(value) for value in history)


def response_law(m: Any, history: tuple[int, ...], reports: tuple[int, ...]) -> float:
    """L-GRR by its story: a permanent answer per value, then a fresh one per round."""
    q1, q2 = m._chain.q1, m._chain.q2
    p1, p2 = 1 - (m.k - 1) * q1, 1 - (m.k - 1) * q2
    law = 1.0
    for value in set(history):
        seen = [y for v, y in zip(history, reports, strict=True) if v == value]
        law *= sum(
            (p1 if z == value else q1) * math.prod(p2 if y == z else q2 for y in seen)
            for z in range(m.k)
        )
    return law


@pytest.fixture(scope="module")
def everything() -> tuple[Any, list[tuple[int, ...]], Any]:
    """L-GRR on three values for three rounds: all histories, all reports, all likelihoods."""
    base = ldpaudit.mechanism("l-grr", k=3, **BUDGETS)
    histories = histories_of(3, 3)
    m = Histories(base, histories)
    return base, histories, m.log_likelihood(np.array(histories))


def test_likelihood_of_every_history_is_its_story(everything: Any) -> None:
    base, histories, table = everything
    wanted = [[response_law(base, h, y) for h in histories] for y in histories]
    assert np.exp(table) == pytest.approx(np.array(wanted), rel=1e-12)
    assert np.exp(table).sum(axis=0) == pytest.approx(1.0, abs=1e-12)


def test_memoisation_protects_histories_that_change_at_the_same_times_only(
    everything: Any,
) -> None:
    """All pairs of histories: within a pattern epsilon_inf a value, across patterns far more."""
    base, histories, table = everything
    same, across = 0.0, 0.0
    for a, b in itertools.permutations(range(len(histories)), 2):
        ratio = float((table[:, a] - table[:, b]).max())
        if pattern(histories[a]) == pattern(histories[b]):
            assert ratio <= len(set(histories[a])) * base.epsilon_inf + 1e-9
            same = max(same, ratio)
        else:
            across = max(across, ratio)
    assert same == pytest.approx(3 * 0.4, abs=1e-9)  # three values, a fresh report of each
    assert base.worst_spent(3) == pytest.approx(1.5)
    assert across == pytest.approx(2.937519218, abs=1e-8)


@pytest.mark.parametrize("name", ["l-grr", "l-osue", "l-sue", "biloloha"])
def test_an_audit_of_change_exceeds_what_two_memos_are_said_to_cost(name: str) -> None:
    m = Change(ldpaudit.mechanism(name, k=4, epsilon=0.8, epsilon_inf=1.0), 12, 6)
    assert m.epsilon == 2.0
    found = ldpaudit.audit(m, ["distinguish"], trials=20_000)
    assert found.verdict == "violation"
    assert found.epsilon_lower > 3
    assert found.bound.event.endswith("0: the value stays, 1: it changes in round 7 of 12")


def test_change_is_the_average_over_all_values(everything: Any) -> None:
    base, histories, table = everything
    place = {h: i for i, h in enumerate(histories)}
    stays = np.mean([np.exp(table[:, place[v, v, v]]) for v in range(3)], axis=0)
    pairs = [(v, w) for v in range(3) for w in range(3) if v != w]
    changes = np.mean([np.exp(table[:, place[v, w, w]]) for v, w in pairs], axis=0)
    found = np.exp(Change(base, 3, 1).log_likelihood(np.array(histories)))
    assert found == pytest.approx(np.stack((stays, changes), axis=1), rel=1e-12)


def test_values_of_one_bucket_share_their_memo() -> None:
    """LOLOHA: a change that the hash does not see is none; the law over all buckets sums to 1."""
    base = ldpaudit.mechanism("biloloha", k=5, **BUDGETS)
    rng = np.random.default_rng(0)
    for change in (Change(base, 4, 2), Histories(base, [[0, 0, 0, 0], [1, 2, 3, 4], [0, 1, 0, 1]])):
        one = change.privatize(np.zeros(1, dtype=np.int64), rng=rng)
        every = np.repeat(one, 16, axis=0)
        every["bucket"] = histories_of(2, 4)
        sums = np.exp(change.log_likelihood(every)).sum(axis=0)
        assert sums == pytest.approx(1.0, abs=1e-12)


def test_the_buckets_of_bit_flips_are_drawn_once() -> None:
    base = ldpaudit.mechanism("dbitflip", k=3, epsilon=1.0, d=2)
    single = base.every_report()
    sampled = single["sampled"][:, 0]
    one, two = np.nonzero(sampled[:, None] == sampled)
    every = np.stack((single[one], single[two]), axis=1)
    for m in (Histories(base, [[0, 0], [0, 1], [2, 1]]), Change(base, 2, 1)):
        sums = np.exp(m.log_likelihood(every)).sum(axis=0)
        assert sums == pytest.approx(1.0, abs=1e-12)


def test_reports_follow_the_likelihood_of_their_history() -> None:
    """Chi-square of 40,000 users of L-GRR; alarms once in 1e6."""
    from scipy.stats import chisquare

    base = ldpaudit.mechanism("l-grr", k=2, **BUDGETS)
    m, n = Histories(base, [[0, 0, 1], [1, 0, 1]]), 40_000
    every = np.array(histories_of(2, 3))
    for value in (0, 1):
        drawn = m.privatize(np.full(n, value), rng=np.random.default_rng(value))
        seen = np.bincount(drawn @ [4, 2, 1], minlength=8)
        law = np.exp(m.log_likelihood(every, [value]))[:, 0]
        assert chisquare(seen, law * n).pvalue > 1e-6


# ------------------------------------------------------------------- constant values


@pytest.mark.parametrize("name", ["l-grr", "l-sue", "l-oue", "l-osue", "l-soue", "biloloha"])
def test_a_constant_history_is_audited_up_to_its_exact_epsilon(name: str) -> None:
    budgets: dict[str, Any] = {"k": 4, "epsilon": 2.0, "one_report": 1.0}
    once, often = (ConstantHistory(base=name, rounds=r, **budgets) for r in (1, 10))
    assert isinstance(often, HasRounds)
    assert once.exact_epsilon() == pytest.approx(1.0, abs=1e-9)
    assert 1.5 < often.exact_epsilon() < 2.0
    found = ldpaudit.audit(often, ["bayes", "averaging"], trials=50_000)
    assert 0.9 * often.exact_epsilon() < found.epsilon_lower < 1.02 * often.exact_epsilon()
    assert found.verdict == "consistent"
    bayes, averaging = (o.successes for o in found.attacks[1:])
    assert averaging < bayes + 5 * math.sqrt(50_000)


def test_repeated_reports_compose() -> None:
    m = Repeated(k=2, epsilon=5.0, base="grr", rounds=5)
    every = np.array(histories_of(2, 5))
    table = m.log_likelihood(every)
    assert np.exp(table).sum(axis=0) == pytest.approx(1.0)
    assert (table[:, 0] - table[:, 1]).max() == pytest.approx(5.0) == m.exact_epsilon()
    p = 1 / (1 + math.exp(-1.0))
    majority = sum(math.comb(5, v) * p**v * (1 - p) ** (5 - v) for v in (3, 4, 5))
    found = ldpaudit.audit(m, ["averaging", "bayes"], trials=50_000)
    for outcome in found.attacks[1:]:
        assert abs(outcome.success - majority) < 5 * math.sqrt(majority * (1 - majority) / 50_000)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Repeated(4, 1.0, "l-grr", 2), "needs the parameter 'epsilon_inf'"),
        (lambda: Repeated(4, 1.0, "psychic", 2), "unknown protocol 'psychic'"),
        (lambda: Repeated(4, 1.0, "grr", 0), "rounds must be at least 1, got 0"),
        (lambda: ConstantHistory(4, 1.0, 1.0, "l-grr", 2), "epsilon"),
        (lambda: ConstantHistory(4, 1.0, 0.5, "grr", 2), "epsilon_inf"),
        (lambda: Histories(ldpaudit.mechanism("l-grr", k=3, **BUDGETS), [[0, 1]]), "at least 2"),
        (lambda: Histories(ldpaudit.mechanism("l-grr", k=3, **BUDGETS), [[0], [3]]), "values must"),
        (lambda: Histories(ldpaudit.mechanism("grr", k=3, epsilon=1.0), [[0], [1]]), "memos"),
        (lambda: Change(ldpaudit.mechanism("l-grr", k=3, **BUDGETS), 3, 3), "change_at"),
        (lambda: Change(ldpaudit.mechanism("grr", k=3, epsilon=1.0), 3, 1), "memos"),
    ],
)
def test_nonsense_is_named(build: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        build()
