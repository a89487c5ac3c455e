"""Which game is played, what it counts, and that its bound holds whatever a pilot chose."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

import ldpaudit
from ldpaudit import sampling
from ldpaudit.bounds.registered import registered_bound
from ldpaudit.claim import Claim
from ldpaudit.counts import EventCounts, GuessCounts
from ldpaudit.games import preparation, thresholds
from ldpaudit.games.evidence import Evidence, Prepared
from ldpaudit.games.kary_game import KaryGame
from ldpaudit.games.pair_game import PairGame
from ldpaudit.games.preparation import prepare
from ldpaudit.games.scores import ScoredReports
from ldpaudit.games.thresholds import ExpectedBound
from ldpaudit.registry import create
from ldpaudit.sampling import stream

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Plain:
    """Says its value aloud, and remembers in `seen` what it was given."""

    k: int
    seen: Counter[int]
    epsilon: float = 1.0

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Ints:  # noqa: ARG002
        self.seen.update(np.asarray(values).tolist())
        return np.asarray(values).copy()


class Scripted:
    """A distinguisher that answers by a table."""

    def __init__(self, answers: Any) -> None:
        self.answers = np.array(answers)

    def applies(self, mechanism: Any) -> str | None:  # noqa: ARG002
        return None

    def score(self, reports: Ints, mechanism: Any, pair: Any, *, rng: Any) -> Any:  # noqa: ARG002
        return self.answers[reports]


def pair_game(
    answers: Any, k: int, pair: tuple[int, int], **rules: Any
) -> tuple[Any, Counter[int]]:
    seen: Counter[int] = Counter()
    return PairGame(Plain(k, seen), Scripted(answers), "scripted", pair, **rules), seen


# ---------------------------------------------------------------- the games


def test_the_pair_game_draws_a_coin_for_every_report() -> None:
    """Fair to 5 standard errors, and not half of each."""
    game, seen = pair_game([0, 0, 1, -1], 4, (2, 3))
    n = 100_000
    guesses, event = game.count(game.draw(n, stream(0, "coin")))
    assert set(seen) == {2, 3}
    assert stats.binomtest(seen[2], n, 0.5).pvalue > 6e-7
    assert seen[2] != n // 2
    assert guesses == GuessCounts(2, n, n, n)
    assert event == EventCounts(seen[2], seen[2], 0, seen[3])


def test_the_pair_game_counts_what_was_said() -> None:
    """Right about 2, silent about 1; then wrong about both; infinite scores are decisions."""
    game, seen = pair_game([9, 0, 0.5], 3, (2, 1))
    guesses, event = game.count(game.draw(1000, stream(0, "x")))
    assert guesses == GuessCounts(2, seen[2], seen[2], 1000)
    assert (event.hits, event.false_hits) == (seen[2], 0)
    game, seen = pair_game([-math.inf, math.inf], 2, (0, 1))
    assert game.count(game.draw(500, stream(0)))[0] == GuessCounts(2, 0, 500, 500)


def test_rules_are_thresholds() -> None:
    seen = ScoredReports(
        np.array([3.0, 1.0, 0.0, -1.0, -3.0]), np.array([1, 0, 1, 1, 0], dtype=bool)
    )
    game, _ = pair_game([0, 0], 2, (0, 1), decide=2.0, event=1.0, side=-1)
    guesses, event = game.count(seen)
    assert guesses == GuessCounts(2, 2, 2, 5)
    assert event == EventCounts(1, 2, 1, 3)  # of the second input: 1 of 2; of the first: 1 of 3
    wide = replace(game, decide=0.0, side=1)
    assert wide.count(seen) == (GuessCounts(2, 2, 4, 5), EventCounts(1, 3, 1, 2))


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([0.0, math.nan], r"must return numbers, got nan for \d+ of 100 reports"),
        ([[0.0], [1.0]], r"must return one score per report, shape \(100,\), got shape \(100, 1\)"),
    ],
)
def test_scores_are_one_number_a_report(answers: Any, message: str) -> None:
    game, _ = pair_game(answers, 2, (0, 1))
    with pytest.raises(ValueError, match=message):
        game.draw(100, stream(0))


def test_the_k_ary_margin_is_the_ratio_to_the_average_other_value() -> None:
    m = ldpaudit.mechanism("grr", k=5, epsilon=1.5)
    seen = KaryGame(m).draw(50_000, stream(0))
    np.testing.assert_allclose(seen.score, 1.5)
    assert stats.binomtest(int(seen.right.sum()), 50_000, m.vulnerability()).pvalue > 6e-7
    guesses, sharp = KaryGame(m, sharp=1.6).count(seen)
    assert guesses.decided == 50_000
    assert sharp.decided == 0


@pytest.mark.parametrize(("name", "k"), [("grr", 3), ("grr", 100), ("pgr", 4), ("oue", 5)])
def test_what_is_played_is_what_is_drawn(name: str, k: int) -> None:
    """Tabulated reports are counted as single ones are, whatever the levels."""
    m = ldpaudit.mechanism(name, k=k, epsilon=1.5)
    for rules in ({}, {"decide": 1.4, "sharp": 1.6}, {"decide": 1.6, "sharp": 0.2}):
        for size in (100, 50_000):
            game = KaryGame(m, **rules)
            drawn = game.count(game.draw(size, stream(0)))
            assert game.played(size, stream(0)) == drawn
            assert drawn[0].trials == size
    pair = PairGame(m, create("attacks", "distinguish"), "likelihood-ratio", (1, 0))
    assert pair.played(500, stream(0)) == pair.count(pair.draw(500, stream(0)))


def test_the_pilot_finds_the_level_of_a_graded_score() -> None:
    """One report in ten is certain, the rest nearly empty: to decide on those alone is best."""
    rng = np.random.default_rng(0)
    clear = rng.random(20_000) < 0.1
    first = rng.random(20_000) < 0.5
    right = np.where(clear, rng.random(20_000) < 0.731, rng.random(20_000) < 0.52)
    score = np.where(right == first, 1.0, -1.0) * np.where(clear, 1.0, 0.05)
    game, _ = pair_game([0, 0], 2, (0, 1))
    promise = ExpectedBound(registered_bound("posterior-odds"), Claim(1.0))
    fixed, expected = game.fixed(ScoredReports(score, first), 200_000, promise)
    assert 0.05 < fixed.decide <= 1.0
    assert 0.9 < expected <= 1.0


def test_a_violation_that_a_pilot_shows_is_not_given_up_for_luck() -> None:
    """A score of 1 is e^2 times likelier of the first input; one of 9 was 30 times its, never else.

    Where the common score is no likelier than claimed, the rare one is the only hope.
    """
    promise = ExpectedBound(registered_bound("posterior-odds"), Claim(1.0))
    for ratio, chosen in ((math.exp(2), 1), (math.exp(1), 9)):
        hits, rest = [30, 2_000], 10_000
        false_hits = [0, round(2_000 / ratio)]
        score = np.repeat([9.0, 1.0, 0.0] * 2, [*hits, rest - sum(hits), *false_hits, rest])
        first = np.arange(score.size) < rest
        game, _ = pair_game([0, 0], 2, (0, 1))
        fixed, _ = game.fixed(ScoredReports(score, first), 200_000, promise)
        assert fixed.side == 1
        seen = fixed.count(ScoredReports(score, first))[1].hits
        assert seen == {9: 30, 1: 2_030}[chosen]


# ------------------------------------------------------ which game is played


def prepared(m: Any, bound: str = "posterior-odds", trials: int = 10_000, **rest: Any) -> Prepared:
    options: dict[str, Any] = {"pair": (0, 1), "seed": 0, "identity": "id"} | rest
    options["claim"] = Claim(m.epsilon, options.pop("delta", 0.0))
    found = prepare(m, registered_bound(bound), options.pop("pair"), trials, **options)
    assert isinstance(found, Prepared)
    return found


def shown(found: Evidence, bound: str = "posterior-odds", alpha: float = 0.05) -> float:
    return found.lower_bound(registered_bound(bound), Claim(1.0), alpha).epsilon_lower


def test_randomized_response_plays_the_k_ary_game() -> None:
    """It pools what every input teaches; a pair of 25 inputs is rarely reported."""
    m = ldpaudit.mechanism("grr", k=25, epsilon=1.0)
    ready = prepared(m, trials=20_000)
    found = ready.play(40_000)
    assert isinstance(found.game, KaryGame)
    assert (found.counts.guesses.num_candidates, found.counts.guesses.trials) == (25, 40_000)
    assert "of their own at no cost" in found.searched
    pair = prepared(m, trials=20_000, witness="distinguish")
    gains = [shown(ready.play(40_000, look=i)) - shown(pair.play(40_000, look=i))
             for i in range(60)]  # fmt: skip
    assert np.mean(gains) > 0  # expected 0.023, 5 standard errors


@pytest.mark.parametrize("name", ["ss", "oue", "olh", "mss"])
def test_the_others_play_the_pair_game(name: str) -> None:
    m = ldpaudit.mechanism(name, k=25, epsilon=1.0)
    found = prepared(m, pair=(3, 7)).play(20_000)
    assert isinstance(found.game, PairGame)
    bound = found.lower_bound(registered_bound("posterior-odds"), Claim(1.0), 0.05)
    assert "(3, 7)" in bound.event
    assert bound.epsilon_lower > 0.9


def test_the_event_bound_needs_the_pair() -> None:
    m = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
    found = prepared(m, "clopper-pearson", 20_000).play(40_000)
    assert isinstance(found.game, PairGame)
    bound = found.lower_bound(registered_bound("clopper-pearson"), Claim(1.0), 1e-6)
    assert 0.8 < bound.epsilon_lower < 1
    assert bound.trials == 40_000
    assert "favours input" in bound.event
    assert 0.8 < shown(found, alpha=1e-6) < 1  # the same counts serve both bounds


def test_the_pilot_is_no_part_of_the_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pilot of another size may change the rules, never the reports that are judged."""
    m = ldpaudit.mechanism("ss", k=25, epsilon=1.0)
    before = prepared(m, trials=5000).play(10_000)
    monkeypatch.setattr(preparation, "_PILOT", (12_345, 12_345))
    after = prepared(m, trials=5000).play(10_000)
    assert before.counts.guesses == after.counts.guesses


def test_a_leak_on_one_side_is_seen_by_the_event() -> None:
    """One report in 200 of input 0 says so, and no other ever does.

    A pilot that shows as much lifts the cap of the guesses too; without one they miss it.
    """

    @dataclass(frozen=True)
    class Leaky:
        k: int = 2
        epsilon: float = 1.0

        def privatize(self, values: Any, *, rng: np.random.Generator) -> Ints:
            own = np.asarray(values)
            told = rng.random(own.size) < 0.731
            plain = np.where(told, own, 1 - own)
            return np.where((own == 0) & (rng.random(own.size) < 0.005), 2, plain)

        def log_likelihood(self, reports: Ints, values: Any = None) -> Any:
            asked = np.arange(2) if values is None else np.asarray(values)
            table = np.array([[0.731 * 0.995, 0.269 * 0.995, 0.005], [0.269, 0.731, 0.0]])
            with np.errstate(divide="ignore"):
                return np.log(table[asked].T[reports])

    found = prepared(Leaky(), trials=100_000).play(200_000)
    bound = found.lower_bound(registered_bound("posterior-odds"), Claim(1.0), 0.05)
    assert bound.epsilon_lower > 3
    event = found.counts.beside
    assert isinstance(event, EventCounts)
    assert registered_bound("clopper-pearson").from_event(event, Claim(1.0), 0.05) > 3
    game = prepared(Leaky(), trials=1_000).game
    assert isinstance(game, PairGame)
    counted = PairGame(game.mechanism, game.distinguisher, game.witness, game.pair)
    counts, _ = counted.played(200_000, np.random.default_rng(3))
    guesses = create("bounds", "posterior-odds").from_guesses(
        counts, alpha=0.05, delta=0.0, claimed=1.0
    )
    assert guesses < 1.05


@pytest.mark.parametrize(("name", "k"), [("grr", 2), ("oue", 4), ("grr", 9)])
def test_the_whole_procedure_keeps_its_level(name: str, k: int) -> None:
    """Pilot, choice, game and event together: 300 audits, level 0.2, alarms once in 1e6."""
    m = ldpaudit.mechanism(name, k=k, epsilon=1.0)
    runs = (prepared(m, trials=400, seed=seed).play(800) for seed in range(300))
    wrong = sum(shown(run, alpha=0.2) > 1.0 for run in runs)
    assert wrong <= stats.binom.isf(1e-6, 300, 0.2)


@pytest.mark.parametrize("jobs", [1, 2])
def test_streams_of_a_game_add_up_in_any_number_of_processes(
    jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "BLOCK", 30_000)
    ready = prepared(ldpaudit.mechanism("oue", k=8, epsilon=1.0))
    whole = ready.play(70_000, jobs=jobs).counts
    parts = [ready.count(n, "0", str(i)) for i, n in enumerate((30_000, 30_000, 10_000))]
    assert whole.guesses.correct == sum(p.guesses.correct for p in parts)
    assert whole.beside == parts[0].beside + parts[1].beside + parts[2].beside  # type: ignore[operator]
    assert len({p.guesses.correct for p in parts}) == 3


def test_counts_of_two_games_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="different numbers of candidates cannot be added"):
        GuessCounts(2, 0, 0, 0) + GuessCounts(3, 0, 0, 0)


def test_levels_start_at_nothing_and_are_apart() -> None:
    assert thresholds.steps(np.array([-1.0, 0.0])) == []
    assert thresholds.steps(np.array([1.0, 1.0 + 1e-9, 2.0])) == [
        0.0,
        pytest.approx(2.0, rel=2e-6),
    ]
    assert thresholds.steps(np.array([1.0, math.inf])) == [0.0, math.inf]


def test_an_unknown_witness_is_named() -> None:
    with pytest.raises(ValueError, match="unknown witness 'psychic'"):
        prepared(ldpaudit.mechanism("grr", k=4, epsilon=1.0), witness="psychic")
