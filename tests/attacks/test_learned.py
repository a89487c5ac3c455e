"""The learned witness: the contract, and what it learns from at most."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import ldpaudit
from ldpaudit.attacks import _models, learned
from ldpaudit.attacks._models import Additive
from ldpaudit.attacks._training import Training
from ldpaudit.attacks.learned import LearnedDistinguisher
from ldpaudit.contracts import Distinguisher, TrainableDistinguisher

from .learning import PAIR, Laplace, Silent, draw, guesses, rng, train


def test_it_is_a_distinguisher_that_can_be_trained() -> None:
    attack = LearnedDistinguisher()
    assert isinstance(attack, TrainableDistinguisher)
    assert attack.applies(Laplace(2, 1.0)) is None
    witness = train(Laplace(2, 1.0), 400)
    assert isinstance(witness, Distinguisher)
    assert witness.applies(Laplace(2, 1.0)) is None
    assert len(repr(witness)) < 100


def test_the_same_reports_and_generator_give_the_same_scores_in_any_batch() -> None:
    m = Laplace(5, 2.0)
    one, two = train(m, 4000), train(m, 4000)
    assert one.model == two.model
    reports, _ = draw(m, 40_000, rng(3))
    score = one.score(reports, m, PAIR, rng=rng())
    assert score.shape == (40_000,)
    np.testing.assert_array_equal(score, two.score(reports, m, PAIR, rng=rng(9)))
    pieces = [one.score(part, m, PAIR, rng=rng()) for part in np.array_split(reports, 7)]
    np.testing.assert_array_equal(score, np.concatenate(pieces))
    assert one.score(reports[:0], m, PAIR, rng=rng()).shape == (0,)


def test_the_order_of_the_training_reports_need_not_be_random() -> None:
    m = ldpaudit.mechanism("oue", k=20, epsilon=2.0)
    first = np.arange(20_000) < 10_000
    reports = m.privatize(np.where(first, 0, 1), rng=rng())
    witness = LearnedDistinguisher().fit(reports, first, rng=rng())
    assert witness.model != "nothing"
    fresh, own = draw(m, 20_000, rng(2))
    assert guesses(witness.score(fresh, m, PAIR, rng=rng()), own, 1.0, 0.05) > 1.5


def test_scores_do_not_contain_how_often_each_input_was_trained_on() -> None:
    """Nine of ten reports are of the first input; a ratio of e^2 is learned within 5 errors."""
    m = ldpaudit.mechanism("grr", k=2, epsilon=2.0)
    first = rng().random(40_000) < 0.9
    reports = m.privatize(np.where(first, 0, 1), rng=rng(2))
    witness = LearnedDistinguisher().fit(reports, first, rng=rng(3))
    np.testing.assert_allclose(
        witness.score(np.array([0, 1]), m, PAIR, rng=rng()), [2.0, -2.0], atol=0.25
    )


@pytest.mark.parametrize("size", [8, 9, 50])
def test_a_handful_of_reports_is_enough_to_run(size: int) -> None:
    first = np.arange(size) % 2 == 0
    for reports in (np.arange(size), rng().normal(size=(size, 3)), ["a"] * size):
        witness = LearnedDistinguisher().fit(reports, first, rng=rng())
        score = witness.score(reports, Silent("integers"), PAIR, rng=rng())
        assert np.isfinite(score).all()
    assert witness.model == "nothing"
    assert not score.any()


def test_labels_are_checked() -> None:
    fit = LearnedDistinguisher().fit
    with pytest.raises(ValueError, match=r"one bool a report, got int64 of shape \(9,\)"):
        fit(np.arange(9), np.arange(9), rng=rng())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"one bool a report, got bool of shape \(8,\)"):
        fit(np.arange(9), np.ones(8, dtype=bool), rng=rng())
    with pytest.raises(ValueError, match="at least 4 of either kind, got 6 of 9 True"):
        fit(np.arange(9), np.arange(9) < 6, rng=rng())
    with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator"):
        fit(np.arange(9), np.arange(9) < 5, rng=1)  # type: ignore[arg-type]


def test_the_package_loads_without_scikit_learn() -> None:
    code = "import sys, ldpaudit.attacks.learned; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_is_looked_at_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for 3,000 reports, and for few products, two bits of 30 are still found."""
    monkeypatch.setattr(learned, "_TABLE", 30 * 3000)
    monkeypatch.setattr(_models, "_PRODUCTS", 30**2 * 500)
    seen: list[int] = []
    learn = Additive.learn

    def watched(training: Training) -> Additive | None:
        seen.append(len(training.first))
        return learn(training)

    monkeypatch.setitem(_models.MODELS, "additive", watched)
    m = ldpaudit.mechanism("oue", k=30, epsilon=3.0)
    witness = train(m, 20_000)
    assert seen
    assert max(seen) <= 3000
    reports, first = draw(m, 10_000, rng(5))
    assert guesses(witness.score(reports, m, PAIR, rng=rng()), first, 1.5, 0.05) > 2.5
