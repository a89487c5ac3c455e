"""The best attacker on a value that stays: against enumeration, and what the table says of it."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.adapters.histories import ConstantHistory
from ldpaudit.leakage.longitudinal import exposure, exposure_rows

PRIOR = np.array([0.5, 0.3, 0.2])
TRIALS = 40_000
BUDGETS = {"epsilon": 0.8, "epsilon_inf": 1.5}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def by_enumeration(rounds: int) -> float:
    """Sum over all histories of reports of the largest joint probability: L-GRR, three values."""
    m = ConstantHistory(k=3, epsilon=1.5, one_report=0.8, base="l-grr", rounds=rounds)
    everything = np.array(list(itertools.product(range(3), repeat=rounds)))
    joint = np.exp(m.log_likelihood(everything)) * PRIOR
    assert joint.sum() == pytest.approx(1, rel=1e-12)
    return float(joint.max(axis=1).sum())


def test_success_is_that_of_the_best_attacker() -> None:
    """Each moment within 5 standard errors: a false alarm in two million, four moments."""
    m = ldpaudit.mechanism("l-grr", k=3, **BUDGETS)
    found = exposure(m, PRIOR, 6, TRIALS, rng=rng())
    assert found.rounds == (1, 2, 3, 5, 6)
    assert found.first == pytest.approx(by_enumeration(1), rel=1e-12)
    for after, successes in zip(found.rounds, found.successes, strict=True):
        if after > 5:
            continue
        truth = by_enumeration(after)
        error = np.sqrt(truth * (1 - truth) / TRIALS)
        assert abs(successes / TRIALS - truth) < 5 * error


@pytest.mark.parametrize("name", ["l-sue", "l-osue", "biloloha", "ololoha"])
def test_rounds_help_the_attacker_up_to_the_memo(name: str) -> None:
    """What 200 rounds give away exceeds one report's share, and stays below epsilon_inf's."""
    m = ldpaudit.mechanism(name, k=8, epsilon=1.0, epsilon_inf=3.0)
    found = exposure(m, np.full(8, 1 / 8), 200, 4000, rng=rng(1))
    first, last = found.successes[0] / 4000, found.successes[-1] / 4000
    assert found.rounds == (1, 2, 3, 5, 10, 20, 30, 50, 100, 200)
    assert last > first + 0.03
    assert last < np.exp(3.0) / (np.exp(3.0) + 7)
    if found.first is not None:
        assert first == pytest.approx(found.first, abs=5 * np.sqrt(0.25 / 4000))


def test_ties_are_broken_at_random() -> None:
    """Reports that say nothing; five standard errors."""
    base = type(ldpaudit.mechanism("l-grr", k=4, **BUDGETS))

    class Silent(base):  # type: ignore[misc, valid-type]
        def history_log_likelihood(self, history: Any, values: Any = None) -> Any:
            return 0 * super().history_log_likelihood(history, values)

    m = Silent(k=4, **BUDGETS)
    found = exposure(m, np.full(4, 1 / 4), 1, TRIALS, rng=rng(2))
    assert abs(found.successes[0] / TRIALS - 1 / 4) < 5 * np.sqrt(3 / 16 / TRIALS)
    assert found.blind == 0.25


def test_rows_say_how_they_were_obtained() -> None:
    m = ldpaudit.mechanism("l-grr", k=3, **BUDGETS)
    found = exposure(m, PRIOR, 2, 100, rng=rng(3))
    blind, one, two = exposure_rows(found, 0.05, {"protocol": "l-grr", "trials": 7, "exact": 0.1})
    assert (blind["attack"], blind["exact"], blind["method"]) == ("blind", 0.5, "exact")
    assert (blind["value"], blind["trials"], blind["repetition"]) == (None, None, None)
    assert (one["metric"], one["attack"], one["repetition"]) == ("round_success", "bayes", 1)
    assert one["exact"] == found.first
    assert two["exact"] is None
    assert two["lower"] < two["value"] < two["upper"]
    assert (two["trials"], two["protocol"]) == (100, "l-grr")
    assert two["method"].endswith("never changes, Clopper-Pearson interval at 95%")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: exposure(m, PRIOR, 0, 10, rng=rng()), "rounds must be at least 1"),
        (lambda m: exposure(m, PRIOR, 2, 0, rng=rng()), "trials must be at least 1"),
        (lambda m: exposure(m, [0.5, 0.5], 2, 10, rng=rng()), "prior"),
        (lambda _: exposure(ldpaudit.mechanism("grr", k=3, epsilon=1.0), PRIOR, 2, 10, rng=rng()),
         "does not report over time"),
        (lambda m: exposure(m, PRIOR, 10**9, 10, rng=rng()), "would take too long"),
    ],
)  # fmt: skip
def test_nonsense_is_named(call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call(ldpaudit.mechanism("l-grr", k=3, **BUDGETS))


def test_a_study_says_why_nobody_was_attacked() -> None:
    study = {
        "name": "long",
        "protocols": [{"name": "l-grr", "epsilon_inf": 2.0}],
        "epsilons": [1.0],
        "data": [{"name": "uniform", "k": 500, "num_users": 50}],
        "attacks": [],
        "rounds": 400,
        "trials": 100_000,
        "repetitions": 2,
    }
    frame = ldpaudit.compare(study).frame
    row = frame[frame["metric"] == "round_success"]
    assert row["status"].tolist() == ["skipped"]
    assert "would take too long" in row["reason"].iloc[0]
    assert (frame["metric"] == "round_mse").sum() == 400
