"""Numbers and vectors through every door: checked, audited on their domain, compared on users."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.collecting.estimands import Distribution
from ldpaudit.protocols import SquareWave
from ldpaudit.testing import check_mechanism

NUMBERS = ["laplace", "staircase", "duchi", "pm", "hm", "sw", "rounded", "dithered"]
VECTORS = ["privunit", "privunitg", "duchi-l2", "l2-laplace"]


def build(name: str) -> Any:
    where = {"dimension": 4} if name in VECTORS else {"low": 0.0, "high": 10.0}
    return ldpaudit.mechanism(name, epsilon=1.0, **where)


@pytest.mark.parametrize("name", [*NUMBERS, *VECTORS])
def test_what_it_says_of_itself_is_true(name: str) -> None:
    passed = check_mechanism(build(name))
    kind = "mean vector" if name in VECTORS else "mean"
    assert f"estimate of {kind}: unbiased, batches add up, error as stated" in passed
    assert any(line.startswith("domain: ") for line in passed)


@pytest.mark.parametrize("name", [*NUMBERS, *VECTORS])
def test_an_audit_names_inputs_domain_and_estimand(name: str) -> None:
    m = build(name)
    users = np.full(17, 100)  # as many of each input
    result = ldpaudit.audit(m, ["bayes"], trials=3_000, histogram=users, repetitions=2, alpha=1e-6)
    assert result.verdict == "consistent"
    assert 0.3 < result.epsilon_lower <= 1.0  # a miss has probability 1e-6
    assert result.inputs == tuple(map(m.domain.text, m.domain.grid(2)))
    assert result.domain == str(m.domain)
    assert result.mse is not None
    assert result.mse.exact == pytest.approx(float(m.variance(m.domain.grid()).mean()) / 1_700)


def test_numbers_are_compared_on_ages_and_vectors_on_directions() -> None:
    study = {
        "name": "both",
        "protocols": ["duchi", "rounded", {"name": "privunit", "dimension": 4}],
        "epsilons": [1.0],
        "data": [
            {"name": "adult-age", "low": 0, "high": 100, "num_users": 2_000},
            {"name": "uniform", "k": 8, "dimension": 4, "num_users": 2_000},
        ],
        "trials": 2_000,
        "repetitions": 3,
    }
    frame = ldpaudit.compare(study).frame
    assert "failed" not in set(frame["status"])
    assert set(frame["estimand"]) == {
        "mean (squared input units)",
        "mean vector (squared input units)",
    }
    assert set(frame["domain"]) == {"[0, 100]", "unit ball in 4 dimensions (l2)"}


class _Spread(SquareWave):
    """Square waves whose server estimates how the users are spread."""

    @property
    def estimand(self) -> Any:
        return Distribution(self.low, self.high, self.cells)


def test_a_distribution_is_estimated_and_measured() -> None:
    """EMS of 10,000 users: within a tenth of the interval, where one of a flat guess is not."""
    m = _Spread(2.0, 0.0, 1.0, 32)
    data = ldpaudit.data.load("beta", k=101)
    assert data.inputs is not None
    found = ldpaudit.audit(
        m, ["blind"], trials=500, inputs=data.inputs, histogram=data.histogram, repetitions=3
    )
    assert found.mse is not None
    assert found.mse.exact is None
    flat = m.estimand.error(np.full(32, 1 / 32), m.estimand.truth(data.inputs, data.histogram))
    assert found.mse.value < 0.02**2 < flat
    assert found.estimand == "distribution (squared Wasserstein distance)"
    assert "estimate of distribution: batches add up" in check_mechanism(m)
