"""False reports for a mean: each adds what is stated, and collections gain what they should.

Generators are fixed; simulated means are held to five standard errors (about 6e-7 each).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.collecting.directions import farthest_along
from ldpaudit.collecting.mean_manipulation import MEAN_ATTACKS, poison_mean
from ldpaudit.comparing import compare
from ldpaudit.contracts import HasFalseMeanReports
from ldpaudit.domains import Ball, Categories

NUMBERS = ("duchi", "rounded", "dithered", "pm", "hm", "sw", "laplace", "staircase")
ENDED = NUMBERS[:6]
SPHERES = ("privunit", "duchi-l2")
BALLS = ("privunitg", "l2-laplace", "gaussian-vector")
AIM = np.array([3.0, -1.0, 0.0, 2.0])


def build(name: str, epsilon: float = 1.0, **given: Any) -> Any:
    if name in (*SPHERES, *BALLS, "sampled-numbers"):
        given = {"dimension": 4, "radius": 2.0} | given
    if name == "gaussian-vector":
        given["delta"] = 1e-5
    return ldpaudit.mechanism(name, epsilon=epsilon, **given)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("epsilon", [0.4, 1.0, 5.0])
def test_a_false_number_adds_as_much_as_any(name: str, epsilon: float) -> None:
    """Up and down it is the report of the largest and the least estimate that is added up."""
    m, rng = build(name, epsilon, low=10.0, high=14.0), np.random.default_rng(0)
    able = isinstance(m, HasFalseMeanReports)
    assert able
    up, down = (
        float(m.estimate(m.aggregate(m.false_mean_reports(3, rng=rng, towards=sign))))
        for sign in (2.0, -0.1)
    )
    assert max(up - 12.0, 12.0 - down) / 2.0 == pytest.approx(m.mean_influence(), rel=1e-12)
    if name in ENDED:
        first = m._piecewise.outputs if name == "hm" and not m.piecewise_share else 0
        estimates = m.report_estimates(np.arange(first, m._outputs))
        assert (down, up) == pytest.approx((estimates.min(), estimates.max()), rel=1e-12)
    chance = m.random_reports(2_000, rng=rng)
    assert down <= m.report_estimates(chance).min()
    assert m.report_estimates(chance).max() <= up
    m.aggregate(chance)


@pytest.mark.parametrize("name", SPHERES)
def test_a_false_direction_has_the_length_of_all(name: str) -> None:
    m, rng = build(name), np.random.default_rng(1)
    added = m.estimate(m.aggregate(m.false_mean_reports(2, rng=rng, towards=AIM)))
    unit = AIM / np.linalg.norm(AIM)
    assert added @ unit / 2.0 == pytest.approx(m.mean_influence(), rel=1e-6)
    others = [m.privatize(np.zeros((20_000, 4)), rng=rng), m.random_reports(20_000, rng=rng)]
    for reports in others:
        assert (m.report_estimates(reports) @ unit).max() <= added @ unit * (1 + 1e-6)
    lengths = np.linalg.norm(others[1], axis=1) / 2.0
    np.testing.assert_allclose(lengths, m.mean_influence(), rtol=1e-6)


@pytest.mark.parametrize("name", BALLS)
def test_false_vectors_end_where_the_server_ends(name: str) -> None:
    m, rng = build(name), np.random.default_rng(2)
    false = m.false_mean_reports(1, rng=rng, towards=AIM)
    added = m.estimate(m.aggregate(false))
    np.testing.assert_allclose(added, false[0], rtol=1e-9)
    with pytest.raises(ValueError, match="reports must lie within"):
        m.aggregate(false * (1 + 1e-9))
    whole = m.false_mean_reports(1, rng=rng, towards=np.ones(4))
    assert np.linalg.norm(whole) / 2.0 == pytest.approx(m.mean_influence(), rel=1e-9)
    m.aggregate(m.random_reports(500, rng=rng))


@pytest.mark.parametrize("base", ["duchi", "pm", "hm", "dithered"])
@pytest.mark.parametrize("sample", [1, 2])
def test_false_attributes(base: str, sample: int) -> None:
    """They name those that count most; none of 2e4 reports adds more."""
    m, rng = build("sampled-numbers", 2.0, base=base, sample=sample), np.random.default_rng(3)
    false = m.false_mean_reports(2, rng=rng, towards=AIM)
    added = m.estimate(m.aggregate(false))
    assert np.flatnonzero(added).tolist() == [0, 3][:sample]
    assert np.abs(added).max() / 2.0 == pytest.approx(m.mean_influence(), rel=1e-6)
    for reports in (m.privatize(np.zeros((20_000, 4)), rng=rng), m.random_reports(20_000, rng=rng)):
        assert (m.report_estimates(reports) @ AIM).max() <= added @ AIM * (1 + 1e-6)
    down = m.estimate(m.aggregate(m.false_mean_reports(1, rng=rng, towards=-AIM)))
    np.testing.assert_allclose(down, -added, rtol=1e-6)


@pytest.mark.parametrize("name", [*ENDED, *SPHERES, "sampled-numbers"])
@pytest.mark.parametrize("share", [0.01, 0.1])
def test_simulated_gain_is_the_exact_one(name: str, share: float) -> None:
    m, rng = build(name), np.random.default_rng(4)
    numbers = name in NUMBERS
    users = np.full(1980, -0.25) if numbers else np.tile([[0.5, 0.0, -0.5, 0.1]], (1980, 1))
    for attack in ("random-value", "maximal-gain"):
        for towards in (None, -1.0 if numbers else AIM):
            found = poison_mean(m, attack, users, share, 40, rng=rng, towards=towards)
            assert found.exact is not None
            assert abs(found.gain - found.exact) <= 5 * found.gain_standard_error
    assert poison_mean(m, "random-report", users, share, 2, rng=rng).exact is None


def test_exact_gains_are_those_of_influence() -> None:
    m, rng = build("pm", low=10.0, high=14.0), np.random.default_rng(5)
    users = np.full(900, 11.0)
    found = poison_mean(m, "maximal-gain", users, 0.1, 2, rng=rng)
    assert found.exact == pytest.approx(0.1 * (12 + 2 * m.mean_influence() - 11), rel=1e-9)
    found = poison_mean(m, "random-value", users, 0.1, 2, rng=rng, towards=-3.0)
    assert found.exact == pytest.approx(0.1 * (11 - 10))


@pytest.mark.parametrize("norm", [1, 2, math.inf])
def test_the_farthest_input_is_the_farthest(norm: float) -> None:
    ball, rng = Ball(4, 2.0, norm), np.random.default_rng(6)
    aim, farthest = farthest_along(ball, AIM)
    assert np.linalg.norm(aim) == pytest.approx(1)
    ball.check(farthest[None])
    drawn = rng.normal(size=(5_000, 4))
    drawn *= 2.0 / np.linalg.norm(drawn, ord=norm, axis=1, keepdims=True)
    assert (drawn @ aim).max() <= farthest @ aim * (1 + 1e-12)


def test_false_users_of_a_study() -> None:
    study = {
        "name": "n", "protocols": ["duchi", "laplace"], "epsilons": [1.0], "trials": 200,
        "repetitions": 20, "attacks": ["posterior-mean"], "false_share": 0.05,
        "data": [{"name": "uniform", "k": 9, "low": 0.0, "high": 1.0, "num_users": 500}],
    }  # fmt: skip
    frame = compare(study).frame
    gains = frame[frame["metric"] == "poisoning_gain"]
    assert gains["attack"].tolist() == [*MEAN_ATTACKS] * 2
    assert set(gains["estimand"]) == {"mean (squared input units)"}
    known = gains[gains["exact"].notna() & (gains["protocol"] == "duchi")]
    assert len(known) == 2
    assert (abs(known["value"] - known["exact"]) <= 5 * known["standard_error"]).all()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"attack": "worst"}, ValueError, "unknown attack 'worst'"),
        ({"share": 1.0}, ValueError, "share must lie strictly between 0 and 1"),
        ({"towards": 0.0}, ValueError, "towards must be 1 finite numbers, not all 0"),
        ({"mechanism": ldpaudit.mechanism("grr", k=3, epsilon=1.0)}, TypeError,
         "mechanism must estimate a mean"),
    ],
)  # fmt: skip
def test_wrong_parameters(change: dict[str, Any], error: type[Exception], message: str) -> None:
    given: dict[str, Any] = {
        "mechanism": build("duchi"), "attack": "maximal-gain", "users": np.zeros(10), "share": 0.1,
        "repetitions": 2,
    }  # fmt: skip
    with pytest.raises(error, match=message):
        poison_mean(**(given | change), rng=np.random.default_rng(0))
    with pytest.raises(TypeError, match="domain must be an interval or a ball"):
        farthest_along(Categories(3), None)
    for name, wrong in (("duchi", [1.0, 2.0]), ("privunit", [1.0]), ("privunit", np.zeros(4))):
        with pytest.raises(ValueError, match="towards must be"):
            build(name).false_mean_reports(1, rng=np.random.default_rng(0), towards=wrong)
