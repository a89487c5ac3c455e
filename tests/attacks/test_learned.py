"""The learned witness: what it finds from samples alone, and that it finds nothing in noise."""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ldpaudit
from ldpaudit.attacks import _models, learned
from ldpaudit.attacks._models import Additive, Counts, Training
from ldpaudit.attacks.learned import LearnedDistinguisher, LearnedScore
from ldpaudit.bounds import success_lower, success_upper
from ldpaudit.contracts import Distinguisher, TrainableDistinguisher

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
PAIR = (0, 1)


def load(name: str) -> ModuleType:
    """A module of tests/, by its path: the folder itself must not be on the import path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[1] / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


broken = load("broken")


def rng(*seed: int) -> np.random.Generator:
    return np.random.default_rng(seed or 1)


def draw(
    mechanism: Any, n: int, generator: np.random.Generator, pair: tuple[int, int] = PAIR
) -> tuple[Any, npt.NDArray[np.bool_]]:
    first = generator.random(n) < 0.5
    return mechanism.privatize(np.where(first, *pair), rng=generator), first


def train(mechanism: Any, n: int, seed: int = 1, pair: tuple[int, int] = PAIR) -> LearnedScore:
    generator = rng(seed, 0)
    return LearnedDistinguisher().fit(*draw(mechanism, n, generator, pair), rng=generator)


def guesses(score: Floats, first: npt.NDArray[np.bool_], level: float, alpha: float) -> float:
    decided = np.abs(score) >= level
    right = int(np.count_nonzero(decided & ((score > 0) == first)))
    lower = success_lower(right, int(decided.sum()), alpha)
    return math.log(lower) - math.log1p(-lower) if lower > 0 else -math.inf


def event(score: Floats, first: npt.NDArray[np.bool_], level: float, alpha: float) -> float:
    happened, ones = score >= level, int(first.sum())
    hits, others = int((happened & first).sum()), first.size - ones
    lower = success_lower(hits, ones, alpha / 2)
    upper = success_upper(int((happened & ~first).sum()), others, alpha / 2)
    return math.log(lower / upper) if lower > 0 else -math.inf


@dataclass(frozen=True)
class Played:
    """Scores, and which are of the first input: of pilot reports and of the audit's own."""

    pilot: tuple[Floats, npt.NDArray[np.bool_]]
    own: tuple[Floats, npt.NDArray[np.bool_]]

    def shown(self, alpha: float = 0.05, *, one_sided: bool = False) -> float:
        """Epsilon that the guesses show at the level that was best on the pilot.

        With `one_sided`, the better of the guesses and the events of either side, alpha shared.
        """
        ways: list[tuple[Callable[..., float], int]] = [(guesses, 1)]
        if one_sided:
            ways += [(event, 1), (event, -1)]
        found = [-math.inf]
        for way, side in ways:
            (pilot, pilot_first), (score, first) = (
                (side * scores, of_first == (side > 0))
                for scores, of_first in (self.pilot, self.own)
            )
            positive = np.sort(np.abs(pilot) if way is guesses else pilot)
            positive = positive[positive > 0]
            if positive.size:
                tried = np.unique(positive[np.linspace(0, positive.size - 1, 24).astype(int)])
                promised = [way(pilot, pilot_first, level, 0.01) for level in tried]
                level = tried[int(np.argmax(promised))]
                found.append(way(score, first, level, alpha / len(ways)))
        return max(found)


def play(mechanism: Any, trials: int, seed: int = 1, pair: tuple[int, int] = PAIR) -> Played:
    """A plain audit of 2 x trials reports: a fifth to learn from, a tenth for the pilot."""
    witness = train(mechanism, 2 * trials // 5, seed, pair)
    games = []
    for number, n in enumerate((trials // 5, 2 * trials * 7 // 10), start=1):
        reports, first = draw(mechanism, n, rng(seed, number), pair)
        games.append((witness.score(reports, mechanism, pair, rng=rng()), first))
    return Played(*games)


@dataclass(frozen=True)
class Laplace:
    """Laplace noise of scale 2 / epsilon on a one-hot vector."""

    k: int
    epsilon: float

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Floats:
        own = np.eye(self.k)[np.asarray(values)]
        return np.asarray(own + rng.laplace(scale=2 / self.epsilon, size=own.shape))


@dataclass(frozen=True)
class Planar:
    """Planar Laplace noise on points one apart: the log ratio is no sum over the coordinates."""

    epsilon: float
    k: int = 2

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Floats:
        own = np.asarray(values)
        radius, angle = rng.gamma(2, 1 / self.epsilon, own.size), rng.random(own.size) * 2 * math.pi
        return np.stack((own + radius * np.cos(angle), radius * np.sin(angle)), axis=1)


@dataclass(frozen=True)
class Written:
    """A mechanism of the package whose reports are written in another way."""

    name: str
    form: Callable[[Any], Any]
    k: int = 16
    epsilon: float = 1.0

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Any:
        mechanism = ldpaudit.mechanism(self.name, k=self.k, epsilon=self.epsilon)
        return self.form(mechanism.privatize(values, rng=rng))


@dataclass(frozen=True)
class Silent:
    """Reports that do not depend on the value."""

    kind: str
    k: int = 30
    epsilon: float = 1.0

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Any:
        n = np.size(np.asarray(values))
        if self.kind == "floats":
            return rng.normal(size=(n, self.k))
        if self.kind == "integers":
            return rng.integers(0, self.k, n)
        return rng.integers(0, 256, (n, self.k), dtype=np.uint8)


def unpacked(rows: Any) -> Any:
    return np.unpackbits(rows, axis=1, count=16, bitorder="little")


FORMS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "words": ("oue", lambda rows: ["".join(map(str, row)) for row in unpacked(rows).tolist()]),
    "sets": ("ss", lambda rows: [set(np.flatnonzero(row).tolist()) for row in unpacked(rows)]),
    "lists": ("ss", lambda rows: [list(np.flatnonzero(row)) for row in unpacked(rows)]),
    "bools": ("sue", lambda rows: unpacked(rows).astype(bool)),
    "bytes": ("oue", lambda rows: [row.tobytes() for row in rows]),
    "texts": ("grr", lambda rows: [f"value {i}" for i in rows]),
    "tuples": ("grr", lambda rows: [("report", int(i), i % 3 == 0) for i in rows]),
}


# ---------------------------------------------------------------- the contract


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


# ---------------------------------------------------------------- the models


def test_counts_are_log_ratios_less_one_standard_error() -> None:
    """Against the definition, report by report; what training has not shown says nothing."""
    table = rng().integers(0, 3, (5000, 3))
    first = rng(2).random(5000) < (0.3 + 0.4 * (table.sum(axis=1) % 2))
    training = Training(table.astype(np.uint16), [4, 4, 4], first)
    model = Counts.learn(training)
    assert model is not None
    score = model.score(training.by_column)
    for row in np.unique(table, axis=0):
        same = (table == row).all(axis=1)
        one, two = (np.count_nonzero(same & side) + 0.5 for side in (first, ~first))
        ratio = math.log(one / two) - math.log(first.mean() / (1 - first.mean()))
        shy = math.copysign(max(0, abs(ratio) - math.sqrt(1 / one + 1 / two)), ratio)
        np.testing.assert_allclose(score[same], shy, rtol=1e-12)
    unknown = np.array([[3, 0, 0], [0, 3, 0], [0, 0, 3]], dtype=np.uint16)
    assert model.score(dict(enumerate(unknown.T))).tolist() == [0.0, 0.0, 0.0]
    assert Counts.learn(Training(np.arange(99, dtype=np.uint16)[:, None], [99], first[:99])) is None


def test_the_additive_model_keeps_the_bits_that_matter_and_their_weight() -> None:
    """OUE: only two bits of 60 tell anything. Weights within 5 standard errors (about 6e-7)."""
    n, epsilon = 50_000, 1.0
    m = ldpaudit.mechanism("oue", k=60, epsilon=epsilon)
    reports, first = draw(m, n, rng(4), pair=(7, 50))
    bits = np.unpackbits(reports, axis=1, count=60, bitorder="little").astype(np.uint16)
    model = Additive.learn(Training(bits, [2] * 60, first))
    assert model is not None
    assert model.columns == [7, 50]
    assert [columns for columns, _ in model.terms] in ([(7, 7), (50, 50)], [(50, 50), (7, 7)])
    signs = {7: 1, 50: -1}
    for (columns, codes), weight in zip(model.terms, model.weights, strict=True):
        sign = signs[columns[0]] * (1 if codes[0] else -1)
        share = np.mean(bits[:, columns[0]])
        error = 1 / math.sqrt(n * share * (1 - share) * 0.2)
        assert abs(weight - sign * epsilon) < 5 * error


def test_pairs_are_found_where_no_column_alone_tells_anything() -> None:
    """A hash h of 40 values and y, the own value's hash or not: each alone is a fair coin."""
    n = 20_000
    first = rng().random(n) < 0.5
    h = rng(2).integers(0, 2, (n, 40))
    y = h[np.arange(n), np.where(first, 7, 30)] ^ (rng(3).random(n) < 0.3)
    table = np.column_stack((h, y)).astype(np.uint16)
    model = Additive.learn(Training(table, [2] * 41, first))
    assert model is not None
    pairs = {columns for columns, _ in model.terms if columns[0] != columns[1]}
    assert pairs == {(7, 40), (30, 40)}


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


# ---------------------------------------------------------------- what it finds


@pytest.mark.parametrize("epsilon", [1.0, 4.0])
@pytest.mark.parametrize("k", [2, 25])
def test_laplace_noise_is_read_from_samples_alone(k: int, epsilon: float) -> None:
    """At 30,000 trials an input 0.85 of epsilon is shown; never more (false alarm 1e-6)."""
    played = play(Laplace(k, epsilon), 30_000)
    assert played.shown() >= 0.85 * epsilon
    assert played.shown(1e-6) <= epsilon


@pytest.mark.slow
@pytest.mark.parametrize("epsilon", [1.0, 4.0])
@pytest.mark.parametrize("k", [2, 25, 100])
def test_a_million_trials_show_laplace_noise(k: int, epsilon: float) -> None:
    played = play(Laplace(k, epsilon), 1_000_000 if k < 100 else 300_000)
    assert played.shown() >= 0.95 * epsilon


@pytest.mark.parametrize("epsilon", [1.0, 4.0])
@pytest.mark.parametrize("name", ["grr", "ss", "sue", "oue", "the", "mss", "smss", "pgr"])
def test_our_protocols_are_read_from_samples_alone(name: str, epsilon: float) -> None:
    """At 30,000 trials an input 0.85 of the exact epsilon is shown; never more (1e-6 each)."""
    m = ldpaudit.mechanism(name, k=25, epsilon=epsilon)
    exact, played = m.exact_epsilon(), play(m, 30_000)
    assert played.shown() >= 0.85 * exact
    assert played.shown(1e-6) <= exact


@pytest.mark.parametrize("pair", [(0, 1), (12, 99)])
def test_a_subset_of_many_values_is_read(pair: tuple[int, int]) -> None:
    m = ldpaudit.mechanism("ss", k=100, epsilon=1.0)
    assert play(m, 40_000, pair=pair).shown() >= 0.9


@pytest.mark.parametrize("form", FORMS)
def test_reports_are_read_however_they_are_written(form: str) -> None:
    assert play(Written(*FORMS[form]), 20_000).shown() >= 0.8


def test_a_score_that_is_no_sum_is_left_to_trees() -> None:
    m = Planar(2.0)
    assert train(m, 20_000).model == "trees"
    assert play(m, 50_000).shown() >= 0.85 * 2.0


def test_many_messages_are_counted() -> None:
    """Parities of four and more bits: only counting each message can tell."""
    k = 2**10
    signs = np.array([1 - 2 * (bin(i & 0b1011011101).count("1") % 2) for i in range(k)])

    class Parity:
        k, epsilon = 2, 2.0

        def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Ints:
            own = 1 - 2 * np.asarray(values)
            messages = rng.integers(0, k, own.size)
            lie = rng.random(own.size) < 1 / (1 + math.exp(2))
            wrong = (signs[messages] == own) == lie
            return np.where(wrong, messages ^ 1, messages)

    assert train(Parity(), 16_000).model == "counts"
    assert play(Parity(), 20_000).shown() >= 0.9 * 2


@pytest.mark.parametrize("kind", ["floats", "integers", "bytes"])
def test_nothing_is_found_in_noise(kind: str) -> None:
    """Bounds at 1 - 1e-6 of reports that do not depend on the value stay below 0."""
    m = Silent(kind)
    for seed in range(3):
        assert play(m, 5000, seed).shown(1e-6, one_sided=True) <= 0


@pytest.mark.parametrize("name", ["olh", "blh"])
def test_local_hashing_cannot_be_learned(name: str) -> None:
    """The hash is not in the reports: none of what is scored is right more often than a coin."""
    m = ldpaudit.mechanism(name, k=25, epsilon=4.0)
    assert play(m, 10_000).shown(1e-6, one_sided=True) <= 0


@pytest.mark.parametrize(
    "kind",
    [kind for kind, fault in broken.WRONG.items() if "audit" in fault.found_by],
    ids=lambda kind: kind.__name__,
)
def test_leaks_are_caught(kind: Any) -> None:
    """100,000 trials an input show more than the claim at 1 - 1e-4."""
    m = kind(8, 1.0)
    assert play(m, 100_000).shown(1e-4, one_sided=True) > m.epsilon


def test_the_rarest_leak_has_the_highest_score() -> None:
    """One report in a thousand is k + value: no other report speaks as clearly."""
    m = broken.ForgottenDebug(8, 1.0)
    score = train(m, 40_000).score(m.every_report(), m, PAIR, rng=rng())
    assert (score[8], score[9]) == (score.max(), score.min())
    assert min(score[8], -score[9]) > 1.3 * np.abs(score[:8]).max()


@pytest.mark.parametrize(
    "kind",
    [broken.OffByOne, broken.MissingMinusOne, broken.SwappedBits, broken.BiasedHash],
    ids=lambda kind: kind.__name__,
)
def test_what_does_not_leak_passes(kind: Any) -> None:
    """False alarm 1e-6 each."""
    m = kind(8, 1.0)
    assert play(m, 30_000).shown(1e-6, one_sided=True) <= m.epsilon
