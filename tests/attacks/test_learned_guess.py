"""A guess that is learned from reports comes near the best guess there is, and never says more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ldpaudit
from ldpaudit.attacks import LearnedGuess
from ldpaudit.contracts import TrainableDistinguisher, TrainableReconstruction


class Mute:
    """A mechanism of ours without its likelihood."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.k, self.epsilon = inner, inner.k, inner.epsilon
        self.name = f"mute {inner.name if hasattr(inner, 'name') else type(inner).__name__}"

    def privatize(self, values: Any, *, rng: np.random.Generator) -> Any:
        return self.inner.privatize(values, rng=rng)


def test_it_is_a_reconstruction_that_learns() -> None:
    attack = LearnedGuess()
    assert isinstance(attack, TrainableReconstruction)
    assert not isinstance(attack, TrainableDistinguisher)
    big = ldpaudit.mechanism("grr", k=2_000, epsilon=1.0)
    assert attack.applies(big) == "it tells at most 1,024 inputs apart, of 2,000"


@pytest.mark.parametrize("name", ["grr", "ss", "sue", "oue", "hr"])
def test_it_comes_near_the_best_guess(name: str) -> None:
    """Within 0.03 of the Bayes vulnerability, and not above it by five standard errors."""
    m = ldpaudit.mechanism(name, k=6, epsilon=2.0)
    best = float(m.vulnerability(np.full(6, 1 / 6)))
    result = ldpaudit.audit(Mute(m), ["bayes", "learned-guess"], trials=8_000, pair=(0, 1))
    _, bayes, learned = result.attacks
    assert bayes.reason == (
        "the mechanism has no log_likelihood; learned-guess learns from reports instead"
    )
    spread = (best * (1 - best) / 8_000) ** 0.5
    assert best - 0.03 < learned.success < best + 5 * spread
    assert (learned.optimal, learned.exact, learned.blind) == (False, None, 1 / 6)
    assert learned.lower is not None
    assert learned.upper is not None
    assert learned.lower < learned.success < learned.upper


def test_reports_that_say_nothing_teach_nothing() -> None:
    rng = np.random.default_rng(0)
    guess = LearnedGuess().learn(rng.integers(0, 9, 3_000), rng.integers(0, 3, 3_000), 3, rng=rng)
    assert guess.model == "nothing"
    assert guess.guess([1, 2], None, np.array([0.2, 0.5, 0.3]), rng=rng).tolist() == [1, 1]  # type: ignore[arg-type]


def test_a_prior_is_heeded() -> None:
    rng = np.random.default_rng(0)
    inputs = rng.integers(0, 2, 4_000)
    reports = np.where(rng.random(4_000) < 0.7, inputs, 1 - inputs)
    guess = LearnedGuess().learn(reports, inputs, 2, rng=rng)
    assert guess.guess([0, 1], None, np.array([0.5, 0.5]), rng=rng).tolist() == [0, 1]  # type: ignore[arg-type]
    assert guess.guess([0, 1], None, np.array([0.9, 0.1]), rng=rng).tolist() == [0, 0]  # type: ignore[arg-type]
    assert guess.guess(["x"], None, np.array([0.4, 0.6]), rng=rng).tolist() == [1]  # type: ignore[arg-type]


def test_any_form_is_read() -> None:
    def wordy(value: int, rng: np.random.Generator) -> dict[str, Any]:
        told = value if rng.random() < 0.8 else int(rng.integers(3))
        return {"answer": ["a", "b", "c"][told], "nonce": f"{rng.integers(2**40):x}"}

    m = ldpaudit.from_callable(wordy, k=3, epsilon=3.0)
    result = ldpaudit.audit(m, ["learned-guess"], trials=3_000, pair=(0, 1))
    assert result.attacks[1].success == pytest.approx(0.8 + 0.2 / 3, abs=0.03)
