"""Every wrong mechanism of broken.py leaks what it says, and is found by what it names."""

from __future__ import annotations

import importlib.util
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ldpaudit
from ldpaudit.leakage import channels
from ldpaudit.testing.components import check_mechanism


def load_broken() -> ModuleType:
    """tests/broken.py, by its path: the folder itself must not be on the import path."""
    spec = importlib.util.spec_from_file_location("broken", Path(__file__).parents[2] / "broken.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["broken"] = module
    spec.loader.exec_module(module)
    return module


#: One module for all tests: another of the same name would take its classes from pickle.
broken = sys.modules.get("broken") or load_broken()
wrong = pytest.mark.parametrize("kind", broken.WRONG, ids=lambda kind: str(kind.__name__))


# --------------------------------------------------- what each of them leaks


LISTED = [
    kind for kind, fault in broken.WRONG.items() if fault.honest and hasattr(kind, "every_report")
]


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("k", [2, 3, 6])
@pytest.mark.parametrize("kind", LISTED)
def test_stated_leaks_are_exact(kind: Any, k: int, epsilon: float) -> None:
    """By enumeration; the rows of the channel also sum to 1."""
    m = kind(k, epsilon)
    channel = np.exp(m.log_likelihood(m.every_report())).T
    assert channels.exact_epsilon(channel) == pytest.approx(
        broken.WRONG[kind].epsilon(m), rel=1e-12
    )


def test_there_are_enough_of_them() -> None:
    assert len(broken.WRONG) >= 15
    assert all(fault.found_by for fault in broken.WRONG.values())


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 3.0])
def test_the_sticky_bit_costs_what_was_computed_by_hand(epsilon: float) -> None:
    assert broken.WRONG[broken.StickyBit].epsilon(broken.StickyBit(8, epsilon)) == pytest.approx(
        math.log(math.exp(epsilon) + 2)
    )


@pytest.mark.parametrize("k", [2, 8])
@wrong
def test_check_mechanism_finds(kind: Any, k: int) -> None:
    if "check" in broken.WRONG[kind].found_by:
        with pytest.raises(AssertionError, match=REASONS[kind.__name__]):
            check_mechanism(kind(k, 1.0))
    else:
        check_mechanism(kind(k, 1.0))


REASONS = {
    "LouderThanClaimed": r"log ratio 1\.5000.. exceeds epsilon 1\.0",
    "Whitewashed": "reports of 0 and . do not follow the likelihood",
    "Uncorrected": r"estimate is biased: \d+\.\d standard errors, limit 5",
    "OffByOne": "reports of 0 and . do not follow the likelihood",
    "FixedSeed": "privatize must draw from rng",
    "MissingMinusOne": r"exact_epsilon is 1, the largest log ratio 0\.\d+",
    "NoLieIsZero": r"log ratio inf exceeds epsilon 1\.0",
    "ZeroPasses": r"log ratio (inf|\d\.\d+) exceeds epsilon 1\.0",
    "ForgottenDebug": r"log ratio inf exceeds epsilon 1\.0",
    "SwappedBits": "reports of 0 and . do not follow the likelihood",
    "WholeBudgetABit": r"log ratio 2\.0000.. exceeds epsilon 1\.0",
    "EightBitCoin": r"log ratio 1\.01693. exceeds epsilon 1\.0",
    "HalfTheNoise": r"log ratio 2\.0000.. exceeds epsilon 1\.0",
    "WrongRange": r"log ratio 2\.098612 exceeds epsilon 1\.0",
    "BiasedHash": "reports of 0 do not follow the likelihood: chi-square",
    "StickyBit": r"log ratio 1\.551445 exceeds epsilon 1\.0",
    "RefilledSubset": r"log ratio 1\.\d+ exceeds epsilon 1\.0",
}


@pytest.mark.parametrize("k", [2, 8, 25])
@wrong
def test_the_audit_finds(kind: Any, k: int) -> None:
    """A verdict on 200,000 reports; of a sound one it errs once in 10,000.

    Of what leaks, but is not sure to be found, nothing is asked: either verdict may be right.
    """
    m, fault = kind(k, 1.0), broken.WRONG[kind]
    true, found = fault.epsilon(m), "audit" in fault.found_by
    if true > m.epsilon and not found:
        assert kind in (broken.FixedSeed, broken.EightBitCoin)
        return
    result = ldpaudit.audit(m, [], trials=100_000)
    assert (result.verdict == "violation") == found
    if found:
        assert result.epsilon_lower < 1.05 * true
        if true < math.inf and kind is not broken.HalfTheNoise:  # whose ratio varies by report
            assert result.epsilon_lower > 0.9 * true


def test_the_correct_sibling_passes() -> None:
    assert len(check_mechanism(broken.Response(8, 1.0))) == 6
    assert ldpaudit.audit(broken.Response(8, 1.0), []).verdict == "consistent"


# ------------------------------------------------------------------ black box


@dataclass(frozen=True)
class Box:
    """A mechanism of which nothing can be had but reports."""

    inside: Any
    k: int
    epsilon: float

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Any:
        return self.inside.privatize(values, rng=rng)


@pytest.mark.parametrize("k", [2, 8, pytest.param(25, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "kind",
    [kind for kind, fault in broken.WRONG.items() if fault.epsilon(kind(8, 1.0)) >= 1.05],
    ids=lambda kind: str(kind.__name__),
)
def test_what_leaks_is_found_by_reports_alone(kind: Any, k: int) -> None:
    """At 100,000 reports per input; `benchmarks/audit_broken.py` found all, 20 times of 20."""
    result = ldpaudit.audit(Box(kind(k, 1.0), k, 1.0), [], seed=k)
    assert result.verdict == "violation"
    assert "learned witness" in result.verdict_bound.event


@pytest.mark.parametrize(
    "kind",
    [kind for kind, fault in broken.WRONG.items() if fault.epsilon(kind(8, 1.0)) <= 1],
    ids=lambda kind: str(kind.__name__),
)
def test_what_does_not_leak_is_not_accused_by_reports_alone(kind: Any) -> None:
    """A verdict errs once in 10,000."""
    assert ldpaudit.audit(Box(kind(8, 1.0), 8, 1.0), [], trials=30_000).verdict == "consistent"
