"""Noise that comes again in every batch: seen, read by place, and not seen where there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ldpaudit
from ldpaudit.attacks._repeated_noise import RepeatedNoise, mixed
from ldpaudit.attacks.learned import LearnedDistinguisher, LearnedScore

from .learning import PAIR, Laplace, rng


@dataclass(frozen=True)
class Seeded:
    """A sound mechanism behind a generator that starts anew with every batch."""

    inside: Any

    @property
    def k(self) -> int:
        return int(self.inside.k)

    @property
    def epsilon(self) -> float:
        return float(self.inside.epsilon)

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Any:  # noqa: ARG002
        return self.inside.privatize(values, rng=np.random.default_rng(7))


MECHANISMS = {
    "numbers": ldpaudit.mechanism("grr", k=8, epsilon=1.0),
    "two values": ldpaudit.mechanism("grr", k=2, epsilon=1.0),
    "bits": ldpaudit.mechanism("oue", k=16, epsilon=1.0),
    "fractions": Laplace(3, 1.0),
}


def witness_of(m: Any, n: int = 8_000, seed: int = 1) -> LearnedScore:
    """Trained on two batches, one after the other, as an audit does."""
    generator = rng(seed)
    first = generator.random(n) < 0.5
    halves = np.array_split(np.where(first, *PAIR), 2)
    reports = np.concatenate([m.privatize(values, rng=generator) for values in halves])
    return LearnedDistinguisher().fit(reports, first, rng=generator)


@pytest.mark.parametrize("form", MECHANISMS)
def test_noise_that_comes_again_is_seen(form: str) -> None:
    m = MECHANISMS[form]
    assert witness_of(Seeded(m)).model == "repeated"
    assert witness_of(m).model != "repeated"


def test_sound_noise_is_never_taken_for_repeated() -> None:
    """50 trainings of two values that tell much, where equal reports are the rule."""
    m = ldpaudit.mechanism("grr", k=2, epsilon=3.0)
    assert "repeated" not in {witness_of(m, 1_000, seed).model for seed in range(1, 51)}


@pytest.mark.parametrize("form", ["numbers", "two values", "fractions"])
def test_an_audit_finds_it_by_reports_alone(form: str) -> None:
    result = ldpaudit.audit(Seeded(MECHANISMS[form]), [], trials=20_000, witness="learned")
    assert result.verdict == "violation"
    assert result.epsilon_lower > 4


def test_another_report_at_a_place_means_the_other_input() -> None:
    """Places beyond memory say nothing."""
    m, n = Seeded(MECHANISMS["numbers"]), 8_000
    witness = witness_of(m)
    first = rng(5).random(6_000) < 0.5
    score = witness.score(m.privatize(np.where(first, *PAIR), rng=rng()), m, PAIR, rng=rng())
    assert not score[n // 2 :].any()
    told = np.abs(score) > 4
    assert 500 < np.count_nonzero(told) <= n // 2
    assert ((score[told] > 0) == first[told]).all()


@pytest.mark.parametrize("form", ["numbers", "bits", "fractions"])
def test_a_batch_that_repeats_nothing_is_read_as_it_is(form: str) -> None:
    """As if nothing had come again; the noise of bits is in other places in other batches.

    Of two values half are the same in either case, so that nobody could tell.
    """
    sound = MECHANISMS[form]
    witness = witness_of(Seeded(sound))
    plain, values = replace(witness, _repeated=None), np.where(rng(6).random(3_000) < 0.5, *PAIR)
    for m, size, repeats in (
        (sound, 3_000, False),
        (sound, 0, False),
        (Seeded(sound), 3_000, True),
    ):
        reports = m.privatize(values[:size], rng=rng(8))
        one, two = (w.score(reports, m, PAIR, rng=rng()) for w in (witness, plain))
        assert np.array_equal(one, two) != (repeats and form != "bits")


def test_rates_are_those_of_the_second_batch() -> None:
    """Against the definition, on keys that are the same for one input in nine of ten places."""
    n = 4_000
    first = rng(1).random(2 * n) < 0.5
    keys = (2 * np.arange(2 * n) % (2 * n) + first).astype(np.uint64)
    keys[n:] += (rng(2).random(n) < 0.1).astype(np.uint64) * np.uint64(10 * n)
    repeated, losses = RepeatedNoise.learn(keys, first)
    same, equal = first[:n] == first[n:], keys[:n] == keys[n:]
    rates = [(np.sum(equal & s) + 0.5) / (np.sum(s) + 1) for s in (same, ~same)]
    assert (repeated.by_same, repeated.by_other) == pytest.approx(rates)
    towards = np.log(np.where(equal, rates[0] / rates[1], (1 - rates[0]) / (1 - rates[1])))
    own = np.log1p(np.exp(np.where(same, -towards, towards)))
    assert losses.mean() == pytest.approx((own[same].mean() + own[~same].mean()) / 2)
    scores = repeated.score(keys[:n])
    assert scores is not None
    assert ((scores > 0) == first[:n]).all()


def test_labels_in_no_random_order_teach_nothing() -> None:
    keys = np.arange(100, dtype=np.uint64)
    for first in (np.arange(100) < 50, np.arange(100) % 2 == 0):
        _, losses = RepeatedNoise.learn(keys, first)
        assert losses.tolist() == [math.log(2)] * 50


def test_keys_tell_codes_apart() -> None:
    codes = np.array([(i, j) for i in range(200) for j in range(200)], dtype=np.uint16).T
    keys = np.zeros(codes.shape[1], dtype=np.uint64)
    for column in codes:
        keys = mixed(keys, column)
    assert np.unique(keys).size == codes.shape[1]
