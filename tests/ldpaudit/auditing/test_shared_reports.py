"""Attacks of one audit read the same reports, and none can change what another one sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.auditing import plan
from ldpaudit.auditing.attack_success import AttackError
from ldpaudit.registry import create_attack

MECHANISM = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
KNOWN = ("bayes", "single-guess")


@dataclass
class Spoiler:
    """An attack that does `trick` to what it is given."""

    trick: str
    optimal = False

    def applies(self, mechanism: Any) -> str | None:  # noqa: ARG002
        if self.trick == "applies":
            raise RuntimeError("no answer")
        return None

    def guess(self, reports: Any, mechanism: Any, prior: Any, *, rng: Any) -> Any:  # noqa: ARG002
        if self.trick == "reports":
            reports[...] = 0
        if self.trick == "prior":
            prior[...] = 0
        return reports


@dataclass
class Learner(Spoiler):
    """The same as an attack that learns; it raises in doing so."""

    def learn(self, reports: Any, inputs: Any, k: int, *, rng: Any) -> Any:  # noqa: ARG002
        raise RuntimeError("learned nothing")


def attacks(monkeypatch: pytest.MonkeyPatch, **more: Any) -> None:
    monkeypatch.setattr(plan, "create_attack", lambda name: more.get(name) or create_attack(name))


def figures(result: Any) -> dict[str, Any]:
    return {o.attack: (o.successes, o.trials) for o in result.attacks if o.attack in KNOWN}


@pytest.mark.parametrize("trick", ["reports", "prior", "applies", "learn"])
@pytest.mark.parametrize("first", [True, False])
def test_a_spoiler_fails_alone(monkeypatch: pytest.MonkeyPatch, trick: str, first: bool) -> None:
    want = figures(ldpaudit.audit(MECHANISM, list(KNOWN), trials=2_000, repetitions=0))
    attacks(monkeypatch, bad=Learner(trick) if trick == "learn" else Spoiler(trick))
    names = ["bad", *KNOWN] if first else [*KNOWN, "bad"]
    result = ldpaudit.audit(MECHANISM, names, trials=2_000, repetitions=0, isolate=True)
    assert figures(result) == want
    outcomes = {o.attack: o for o in result.attacks}
    assert outcomes["bad"].failed
    assert outcomes["blind"].exact == pytest.approx(0.25)
    with pytest.raises(AttackError):
        ldpaudit.audit(MECHANISM, names, trials=2_000, repetitions=0)


def test_what_is_known_exactly_is_checked_on_fewer() -> None:
    result = ldpaudit.audit(MECHANISM, list(KNOWN), trials=120_000, repetitions=0)
    tried = {o.attack: o.trials for o in result.attacks}
    assert (tried["bayes"], tried["single-guess"]) == (12_000, 120_000)
    outcome: Any = {o.attack: o for o in result.attacks}["bayes"]
    assert outcome.lower <= outcome.exact <= outcome.upper  # seed 0, fixed


def test_an_attack_more_changes_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    attacks(monkeypatch, third=Spoiler("nothing"))
    law = np.array([[0.7, 0.1, 0.1, 0.1], [0.1, 0.2, 0.3, 0.4]])
    for prior in (None, law):
        alone = ldpaudit.audit(MECHANISM, ["bayes"], prior=prior, trials=3_000, repetitions=0)
        more = ldpaudit.audit(
            MECHANISM, ["third", *KNOWN], prior=prior, trials=3_000, repetitions=0
        )
        assert figures(alone)["bayes"] == figures(more)["bayes"]
