"""A gate says what it would have found: checked against sums over the binomial law, and by runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

import ldpaudit
from ldpaudit.bounds.registered import registered_bound
from ldpaudit.claim import Claim
from ldpaudit.counts import GuessCounts
from ldpaudit.games import preparation
from ldpaudit.games.evidence import Evidence, Prepared
from ldpaudit.games.kary_game import KaryGame
from ldpaudit.games.preparation import prepare
from ldpaudit.registry import create, create_attack
from ldpaudit.testing import gate, power
from ldpaudit.testing.gate import assert_ldp, check_ldp

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Coin:
    """Randomized response on two values, with no figure of its own."""

    epsilon: float
    k: int = 2

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Ints:
        own = np.asarray(values, dtype=np.int64)
        lies = rng.random(own.size) < 1 / (1 + math.exp(self.epsilon))
        return np.where(lies, 1 - own, own)

    def log_likelihood(self, reports: Ints, values: npt.ArrayLike | None = None) -> Any:
        asked = np.arange(2) if values is None else np.asarray(values)
        same = np.asarray(reports)[:, None] == asked
        return np.where(same, self.epsilon, 0.0) - math.log1p(math.exp(self.epsilon))


class Blind(Coin):
    """The same without a likelihood."""

    log_likelihood = None  # type: ignore[assignment]

    def __getattribute__(self, name: str) -> Any:
        if name == "log_likelihood":
            raise AttributeError(name)
        return super().__getattribute__(name)


class Mute(Coin):
    """Says nothing."""

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Ints:  # noqa: ARG002
        return np.zeros(len(np.asarray(values)), dtype=np.int64)

    def log_likelihood(self, reports: Ints, values: npt.ArrayLike | None = None) -> Any:
        return np.zeros((len(reports), 2 if values is None else len(np.asarray(values))))


ODDS = registered_bound("posterior-odds")


def played(m: Any, trials: int, delta: float = 0.0) -> Evidence:
    claim = Claim(m.epsilon, delta)
    ready = prepare(m, ODDS, (0, 1), trials, claim=claim, seed=0, identity="power")
    assert isinstance(ready, Prepared)
    return ready.play(2 * trials)


# ------------------------------------------------------------------ detectable


@pytest.mark.parametrize("delta", [0.0, 0.02])
@pytest.mark.parametrize(("claimed", "alpha"), [(1.0, 1e-6), (0.5, 0.05)])
@pytest.mark.parametrize(("name", "k"), [("grr", 2), ("grr", 6), ("ss", 20)])
def test_power_by_summing_the_law_of_the_counts(
    name: str, k: int, claimed: float, alpha: float, delta: float
) -> None:
    """The bound at every count, weighed by the binomial law at the epsilon that is stated."""
    m = ldpaudit.mechanism(name, k=k, epsilon=claimed)
    found = played(m, 1_500, delta)
    guesses = found.counts.guesses
    assert isinstance(found.game, KaryGame) == (k == 6)
    assert (guesses.decided < 3_000) == (k == 20)
    bound, c = create("bounds", "posterior-odds"), guesses.num_candidates

    def chance(epsilon: float) -> float:
        share = delta * guesses.trials / guesses.decided
        right = (math.exp(epsilon) + (c - 1) * share) / (math.exp(epsilon) + c - 1)
        total = 0.0
        for correct in range(guesses.decided + 1):
            counts = GuessCounts(c, correct, guesses.decided, guesses.trials)
            value = bound.from_guesses(counts, alpha=0.9 * alpha, delta=delta, claimed=claimed)
            if value > claimed:
                total += stats.binom.pmf(correct, guesses.decided, right)
        return total

    stated = power.detectable(found, Claim(claimed, delta), alpha)
    assert claimed < stated < claimed + 3
    assert chance(stated) == pytest.approx(0.9, rel=1e-9)


def test_power_is_what_happens() -> None:
    """1,000 games at the epsilon stated: caught 9 times in 10, to 5 standard errors (6e-7).

    The event beside the guesses can only add to the 0.9, and hardly does.
    """
    claim = Claim(1.0)
    stated = power.detectable(played(Coin(1.0), 1_000), claim, 0.01)
    assert 1.0 < stated < 1.5
    held: Any = gate._HeldTo(Coin(stated), 1.0, 0.0)
    ready = prepare(held, ODDS, (0, 1), 1_000, claim=claim, seed=1, identity="runs")
    assert isinstance(ready, Prepared)
    games = [ready.play(2_000, look=run) for run in range(1_000)]
    caught = [g.lower_bound(ODDS, claim, 0.01).epsilon_lower > 1.0 for g in games]
    margin = 5 * math.sqrt(0.9 * 0.1 / 1_000)
    assert 0.9 - margin < np.mean(caught) < 0.9 + margin


def test_more_trials_and_more_alpha_find_less() -> None:
    def found(trials: int, alpha: float) -> float:
        return check_ldp(Coin(1.0), 1.0, trials=trials, alpha=alpha).detectable

    assert found(100_000, 1e-2) < found(100_000, 1e-6) < found(10_000, 1e-6) < found(1_000, 1e-6)


def test_all_guesses_right_is_the_edge() -> None:
    """n right of n show epsilon = ln(t / (1 - t)), t = (0.9 alpha)^(1 / n), at half of alpha.

    Beside the likelihood of a mechanism that is not of the catalogue, a learned witness plays.
    """
    t = (0.9 * 1e-6 / 2) ** (1 / 200)
    edge = math.log(t / (1 - t))
    found = check_ldp(Coin(1.0), edge - 1e-9, trials=100)
    assert found.verdict == "inconclusive"  # what would be found is far above the claim
    precision = 0.9 ** (1 / 200)
    assert found.detectable == pytest.approx(math.log(precision / (1 - precision)), rel=1e-9)
    with pytest.raises(ValueError, match="nothing can be tested: even if all 200 guesses were"):
        check_ldp(Coin(1.0), edge + 1e-9, trials=100)


# --------------------------------------------------------------------- verdict


def test_the_figure_of_its_own_must_keep_the_guarantee_too() -> None:
    """A surplus far too small for 2,000 reports, in epsilon and in delta."""
    m = ldpaudit.mechanism("grr", k=4, epsilon=1.0001)
    with pytest.raises(AssertionError, match=r"own exact epsilon is 1\.0001\n"):
        assert_ldp(m, 1.0, trials=1_000)
    assert_ldp(m, 1.0001, trials=1_000)
    m = ldpaudit.mechanism("grr", k=2, epsilon=1.1)
    exact = m.exact_delta(1.0)
    assert exact == pytest.approx((math.exp(1.1) - math.e) / (math.exp(1.1) + 1), rel=1e-9)
    with pytest.raises(AssertionError, match=r"not \(1\.0, 0\.07\)-LDP: the mechanism's own"):
        assert_ldp(m, 1.0, 0.07, trials=1_000)
    found = check_ldp(m, 1.0, exact + 1e-6, trials=1_000)
    assert found.verdict == "consistent"
    assert found.exact_epsilon == pytest.approx(1.0, abs=1e-5)


def test_pure_epsilon_says_nothing_against_a_delta() -> None:
    @dataclass(frozen=True)
    class OnlyPure(Coin):
        exact: float = 1.1

        def exact_epsilon(self) -> float:
            return self.exact

    found = check_ldp(OnlyPure(1.0), 1.0, 0.08, trials=1_000)
    assert (found.exact_epsilon, found.verdict) == (None, "consistent")
    assert check_ldp(OnlyPure(1.0), 1.0, trials=1_000).verdict == "violation"
    assert check_ldp(OnlyPure(1.0, exact=math.inf), 1.0, trials=1_000).verdict == "violation"
    with pytest.raises(ValueError, match=r"exact_epsilon must return a number, got nan\."):
        check_ldp(OnlyPure(1.0, exact=math.nan), 1.0, trials=1_000)


def test_rounding_of_a_flat_profile_is_no_violation() -> None:
    @dataclass(frozen=True)
    class SometimesPlain(Coin):
        leak: float = 1e-3

        def exact_delta(self, epsilon: float) -> float:
            return self.leak * (1 + 1e-15) if epsilon >= self.epsilon else 1.0

    found = check_ldp(SometimesPlain(1.0), 1.0, 1e-3, trials=1_000)
    assert found.exact_epsilon == pytest.approx(1.0, abs=1e-9)
    assert check_ldp(SometimesPlain(1.0, leak=1.001e-3), 1.0, 1e-3).exact_epsilon == math.inf


def test_an_exact_figure_is_tested_where_no_outcome_could_be() -> None:
    m = ldpaudit.mechanism("grr", k=4, epsilon=20.0)
    found = check_ldp(m, 20.0, trials=1_000)
    assert (found.verdict, found.detectable) == ("inconclusive", math.inf)
    assert check_ldp(m, 19.99, trials=1_000).verdict == "violation"


def test_what_says_nothing_passes_and_shows_nothing() -> None:
    found = check_ldp(Mute(1.0), 1.0, trials=1_000)
    assert (found.verdict, found.decided) == ("inconclusive", 0)
    assert_ldp(Mute(1.0), 1.0, trials=1_000)
    assert str(found).startswith("inconclusive with 1.0-LDP: nothing shown (alpha = 1e-06)\n")
    assert found.power.startswith("could not have detected any epsilon in the 0 of 2,000 reports")


def test_without_a_likelihood_the_learned_witness_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Learned:
        def applies(self, mechanism: Any) -> str | None:
            assert not hasattr(mechanism, "log_likelihood")
            return None

        def fit(self, reports: Ints, labels: Any, *, rng: Any) -> Any:  # noqa: ARG002
            self.sign = 1.0 if (reports == 0)[labels].mean() > 0.5 else -1.0
            return self

        def score(self, reports: Ints, mechanism: Any, pair: Any, *, rng: Any) -> Any:  # noqa: ARG002
            return np.where(reports == 0, self.sign, -self.sign)

    def created(name: str) -> Any:
        asked.append(name)
        return Learned() if name == "learned" else create_attack(name)

    monkeypatch.setattr(preparation, "create_witness", created)
    assert_ldp(Blind(1.0), 1.0, trials=20_000)
    with pytest.raises(AssertionError, match=r"not 1\.0-LDP: epsilon >= 1\.\d+ .* learned witness"):
        assert_ldp(Blind(1.5), 1.0, trials=20_000)
    assert asked.count("learned") == 2
    monkeypatch.setattr(Learned, "applies", lambda *_: "the reports cannot be read")
    with pytest.raises(ValueError, match=r"nothing can be tested: the reports cannot be read\."):
        assert_ldp(Blind(1.5), 1.0, trials=20_000)


# ------------------------------------------------------------- words and rules


@pytest.mark.parametrize(
    ("m", "epsilon", "delta"),
    [
        (Coin(1.0), 1.0, 0.0),
        (Coin(2.0), 1.0, 1e-5),
        (Mute(1.0), 1.0, 0.0),
        (ldpaudit.mechanism("ss", k=100, epsilon=1.01), 1.0, 0.0),
        (ldpaudit.mechanism("grr", k=25, epsilon=3.0), 1.0, 0.0),
        (ldpaudit.mechanism("grr", k=3, epsilon=30.0), 30.0, 0.0),
    ],
    ids=["consistent", "delta", "mute", "admitted", "k-ary", "no power"],
)
def test_the_text_is_one_line_and_then_indented_ones(m: Any, epsilon: float, delta: float) -> None:
    found = check_ldp(m, epsilon, delta, trials=2_000, alpha=1e-7, seed=5)
    text = str(found)
    first, *rest = text.split("\n")
    assert found.guarantee in first
    assert all(line.startswith("    ") and line.strip() for line in rest)
    assert text.isascii()
    assert "nan" not in text
    for part in (found.power, found.bound.searched, found.bound.event, "alpha = 1e-07", "seed: 5"):
        assert part in text
    if found.verdict == "violation":
        assert first.startswith(f"not {found.guarantee}: ")
        with pytest.raises(AssertionError) as caught:
            assert_ldp(m, epsilon, delta, trials=2_000, alpha=1e-7, seed=5)
        assert str(caught.value) == text


def test_power_is_rounded_away_from_the_claim() -> None:
    found = check_ldp(Coin(1.0), 1.0, trials=5_000)
    stated = float(found.power.split(">= ")[1].split()[0])
    assert found.detectable <= stated < found.detectable + 1.1e-4


def test_the_seed_decides() -> None:
    m = ldpaudit.mechanism("ss", k=10, epsilon=1.0)
    one, again, other = (check_ldp(m, 1.0, trials=2_000, seed=s) for s in (0, 0, 1))
    assert one == again
    assert one.bound != other.bound


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ({"trials": 0}, ValueError, "trials must be at least 1, got 0"),
        ({"trials": 1.5}, TypeError, "trials must be a whole number, got 1.5"),
        ({"alpha": 0.0}, ValueError, "alpha must lie strictly between 0 and 1, got 0.0"),
        ({"seed": -1}, ValueError, "seed must be at least 0, got -1"),
        ({"epsilon": 0.0}, ValueError, "epsilon must be positive and finite, got 0.0"),
        ({"delta": 1.0}, ValueError, r"delta must lie in \[0, 1\), got 1.0"),
        ({"mechanism": 3}, TypeError, "mechanism must have k and privatize, got int"),
        ({"mechanism": Coin(1.0, k=1)}, ValueError, "k must be at least 2, got 1"),
    ],
)
def test_bad_arguments(bad: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        check_ldp(**({"mechanism": Coin(1.0), "epsilon": 1.0} | bad))  # type: ignore[arg-type]
