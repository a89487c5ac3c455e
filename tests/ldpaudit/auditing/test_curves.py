"""Mechanisms held to whole trade-off curves."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.auditing import audit_curve
from ldpaudit.cli.commands import app

Rng = np.random.Generator


class Gaussian:
    """A number with normal noise, of mu = 1, and nothing else said of it."""

    k, epsilon, delta = 2, 4.0, 1e-3

    def privatize(self, values: Any, *, rng: Rng) -> Any:
        return np.round((np.asarray(values) + rng.normal(size=len(values))) * 64) / 64


def test_a_claim_that_holds_is_never_refuted() -> None:
    """20 runs at 0.05, five or more of which chance refutes 1 time in 400 at most."""
    refuted = 0
    for seed in range(20):
        m = ldpaudit.mechanism("grr", k=2, epsilon=1.0)
        found = audit_curve(m, "curve:1=0", trials=1000, verdict_alpha=0.05, seed=seed)
        refuted += found.verdict == "violation"
        assert found.outside is None
    assert refuted <= 4


def test_gaussian_claims() -> None:
    wrong = audit_curve(Gaussian(), "gdp:0.7", trials=20_000)
    assert wrong.verdict == "violation"
    assert wrong.reports < wrong.budget
    right = audit_curve(Gaussian(), "gdp:1", trials=20_000)
    assert right.verdict == "consistent"
    assert right.mu_lower is not None
    assert 0.8 < right.mu_lower < 1.0
    json.dumps(right.to_dict(), allow_nan=False)


def test_a_curve_is_more_than_each_of_its_points() -> None:
    """Randomized response at 1 has delta 0.46 at 0: beside (1, 0) it breaks (0, 0.3)."""
    m = ldpaudit.mechanism("grr", k=2, epsilon=1.0)
    assert audit_curve(m, "curve:1=0", trials=5000).verdict == "consistent"
    assert audit_curve(m, "curve:1=0,0=0.3", trials=5000).verdict == "violation"


def test_neighbours_and_too_few_reports() -> None:
    rsfd = ldpaudit.mechanism("rsfd", sizes=(2, 2), epsilon=1.0)
    other = audit_curve(rsfd, "curve:1=0", trials=5000, pair=(0, 3))
    assert other.verdict == "inconclusive"
    assert "no neighbours" in other.reason
    few = audit_curve(ldpaudit.mechanism("grr", k=2, epsilon=9.0), "curve:9=0", trials=100)
    assert few.verdict == "inconclusive"
    assert few.reason.startswith("so few reports could not refute")


def test_recorded_reports() -> None:
    rng = np.random.default_rng(0)
    one, two = (np.round(x + rng.normal(size=4000), 2) for x in (0, 1))
    m = ldpaudit.from_samples(one, two, epsilon=3.0)
    assert audit_curve(m, "gdp:0.5").verdict == "violation"
    assert audit_curve(m, "gdp:1.2").verdict == "consistent"


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["audit", "grr", "--k", "4", "--epsilon", "1", "--trials", "5000", "--claim"]
    assert app([*asked, "gdp:0.5"], standalone_mode=False) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "grr held to gdp:0.5"
    assert out.splitlines()[1].startswith("violation: log evidence ")
    assert app([*asked, "curve:1=0", "--json"], standalone_mode=False) == 0
    assert json.loads(capsys.readouterr().out)["claim"] == "curve:1.0=0.0"


class Sharing:
    """GRR on 2 values whose likelihood is right, and one lie for every call."""

    k, epsilon = 2, 1.0

    def privatize(self, values: Any, *, rng: Rng) -> Any:
        return np.asarray(values) ^ (rng.random() < 1 / (1 + np.e))

    def log_likelihood(self, reports: Any, values: Any = None) -> Any:
        return ldpaudit.mechanism("grr", k=2, epsilon=1.0).log_likelihood(reports, values)


def test_reports_that_are_no_draws_refute_no_curve() -> None:
    """Also where a stranger's likelihood and a learned witness both play."""
    found = [audit_curve(Sharing(), "curve:1=0", trials=2000, seed=seed) for seed in range(4)]
    assert all(one.verdict != "violation" for one in found)
    assert any(one.dependence is not None for one in found)
    assert all(one.to_dict()["not_looked_at"] for one in found)
    assert (
        audit_curve(ldpaudit.mechanism("grr", k=2, epsilon=1.0), "gdp:1", trials=500).unseen == ()
    )
