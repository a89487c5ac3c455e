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
from ldpaudit.auditing import attack_success
from ldpaudit.auditing.attackers import Beliefs
from ldpaudit.registry import create
from ldpaudit.sampling import chunks, pieces, report_entries, stream, tabulate

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


@pytest.mark.parametrize("total", [0, 1, 7, 32_768, 1_000_003])
@pytest.mark.parametrize("entries", [1, 64, 1000, 2**30])
def test_chunks_add_up_and_stay_small(total: int, entries: int) -> None:
    sizes = list(chunks(total, entries))
    assert sum(sizes) == total
    assert all(size > 0 and (size == 1 or size * entries <= 2**21) for size in sizes)
    assert max(sizes, default=0) <= 2**17


def test_reports_that_are_large_are_drawn_in_smaller_batches() -> None:
    """A report of oue is 1000 bits, one of she a thousand of 13; others are a byte a value."""
    bits, floats = (ldpaudit.mechanism(name, k=1000, epsilon=1.0) for name in ("oue", "she"))
    assert report_entries(bits) == 16 + 1000 // 16
    assert report_entries(floats) == 16 + 13_000 // 16
    assert report_entries(Plain(1000, Counter())) == 16 + 8000 // 16


MANY = np.random.default_rng(1).integers(0, 9, 600_000)


@pytest.mark.parametrize(
    ("reports", "at_once"),
    [
        (MANY, True),
        (MANY.astype(np.uint8), True),
        (MANY.astype(np.uint64), True),
        (MANY[MANY != 4], True),  # never sent, so never read
        (np.array([7]), False),
        (MANY[:32], False),  # too few for so many numbers
        (MANY - 1, False),
        (MANY + 2**40, False),
        (MANY / 2, False),
        (MANY.astype(bool), False),
        (MANY.astype(str), False),
        (MANY.reshape(-1, 2), False),
        (MANY.view([("a", np.int64)]), False),
        (MANY.tolist(), False),
        (MANY[:0], False),
    ],
)
def test_pieces_are_all_reports_in_order(reports: Any, at_once: bool) -> None:
    found = list(pieces(reports, 7))
    assert (len(found) == 1 and not isinstance(found[0][2], slice)) == at_once
    place = 0
    for rows, read, which in found:
        assert rows.start == place < rows.stop
        place = rows.stop
        assert len(read) * 7 <= 2**18
        assert type(read) is type(reports)
        np.testing.assert_array_equal(np.asarray(read)[which], reports[rows])
        if at_once:
            assert read.dtype == reports.dtype
            assert read.tolist() == sorted(set(reports.tolist()))
    assert place == len(reports)


@pytest.mark.parametrize("kind", [np.int64, np.uint16, np.uint64])
def test_reports_are_tabulated_by_value(kind: type) -> None:
    """Against a loop; a report that nobody sent is not read."""
    sent = MANY[:1000][MANY[:1000] != 4].astype(kind)
    own = np.random.default_rng(2).integers(0, 3, len(sent))
    counted = tabulate(own, sent, 3)
    assert counted is not None
    read, times = counted
    assert read.dtype == kind
    assert read.tolist() == [0, 1, 2, 3, 5, 6, 7, 8]
    pairs = Counter(zip(own.tolist(), sent.tolist(), strict=True))
    assert times.tolist() == [[pairs[v, y] for y in read.tolist()] for v in range(3)]
    assert tabulate(own[:48], sent[:48], 3) is None  # 9 numbers x 3 values are more than half
    assert tabulate(own, sent.astype(float), 3) is None


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
    truth, known = Scripted([0, 1, 2, 3]), Beliefs.of(prior)
    assert attack_success.success_count(truth, Plain(4, seen), known, n, stream(0, "p")) == n
    assert seen[3] == 0
    assert not any(off(seen[v], n, float(p)) for v, p in enumerate(prior))
    always_one = Scripted([1, 1, 1, 1])
    hits = attack_success.success_count(always_one, Plain(4, Counter()), known, n, stream(0, "p"))
    assert hits == seen[1]  # the same stream draws the same users


@pytest.mark.parametrize("prior", [None, [0.7, 0.1, 0.1, 0.1]])
@pytest.mark.parametrize("name", ["grr", "ss", "oue", "olh", "mss"])
def test_bayes_succeeds_as_often_as_the_formula_says(name: str, prior: list[float] | None) -> None:
    """Five protocols x two priors at 6e-7 each."""
    m = ldpaudit.mechanism(name, k=4, epsilon=1.0)
    law = np.full(4, 0.25) if prior is None else np.array(prior)
    bayes = create("attacks", "bayes")
    n = 40_000
    hits = attack_success.success_count(bayes, m, Beliefs.of(law), n, stream(3, name))
    assert not off(hits, n, m.vulnerability(law))


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([0, 1, 2, 4], r"values must lie in \[0, 4\), got 4"),
        ([0, 1, 2, -1], r"values must lie in \[0, 4\), got -1"),
        ([[0], [1], [2], [3]], r"must return one guess per report, got shape \(100, 1\)"),
    ],
)
def test_impossible_guesses_are_an_error(answers: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        attack_success.success_count(
            Scripted(answers), Plain(4, Counter()), Beliefs.of(np.full(4, 0.25)), 100, stream(0)
        )
