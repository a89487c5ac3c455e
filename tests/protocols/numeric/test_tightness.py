"""Audits at 1e5 reports show nearly all of the exact epsilon of every pure mechanism."""

from __future__ import annotations

from typing import Any

import pytest

import ldpaudit

NUMBERS = ("laplace", "staircase", "duchi", "pm", "hm", "sw", "rounded", "dithered")
VECTORS = [(name, d) for name in ("privunit", "privunitg", "duchi-l2") for d in (3, 100)]


@pytest.mark.slow
@pytest.mark.parametrize("epsilon", [1.0, 4.0])
@pytest.mark.parametrize(
    ("name", "more"),
    [*((name, {}) for name in NUMBERS), *((name, {"dimension": d}) for name, d in VECTORS)],
)
def test_audits_with_a_likelihood_are_tight(
    name: str, more: dict[str, Any], epsilon: float
) -> None:
    m: Any = ldpaudit.mechanism(name, epsilon=epsilon, **more)
    # A violation at this alpha has probability 1e-6.
    found = ldpaudit.audit(m, [], trials=100_000, seed=1, alpha=1e-6)
    assert found.verdict == "consistent"
    usual = ldpaudit.audit(m, [], trials=100_000, seed=1)
    assert usual.epsilon_lower >= 0.95 * m.exact_epsilon()


@pytest.mark.slow
def test_an_audit_of_spherical_noise_shows_what_one_event_can() -> None:
    """In many dimensions few reports lie along the line of two vectors."""
    m: Any = ldpaudit.mechanism("l2-laplace", epsilon=1.0, dimension=100)
    assert m.exact_epsilon() == 1.0
    found = ldpaudit.audit(m, [], trials=100_000, seed=1)
    # Five standard deviations of the log ratio: so few reports tell more that none is seen.
    assert 0.1 < found.epsilon_lower < 0.5
    assert m.exact_delta(0.5) < 1e-6
