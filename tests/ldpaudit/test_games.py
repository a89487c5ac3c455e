"""What is drawn, and that names alone decide the draws."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

import ldpaudit
from ldpaudit import games
from ldpaudit.games import chunks, stream
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

    def guess(
        self,
        reports: Ints,
        mechanism: Any,  # noqa: ARG002
        prior: Any,  # noqa: ARG002
        *,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Any:
        return self.answers[reports].astype(int)


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
