"""Audits of recorded reports, audits that stop early, and bounds that are refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ldpaudit
from ldpaudit.auditing.stopping import StopWhen, looks
from ldpaudit.outcomes.audit_result import AuditResult

GRR = ldpaudit.mechanism("grr", k=4, epsilon=1.0)


@dataclass(frozen=True)
class Claiming:
    """Randomized response at epsilon = 1 that claims another one."""

    epsilon: float
    k: int = 4

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Any:
        return GRR.privatize(values, rng=rng)

    def log_likelihood(self, reports: Any, values: Any = None) -> Any:
        return GRR.log_likelihood(reports, values)


def quick(mechanism: Any, attacks: list[str] | None = None, **options: Any) -> AuditResult:
    return ldpaudit.audit(mechanism, attacks, **{"trials": 2000, **options})


# ----------------------------------------------------------- recorded reports


def recording(size: int, seed: int = 0) -> Any:
    """Reports of randomized response at epsilon = 1.5, as somebody recorded them."""
    rng, m = np.random.default_rng(seed), ldpaudit.mechanism("grr", k=2, epsilon=1.5)
    both = [m.privatize(np.full(size, value), rng=rng) for value in (0, 1)]
    return ldpaudit.from_samples(*both, epsilon=1.0, name="a recording")


def test_recorded_reports_are_shared_out_and_used_once() -> None:
    recorded = recording(10_000)
    result = ldpaudit.audit(recorded, ["learned"])
    assert (result.mechanism, result.verdict) == ("a recording", "violation")
    told = re.search(r"([\d,]+) training and ([\d,]+) pilot reports", result.bound.searched)
    assert told is not None
    training, pilot = (int(number.replace(",", "")) for number in told.groups())
    # Of both files: what one side has more of than the coins ask for is left over.
    assert 0.94 * 20_000 < training + pilot + result.bound.trials <= 20_000
    assert result.attacks[1].reason == "its recorded reports were used for the bound"
    assert ldpaudit.audit(recorded, ["learned"]) == result  # it is not used up
    assert quick(recording(99)).bound.event.startswith("too few recorded reports")
    assert 60 < quick(recording(100)).bound.trials <= 200 - 2 * 35


# -------------------------------------------------------------- stopping early


def test_a_violation_stops_the_audit_and_a_sound_claim_does_not() -> None:
    loud = quick(Claiming(0.5), [], trials=100_000, stop_when="violation")
    assert (loud.verdict, loud.bound.bound, loud.bound.kind) == ("violation", "anytime", "anytime")
    assert loud.bound.trials < 20_000
    assert "looks, valid at all of them; ended at " in loud.bound.searched
    sound = quick(GRR, [], trials=10_000, stop_when="violation")
    assert (sound.verdict, sound.bound.trials) == ("consistent", 20_000)


def test_a_narrow_interval_stops_the_audit() -> None:
    wide, narrow = (quick(GRR, [], trials=100_000, stop_when=f"width={w}") for w in (0.4, 0.1))
    assert wide.bound.trials < narrow.bound.trials < 200_000
    assert wide.epsilon_lower < narrow.epsilon_lower < 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stop_when": "soon"}, "stop_when must be violation, width=W or budget, got 'soon'"),
        ({"stop_when": "width=-1"}, "got 'width=-1'"),
        ({"stop_when": "width=x"}, "got 'width=x'"),
        (
            {"stop_when": "violation", "bound": "posterior-odds"},
            "takes an anytime bound, got 'posterior-odds', which is exact",
        ),
        ({"bound": "gdp"}, "ask for it with model_based=True"),
        ({"jobs": 0}, "jobs must be at least 1, got 0"),
    ],
)
def test_a_bound_that_would_not_hold_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        quick(GRR, **options)


def test_model_based_bounds_are_for_those_who_ask() -> None:
    result = quick(GRR, [], bound="joint-beta", model_based=True)
    assert result.bound.kind == "model-based"


def test_looks_grow_and_end_at_the_budget() -> None:
    sizes = list(looks(2_000_000))
    assert sum(sizes) == 2_000_000
    assert 190 < len(sizes) < 220
    assert sizes[0] == 100
    assert list(looks(50)) == [50]


def test_the_budget_is_looked_at_once() -> None:
    assert StopWhen.parse("budget").never
    assert quick(GRR, []) == quick(GRR, [], stop_when="budget")
