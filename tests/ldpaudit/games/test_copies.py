"""Whether a mechanism may be played by copies: noise of its own is found, and drawn once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit import sampling
from ldpaudit.games.copies import draws_elsewhere, must_stay_whole
from ldpaudit.games.preparation import fair_coins

Rng = np.random.Generator
MODULE_RNG = np.random.default_rng(0)


class Own:
    """Randomized response on two values whose noise comes from somewhere."""

    k, epsilon = 2, 1.0

    def __init__(self, source: str) -> None:
        self.source, self.rng, self.calls = source, np.random.default_rng(1), 0

    def privatize(self, values: Any, *, rng: Rng) -> Any:
        own, self.calls = np.asarray(values), self.calls + 1
        chosen = {
            "argument": rng,
            "self": self.rng,
            "module": MODULE_RNG,
            "calls": np.random.default_rng(self.calls),
            "fixed": np.random.default_rng(7),
            "system": np.random.default_rng(),
        }[self.source]
        return own ^ (chosen.random(own.size) < 1 / (1 + np.e))


@pytest.mark.parametrize("source", ["self", "module", "calls", "system"])
def test_noise_of_its_own_is_found(source: str) -> None:
    assert draws_elsewhere(Own(source))
    assert must_stay_whole(Own(source), 2, 4)
    assert not must_stay_whole(Own(source), 1, 4)


@pytest.mark.parametrize("source", ["argument", "fixed"])
def test_copies_of_others_draw_the_same_as_the_original(source: str) -> None:
    assert not must_stay_whole(Own(source), 2, 4)


@pytest.mark.parametrize("name", ["oue", "olh", "mss", "she", "l-osue"])
def test_the_catalogue_may_be_copied(name: str) -> None:
    extra = {"epsilon_inf": 2.0} if name == "l-osue" else {}
    assert not draws_elsewhere(ldpaudit.mechanism(name, k=5, epsilon=1.0, **extra))


def test_reports_of_any_form_are_compared() -> None:
    class Sets(Own):
        def privatize(self, values: Any, *, rng: Rng) -> Any:
            return [{int(x), "a"} for x in super().privatize(values, rng=rng)]

    assert not draws_elsewhere(Sets("argument"))
    assert draws_elsewhere(Sets("self"))


def test_two_processes_change_nothing_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 2,000: copies would count the same noise in each, and the bound would differ."""
    monkeypatch.setattr(sampling, "BLOCK", 2000)

    def found(jobs: int) -> Any:
        return ldpaudit.audit(Own("self"), [], trials=5000, jobs=jobs)

    assert found(2).bound.trials == found(1).bound.trials
    asked: list[bool] = []
    shared = sampling.shared

    def watched(function: Any, parts: Any, jobs: int, *, alone: bool = False) -> Any:
        asked.append(alone)
        return shared(function, parts, jobs, alone=alone)

    monkeypatch.setattr("ldpaudit.games.evidence.shared", watched)
    found(2)
    assert asked == [True]


def test_fair_coins_ask_for_no_more_than_there_is() -> None:
    """By the binomial law: more than `each` of either side at most once in 1e9."""
    from scipy.stats import binom

    for each in (100, 1000, 30_000, 10**6):
        coins = fair_coins(each)
        assert 2 * binom.sf(each, coins, 0.5) <= 1e-9
        assert coins > 2 * each - 12 * np.sqrt(each)
    assert fair_coins(5) == 5


def test_twice_the_recording_is_used() -> None:
    rng = np.random.default_rng(0)
    files = [rng.random(20_000) < 0.27 + 0.46 * x for x in (0, 1)]
    result = ldpaudit.audit(ldpaudit.from_samples(*files, epsilon=1.0), [])
    assert result.bound.trials > 0.62 * 40_000
    assert result.verdict == "consistent"
