"""The checks that others run: the sound pass, cheats and bounds that do not hold are found."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit import registry
from ldpaudit.bounds import planned
from ldpaudit.contracts import Reconstruction
from ldpaudit.counts import EventCounts, GuessCounts
from ldpaudit.testing import gate
from ldpaudit.testing.components import check_attack, check_bound, check_mechanism
from ldpaudit.testing.gate import assert_ldp

# ------------------------------------------------------------ check_mechanism


FIVE = ("grr", "ss", "oue", "olh", "mss")


#: What some protocols need beside k and epsilon.
FURTHER = {"delta": 1e-5, "p": 0.6}


def one_shot_protocols() -> dict[str, dict[str, float]]:
    """Registered protocols that k, epsilon and FURTHER define, with what they need of it."""
    found = {}
    for name in registry.names("protocols"):
        parameters = inspect.signature(registry.load("protocols", name)).parameters.values()
        needed = {p.name for p in parameters if p.default is p.empty}
        if {"k", "epsilon"} <= needed <= {"k", "epsilon", *FURTHER}:
            found[name] = {n: FURTHER[n] for n in sorted(needed - {"k", "epsilon"})}
    return found


#: The quick part of the suite: every k and every epsilon, from where nothing is told to nearly all.
QUICK = {(2, 8.0), (3, 4.0), (5, 1.0), (17, 0.1), (100, 4.0)}
SIZES, BUDGETS = (2, 3, 5, 17, 100), (0.1, 1.0, 4.0, 8.0)
#: Every protocol with every k at two epsilons and the other way round, its neighbour with the
#: other two; the five of the default study at some of them are quick.
CONTRACTS = [
    pytest.param(
        name, k, epsilon, marks=() if name in FIVE and (k, epsilon) in QUICK else pytest.mark.slow
    )
    for turn, name in enumerate(one_shot_protocols())
    for i, k in enumerate(SIZES)
    for j, epsilon in enumerate(BUDGETS)
    if (turn + i + j) % 2 == 0 or (name in FIVE and (k, epsilon) in QUICK)
]


@pytest.mark.parametrize(("name", "k", "epsilon"), CONTRACTS)
def test_every_registered_mechanism_keeps_the_contract(name: str, k: int, epsilon: float) -> None:
    """Each statistical check alarms falsely about once in a million."""
    further = one_shot_protocols()[name]
    passed = check_mechanism(ldpaudit.mechanism(name, k=k, epsilon=epsilon, **further))
    for ability in ("sampler", "likelihood", "exact epsilon", "vulnerability", "estimate", "bits"):
        assert any(line.startswith(f"{ability}: ") for line in passed)


def test_the_five_are_among_them() -> None:
    assert set(FIVE) <= set(one_shot_protocols())


def altered(**answers: Any) -> Any:
    """Randomized response with one answer replaced."""
    base = ldpaudit.mechanism("grr", k=5, epsilon=1.0)
    names = [n for n in dir(base) if not n.startswith("__")]
    made = type("Altered", (), {})()
    made.__dict__.update({name: getattr(base, name) for name in names} | answers)
    return made


SOUND = ldpaudit.mechanism("grr", k=5, epsilon=1.0)


def overwrite(values: Any, *, rng: np.random.Generator) -> Any:
    reports = SOUND.privatize(values, rng=rng)
    values[:] = 0
    return reports


def forgetful(values: Any, *, rng: np.random.Generator) -> Any:  # noqa: ARG001
    return SOUND.privatize(values, rng=np.random.default_rng())


def lenient(values: Any, *, rng: np.random.Generator) -> Any:
    return SOUND.privatize(np.clip(values, 0, 4).astype(int).ravel(), rng=rng)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"privatize": overwrite}, "privatize must not change its input"),
        ({"privatize": forgetful}, "must draw the same reports for the same generator state"),
        ({"privatize": lambda v, *, rng: v.copy()}, "privatize must draw from rng"),  # noqa: ARG005
        ({"privatize": lambda v, *, rng: [1]}, "must return one report per value"),  # noqa: ARG005
        ({"privatize": lenient}, r"privatize must refuse values \[-1\]"),
        ({"log_likelihood": lambda r, v=None: np.zeros((len(r), 5))}, "must be"),  # noqa: ARG005
        ({"exact_epsilon": lambda: 1.1}, "exact epsilon 1.1 exceeds the claim 1"),
        ({"exact_epsilon": lambda: math.nan}, "exact epsilon nan exceeds the claim 1"),
        ({"vulnerability": lambda prior=None: 0.1}, "vulnerability 0.1 is below blind"),  # noqa: ARG005
        ({"vulnerability": lambda prior=None: 0.9}, "vulnerability 0.9 exceeds the limit 0.404"),  # noqa: ARG005
        ({"estimate": lambda counts: SOUND.estimate(counts) + 0.05}, "estimate is biased"),
        (
            {"mse": lambda n, f=None: 2 * SOUND.mse(n, f)},
            r"measured error of estimate 0\.\d+, mse 0\.\d+: \d+\.\d standard errors",
        ),
        ({"bits": 0}, "bits must be whole, got 0"),
        ({"bits": 2.5}, "bits must be whole, got 2.5"),
    ],
)
def test_check_mechanism_says_what_is_wrong(answers: dict[str, Any], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_mechanism(altered(**answers))


def test_what_is_no_mechanism() -> None:
    with pytest.raises(AssertionError, match="a mechanism needs k, epsilon and privatize"):
        check_mechanism(object())


# --------------------------------------------------------------- check_attack


@pytest.mark.parametrize("name", ["blind", "single-guess", "bayes"])
def test_registered_attacks_keep_the_contract(name: str) -> None:
    attack = registry.create("attacks", name)
    assert isinstance(attack, Reconstruction)
    assert len(check_attack(attack)) == 2


@dataclass
class Cheat:
    """An attack that does `trick` instead of guessing."""

    trick: str

    def applies(self, mechanism: Any) -> str | None:  # noqa: ARG002
        return "not today" if self.trick == "refuse" else None

    def guess(self, reports: Any, mechanism: Any, prior: Any, *, rng: Any) -> Any:
        match self.trick:
            case "rewrite":
                reports[:] = 0
            case "range":
                return reports + 5
            case "short":
                return reports[:1]
            case "seed":
                return np.random.default_rng().integers(0, 5, len(reports))
            case "peek":  # a caller's frame holds the truth
                frame = inspect.currentframe()
                while frame and "own" not in frame.f_locals:
                    frame = frame.f_back
                return frame.f_locals["own"] if frame else reports
        del mechanism, prior, rng
        return reports


@pytest.mark.parametrize(
    ("trick", "message"),
    [
        ("refuse", "must apply to a mechanism with a likelihood"),
        ("rewrite", "changed the reports it was given"),
        ("range", r"must guess values in \[0, k\)"),
        ("short", "must return one guess per report"),
        ("seed", "must depend on rng alone"),
        ("peek", r"is right 0\.999\d or more, above the limit 0\.\d+"),
    ],
)
def test_cheats_are_found(trick: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_attack(Cheat(trick))


def test_a_distinguisher_is_no_reconstruction() -> None:
    with pytest.raises(AssertionError, match="an attack needs applies and guess"):
        check_attack(registry.create("attacks", "distinguish"))


# ---------------------------------------------------------------- check_bound


@pytest.mark.parametrize(
    ("name", "settings"), [("posterior-odds", 12), ("clopper-pearson", 12), ("anytime", 8)]
)
def test_registered_bounds_cover(name: str, settings: int) -> None:
    lines = check_bound(registry.create("bounds", name))
    assert len(lines) == settings
    assert all("missed 0.0" in line for line in lines)


class Wald:
    """The textbook normal interval, which promises more than it holds."""

    kind = "exact"

    def from_guesses(
        self, counts: GuessCounts, *, alpha: float, delta: float, claimed: float
    ) -> float:
        from scipy.stats import norm

        del delta, claimed
        share = counts.correct / counts.decided
        t = share - norm.isf(alpha) * math.sqrt(share * (1 - share) / counts.decided)
        return math.inf if t >= 1 else math.log(t / (1 - t)) if t > 0 else -math.inf


class Doubled(planned.ClopperPearson):
    """Forgets that two intervals share one alpha."""

    def from_event(
        self, counts: EventCounts, *, alpha: float, delta: float, claimed: float
    ) -> float:
        return super().from_event(counts, alpha=min(0.99, 6 * alpha), delta=delta, claimed=claimed)


class Modest(Wald):
    kind = "approximate"


class Peeking(planned.PosteriorOdds):
    """Right at a sample size fixed in advance, and said to be right at every look."""

    @property
    def kind(self) -> str:
        return "anytime"


class PeekingAtEvents(planned.ClopperPearson):
    """Covers at each look, by less than enough for three; no guesses."""

    @property
    def kind(self) -> str:
        return "anytime"

    def from_event(
        self, counts: EventCounts, *, alpha: float, delta: float, claimed: float
    ) -> float:
        return super().from_event(counts, alpha=6 * alpha, delta=delta, claimed=claimed)


@pytest.mark.parametrize("bound", [Wald(), Doubled(), Peeking(), PeekingAtEvents()])
def test_invalid_bounds_are_found(bound: Any) -> None:
    with pytest.raises(AssertionError, match=r"trials: missed 0\.\d+ of 0\.05"):
        check_bound(bound)


@pytest.mark.parametrize("bound", [Modest(), registry.create("bounds", "gdp")])
def test_other_bounds_promise_no_coverage(bound: Any) -> None:
    with pytest.raises(AssertionError, match="only exact and anytime bounds promise coverage"):
        check_bound(bound)


# ----------------------------------------------------------------- assert_ldp


@pytest.mark.parametrize("name", FIVE)
def test_assert_ldp_passes_at_the_claim_and_fails_below(name: str) -> None:
    m = ldpaudit.mechanism(name, k=6, epsilon=1.5)
    assert_ldp(m, epsilon=1.5)
    with pytest.raises(AssertionError) as caught:
        assert_ldp(m, epsilon=1.3)
    message = str(caught.value)
    assert message.startswith("not 1.3-LDP: epsilon >= 1.")
    assert "(alpha = 1e-06); witness: " in message


def test_assert_ldp_spends_delta() -> None:
    m = ldpaudit.mechanism("grr", k=2, epsilon=1.1)
    with pytest.raises(AssertionError, match=r"not \(1\.0, 0\.001\)-LDP: epsilon >= 1\.0"):
        assert_ldp(m, epsilon=1.0, delta=0.001)
    assert_ldp(m, epsilon=1.0, delta=0.08)


def test_assert_ldp_reads_abilities_as_every_python_does() -> None:
    """From 3.12 on isinstance looks at real attributes only; a silent pass would be a disaster."""
    claim = gate._HeldTo(SOUND, 1.0, 0.0)
    for name in ("k", "epsilon", "privatize", "log_likelihood"):
        inspect.getattr_static(claim, name)


def test_assert_ldp_refuses_what_it_cannot_test() -> None:
    bare = altered()
    del bare.__dict__["exact_epsilon"]
    with pytest.raises(ValueError, match="nothing can be tested: even if all 10 guesses were righ"):
        assert_ldp(bare, epsilon=1.0, trials=5)
    for epsilon, delta in [(0.0, 0.0), (math.nan, 0.0), (1.0, -1.0), (1.0, 1.0)]:
        with pytest.raises(ValueError, match=r"epsilon must be|delta must lie"):
            assert_ldp(SOUND, epsilon=epsilon, delta=delta)


@pytest.mark.parametrize(("k", "claim"), [(100, 0.4), (100, 0.6), (1024, 0.5)])
@pytest.mark.parametrize("name", ["ss", "oue", "mss"])
def test_a_claim_far_below_the_truth_is_found(name: str, k: int, claim: float) -> None:
    """The game must not be chosen so that gross violators pass; 200,000 reports of epsilon 1."""
    m = ldpaudit.mechanism(name, k=k, epsilon=1.0)
    with pytest.raises(AssertionError, match=r"not .*-LDP"):
        gate.assert_ldp(m, epsilon=claim)


def test_rounding_is_no_violation() -> None:
    for name in ("grr", "ss", "oue", "mss"):
        m = ldpaudit.mechanism(name, k=10, epsilon=1e-9)
        assert ldpaudit.audit(m, [], trials=1_000).verdict != "violation"
