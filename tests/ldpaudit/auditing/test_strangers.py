"""Mechanisms that are not of the catalogue: which inputs, which parts, and are reports draws."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.adapters.finite_inputs import on_inputs
from ldpaudit.domains import Interval
from ldpaudit.games.witnesses import BEYOND
from ldpaudit.registry import create_attack
from ldpaudit.selection.neighbours import some_inputs
from ldpaudit.selection.promising import one_pair_speaks, ours
from ldpaudit.testing import assert_ldp, check_ldp

Rng = np.random.Generator


class ForgottenSensitivity:
    """Laplace noise of scale 1 on values up to 99, for a claim of 1: the truth is 99."""

    k, epsilon = 100, 1.0

    def __init__(self, noise: str = "laplace") -> None:
        self.noise = noise

    def privatize(self, values: Any, *, rng: Rng) -> Any:
        own = np.asarray(values)
        if self.noise == "laplace":
            return np.clip(own + np.round(rng.laplace(size=own.size), 6), 0, 99)
        gained, lost = rng.geometric(1 - np.exp(-1), (2, own.size))
        return np.clip(own + gained - lost, 0, 99)


class OneInClear:
    """Randomized response that always sends value 5 as it is."""

    epsilon = 1.0

    def __init__(self, k: int) -> None:
        self.k, self.inner = k, ldpaudit.mechanism("grr", k=k, epsilon=1.0)

    def privatize(self, values: Any, *, rng: Rng) -> Any:
        return np.where(np.asarray(values) == 5, 5, self.inner.privatize(values, rng=rng))


class OnePair:
    """Of 25 values, 3 is often sent as 17."""

    k, epsilon = 25, 1.0

    def privatize(self, values: Any, *, rng: Rng) -> Any:
        own = np.asarray(values)
        reports = ldpaudit.mechanism("grr", k=25, epsilon=1.0).privatize(own, rng=rng)
        return np.where((own == 3) & (rng.random(own.size) < 0.5), 17, reports)


class Nonce:
    """Randomized response beside a nonce that is odd where the report is true, or is not."""

    k, epsilon = 4, 1.0

    def __init__(self, *, tells: bool = True) -> None:
        self.tells, self.inner = tells, ldpaudit.mechanism("grr", k=4, epsilon=1.0)

    def privatize(self, values: Any, *, rng: Rng) -> Any:
        reports = self.inner.privatize(values, rng=rng)
        odd = (reports == np.asarray(values)) if self.tells else rng.integers(0, 2, len(reports))
        return np.stack((reports, 2 * rng.integers(0, 2**30, len(reports)) + odd), axis=1)

    def log_likelihood(self, reports: Any, values: Any = None) -> Any:
        return self.inner.log_likelihood(np.asarray(reports)[:, 0], values)


class HalfInClear:
    """One bit that rounds a number, but a half is sent as it is."""

    domain, epsilon = Interval(-1, 1), 1.0

    def privatize(self, values: Any, *, rng: Rng) -> Any:
        own = np.asarray(values)
        bits = rng.random(len(own)) < 1 / 2 + own * np.tanh(self.epsilon / 2) / 2
        return np.where(own == 0.5, 2, bits)


LEAKS: list[Any] = [
    ForgottenSensitivity(), ForgottenSensitivity("geometric"), OneInClear(10), OneInClear(100),
    OnePair(), Nonce(),
]  # fmt: skip


@pytest.mark.parametrize("mechanism", LEAKS, ids=lambda m: f"{type(m).__name__}-{m.k}")
def test_a_leak_between_some_inputs_is_found_by_default(mechanism: Any) -> None:
    """At default settings but for fewer reports, and by the gate at alpha = 1e-6."""
    trials = max(10_000, 200 * mechanism.k)  # so many that all inputs are looked at
    result = ldpaudit.audit(mechanism, attacks=[], trials=trials)
    assert result.verdict == "violation"
    assert f"only, of {mechanism.k * (mechanism.k - 1) // 2:,} pairs" in result.bound.searched
    with pytest.raises(AssertionError, match=r"not 1\.0-LDP"):
        assert_ldp(mechanism, 1.0, trials=trials)


@pytest.mark.slow
@pytest.mark.parametrize("mechanism", LEAKS, ids=lambda m: f"{type(m).__name__}-{m.k}")
def test_it_is_found_in_nearly_every_run(mechanism: Any) -> None:
    trials = max(5000, 200 * mechanism.k)
    found = [ldpaudit.audit(mechanism, [], trials=trials, seed=seed) for seed in range(20)]
    assert sum(result.verdict == "violation" for result in found) >= 19


def test_a_named_pair_is_said_to_be_all_that_was_looked_at() -> None:
    result = ldpaudit.audit(OneInClear(10), [], trials=3000, pair=(0, 1))
    assert result.verdict == "consistent"
    assert result.bound.searched.startswith("inputs 0 and 1 only, of 45 pairs; ")
    found = check_ldp(OneInClear(10), 1.0, trials=3000, pair=(0, 1))
    assert found.power.endswith("of inputs 0 and 1 only, of 45 pairs")
    assert check_ldp(OneInClear(10), 1.0, trials=3000, pair=(5, 1)).verdict == "violation"
    assert check_ldp(OneInClear(10), 1.0, trials=3000, search="pilot").verdict == "violation"
    with pytest.raises(ValueError, match="two different inputs"):
        check_ldp(OneInClear(10), 1.0, trials=3000, pair=(1, 1))


def test_a_mechanism_may_say_that_its_pairs_are_alike() -> None:
    class Alike(OneInClear):
        pairs_alike = True

    class Child(type(ldpaudit.mechanism("grr", k=10, epsilon=1.0))):  # type: ignore[misc]
        """Inherits what another package's class says of its own code."""

    assert one_pair_speaks(Alike(10))
    assert not one_pair_speaks(Child(10, 1.0))
    assert not one_pair_speaks(OneInClear(10))
    assert one_pair_speaks(OneInClear(2))
    assert one_pair_speaks(ldpaudit.mechanism("mss", k=12, epsilon=1.0))
    result = ldpaudit.audit(Alike(10), [], trials=3000)
    assert "only" not in result.bound.searched


def test_what_a_likelihood_leaves_out_costs_half_of_alpha_and_no_verdict() -> None:
    result = ldpaudit.audit(Nonce(tells=False), [], trials=10_000)
    assert result.verdict == "consistent"
    assert result.epsilon_lower > 0.9
    assert result.bound.alpha == 0.05
    assert "the better of 2 witnesses at alpha / 2 each" in result.bound.searched
    alone = ldpaudit.audit(Nonce(), [], trials=10_000, witness="distinguish")
    assert alone.verdict == "consistent"


def test_the_inputs_are_those_at_the_ends_first() -> None:
    rng = np.random.default_rng(0)
    assert some_inputs(OneInClear(7), 7, rng).tolist() == list(range(7))
    found = some_inputs(OneInClear(10**6), 20, rng)
    assert len(set(found.tolist())) == 20
    assert {0, 1, 10**6 - 1, 10**6 // 2, 10**6 // 2 + 1} <= set(found.tolist())
    assert some_inputs(OneInClear(1000), 3, rng).tolist() == [0, 1, 999]


def test_the_first_two_inputs_stay_unless_others_differ_more() -> None:
    """Three standard errors, in reports that chose nothing: none of 30 equal channels misleads."""
    attack: Any = create_attack("learned")
    for seed in range(30):
        rng = np.random.default_rng(seed)
        inputs = rng.integers(0, 4, 8_000)
        alike = (inputs + np.where(rng.random(8_000) < 0.5, 0, rng.integers(1, 4, 8_000))) % 4
        assert attack.most_different(alike, inputs, 1.0) == (0, 1)
        clear = np.where(inputs == 3, 3, alike)  # one input says so more often
        assert 3 in attack.most_different(clear, inputs, 1.0)


class Shared:
    """One lie for a whole call: each report may be 1-LDP, and no audit can say so."""

    k, epsilon = 2, 1.0

    def privatize(self, values: Any, *, rng: Rng) -> Any:
        return np.asarray(values) ^ (rng.random() < 1 / (1 + np.e))


def recorded(kind: str, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    if kind == "repeated":
        files = [np.repeat(np.round(x + rng.laplace(size=300), 4), 10) for x in (0, 1)]
    else:
        late = np.arange(3000) / 3000
        files = [
            np.stack((rng.random(3000) < 0.27 + 0.46 * x, flag < 0.1 + 0.4 * (x + late)), axis=1)
            for x, flag in enumerate(rng.random((2, 3000)))
        ]
    return ldpaudit.from_samples(*files, epsilon=1.0)


@pytest.mark.parametrize("kind", ["shared", "repeated", "drifting"])
def test_reports_that_are_no_draws_are_no_violation(kind: str) -> None:
    accused = 0
    for seed in range(8):
        mechanism = Shared() if kind == "shared" else recorded(kind, seed)
        result = ldpaudit.audit(mechanism, [], trials=2000, seed=seed)
        assert result.verdict != "violation"
        accused += result.dependence is not None
        json.dumps(result.to_dict())
    assert accused >= 2


def test_the_gate_does_not_call_them_a_violation_either() -> None:
    seed = next(
        seed
        for seed in range(30)
        if check_ldp(Shared(), 1.0, trials=5000, seed=seed).dependence is not None
    )
    with pytest.raises(ValueError, match="reports are not independent draws"):
        assert_ldp(Shared(), 1.0, trials=5000, seed=seed)


def test_a_leak_of_independent_reports_stays_a_violation() -> None:
    for seed in range(5):
        result = ldpaudit.audit(OneInClear(6), [], trials=3000, seed=seed)
        assert (result.verdict, result.dependence) == ("violation", None)


def test_a_pair_of_numbers_is_chosen_by_what_reports_say() -> None:
    result = ldpaudit.audit(HalfInClear(), [], trials=5000)
    assert (result.verdict, result.dependence) == ("violation", None)
    assert result.inputs is not None
    assert "0.5" in result.inputs
    assert result.bound.searched.startswith(f"inputs {' and '.join(result.inputs)} only, of 136")
    named = ldpaudit.audit(HalfInClear(), [], trials=5000, pair=(0, 1))
    assert (named.verdict, named.pair, named.inputs) == ("consistent", (0, 1), ("-1.0", "1.0"))
    found = check_ldp(HalfInClear(), 1.0, trials=5000)
    assert found.verdict == "violation"
    assert check_ldp(HalfInClear(), 1.0, trials=5000, pair=(0, 1)).verdict == "consistent"
    assert check_ldp(HalfInClear(), 1.0, trials=5000, search="pilot").verdict == "violation"


def test_what_holds_a_mechanism_of_the_catalogue_is_not_of_it() -> None:
    class Wrapper(OneInClear):
        def __init__(self, k: int) -> None:
            super().__init__(k)
            self.mechanism = self.single = self.inner

    assert not ours(Wrapper(9))
    assert ldpaudit.audit(Wrapper(9), [], trials=3000).verdict == "violation"
    grr = ldpaudit.mechanism("grr", k=9, epsilon=1.0)
    duchi = on_inputs(ldpaudit.mechanism("duchi", epsilon=1.0))
    assert all(map(ours, (grr, duchi)))


class Counting:
    """A mechanism with a likelihood, whose reports are counted."""

    def __init__(self, inner: Any, epsilon: float) -> None:
        self.inner, self.k, self.epsilon, self.drawn = inner, inner.k, epsilon, 0

    def privatize(self, values: Any, *, rng: Rng) -> Any:
        self.drawn += len(values)
        return self.inner.privatize(values, rng=rng)

    def log_likelihood(self, reports: Any, values: Any = None) -> Any:
        return self.inner.log_likelihood(reports, values)


def test_an_audit_that_may_end_early_asks_the_reports_too() -> None:
    """What the likelihood leaves out is found, and not looked for where that is enough."""
    found = ldpaudit.audit(Nonce(), [], trials=10_000, stop_when="violation", pair=(0, 1))
    assert found.verdict == "violation"
    assert "learned witness" in found.verdict_bound.event
    assert "the better of 2 witnesses at alpha / 2 each" in found.verdict_bound.searched
    kept = ldpaudit.audit(Nonce(tells=False), [], trials=10_000, stop_when="violation", pair=(0, 1))
    assert kept.verdict != "violation"
    assert kept.unseen
    loud = Counting(ldpaudit.mechanism("grr", k=3, epsilon=2.0), 1.0)
    found = ldpaudit.audit(loud, [], trials=50_000, stop_when="violation", pair=(0, 1))
    assert found.verdict == "violation"
    assert "the first of 2 witnesses at alpha / 2 each" in found.verdict_bound.searched
    # A violation is looked at in 64 calls of 512; to train a witness takes 12,500 reports more.
    assert loud.drawn - 64 * 512 < 10_000


def test_what_nobody_asked_is_said() -> None:
    """A stranger's likelihood alone says nothing of what it leaves out; ours leave nothing out."""
    named = ldpaudit.audit(Nonce(), [], trials=2000, witness="distinguish")
    assert named.unseen == (BEYOND,)
    assert ldpaudit.audit(ldpaudit.mechanism("grr", k=4, epsilon=1.0), [], trials=2000).unseen == ()
