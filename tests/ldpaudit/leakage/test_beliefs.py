"""The most under any prior against a linear programme, and attackers of other beliefs by sums."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.optimize import linprog

import ldpaudit
from ldpaudit.leakage import channels
from ldpaudit.leakage.beliefs import largest_vulnerability, success_by_belief


def programme(prior: np.ndarray, epsilon: float) -> float:
    """The most over all channels whose columns have two levels: every epsilon-LDP channel's."""
    k, e = prior.size, math.exp(epsilon)
    corners = np.array(list(itertools.product((1.0, e), repeat=k)))
    worth = (corners * prior).max(axis=1)
    found = linprog(-worth, A_eq=corners.T, b_eq=np.ones(k), method="highs")
    assert found.fun is not None
    return float(-found.fun)


@pytest.mark.parametrize("k", [2, 3, 5, 7])
def test_the_most_is_what_the_linear_programme_finds(k: int) -> None:
    rng = np.random.default_rng(k)
    for prior in (*rng.dirichlet(np.full(k, 0.5), 4), np.full(k, 1 / k), np.eye(k)[0]):
        for epsilon in (0.1, 1.0, 3.0):
            most = largest_vulnerability(prior, epsilon)
            assert most == pytest.approx(programme(prior, epsilon), rel=1e-9)


def test_the_most_of_skewed_laws_is_known() -> None:
    zipf = 1 / np.arange(1, 9)
    found = [largest_vulnerability(zipf / zipf.sum(), e) for e in (0.5, 1.0, 2.0, 3.0)]
    assert np.round(found, 4).tolist() == [0.3679, 0.4035, 0.5452, 0.7416]
    assert largest_vulnerability([0.9, 0.1], 1.0) == pytest.approx(0.9)


def test_randomized_response_over_the_likeliest_values_reaches_it() -> None:
    prior, e = np.array([0.5, 0.4, 0.05, 0.05]), math.exp(2.0)
    table = np.full((4, 2), 0.5)  # over the two likeliest values, the others send either alike
    table[:2] = (np.eye(2) * (e - 1) + 1) / (e + 1)
    assert channels.exact_epsilon(table) == pytest.approx(2.0)
    assert channels.bayes_vulnerability(table, prior) == pytest.approx(
        largest_vulnerability(prior, 2.0)
    )


def test_a_large_domain_is_solved_too() -> None:
    prior = 1 / np.arange(1, 1025)
    assert 0.13 < largest_vulnerability(prior / prior.sum(), 0.01) < 0.14


@pytest.mark.parametrize(
    ("prior", "epsilon"), [([0.5, 0.4], 1.0), ([0.5, 0.5], 0.0), ([0.5, 0.5], math.inf)]
)
def test_what_is_no_prior_or_no_epsilon_is_refused(prior: list[float], epsilon: float) -> None:
    with pytest.raises(ValueError, match=r"prior must sum to 1|epsilon must be positive"):
        largest_vulnerability(prior, epsilon)


def naive(mechanism: object, belief: np.ndarray, law: np.ndarray) -> float:
    """Every report, its guess by the belief, and how often that is right."""
    table = np.exp(mechanism.log_likelihood(mechanism.every_report()))  # type: ignore[attr-defined]
    scores = np.round(table * belief, 14)
    return float(sum(row[g] * law[g] for row, g in zip(table, scores.argmax(axis=1), strict=True)))


@pytest.mark.parametrize("name", ["grr", "ss", "sue", "oue", "mss", "pgr"])
@pytest.mark.parametrize("epsilon", [0.5, 2.0])
def test_an_attacker_of_other_beliefs_by_a_sum_over_reports(name: str, epsilon: float) -> None:
    k, rng = 7, np.random.default_rng(5)
    m = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
    tied = np.array([0.3, 0.1, 0.1, 0.1, 0.1, 0.2, 0.1])
    for belief in (np.full(k, 1 / k), tied, np.eye(k)[3], *rng.dirichlet(np.ones(k), 3)):
        law = rng.dirichlet(np.ones(k))
        assert success_by_belief(m, belief, law) == pytest.approx(naive(m, belief, law), abs=1e-12)


def test_who_believes_the_truth_does_best() -> None:
    m, rng = ldpaudit.mechanism("ss", k=6, epsilon=1.5), np.random.default_rng(1)
    for law in rng.dirichlet(np.ones(6), 5):
        best = success_by_belief(m, law, law)
        assert best == pytest.approx(m.vulnerability(law))
        for belief in rng.dirichlet(np.ones(6), 5):
            found = success_by_belief(m, belief, law)
            assert found is not None
            assert best is not None
            assert found <= best + 1e-12


def test_beliefs_of_each_user_are_averaged_by_user() -> None:
    m = ldpaudit.mechanism("oue", k=3, epsilon=1.0)
    beliefs = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.8, 0.1, 0.1]])
    law = np.array([0.5, 0.25, 0.25])
    each = [success_by_belief(m, belief, law) for belief in beliefs]
    assert success_by_belief(m, beliefs, law) == pytest.approx(np.mean(np.array(each, dtype=float)))
    own = [m.vulnerability(belief) for belief in beliefs]
    assert success_by_belief(m, beliefs, beliefs) == pytest.approx(np.mean(own))


def test_nothing_is_said_where_nothing_exact_is_known() -> None:
    m = ldpaudit.mechanism("she", k=3, epsilon=1.0)
    assert success_by_belief(m, [0.5, 0.3, 0.2], [0.2, 0.3, 0.5]) is None
