"""Attackers of any belief: what they come to, measured and by formula, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.auditing.attackers import Attacker, Beliefs, attackers_of
from ldpaudit.bounds import intervals
from ldpaudit.outcomes.parts import AttackOutcome

K = 5
SKEWED = np.array([0.6, 0.2, 0.1, 0.06, 0.04])


def bayes(result: Any, prior: str) -> AttackOutcome:
    """The outcome of the Bayes attack before one attacker."""
    found: AttackOutcome
    (found,) = [a for a in result.attacks if a.attack == "bayes" and a.prior == prior]
    return found


def agrees(outcome: AttackOutcome) -> bool:
    """Whether the exact figure lies in the measured interval at 6e-7: five standard errors."""
    low, high = intervals.success_interval(outcome.successes, outcome.trials, 6e-7)
    return outcome.exact is not None and low <= outcome.exact <= high


@pytest.mark.parametrize("name", ["grr", "ss", "oue", "olh", "mss"])
def test_a_mistaken_attacker_is_as_often_right_as_the_formula_says(name: str) -> None:
    m = ldpaudit.mechanism(name, k=K, epsilon=1.0)
    mistaken = Attacker("mistaken", SKEWED[::-1], law=SKEWED)
    result = ldpaudit.audit(m, ["bayes"], trials=20_000, repetitions=0, prior=mistaken)
    blind, found = result.attacks
    assert (blind.attack, blind.prior) == ("blind", "mistaken")
    assert blind.exact == pytest.approx(0.04)
    assert agrees(found)
    assert found.exact is not None
    assert found.exact < m.vulnerability(SKEWED)


@pytest.mark.parametrize("name", ["ss", "she"])
def test_each_user_may_have_a_prior_of_their_own(name: str) -> None:
    m = ldpaudit.mechanism(name, k=K, epsilon=1.0)
    each = np.array([np.roll(SKEWED, shift) for shift in range(3)])
    result = ldpaudit.audit(m, ["bayes", "single-guess"], trials=20_000, repetitions=0, prior=each)
    found = bayes(result, "given")
    # The mechanism treats all values alike, so every user is named as often as the first.
    assert found.blind == pytest.approx(0.6)
    low, high = intervals.success_interval(found.successes, found.trials, 6e-7)
    assert low <= m.vulnerability(SKEWED) <= high
    if found.exact is not None:
        assert found.exact == pytest.approx(m.vulnerability(SKEWED))


def test_the_truth_may_differ_for_each_user_too() -> None:
    m, rng = ldpaudit.mechanism("grr", k=K, epsilon=2.0), np.random.default_rng(3)
    attacker = Attacker("odd", rng.dirichlet(np.ones(K), 4), law=rng.dirichlet(np.ones(K), 4))
    result = ldpaudit.audit(m, ["bayes"], trials=20_000, repetitions=0, prior=attacker)
    assert agrees(bayes(result, "odd"))


def test_several_attackers_stand_beside_one_another() -> None:
    m = ldpaudit.mechanism("oue", k=K, epsilon=1.0)
    both = [Attacker("uniform"), Attacker("data", SKEWED)]
    result = ldpaudit.audit(m, ["single-guess", "bayes", "distinguish"], trials=2_000, prior=both)
    played = [(a.attack, a.prior) for a in result.attacks]
    assert played == [
        ("blind", "uniform"), ("single-guess", "uniform"), ("bayes", "uniform"),
        ("distinguish", "uniform"), ("blind", "data"), ("single-guess", "data"), ("bayes", "data"),
    ]  # fmt: skip
    assert bayes(result, "uniform").exact == pytest.approx(m.vulnerability())
    assert bayes(result, "data").exact == pytest.approx(m.vulnerability(SKEWED))
    assert [name for name, _ in result.most] == ["uniform", "data"]
    assert "bayes, data " in str(result)
    assert "bayes, uniform " in str(result)
    assert "prior: data" in result._repr_html_()
    frame = result.to_frame()
    assert set(frame.loc[frame["metric"] == "mse", "prior"]) == {""}


def test_nobody_does_better_than_the_most_that_is_said() -> None:
    for name in ("grr", "ss", "oue"):
        m = ldpaudit.mechanism(name, k=K, epsilon=1.5)
        result = ldpaudit.audit(m, ["bayes"], trials=500, repetitions=0, prior=SKEWED)
        ((_, most),) = result.most
        exact = bayes(result, "given").exact
        assert exact is not None
        assert 0.6 - 1e-12 <= exact <= most + 1e-12


def test_a_claim_with_a_delta_has_no_such_most() -> None:
    m = ldpaudit.from_callable(lambda v, rng: v + 0 * rng.integers(1), k=3, epsilon=1.0, delta=1e-3)
    assert ldpaudit.audit(m, ["learned-guess"], trials=500, repetitions=0).most == ()


def test_users_are_drawn_by_their_own_law() -> None:
    laws = np.array([[0.5, 0.5, 0.0], [0.0, 0.25, 0.75]])
    beliefs = Beliefs("own", laws, laws)
    own, users = beliefs.draw(40_000, np.random.default_rng(0))
    assert users is not None
    for user in (0, 1):
        counts = np.bincount(own[users == user], minlength=3)
        assert counts[laws[user] == 0].sum() == 0
        spread = 5 * np.sqrt(laws[user] * (1 - laws[user]) * counts.sum())  # 6e-7 each
        assert (np.abs(counts - laws[user] * counts.sum()) <= spread).all()


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        (np.full((2, 4), 0.25), r"prior must have shape \(5,\) or \(n >= 1, 5\), got \(2, 4\)"),
        (np.array([SKEWED, 2 * SKEWED]), "every prior must sum to 1, got 2.0.* for user 1"),
        (np.array([SKEWED, -SKEWED]), "prior must hold finite probabilities of at least 0"),
        ([Attacker("a"), Attacker("a")], "attackers must differ in name"),
        (Attacker("a", SKEWED, law=[0.5, 0.5]), r"law must have shape \(5,\)"),
        (
            Attacker("a", SKEWED, law=[SKEWED, SKEWED]),
            r"or that of the prior, \(5,\), got \(2, 5\)",
        ),
    ],
)
def test_what_is_no_prior_is_refused(prior: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        attackers_of(prior, K)
