"""The search for the worst pair: it finds what leaks, and never more than there is."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import ldpaudit
from ldpaudit.registry import create
from ldpaudit.selection import pairs
from ldpaudit.selection.methods import (
    Bonferroni,
    EValues,
    Holm,
    PilotSplit,
    Pooled,
    Selection,
    selection,
)
from ldpaudit.selection.search import worst_pair
from tests.broken import Response

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ALL: list[Selection] = [PilotSplit(), Bonferroni(), Holm(), EValues(), Pooled()]
K, ALPHA = 25, 0.05
#: Tests of how pairs are chosen have no use for a second witness.
BY_LIKELIHOOD = "distinguish"


def limit(repetitions: int) -> float:
    """Alpha and five standard errors: a false alarm in about 3e6."""
    return ALPHA + 5 * math.sqrt(ALPHA * (1 - ALPHA) / repetitions)


@dataclass(frozen=True)
class Channel(Response):
    """Reports by a table; claims (epsilon, delta) and remembers what it was given."""

    table: Any = None
    delta: float = 0.0
    given: Counter[int] = field(default_factory=Counter, compare=False, repr=False)

    @property
    def channel(self) -> Floats:
        return np.asarray(self.table)

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Ints:
        self.given.update(np.asarray(values).tolist())
        return super().privatize(values, rng=rng)


def tells(k: int, delta: float) -> Floats:
    """Randomized response that says k + value with probability delta: tight at (1, delta)."""
    return np.hstack([(1 - delta) * Response(k, 1.0).channel, delta * np.eye(k)])


@pytest.mark.parametrize("chosen", ALL, ids=str)
def test_bounds_of_whole_searches_hold_with_delta(chosen: Selection) -> None:
    """200 searches of an (1, 0.02)-LDP mechanism whose epsilon at delta = 0 is infinite."""
    m, repetitions = Channel(6, 1.0, tells(6, 0.02), 0.02), 200
    found = [
        worst_pair(m, chosen, trials=600, verdict_alpha=ALPHA, seed=s, witness=BY_LIKELIHOOD)
        for s in range(repetitions)
    ]
    errors = np.mean([f.bound.epsilon_lower > 1 for f in found])
    assert errors < limit(repetitions)
    assert np.mean([len(f.violations) > 0 for f in found]) < limit(repetitions)
    assert np.median([f.bound.epsilon_lower for f in found]) > 0.4
    naive = worst_pair(replace(m, delta=0.0), chosen, trials=3000, witness=BY_LIKELIHOOD)
    assert naive.verdict_bound.epsilon_lower > 1


def one_pair(extra: float = math.log(2)) -> Floats:
    """Value 7 says 12 too rarely: only the ordered pair (12, 7) leaks, and 1 + extra."""
    table = Response(K, 1.0).channel
    freed = table[7, 12] * (1 - math.exp(-extra))
    others = np.setdiff1d(np.arange(K), [7, 12])
    table[7, 12] -= freed
    table[7, others] += freed / len(others)
    return table


@pytest.mark.parametrize("chosen", [PilotSplit(), Bonferroni(), Holm(), EValues()], ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_one_leaking_pair_among_six_hundred_is_found(chosen: Selection, seed: int) -> None:
    m = Channel(K, 1.0, one_pair())
    with np.errstate(divide="ignore"):
        ratios = (np.log(m.channel)[:, None] - np.log(m.channel)).max(axis=2)
    assert np.argwhere(ratios > 1 + 1e-9).tolist() == [[12, 7]]
    found = worst_pair(m, chosen, trials=20_000, seed=seed, witness=BY_LIKELIHOOD)
    assert found.pair == (12, 7)
    assert [sorted(pair) for pair in found.violations] == [[7, 12]]
    assert 1 < found.verdict_bound.epsilon_lower < found.bound.epsilon_lower < 1 + math.log(2)


def test_the_pooled_game_loses_one_pair_among_six_hundred() -> None:
    found = worst_pair(Channel(K, 1.0, one_pair()), Pooled(), trials=20_000)
    assert found.pair is None
    assert found.violations == ()
    assert 0.95 < found.bound.epsilon_lower < 1.01
    assert found.bound.event.startswith("25-ary game")
    assert found.bound.trials == K * 20_000


@pytest.mark.parametrize("chosen", [PilotSplit(), Bonferroni(), Holm(), EValues()], ids=str)
def test_a_leak_on_one_side_is_found(chosen: Selection) -> None:
    """Value 3 alone says 6 at times: an event of (3, v) that the guesses drown."""
    table = np.hstack([Response(6, 1.0).channel, np.zeros((6, 1))])
    table[3] = np.append(0.96 * table[3, :6], 0.04)
    m = Channel(6, 1.0, table)
    found = worst_pair(m, chosen, trials=20_000, witness=BY_LIKELIHOOD)
    assert found.pair is not None
    assert found.pair[0] == 3
    assert found.verdict_bound.epsilon_lower > 1
    assert all(3 in pair for pair in found.violations)
    assert len(found.violations) == (1 if isinstance(chosen, PilotSplit) else 5)


def test_the_result_says_what_was_searched_and_what_it_cost() -> None:
    m = Channel(6, 1.0, Response(6, 1.0).channel)
    split = worst_pair(m, trials=10_000, witness=BY_LIKELIHOOD)
    assert split.bound.searched.startswith(
        "the most promising of 30 ordered pairs at 16 thresholds each, chosen on 12,000 reports "
        "of their own at no cost in alpha; rules for one pair of inputs, fixed on "
    )
    assert split.bound.trials == 48_000  # what is left, all of it on the pair
    others = Counter(m.given)
    one, two = split.pair or (0, 0)
    assert {others[v] for v in range(6)} - {others[one], others[two]} == {2000}
    m.given.clear()
    both = worst_pair(m, Bonferroni(), trials=10_000, witness=BY_LIKELIHOOD)
    assert both.bound.searched == (
        "30 ordered pairs in 15 games, at alpha / 15 each; rules fixed on 6,000 reports of their "
        "own at no cost in alpha"
    )
    assert m.given.total() == 66_000
    assert (both.bound.alpha, both.verdict_bound.alpha) == (0.05, 1e-4)
    money = worst_pair(m, EValues(), trials=10_000, witness=BY_LIKELIHOOD).bound
    assert "15 games, averaged at a cost of at most 2.7 in log evidence" in money.searched
    assert (money.kind, money.bound) == ("anytime", "anytime")
    many = worst_pair(ldpaudit.mechanism("grr", k=400, epsilon=1.0), trials=100)
    assert "600 ordered pairs (of 159,600)" in many.bound.searched


def test_named_pairs_alone_are_searched() -> None:
    m = Channel(K, 1.0, one_pair())
    for chosen in (PilotSplit(), Holm(), EValues()):
        pairs = [(3, 1), (1, 3), (1, 5)]
        found = worst_pair(m, chosen, pairs=pairs, trials=500, witness=BY_LIKELIHOOD)
        assert found.pair is not None
        assert set(found.pair) in ({1, 3}, {1, 5})
        assert "4 ordered pairs (of 600)" in found.bound.searched
    assert set(m.given) == {1, 3, 5}


@pytest.mark.parametrize("chosen", ALL, ids=str)
def test_searches_are_reproducible(chosen: Selection) -> None:
    m = ldpaudit.mechanism("oue", k=5, epsilon=1.0)
    one = worst_pair(m, chosen, trials=500, seed=4)
    assert one == worst_pair(m, chosen, trials=500, seed=4)
    assert one != worst_pair(m, chosen, trials=500, seed=5)


def test_two_values_are_one_pair() -> None:
    for chosen in ALL:
        found = worst_pair(ldpaudit.mechanism("grr", k=2, epsilon=1.0), chosen, trials=20_000)
        assert 0.9 < found.bound.epsilon_lower < 1.02
        assert found.violations == ()


@pytest.mark.parametrize("name", ["clopper-pearson", "katz", "anytime"])
def test_other_bounds_search_too(name: str) -> None:
    m = ldpaudit.mechanism("sue", k=5, epsilon=2.0)
    for chosen in (PilotSplit(), Bonferroni()):
        found = worst_pair(m, chosen, trials=5000, bound=name)
        assert 1.6 < found.bound.epsilon_lower < 2.05
        assert found.bound.kind == create("bounds", name).kind


def test_a_black_box_is_searched_by_one_learned_witness_an_input() -> None:
    @dataclass(frozen=True)
    class Black:
        k: int = 4
        epsilon: float = 1.0

        def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Ints:
            return Response(4, 1.0).privatize(values, rng=rng)

    for chosen, training in ((PilotSplit(), "16,000 training and 1,600"), (Holm(), "16,000")):
        found = worst_pair(Black(), chosen, trials=2_000)
        assert 0.7 < found.bound.epsilon_lower < 1.05
        assert f"on {training}" in found.bound.searched
        assert "learned witness" in found.bound.event
    with pytest.raises(ValueError, match="pooled game needs log_likelihood"):
        worst_pair(Black(), Pooled(), trials=100)
    with pytest.raises(ValueError, match="no log_likelihood"):
        worst_pair(Black(), trials=100, witness="distinguish")


# ---------------------------------------------------------------- what is refused


def test_selections_have_names() -> None:
    names = ["pilot", "bonferroni", "holm", "e-values", "pooled"]
    assert [selection(name) for name in names] == ALL
    with pytest.raises(ValueError, match="unknown selection 'hom'; did you mean holm"):
        selection("hom")


@pytest.mark.parametrize("fraction", [0.0, 1.0, math.nan])
def test_a_pilot_takes_a_part(fraction: float) -> None:
    with pytest.raises(ValueError, match="fraction must lie strictly between 0 and 1"):
        PilotSplit(fraction)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"trials": 1}, ValueError, "trials must be at least 2, got 1"),
        ({"alpha": 0.0}, ValueError, "alpha must lie strictly between 0 and 1"),
        ({"verdict_alpha": 1.0}, ValueError, "verdict_alpha must lie strictly"),
        ({"seed": -1}, ValueError, "seed must be at least 0"),
        ({"selection": "holm"}, TypeError, "selection must be a Selection, got 'holm'"),
        ({"pairs": [(0, 9)]}, ValueError, "every input of pairs must be at most 3, got 9"),
        ({"witness": "nobody"}, ValueError, "unknown witness 'nobody'"),
        ({"bound": "nothing"}, ValueError, "unknown bound 'nothing'"),
        ({"selection": EValues(), "bound": "katz"}, ValueError, "e-values have a bound of their"),
        ({"selection": Pooled(), "pairs": [(0, 1)]}, ValueError, "pooled game has no pairs"),
        ({"selection": Pooled(), "bound": "katz"}, ValueError, "a bound of guesses, got 'katz'"),
        ({"mechanism": 7}, TypeError, "mechanism must have k, epsilon and privatize, got int"),
    ],
)
def test_bad_arguments_are_refused(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    given = {"mechanism": Response(4, 1.0), "trials": 50, **arguments}
    with pytest.raises(error, match=message):
        worst_pair(given.pop("mechanism"), given.pop("selection", None), **given)


def test_recorded_reports_are_of_one_pair() -> None:
    m = ldpaudit.from_samples(np.arange(300) % 2, np.arange(300) % 3, epsilon=1.0)
    with pytest.raises(ValueError, match="recorded reports are of one pair"):
        worst_pair(m)


def test_a_witness_for_many_pairs_learns_or_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fixed:
        def applies(self, mechanism: Any) -> str | None:  # noqa: ARG002
            return None

    monkeypatch.setattr(pairs, "create_witness", lambda *_: Fixed())
    with pytest.raises(
        ValueError, match="the likelihood ratio or a witness that learns, got 'mine'"
    ):
        worst_pair(Response(4, 1.0), trials=50, witness="mine")
