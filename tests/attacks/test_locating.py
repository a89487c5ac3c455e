"""Where a user's number is: sums over all reports, and what the harness measures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.adapters import on_inputs
from ldpaudit.attacks import Nearby, PosteriorMean
from ldpaudit.auditing import AttackError
from ldpaudit.auditing.attackers import Beliefs
from ldpaudit.auditing.locating import measure_location
from ldpaudit.outcomes import AttackOutcome

INPUTS = np.array([20.0, 60.0, 24.0, 25.5, 31.0, 48.0, 52.0])
LAW = np.array([0.05, 0.1, 0.3, 0.1, 0.25, 0.05, 0.15])


def naive(channel: Any, tau: float) -> tuple[float, float, float]:
    """R2, V_tau and the Bayes vulnerability of a table P(report | input), by their definitions."""
    mean = LAW @ INPUTS
    variance = LAW @ (INPUTS - mean) ** 2
    missed = near = named = 0.0
    for column in channel.T:
        joint = LAW * column
        guess = joint @ INPUTS / joint.sum()
        missed += joint @ (INPUTS - guess) ** 2
        centres = np.linspace(20, 60, 4001)  # every hundredth
        near += max(joint[np.abs(INPUTS - c) <= tau + 1e-9].sum() for c in centres)
        named += joint.max()
    return 1 - missed / variance, near, named


def outcomes(mechanism: Any, attacks: list[str], **how: Any) -> dict[tuple[str, str], Any]:
    found = ldpaudit.audit(mechanism, attacks, repetitions=0, **how).attacks
    return {(outcome.attack, outcome.metric): outcome for outcome in found}


@pytest.mark.parametrize(("levels", "epsilon"), [(2, 1.0), (3, 0.7), (5, 3.0), (9, 5.0)])
def test_exact_figures_are_sums_over_reports(levels: int, epsilon: float) -> None:
    m = ldpaudit.mechanism("rounded", epsilon=epsilon, low=20.0, high=60.0, levels=levels)
    view: Any = on_inputs(m, INPUTS)
    channel = np.exp(view.log_likelihood(view.every_report())).T
    explained, near, named = naive(channel, 2.0)
    found = outcomes(
        m, ["bayes", "posterior-mean", "nearby"], inputs=INPUTS, prior=LAW, trials=20_000
    )
    share = found["posterior-mean", "variance_explained"]
    assert share.exact == pytest.approx(explained, rel=1e-9)
    assert abs(share.success - explained) < 5 * share.standard_error  # false alarm 6e-7
    within, named_often = found["nearby", "nearby_success"], found["bayes", "attack_success"]
    assert within.note == "within 2 of the truth"
    assert within.exact == pytest.approx(near, rel=1e-9)
    assert within.blind == pytest.approx(0.4)  # 24 and 25.5
    assert named_often.exact == pytest.approx(named, rel=1e-9)
    for outcome in (within, named_often):
        error = math.sqrt(outcome.exact * (1 - outcome.exact) / outcome.trials)
        assert abs(outcome.success - outcome.exact) < 5 * error


@pytest.mark.parametrize("name", ["laplace", "pm", "hm", "sw", "dithered", "staircase"])
def test_what_is_measured_agrees_with_the_mechanisms_own_sums(name: str) -> None:
    m = ldpaudit.mechanism(name, epsilon=3.3, low=20.0, high=60.0)
    found = outcomes(m, ["posterior-mean", "nearby"], inputs=INPUTS, prior=LAW, trials=20_000)
    share = found["posterior-mean", "variance_explained"]
    assert abs(share.success - share.exact) < 5 * share.standard_error  # false alarm 6e-7
    near = found["nearby", "nearby_success"]
    error = math.sqrt(near.exact * (1 - near.exact) / near.trials)
    assert abs(near.success - near.exact) < 5 * error
    assert near.exact > near.blind


def test_of_vectors_share_and_cosine_are_measured() -> None:
    corners = np.eye(3)[[0, 0, 1, 1, 2, 2]] * np.array([1, -1, 1, -1, 1, -1])[:, None]
    m = ldpaudit.mechanism("privunit", dimension=3, epsilon=4.0)
    found = outcomes(m, ["posterior-mean", "nearby"], inputs=corners, trials=20_000)
    rng = np.random.default_rng(11)
    own = rng.integers(0, 6, 20_000)
    likelihood = np.exp(m.log_likelihood(m.privatize(corners[own], rng=rng), corners))
    guesses = likelihood / likelihood.sum(axis=1, keepdims=True) @ corners
    lengths = np.linalg.norm(guesses, axis=1)
    share, cosine = (found["posterior-mean", name] for name in ("variance_explained", "cosine"))
    # Under the likelihood's own law R2 is E|guess|^2 and the cosine E|guess|, for unit vectors.
    for outcome, figures in ((share, lengths**2), (cosine, lengths)):
        error = math.hypot(outcome.standard_error, figures.std() / math.sqrt(own.size))
        assert abs(outcome.success - figures.mean()) < 5 * error  # false alarm 6e-7
        assert outcome.exact is None
    assert found["nearby", "nearby_success"].reason == "the inputs are no numbers"


def test_the_users_variance_is_told_where_the_attacker_expects_just_them() -> None:
    m = ldpaudit.mechanism("duchi", epsilon=1.0)
    users = {"inputs": [-1.0, 1.0, 0.0], "trials": 100}
    row = ("blind", "prior_variance")
    assert outcomes(m, ["posterior-mean"], histogram=[5, 5, 5], **users)[row].exact == (
        pytest.approx(2 / 3)
    )
    assert row not in outcomes(m, ["posterior-mean"], histogram=[5, 5, 6], **users)
    assert row not in outcomes(m, ["bayes"], histogram=[5, 5, 5], **users)


def test_rows_say_what_was_measured_and_how() -> None:
    m = ldpaudit.mechanism("duchi", epsilon=1.0)
    frame = ldpaudit.audit(m, ["posterior-mean", "nearby"], trials=500).to_frame()
    share = frame[frame["metric"] == "variance_explained"].iloc[0]
    assert (share["how"], share["method"]) == ("exact", "estimate, normal interval at 95%")
    assert share["lower"] < share["value"] < share["upper"]
    assert share["standard_error"] > 0
    near = frame[frame["metric"] == "nearby_success"].iloc[0]
    assert (near["reason"], near["optimal"]) == ("within 0.1 of the truth", True)


def test_who_knows_everything_learns_nothing() -> None:
    m = ldpaudit.mechanism("duchi", epsilon=1.0)
    found = outcomes(m, ["posterior-mean"], inputs=[-1.0, 1.0], prior=[0.0, 1.0], trials=100)
    reason = found["posterior-mean", "variance_explained"].reason
    assert reason == "all users hold the same, and the attacker knows it"


def test_attacks_need_numbers_and_a_likelihood() -> None:
    grr = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    assert PosteriorMean().applies(grr) == "the inputs are no numbers or vectors"
    assert Nearby().applies(grr) == "the inputs are no numbers"
    with pytest.raises(ValueError, match="tau must be positive"):
        Nearby(tau=-1.0)
    assert Nearby(tau=3.0).reach(on_inputs(ldpaudit.mechanism("duchi", epsilon=1.0))) == 3.0


class _Wrong(PosteriorMean):
    """Says one thing for all."""

    def locate(self, reports: Any, mechanism: Any, prior: Any, *, rng: Any) -> Any:  # noqa: ARG002
        return np.zeros(1)


class _Lost(PosteriorMean):
    """Says nothing."""

    def locate(self, reports: Any, mechanism: Any, prior: Any, *, rng: Any) -> Any:  # noqa: ARG002
        return np.full(len(reports), np.nan)


@pytest.mark.parametrize(("attack", "words"), [(_Wrong(), "must return shape"), (_Lost(), "nan")])
def test_nonsense_is_the_attacks_fault(attack: Any, words: str) -> None:
    view: Any = on_inputs(ldpaudit.mechanism("duchi", epsilon=1.0), [-1.0, 1.0])
    drawn = [(100, np.random.default_rng(0))]
    with pytest.raises(AttackError, match=words):
        list(measure_location("x", attack, view, Beliefs.of(np.full(2, 0.5)), drawn, 0.05, 1))


def test_an_outcome_without_counts_keeps_its_average() -> None:
    outcome = AttackOutcome(
        "a", 0, 10, 0.1, 0.3, None, 0.0, metric="variance_explained", average=0.2
    )
    assert (outcome.success, outcome.to_dict()["metric"]) == (0.2, "variance_explained")
