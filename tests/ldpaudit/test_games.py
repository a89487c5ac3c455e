"""What is drawn, what is counted, and that names alone decide the draws."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

import ldpaudit
from ldpaudit import games
from ldpaudit.games import Evidence, PairCounts, Said, chunks, pair_counts, play, stream
from ldpaudit.outcomes import GuessCounts
from ldpaudit.registry import create

Ints = npt.NDArray[np.int64]
GRR = ldpaudit.mechanism("grr", k=4, epsilon=1.0)
#: Two-sided tail of five standard errors: each comparison below alarms falsely so often.
FALSE_ALARM = 6e-7


def off(hits: int, trials: int, probability: float) -> bool:
    return bool(stats.binomtest(hits, trials, probability).pvalue < FALSE_ALARM)


# ------------------------------------------------------------------ streams


def test_streams_depend_on_every_name_and_its_place() -> None:
    names = [("a",), ("b",), ("a", "b"), ("b", "a"), ("ab",), ("a", "b", ""), ()]
    first = [float(stream(seed, *parts).random()) for seed in (0, 1) for parts in names]
    assert len(set(first)) == len(first)
    assert stream(0, "a", "b").random(3).tolist() == stream(0, "a", "b").random(3).tolist()


def test_a_stream_is_the_same_in_every_release() -> None:
    """Pinned: results must not change unannounced. SHA-256, SeedSequence and PCG64 are stable."""
    assert stream(0, "a").integers(0, 2**32, 3).tolist() == [2491896722, 460266637, 106926783]


@pytest.mark.parametrize("total", [0, 1, 7, 32_768, 100_003])
@pytest.mark.parametrize("entries", [1, 64, 1000, 2**30])
def test_chunks_add_up_and_stay_small(total: int, entries: int) -> None:
    sizes = list(chunks(total, entries))
    assert sum(sizes) == total
    assert all(size > 0 and (size == 1 or size * entries <= 2**21) for size in sizes)
    assert max(sizes, default=0) <= 2**15


# ---------------------------------------------------------------- the games


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
    """A distinguisher or attacker that answers by a table."""

    def __init__(self, answers: list[float]) -> None:
        self.answers = np.array(answers)

    def applies(self, mechanism: Any) -> str | None:  # noqa: ARG002
        return None

    def score(
        self,
        reports: Ints,
        mechanism: Any,  # noqa: ARG002
        pair: tuple[int, int],  # noqa: ARG002
        *,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Any:
        return self.answers[reports]

    def guess(
        self,
        reports: Ints,
        mechanism: Any,  # noqa: ARG002
        prior: Any,  # noqa: ARG002
        *,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Any:
        return self.answers[reports].astype(int)


def test_the_pair_game_draws_a_coin_for_every_report() -> None:
    seen: Counter[int] = Counter()
    n = 100_000
    counts = pair_counts(Scripted([0, 0, 1, -1]), Plain(4, seen), (2, 3), n, stream(0, "coin"))
    assert set(seen) == {2, 3}
    assert seen.total() == n
    assert not off(seen[2], n, 0.5)
    assert seen[2] != n // 2
    assert counts == PairCounts(Said(seen[2], 0, 0), Said(0, seen[3], 0))
    assert counts.guesses == GuessCounts(2, n, n, n)


def test_the_pair_game_counts_what_was_said() -> None:
    """Right about 2, silent about 1; then wrong about both; infinite scores are decisions."""
    seen: Counter[int] = Counter()
    counts = pair_counts(Scripted([9, 0, 0.5]), Plain(3, seen), (2, 1), 1000, stream(0, "x"))
    assert counts == PairCounts(Said(seen[2], 0, 0), Said(0, 0, seen[1]))
    assert counts.guesses == GuessCounts(2, seen[2], seen[2], 1000)
    assert (counts.event.hits, counts.event.false_hits) == (seen[2], 0)
    wrong = pair_counts(Scripted([-math.inf, math.inf]), Plain(2, seen), (0, 1), 500, stream(0))
    assert wrong.guesses == GuessCounts(2, 0, 500, 500)


def test_the_k_ary_game_draws_users_from_the_prior() -> None:
    prior = np.array([0.5, 0.3, 0.2, 0.0])
    seen: Counter[int] = Counter()
    n = 50_000
    truth = Scripted([0, 1, 2, 3])
    assert games.success_counts(truth, Plain(4, seen), prior, n, stream(0, "p")) == n
    assert seen[3] == 0
    assert not any(off(seen[v], n, float(p)) for v, p in enumerate(prior))
    always_one = Scripted([1, 1, 1, 1])
    hits = games.success_counts(always_one, Plain(4, Counter()), prior, n, stream(0, "p"))
    assert hits == seen[1]  # the same stream draws the same users


@pytest.mark.parametrize("prior", [None, [0.7, 0.1, 0.1, 0.1]])
@pytest.mark.parametrize("name", ["grr", "ss", "oue", "olh", "mss"])
def test_bayes_succeeds_as_often_as_the_formula_says(name: str, prior: list[float] | None) -> None:
    """Five protocols x two priors at 6e-7 each."""
    m = ldpaudit.mechanism(name, k=4, epsilon=1.0)
    law = np.full(4, 0.25) if prior is None else np.array(prior)
    bayes = create("attacks", "bayes")
    n = 40_000
    hits = games.success_counts(bayes, m, law, n, stream(3, name))
    assert not off(hits, n, m.vulnerability(law))


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([0, 1, 2, 4], r"values must lie in \[0, 4\), got 4"),
        ([0, 1, 2, -1], r"values must lie in \[0, 4\), got -1"),
        ([[0], [1], [2], [3]], r"must return one guess a report, got shape \(100, 1\)"),
    ],
)
def test_impossible_guesses_are_an_error(answers: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        games.success_counts(
            Scripted(answers), Plain(4, Counter()), np.full(4, 0.25), 100, stream(0)
        )


@pytest.mark.parametrize("answers", [[0.0, math.nan], [[0.0], [1.0]]])
def test_scores_are_one_number_a_report(answers: Any) -> None:
    with pytest.raises(ValueError, match="must return one score a report and no nan"):
        pair_counts(Scripted(answers), Plain(2, Counter()), (0, 1), 100, stream(0))


# ------------------------------------------------------ which game is played


def certify(evidence: Evidence | str, bound: str = "posterior-odds") -> float:
    assert isinstance(evidence, Evidence)
    return evidence.certify(bound, alpha=0.05, delta=0.0, claimed=1.0).epsilon_lower


def test_randomized_response_plays_the_k_ary_game() -> None:
    """It pools what every input teaches; a pair of 25 inputs is rarely reported."""
    m = ldpaudit.mechanism("grr", k=25, epsilon=1.0)
    evidence = play(m, "posterior-odds", (0, 1), 20_000, 0.0, 0, "id")
    assert isinstance(evidence, Evidence)
    assert isinstance(evidence.counts, GuessCounts)
    assert (evidence.counts.num_candidates, evidence.counts.trials) == (25, 40_000)
    assert evidence.event.startswith("25-ary game: ")
    assert "separate pilot" in evidence.searched
    pair = pair_counts(create("attacks", "distinguish"), m, (0, 1), 40_000, stream(0, "pair"))
    assert certify(evidence) > certify(Evidence(pair, "", "")) + 0.01


@pytest.mark.parametrize("name", ["ss", "oue", "olh", "mss"])
def test_the_others_play_the_pair_game(name: str) -> None:
    m = ldpaudit.mechanism(name, k=25, epsilon=1.0)
    evidence = play(m, "posterior-odds", (3, 7), 10_000, 0.0, 0, "id")
    assert isinstance(evidence, Evidence)
    assert isinstance(evidence.counts, PairCounts)
    assert "(3, 7)" in evidence.event
    assert certify(evidence) > 0.9


def test_two_values_leave_nothing_to_choose() -> None:
    m = ldpaudit.mechanism("grr", k=2, epsilon=1.0)
    evidence = play(m, "posterior-odds", (0, 1), 1000, 0.0, 0, "id")
    assert isinstance(evidence, Evidence)
    assert evidence.searched.startswith("nothing")


def test_the_event_bound_needs_the_pair() -> None:
    evidence = play(GRR, "clopper-pearson", (0, 1), 20_000, 0.0, 0, "id")
    assert isinstance(evidence, Evidence)
    assert isinstance(evidence.counts, PairCounts)
    assert evidence.searched.startswith("nothing")
    found = evidence.certify("clopper-pearson", alpha=0.05, delta=0.0, claimed=1.0)
    assert 0.8 < found.epsilon_lower < 1
    assert found.trials == 40_000
    assert 0.8 < certify(evidence) < 1  # the same counts serve both bounds


def test_the_pilot_is_no_part_of_the_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pilot of another size may change the game, never the reports that are judged."""
    m = ldpaudit.mechanism("ss", k=25, epsilon=1.0)
    before = play(m, "posterior-odds", (0, 1), 5000, 0.0, 0, "id")
    monkeypatch.setattr(games, "_PILOT", 12_345)
    after = play(m, "posterior-odds", (0, 1), 5000, 0.0, 0, "id")
    assert isinstance(before, Evidence)
    assert isinstance(after, Evidence)
    assert before.counts == after.counts


def test_without_a_likelihood_there_is_no_game() -> None:
    said = play(Plain(4, Counter()), "posterior-odds", (0, 1), 100, 0.0, 0, "id")
    assert said == "the mechanism has no log_likelihood"
