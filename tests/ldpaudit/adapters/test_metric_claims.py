"""Claims of epsilon times a distance: what is held to them, and what is found."""

from __future__ import annotations

import json
import math
import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ldpaudit
from ldpaudit.adapters import MetricClaim, held_to_metric
from ldpaudit.domains import Ball

INPUTS = [[0.0, 0.0], [1.0, 0.0], [0.0, -2.0], [2.0, 1.0]]
PLANAR = ldpaudit.mechanism("l2-laplace", dimension=2, epsilon=6.0, radius=3.0)


@dataclass(frozen=True)
class Stranger:
    """Planar Laplace noise of a given rate per unit; claims `epsilon` per unit of distance."""

    rate: float
    epsilon: float = 1.0
    domain = Ball(2, 3.0)

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Any:
        own = np.asarray(values)
        radius, angle = rng.gamma(2, 1 / self.rate, len(own)), rng.random(len(own)) * 2 * math.pi
        noisy = own + np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=1)
        return np.round(noisy * 2**20) / 2**20

    def log_likelihood(self, reports: Any, values: Any) -> Any:
        gaps = np.asarray(reports)[:, None] - np.asarray(values)[None]
        return -self.rate * np.hypot(gaps[..., 0], gaps[..., 1])


@pytest.mark.parametrize("pair", [(0, 1), (2, 0), (3, 2)])
def test_the_claim_of_a_pair_is_the_largest_log_ratio_of_planar_noise(
    pair: tuple[int, int],
) -> None:
    """Searched on a fine grid of reports: reached behind either input, and exceeded nowhere."""
    view = held_to_metric(PLANAR, "l2", pair, INPUTS)
    one, two = (np.array(INPUTS[place]) for place in pair)
    assert view.epsilon == pytest.approx(np.linalg.norm(one - two), rel=1e-12)
    assert view.exact_epsilon() == view.epsilon  # type: ignore[attr-defined]
    axis = np.linspace(-6, 6, 241)
    reports = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    behind = two + (two - one) * np.linspace(0, 3, 5)[:, None]
    logs = view.log_likelihood(np.concatenate((reports, behind)), list(pair))  # type: ignore[attr-defined]
    ratios = np.abs(logs[:, 0] - logs[:, 1])
    assert ratios.max() == pytest.approx(view.epsilon, rel=1e-9)


@pytest.mark.parametrize("pair", [(0, 1), (3, 2)])
def test_planar_noise_keeps_its_claim_and_comes_near_it(pair: tuple[int, int]) -> None:
    result = ldpaudit.audit(PLANAR, [], metric="l2", pair=pair, inputs=INPUTS, trials=20_000)
    one, two = (np.array(INPUTS[place]) for place in pair)
    distance = float(np.linalg.norm(one - two))
    assert result.claimed_epsilon == pytest.approx(distance)
    assert result.verdict == "consistent"
    assert 0.9 * distance < result.epsilon_lower < 1.02 * distance
    words = f"claimed: 1 x distance {distance:.6g} (l2)"
    assert words in str(result)
    assert words in json.dumps(result.to_dict())


def test_noise_that_is_a_quarter_too_small_is_a_violation_at_every_distance() -> None:
    for pair in ((0, 1), (0, 2)):
        found = ldpaudit.audit(
            Stranger(1.25), [], metric="l2", pair=pair, inputs=INPUTS, trials=20_000
        )
        assert found.verdict == "violation"
        assert found.epsilon_lower > found.claimed_epsilon
    kept = ldpaudit.audit(Stranger(1.0), [], metric="l2", inputs=INPUTS, trials=20_000)
    assert kept.verdict == "consistent"


def test_without_a_metric_the_claim_is_one_for_all_pairs() -> None:
    """Epsilon 1 per unit is no epsilon of 1 for inputs that lie two apart."""
    found = ldpaudit.audit(Stranger(1.0), [], pair=(0, 2), inputs=INPUTS, trials=20_000)
    assert found.verdict == "violation"


def test_mechanisms_on_numbers_take_a_table_or_a_function() -> None:
    """Geometric noise on 0 to 4, clipped: epsilon per step, so a pair has as many steps."""

    @dataclass(frozen=True)
    class Steps:
        k: int = 5
        epsilon: float = 0.5

        def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Any:
            own, p = np.asarray(values), 1 - math.exp(-self.epsilon)
            noise = rng.geometric(p, own.size) - rng.geometric(p, own.size)
            return np.clip(own + noise, 0, 4)

    distances = np.abs(np.subtract.outer(np.arange(5), np.arange(5)))
    claims = [
        held_to_metric(Steps(), metric, (0, 3))
        for metric in ("l1", distances, lambda one, two: abs(int(one) - int(two)))
    ]
    assert [claim.epsilon for claim in claims] == [1.5] * 3
    result = ldpaudit.audit(Steps(), [], metric="l1", pair=(0, 3), trials=20_000)
    assert result.verdict == "consistent"
    assert 1.35 < result.epsilon_lower <= 1.53


def test_a_claim_is_a_value() -> None:
    view = held_to_metric(PLANAR, "l2", (0, 2), INPUTS)
    again = pickle.loads(pickle.dumps(view))  # noqa: S301
    assert again == view
    assert hash(again) == hash(view)
    assert view != held_to_metric(PLANAR, "l2", (0, 1), INPUTS)
    assert isinstance(again, MetricClaim)
    assert again.are_neighbours((2, 0))
    assert not again.are_neighbours((1, 0))


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("l3", "metric"),
        (np.zeros((4, 4)), "distance of the pair must be positive and finite, got 0.0"),
        (np.ones((3, 3)), r"metric must have shape \(4, 4\), got \(3, 3\)"),
        (lambda _, __: math.inf, "got inf"),
    ],
)
def test_what_is_no_metric_is_refused(metric: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        held_to_metric(PLANAR, metric, (0, 1), INPUTS)


def test_a_search_and_recordings_take_no_metric() -> None:
    with pytest.raises(ValueError, match="no search"):
        ldpaudit.audit(PLANAR, metric="l2", search="pilot")
    recorded = ldpaudit.from_samples([0, 1] * 100, [1, 1] * 100, epsilon=1.0)
    with pytest.raises(ValueError, match="recorded"):
        ldpaudit.audit(recorded, metric="l1")


def test_the_exact_epsilon_is_that_of_the_mechanisms_own_metric() -> None:
    """Planar noise shows the Euclidean distance, whatever metric the claim is of."""
    inputs = [[0.0, 0.0], [0.3, 0.4]]
    for metric, claim in (("l1", 0.7), ("max", 0.4), ([[0, 1], [1, 0]], 1.0), ("l2", 0.5)):
        view: Any = held_to_metric(PLANAR, metric, inputs=inputs)
        assert view.epsilon == pytest.approx(claim)
        assert view.exact_epsilon() == pytest.approx(0.5)


def test_a_view_that_is_held_to_a_metric_again_has_one_claim() -> None:
    m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    once = held_to_metric(m, "l1", (0, 3))
    assert held_to_metric(once, "l1", (0, 3)).epsilon == once.epsilon == 3.0


@pytest.mark.parametrize(
    "table", [[[0, 1], [9, 0]], [[0, -1], [-1, 0]], [[5, 1], [1, 0]], [[0, 1], [math.nan, 0]]]
)
def test_a_table_that_is_no_metric_is_refused(table: Any) -> None:
    with pytest.raises(ValueError, match=r"distance|metric"):
        held_to_metric(ldpaudit.mechanism("grr", k=2, epsilon=1.0), table)


def test_what_is_no_distance_and_no_pair() -> None:
    m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    with pytest.raises(TypeError, match="metric must return a number, got None"):
        held_to_metric(m, lambda x, y: None)  # type: ignore[arg-type,return-value]  # noqa: ARG005
    with pytest.raises(ValueError, match="pair must be two inputs"):
        held_to_metric(m, "l1", (0, 1, 2))  # type: ignore[arg-type]
