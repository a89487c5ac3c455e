"""What is counted for many pairs at once, against loops; and the rules that a pilot fixes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

import ldpaudit
from ldpaudit.claim import Claim
from ldpaudit.games.pair_game import PairGame
from ldpaudit.games.scores import ScoredReports
from ldpaudit.selection import multiple_testing, pair_counts
from ldpaudit.selection.pairs import Pairs, Reader, learned, likelihood, some_values
from tests.broken import Response

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CHANNEL = np.array([[0.5, 0.3, 0.2, 0.0], [0.2, 0.4, 0.3, 0.1], [0.0, 0.4, 0.5, 0.1]])


@dataclass(frozen=True)
class Channel(Response):
    """Reports by a table, as numbers or each in a row of its own; remembers what it was given."""

    table: Any = None
    rows: bool = False

    @property
    def channel(self) -> Floats:
        return np.asarray(self.table)

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Ints:
        reports = super().privatize(values, rng=rng)
        return reports[:, None] if self.rows else reports

    def log_likelihood(self, reports: Ints, values: npt.ArrayLike | None = None) -> Floats:
        return super().log_likelihood(np.asarray(reports).reshape(-1), values)


def counted(table: Floats, own: Ints, levels: Floats) -> tuple[Ints, Ints]:
    """Reports for their own value, and against it, one by one."""
    right, wrong = np.zeros((2, *levels.shape), dtype=np.int64)
    for scores, u in zip(table, own, strict=True):
        for c in range(len(levels)):
            for w in range(table.shape[1]):
                if w != u:
                    margin = scores[u] - scores[w]
                    right[c, u, w] += margin > levels[c, u, w]
                    wrong[c, u, w] += -margin > levels[c, u, w]
    return right, wrong


def test_a_tally_counts_every_pair_as_a_loop_does() -> None:
    rng = np.random.default_rng(0)
    over = Pairs.among(np.arange(5), 5)
    levels = over.square(rng.integers(0, 3, (4, len(over))).astype(np.float64) + 1e-9)
    table = rng.integers(-2, 3, (200, 5)).astype(float)
    own = rng.integers(0, 5, 200)
    table[rng.random(table.shape) < 0.1] = -math.inf
    table[np.arange(200), own] = np.maximum(table[np.arange(200), own], -2.0)
    got = pair_counts.tally([(table[own == u], None) for u in range(5)], levels)
    right, wrong = counted(table, own, levels)
    np.testing.assert_array_equal(got.right, right)
    np.testing.assert_array_equal(got.wrong, wrong)
    np.testing.assert_array_equal(got.drawn, np.bincount(own, minlength=5))


def test_rows_that_were_seen_often_count_as_often() -> None:
    rng = np.random.default_rng(1)
    over = Pairs.among(np.arange(3), 3)
    levels = over.square(np.array([[1e-9, 0.5, 1.0]]))
    parts = [rng.normal(size=(6, 3)) for _ in range(3)]
    seen = [rng.integers(0, 9, 6) for _ in range(3)]
    once = pair_counts.tally(list(zip(parts, seen, strict=True)), levels)
    each = pair_counts.tally(
        [(np.repeat(t, n, axis=0), None) for t, n in zip(parts, seen, strict=True)], levels
    )
    for one, two in zip(once, each, strict=True):
        np.testing.assert_array_equal(one, two)


def test_reports_are_read_alike_whatever_their_form() -> None:
    """As numbers, of which each is read once, and as rows; infinite ratios on the way."""
    over = Pairs.among(np.arange(3), 3)
    tallies = []
    for rows in (False, True):
        m = Channel(3, 1.0, CHANNEL, rows)
        table = likelihood(m, over.values)
        owns = pair_counts.uniformly(5000, m, 3, np.random.default_rng(2))
        levels = np.array([[1e-9] * 3, [0.5] * 3, [pair_counts.MOST] * 3])
        tallies.append(pair_counts.watch(m, table, over, owns, levels, np.random.default_rng(3)))
    for one, two in zip(*tallies, strict=True):
        np.testing.assert_array_equal(one, two)
    total = tallies[0]
    assert total.drawn.sum() == 5000
    assert total.right[2, 0, 2] > 0  # report 0 is never sent for value 2: an infinite ratio
    assert total.right[2, 0, 1] == total.wrong[2].sum() == 0


def test_one_pair_is_the_same_from_the_tally_and_from_its_own_reports() -> None:
    """Guesses and events of both sides, pair by pair, as a pair game counts them."""
    rng = np.random.default_rng(4)
    over = Pairs.named([(2, 4), (4, 1), (1, 2)], 9)
    assert [over[i] for i in range(3)] == [(1, 2), (1, 4), (2, 4)]
    own = rng.integers(0, 3, 600)
    table = rng.integers(-2, 3, (600, 3)).astype(float)
    rules = pair_counts.Rules(
        np.array([1e-9, 0.5, 1.5]), np.array([1.5, 1e-9, 2.5]), np.array([1, -1, -1]), np.zeros(3)
    )
    square = over.square(np.stack([rules.decide, rules.event]))
    total = pair_counts.tally([(table[own == u], None) for u in range(3)], square)
    reader = Reader("distinguish", None, lambda reports: reports, 0)
    played = multiple_testing.games(Response(9, 1.0), over, reader, rules, total, "")
    for i, (u, w) in enumerate([(0, 1), (0, 2), (1, 2)]):
        mine = (own == u) | (own == w)
        score, first = table[mine, u] - table[mine, w], own[mine] == u
        guesses, event = cast(PairGame, played[i].game).count(ScoredReports(score, first))
        assert played[i].counts == (guesses, event)
        assert total.guesses(0, over, i) == guesses
        assert total.event(1, over, i, int(rules.side[i])) == event


def test_scores_that_say_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="must not be nan or all -inf"):
        pair_counts.margins(np.array([[-math.inf, -math.inf]]), 0)
    reports, own = np.zeros((4, 1)), np.array([0, 1, 0, 1])
    with pytest.raises(ValueError, match="one score for each of 2 values, got shape"):
        list(pair_counts.by_value(lambda r: np.zeros(len(r)), reports, own, 2))


# ---------------------------------------------------------------- which pairs, which rules


def grr(k: int) -> Any:
    return ldpaudit.mechanism("grr", k=k, epsilon=1.0)


def test_all_pairs_of_few_values_and_of_some_where_they_are_many() -> None:
    few = some_values(grr(25), np.random.default_rng(0))
    assert few.tolist() == list(range(25))
    assert str(Pairs.among(few, 25)) == "600 ordered pairs"
    many = some_values(grr(1024), np.random.default_rng(0))
    assert len(set(many.tolist())) == 25
    assert {0, 1, 1023} < set(many.tolist())
    assert sorted(many) == many.tolist()
    assert str(Pairs.among(many, 1024)) == "600 ordered pairs (of 1,047,552)"
    other = some_values(grr(1024), np.random.default_rng(1))
    assert other.tolist() != many.tolist()
    assert len(set(some_values(grr(26), np.random.default_rng(2)).tolist())) == 25


def test_thresholds_are_levels_that_were_seen() -> None:
    margin = np.array([[0.0, 1.0, -2.0, 3.0], [0.0, 0.0, 0.0, 0.0], [math.inf, 0.0, -1.0, 0.0]])
    levels = pair_counts._levels(margin)
    assert levels.shape == (pair_counts.LEVELS, 3)
    assert set(np.round(levels[1:, 0], 5)) == {1.0, 2.0, 3.0}
    assert (levels[0] == pair_counts.LEAST).all()
    assert (levels[:, 1] == pair_counts.LEAST).all()
    assert levels[-1, 2] == pair_counts.MOST
    assert (levels[1:, 0] < np.ceil(levels[1:, 0])).all()  # so that a level reaches itself


def pilot_tally(right: Any, wrong: Any, drawn: int) -> pair_counts.PairCounts:
    return pair_counts.PairCounts(np.array(right), np.array(wrong), np.full(len(right[0]), drawn))


def test_rules_promise_what_many_reports_show() -> None:
    """Two levels: at the first 3 : 1, at the second 9 : 1 of a third of the reports."""
    over = Pairs.among(np.arange(2), 2)
    seen = pilot_tally(
        [[[0, 600], [600, 0]], [[0, 270], [270, 0]]],
        [[[0, 200], [200, 0]], [[0, 30], [30, 0]]],
        1000,
    )
    levels = np.array([[1e-9], [1.0]])
    rules = pair_counts.fixed(levels, seen, over, Claim(1.0, 0.0), reports=1e6)
    assert rules.decide.tolist() == rules.event.tolist() == [1.0]
    assert rules.promised[0] == pytest.approx(math.log(9), abs=0.05)
    shy = pair_counts.fixed(levels, seen, over, Claim(1.0, 0.0), reports=20)
    assert shy.decide.tolist() == [1e-9]  # of twenty reports too few would reach the second
    careful = pair_counts.fixed(levels, seen, over, Claim(1.0, 0.25), reports=1e6)
    assert careful.decide.tolist() == [1e-9]  # delta alone explains the second


def test_rules_find_the_side_that_leaks() -> None:
    """A rare report that only value 1 sends: an event of (1, 0), which the guesses average out."""
    over = Pairs.among(np.arange(2), 2)
    seen = pilot_tally(
        [[[0, 700], [700, 0]], [[0, 0], [20, 0]]], [[[0, 300], [300, 0]], np.zeros((2, 2))], 1000
    )
    rules = pair_counts.fixed(np.array([[1e-9], [5.0]]), seen, over, Claim(1.0, 0.0), reports=1e6)
    assert rules.side.tolist() == [-1]
    assert rules.event.tolist() == [5.0]
    nothing = pilot_tally(np.zeros((1, 2, 2)), np.zeros((1, 2, 2)), 1000)
    rules = pair_counts.fixed(np.array([[1e-9]]), nothing, over, Claim(1.0, 0.0), reports=1e6)
    assert rules.promised.tolist() == [-math.inf]


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([], "at least one pair"),
        ("01", "at least one pair"),
        ([(0, 0)], "two different inputs, got \\(0, 0\\)"),
        ([(0, 1, 2)], "two different inputs"),
        ([(0, 7)], "every input of pairs must be at most 6, got 7"),
        ([(-1, 2)], "every input of pairs must be at least 0"),
    ],
)
def test_named_pairs_are_checked(pairs: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Pairs.named(pairs, 7)


def test_too_many_inputs_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 100 different inputs, got 101"):
        Pairs.named([(0, v) for v in range(1, 101)], 500)


# ---------------------------------------------------------------- the witness that is learned


@dataclass(frozen=True)
class Histogram:
    """Learns by counting reports; the ratio of smoothed shares is its score."""

    score_of: Floats | None = None

    def fit(self, reports: Ints, labels: Any, *, rng: np.random.Generator) -> Histogram:  # noqa: ARG002
        shares = [np.bincount(reports[labels == own], minlength=4) + 1e-3 for own in (True, False)]
        return Histogram(np.log(shares[0] / shares[0].sum()) - np.log(shares[1] / shares[1].sum()))

    def applies(self, mechanism: Any) -> str | None:  # noqa: ARG002
        return None

    def score(self, reports: Ints, mechanism: Any, pair: Any, *, rng: Any) -> Floats:  # noqa: ARG002
        assert self.score_of is not None
        return self.score_of[reports]


def test_one_witness_an_input_estimates_every_ratio() -> None:
    """Each against a draw of all, so differences of scores are ratios of two inputs."""
    m, values = Channel(3, 1.0, CHANNEL), np.arange(3)
    table, _ = learned(Histogram(), m, values, 400_000, np.random.default_rng(0))
    scores = table(np.arange(4))
    with np.errstate(divide="ignore"):
        exact = np.log(CHANNEL.T)
    for u, w in combinations(range(3), 2):
        known = np.isfinite(exact[:, u] - exact[:, w])
        got = (scores[:, u] - scores[:, w])[known]
        np.testing.assert_allclose(got, (exact[:, u] - exact[:, w])[known], atol=0.05)
