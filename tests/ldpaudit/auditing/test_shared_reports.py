"""Attacks of one audit read the same reports, and none can change what another one sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.attacks import BayesianReconstruction
from ldpaudit.auditing import plan
from ldpaudit.auditing.attackers import attackers_of
from ldpaudit.auditing.guesses import AttackError, Guesser, success_counts
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


class Stated:
    """Somebody's mechanism, which counts how often its likelihood is asked for."""

    def __init__(self, name: str, broken: bool = False) -> None:
        self.inner: Any = ldpaudit.mechanism(name, k=4, epsilon=1.0)
        self.k, self.epsilon, self.asked, self.broken = 4, 1.0, 0, broken

    def privatize(self, values: Any, *, rng: Any) -> Any:
        return self.inner.privatize(values, rng=rng)

    def log_likelihood(self, reports: Any, values: Any = None) -> Any:
        self.asked += 1
        if self.broken:
            raise RuntimeError("no likelihood")
        return self.inner.log_likelihood(reports, values)


class Chooser(Spoiler):
    """An attack by the likelihood that raises where it is handed one."""

    def choose(self, *known: Any, rng: Any) -> Any:  # noqa: ARG002
        raise RuntimeError("no choice")


def counted(mechanism: Any, *attacks: Any, prior: Any = None) -> list[Any]:
    guessers = [
        Guesser(attack, 3_000, np.random.default_rng(place)) for place, attack in enumerate(attacks)
    ]
    (beliefs,) = attackers_of(prior, 4)
    return success_counts(guessers, mechanism, beliefs, 3_000, np.random.default_rng(9))


@pytest.mark.parametrize("name", ["grr", "oue"])
@pytest.mark.parametrize("prior", [None, [0.4, 0.3, 0.2, 0.1]])
def test_likelihoods_are_read_once_and_nobody_guesses_otherwise(name: str, prior: Any) -> None:
    both: list[Any] = [create_attack(known) for known in KNOWN]
    together = Stated(name)
    found = counted(together, *both, prior=prior)
    alone = [counted(Stated(name), Spoiler("nothing"), one, prior=prior)[1] for one in both[1:]]
    first = counted(Stated(name), both[0], prior=prior)
    assert found == [*first, *alone]
    once = Stated(name)
    counted(once, both[0], prior=prior)
    assert together.asked == once.asked


def test_who_fails_at_a_likelihood_fails_alone() -> None:
    both: list[Any] = [create_attack(known) for known in KNOWN]
    wanted = counted(Stated("oue"), *both)
    *found, failed = counted(Stated("oue"), *both, Chooser("nothing"))
    assert found == wanted
    assert isinstance(failed, AttackError)
    assert "no choice" in str(failed)
    assert all(isinstance(one, AttackError) for one in counted(Stated("oue", broken=True), *both))


class Contrary(BayesianReconstruction):
    """Guesses of its own, and the choice of the class that it is made from."""

    def guess(self, reports: Any, mechanism: Any, prior: Any, *, rng: Any) -> Any:
        return (super().guess(reports, mechanism, prior, rng=rng) + 1) % mechanism.k


def test_whose_guesses_are_its_own_is_asked_for_them() -> None:
    bayes, guess = (create_attack(known) for known in KNOWN)
    contrary = BayesianReconstruction()
    vars(contrary)["guess"] = Contrary().guess  # of this one object
    for own in (Contrary(), contrary):
        alone = counted(Stated("oue"), Spoiler("nothing"), own)[1]
        assert counted(Stated("oue"), guess, own)[1] == alone
        assert alone < 0.7 * counted(Stated("oue"), bayes)[0]


class Short(Chooser):
    """An attack by the likelihood that chooses one value for all."""

    def choose(self, *known: Any, rng: Any) -> Any:  # noqa: ARG002
        return np.int64(1)


def test_a_choice_of_no_shape_is_that_attack_s_own_fault() -> None:
    both: list[Any] = [create_attack(known) for known in KNOWN]
    *found, failed = counted(Stated("oue"), *both, Short("nothing"))
    assert found == counted(Stated("oue"), *both)
    assert isinstance(failed, AttackError)
    assert "must return one guess per report, got shape ()" in str(failed)
