"""Audits from end to end: how tight, how reproducible, and what they refuse."""

from __future__ import annotations

import dataclasses
import json
import math
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

import ldpaudit
from ldpaudit import registry
from ldpaudit.auditing import plan
from ldpaudit.outcomes.audit_result import AuditResult
from ldpaudit.outcomes.parts import AttackOutcome
from ldpaudit.outcomes.table import COLUMNS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
GRR = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
FIVE = ("grr", "ss", "oue", "olh", "mss")


def quick(mechanism: Any = GRR, attacks: list[str] | None = None, **options: Any) -> AuditResult:
    return ldpaudit.audit(mechanism, attacks, **{"trials": 2000, **options})


def outcome(result: AuditResult, name: str) -> AttackOutcome:
    return next(found for found in result.attacks if found.attack == name)


# ---------------------------------------------------------------- tightness


@pytest.mark.slow
@pytest.mark.parametrize("epsilon", [1.0, 4.0])
@pytest.mark.parametrize("k", [2, 25, 100])
@pytest.mark.parametrize("name", FIVE)
def test_the_bound_is_tight_and_keeps_its_word(name: str, k: int, epsilon: float) -> None:
    """21 seeds, 100,000 trials per input; a valid bound fails the count with 1e-6 at most."""
    m = ldpaudit.mechanism(name, k=k, epsilon=epsilon)
    found = [ldpaudit.audit(m, [], seed=seed).epsilon_lower for seed in range(21)]
    assert float(np.median(found)) >= 0.95 * epsilon
    assert sum(value > epsilon for value in found) <= stats.binom.isf(1e-6, 21, 0.05)


@pytest.mark.parametrize("bound", ["posterior-odds", "clopper-pearson"])
def test_the_bound_is_close_for_randomized_response(bound: str) -> None:
    """The median of nine seeds, by the medians of the design study for both bounds."""
    m = ldpaudit.mechanism("grr", k=2, epsilon=2.0)
    found = [ldpaudit.audit(m, [], seed=s, bound=bound).epsilon_lower for s in range(9)]
    want = {"posterior-odds": 1.9889, "clopper-pearson": 1.9823}[bound]
    assert float(np.median(found)) == pytest.approx(want, abs=0.008)


# -------------------------------------------------------------------- seeds


def plain(result: AuditResult) -> dict[str, Any]:
    return {name: v for name, v in result.to_dict().items() if name != "seconds"}


def test_the_same_seed_gives_the_same_result_in_every_process(tmp_path: Path) -> None:
    code = (
        "import json, ldpaudit\n"
        "m = ldpaudit.mechanism('mss', k=8, epsilon=1.0)\n"
        "print(json.dumps(ldpaudit.audit(m, trials=2000).to_dict()))\n"
    )
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, text=True)
    there = json.loads(run.stdout)
    del there["seconds"]
    here = plain(quick(ldpaudit.mechanism("mss", k=8, epsilon=1.0)))
    assert there == json.loads(json.dumps(here))


def test_seeds_name_parts_and_not_an_order() -> None:
    """An attack more, fewer or elsewhere in the list changes no other number."""
    base = quick(attacks=["bayes", "single-guess"])
    other = quick(attacks=["single-guess", "distinguish", "blind", "bayes"])
    for name in ("bayes", "single-guess"):
        assert outcome(base, name) == outcome(other, name)
    assert base.bound == other.bound == quick(attacks=[]).bound
    assert base.mse == other.mse


def test_other_seeds_trials_and_mechanisms_draw_anew() -> None:
    base = quick()
    for changed in (quick(seed=1), quick(ldpaudit.mechanism("grr", k=4, epsilon=1.0 + 1e-9))):
        assert outcome(base, "bayes").successes != outcome(changed, "bayes").successes
        assert base.bound.epsilon_lower != changed.bound.epsilon_lower
        assert base.mse != changed.mse
    assert quick(name="alias").bound == base.bound


def test_levels_change_the_bound_but_not_the_counts() -> None:
    base, strict = quick(), quick(alpha=0.001, verdict_alpha=1e-9)
    assert base.bound.event == strict.bound.event
    assert strict.epsilon_lower < base.epsilon_lower
    assert strict.verdict_bound.epsilon_lower < base.verdict_bound.epsilon_lower
    assert base.verdict_bound.alpha == 1e-4
    bayes = outcome(strict, "bayes")
    want = stats.binomtest(bayes.successes, bayes.trials).proportion_ci(0.999)
    assert (bayes.lower, bayes.upper) == pytest.approx((want.low, want.high))


# ------------------------------------------------------------------- fields


@pytest.mark.parametrize("name", FIVE)
def test_every_number_of_a_result_fits_the_others(name: str) -> None:
    m = ldpaudit.mechanism(name, k=12, epsilon=1.5)
    result = quick(m, repetitions=3)
    assert (result.verdict, result.k, result.claimed_epsilon) == ("consistent", 12, 1.5)
    assert result.exact_epsilon == pytest.approx(1.5, abs=1e-9)
    assert result.bound.trials == 4000
    assert [a.attack for a in result.attacks] == ["blind", "single-guess", "bayes"]
    blind, single, bayes = result.attacks
    assert blind.exact == blind.blind == pytest.approx(1 / 12)
    assert blind.trials == 0
    assert math.isnan(blind.success)
    assert single.exact is None
    assert bayes.exact == pytest.approx(m.vulnerability(), rel=1e-12)
    for measured in (single, bayes):
        assert measured.lower is not None
        assert measured.upper is not None
        assert measured.lower < measured.success < measured.upper
        assert measured.trials == 2000
    assert result.mse is not None
    assert result.mse.exact == m.mse(10_000, histogram(12) / 10_000)
    assert result.mse.approximate == m.mse(10_000)
    assert (result.mse.num_users, result.mse.repetitions) == (10_000, 3)
    assert result.bits == m.bits
    assert result.parameters["k"] == 12
    assert (result.published_success is not None) == hasattr(m, "published_success")


def histogram(k: int) -> Ints:
    return np.full(k, 10_000 // k) + (np.arange(k) < 10_000 % k)


def test_an_empty_list_of_attacks_bounds_epsilon_only() -> None:
    result = quick(attacks=[])
    assert result.attacks == ()
    assert result.mse is None
    assert result.epsilon_lower > 0.7
    assert quick(attacks=["blind"]).mse is not None
    assert quick(repetitions=0).mse is None


def test_distinguish_is_an_attack_as_well() -> None:
    """For randomized response on two values it is right as often as the truth is told."""
    m = ldpaudit.mechanism("grr", k=2, epsilon=1.0)
    found = outcome(quick(m, ["distinguish"], trials=50_000), "distinguish")
    right = math.e / (1 + math.e)
    assert found.blind == 0.5
    assert stats.binomtest(found.successes, 50_000, right).pvalue > 1e-6
    silent = outcome(
        quick(ldpaudit.mechanism("grr", k=1000, epsilon=0.1), ["distinguish"]), "distinguish"
    )
    assert stats.binomtest(silent.successes, silent.trials, 0.5).pvalue > 1e-6  # coins, not zero


def test_a_prior_reaches_the_attacks_and_not_the_bound() -> None:
    prior = [0.7, 0.1, 0.1, 0.1]
    result = quick(prior=prior, histogram=[7, 1, 1, 1], data="mine", trials=20_000)
    assert result.bound == quick(trials=20_000).bound
    bayes = outcome(result, "bayes")
    assert (bayes.blind, bayes.exact) == (0.7, GRR.vulnerability(prior))
    assert stats.binomtest(bayes.successes, bayes.trials, bayes.exact or 0).pvalue > 1e-6
    assert result.mse is not None
    assert (result.mse.num_users, result.mse.data) == (10, "mine")
    mss = ldpaudit.mechanism("mss", k=4, epsilon=1.0)
    assert quick(mss, prior=prior).published_success is None  # it assumes a uniform prior


def test_dictionaries_are_json_and_frames_are_tidy() -> None:
    for result in (quick(), quick(Stranger(3, 1.0)), quick(attacks=[], trials=1)):
        text = json.dumps(result.to_dict(), allow_nan=False)
        assert json.loads(text)["schema"] == 1
        frame = result.to_frame()
        assert tuple(frame.columns) == COLUMNS
        assert len(frame) == len(result.rows())
        assert set(frame["protocol"]) == {result.mechanism}


def test_one_measured_error_has_no_interval() -> None:
    result = quick(repetitions=1)
    assert result.mse is not None
    assert math.isnan(result.mse.lower)
    assert result.to_dict()["mse"]["lower"] is None


# ---------------------------------------------------------------- strangers


class Stranger:
    """Only what the contract asks for: k, epsilon, privatize."""

    def __init__(self, k: Any, epsilon: Any) -> None:
        self.k, self.epsilon = k, epsilon

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Any:
        return list(rng.integers(0, self.k, len(np.asarray(values))))


def test_of_a_stranger_the_witness_is_learned() -> None:
    result = quick(Stranger(3, 1.0), ["bayes", "single-guess", "distinguish", "blind"])
    assert result.verdict == "inconclusive"  # its reports say nothing
    assert result.bound.event.startswith("pair game on inputs (0, 1), learned witness: ")
    assert "4,000 training and 2,000 pilot reports" in result.bound.searched
    for name in ("bayes", "single-guess", "distinguish"):
        skipped = outcome(result, name)
        assert (skipped.trials, skipped.exact) == (0, None)
        assert (skipped.reason or "").startswith("the mechanism has no log_likelihood")
    assert (outcome(result, "bayes").reason or "").endswith(
        "; learned-guess learns from reports instead"
    )
    assert (result.mse, result.bits, result.exact_epsilon) == (None, None, None)
    assert result.parameters == {"k": 3, "epsilon": 1.0}


@dataclass(frozen=True)
class Approximate:
    """The tightest (epsilon, delta) randomized response: p - e q = delta."""

    k: int
    epsilon: float
    delta: float
    claim: float | None = None
    note: object = field(default=None, compare=False)

    @property
    def _levels(self) -> tuple[float, float]:
        e, delta = math.exp(self.epsilon), self.claim or self.delta
        p = (e + (self.k - 1) * delta) / (e + self.k - 1)
        return p, (1 - p) / (self.k - 1)

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Ints:
        own = np.asarray(values)
        lie = rng.random(own.size) >= self._levels[0]
        out: Ints = (own + lie * rng.integers(1, self.k, own.size)) % self.k
        return out

    def log_likelihood(self, reports: Ints, values: npt.ArrayLike | None = None) -> Floats:
        asked = np.arange(self.k) if values is None else np.asarray(values)
        p, q = np.log(self._levels)
        return np.asarray(np.where(reports[:, None] == asked, p, q))

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        assert prior is None
        return self._levels[0]


@pytest.mark.parametrize("k", [2, 10])
@pytest.mark.parametrize("delta", [0.03, 0.1])
def test_delta_is_heeded(k: int, delta: float) -> None:
    """Tight at its delta, a violation without; one verdict in 10,000 may err."""
    honest = quick(Approximate(k, 1.0, delta), [], trials=100_000)
    assert honest.claimed_delta == delta
    assert honest.verdict == "consistent"
    assert 0.85 < honest.epsilon_lower < 1.02
    liar = quick(Approximate(k, 1.0, 0.0, claim=delta), [], trials=100_000)
    assert liar.verdict == "violation"


@pytest.mark.parametrize("delta", [-0.1, 1.0, math.nan, math.inf])
def test_delta_is_a_probability(delta: float) -> None:
    with pytest.raises(ValueError, match=r"delta must lie in \[0, 1\), got "):
        quick(Approximate(3, 1.0, delta), [])


def test_parameters_are_json_whatever_a_stranger_keeps() -> None:
    for note in (math.inf, np.float32(0.5), np.array([1]), (1, math.nan), print, object(), "ü"):
        result = quick(dataclasses.replace(Approximate(2, 1.0, 0.01), note=note), [])
        assert "note" in json.dumps(result.to_dict(), allow_nan=False)
        assert " at 0x" not in repr(result.parameters)


class Twisted:
    """A sound mechanism with one answer replaced."""

    def __init__(self, **answers: Any) -> None:
        self.__dict__.update({name: getattr(GRR, name) for name in NEEDED} | answers)


NEEDED = ("k", "epsilon", "privatize", "log_likelihood", "aggregate", "estimate", "mse")


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"k": 1}, "k must be at least 2, got 1"),
        ({"k": 2.5}, "k must be a whole number, got 2.5"),
        ({"epsilon": math.inf}, "epsilon must be positive and finite, got inf"),
        ({"epsilon": "1"}, "epsilon must be a number, got '1'"),
        ({"estimate": lambda _: np.zeros(3)}, r"estimate must return shape \(4,\), got \(3,\)"),
        (
            {"log_likelihood": lambda r, v=None: np.full((len(r), 4 if v is None else 2), np.nan)},
            "log_likelihood must not say that neither input can have sent a report, got nan",
        ),
        ({"log_likelihood": lambda r, v=None: np.zeros((3, 9))}, "must return one score"),  # noqa: ARG005
        ({"privatize": lambda v, *, rng: np.zeros(7, dtype=int)}, "return one report per value"),  # noqa: ARG005
    ],
)
def test_nonsense_is_named(answers: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        quick(Twisted(**answers))


@pytest.mark.parametrize("wrong", [None, 3, "grr", object(), []])
def test_what_is_no_mechanism(wrong: Any) -> None:
    with pytest.raises(TypeError, match="mechanism must have k, epsilon and privatize, got"):
        quick(wrong)


# ------------------------------------------------------------------ verdict


def test_the_verdict_has_a_level_of_its_own() -> None:
    """A leak that 5 % shows and 1 in 10,000 does not is no accusation yet."""
    claims = Twisted(epsilon=0.95, delta=0.0)
    result = quick(claims, [], trials=12_000, seed=2)
    assert result.epsilon_lower > 0.95 > result.verdict_bound.epsilon_lower
    assert result.verdict == "consistent"
    assert quick(claims, [], trials=12_000, seed=2, verdict_alpha=0.05).verdict == "violation"
    assert quick(claims, [], trials=300_000).verdict == "violation"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"pair": (0, 4)}, ValueError, "every input of pair must be at most 3, got 4"),
        ({"pair": (-1, 0)}, ValueError, "every input of pair must be at least 0, got -1"),
        ({"pair": (2, 2)}, ValueError, r"pair must name two different inputs, got \(2, 2\)"),
        ({"pair": (0, 1, 2)}, ValueError, r"pair must name two inputs, got \(0, 1, 2\)"),
        ({"pair": (0, 1.5)}, TypeError, "every input of pair must be a whole number, got 1.5"),
        ({"prior": [0.5, 0.5]}, ValueError, r"prior must have shape \(4,\), got \(2,\)"),
        ({"prior": [1, 1, 1, 1]}, ValueError, "prior must sum to 1, got 4"),
        ({"prior": [2, -1, 0, 0]}, ValueError, "prior must hold finite probabilities"),
        ({"histogram": [1, 2, 3]}, ValueError, r"histogram must be 4 whole numbers, .*\(3,\)"),
        ({"histogram": [0.5] * 4}, ValueError, "histogram must be 4 whole numbers, got float64"),
        ({"histogram": [0] * 4}, ValueError, "histogram must hold counts of at least 0 and at"),
        ({"histogram": [5, -1, 0, 0]}, ValueError, "histogram must hold counts of at least 0"),
        ({"trials": 0}, ValueError, "trials must be at least 1, got 0"),
        ({"trials": 10**11}, ValueError, "trials must be at most 10000000000, got"),
        ({"trials": 1e5}, TypeError, "trials must be a whole number, got 100000.0"),
        ({"alpha": 0}, ValueError, "alpha must lie strictly between 0 and 1, got 0"),
        ({"alpha": math.nan}, ValueError, "alpha must lie strictly between 0 and 1, got nan"),
        ({"verdict_alpha": 1.0}, ValueError, "verdict_alpha must lie strictly between"),
        ({"seed": -1}, ValueError, "seed must be at least 0, got -1"),
        ({"seed": None}, TypeError, "seed must be a whole number, got None"),
        ({"repetitions": -1}, ValueError, "repetitions must be at least 0, got -1"),
        ({"bound": "exact"}, ValueError, "unknown bound 'exact'"),
        ({"attacks": ["bayess"]}, ValueError, r"unknown attack 'bayess'; did you mean bayes"),
    ],
)
def test_bad_arguments(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        quick(**options)


def test_one_bad_attack_costs_only_its_own_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Isolated, its row says what was raised; on its own, it raises."""

    class Bad:
        def applies(self, mechanism: Any) -> str | None:  # noqa: ARG002
            return None

        def guess(self, *_: Any, **__: Any) -> Any:
            raise RuntimeError("boom")

    def create_attack(name: str) -> Any:
        return Bad() if name == "bad" else registry.create_attack(name)

    monkeypatch.setattr(plan, "create_attack", create_attack)
    m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    with pytest.raises(ValueError, match="RuntimeError: boom"):
        ldpaudit.audit(m, ["bad"], trials=100)
    result = ldpaudit.audit(m, ["bad", "bayes"], trials=2_000, isolate=True)
    rows = {row["attack"]: row for row in result.rows() if row["metric"] == "attack_success"}
    assert rows["bad"]["status"] == "failed"
    assert rows["bad"]["reason"] == "attack bad: RuntimeError: boom"
    assert rows["bayes"]["status"] == "ok"
    assert result.epsilon_lower > 0


def test_attacks_must_be_a_sequence() -> None:
    with pytest.raises(TypeError, match="attacks must be a sequence of names, got 'bayes'"):
        ldpaudit.audit(ldpaudit.mechanism("grr", k=4, epsilon=1.0), "bayes")
