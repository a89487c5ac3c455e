"""How much of the leak an audit shows; `benchmarks/audit_tightness.py` holds the whole table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ldpaudit
from ldpaudit.bounds.registered import registered_bound
from ldpaudit.claim import Claim
from ldpaudit.games.preparation import prepare
from ldpaudit.outcomes.audit_result import AuditResult
from ldpaudit.registry import create

#: One cell of each protocol that k and epsilon define; most of those that show least.
CELLS = [
    ("grr", 100, 1.0),
    ("ss", 25, 4.0),
    ("sue", 25, 1.0),
    ("oue", 2, 1.0),
    ("the", 100, 1.0),
    ("blh", 2, 1.0),
    ("olh", 25, 1.0),
    ("she", 2, 4.0),
    ("hr", 100, 4.0),
    ("pgr", 2, 1.0),
    ("hpgr", 25, 1.0),
    ("mss", 25, 4.0),
    ("smss", 25, 1.0),
    ("amss", 2, 1.0),
    ("ass", 100, 1.0),
    ("aue", 100, 1.0),
    ("alh", 25, 1.0),
    ("athe", 2, 1.0),
]
#: Those that take a second each.
LONG = [("ss", 100, 1.0), ("she", 100, 4.0), ("mss", 100, 1.0), ("smss", 100, 1.0)]


@dataclass(frozen=True)
class Box:
    """A mechanism of which nothing can be had but reports."""

    inside: Any

    @property
    def k(self) -> int:
        return int(self.inside.k)

    @property
    def epsilon(self) -> float:
        return float(self.inside.epsilon)

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Any:
        return self.inside.privatize(values, rng=rng)


def audits(m: Any, seeds: int, **options: Any) -> list[AuditResult]:
    return [ldpaudit.audit(m, [], seed=seed, **options) for seed in range(seeds)]


def median(results: list[AuditResult]) -> float:
    return float(np.median([result.epsilon_lower for result in results]))


@pytest.mark.parametrize(
    ("name", "k", "epsilon"), [*CELLS, *(pytest.param(*c, marks=pytest.mark.slow) for c in LONG)]
)
def test_audits_show_what_there_is(name: str, k: int, epsilon: float) -> None:
    """At least 0.95 of the exact epsilon at 1e5 reports per input, the median of 11 seeds.

    One audit in 30 falls short of it where least is shown (grr), so the median does once in
    3e6; elsewhere fewer than one in 100, and once in 1e9.
    """
    m: Any = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
    assert median(audits(m, 11)) >= 0.95 * m.exact_epsilon()


@pytest.mark.slow
@pytest.mark.parametrize(("k", "epsilon"), [(2, 1.0), (25, 4.0)])
def test_she_is_read_from_its_reports_alone(k: int, epsilon: float) -> None:
    """At least 0.9 of the exact epsilon at 1e6 reports per input; 5 of 5 runs were above 0.96."""
    m: Any = ldpaudit.mechanism("she", k=k, epsilon=epsilon)
    (result,) = audits(Box(m), 1, trials=1_000_000)
    assert "learned witness" in result.bound.event
    assert 0.9 * m.exact_epsilon() <= result.epsilon_lower


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 2.0, 4.0])
def test_audits_come_closer_than_ldp_auditor(epsilon: float) -> None:
    """The reports of 200 audits judged by its formula too: at most 0.6 of its distance.

    It is 0.55, a tenth of alpha for the event beside the guesses counted; 6 standard errors
    of the medians lie between (1e-9). Larger samples are in `test_anytime.py`.
    """
    m, level = ldpaudit.mechanism("grr", k=2, epsilon=epsilon), {"alpha": 0.05, "delta": 0.0}
    bound, claim, gaps = registered_bound("posterior-odds"), Claim(epsilon), []
    for seed in range(200):
        ready = prepare(m, bound, (0, 1), 10**4, claim=claim, seed=seed, identity="gap")
        assert not isinstance(ready, str)
        played = ready.play(2 * 10**4)
        event: Any = played.counts.beside
        published = create("bounds", "ldp-auditor").from_event(event, claimed=epsilon, **level)
        ours = played.lower_bound(bound, claim, 0.05).epsilon_lower
        gaps.append((epsilon - ours, epsilon - published))
    own, theirs = np.median(gaps, axis=0)
    assert 0.4 * theirs < own <= 0.6 * theirs
