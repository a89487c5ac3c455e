"""Sources that are no independent draws are told from those that are."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ldpaudit.games.independence import OrderedReports, dependence

Rng = np.random.Generator


def ordered(
    noise: Any, rng: Rng, batch: Any = None, keys: Any = None, first: Any = None
) -> OrderedReports:
    """Noise on a bit that a fair coin draws, as a witness scores it."""
    coins = rng.random(len(noise)) < 0.5 if first is None else first
    return OrderedReports(coins + noise, coins, batch, keys)


def independent(kind: int, rng: Rng, n: int = 400) -> OrderedReports:
    """Of many laws: heavy tails, few levels, rare events, reports that come again."""
    noise = [
        rng.standard_cauchy(n),
        rng.integers(0, 2, n).astype(float),
        (rng.random(n) < 0.02).astype(float),
        np.zeros(n),
        rng.exponential(size=n).round(1),
    ][kind]
    keys = [
        rng.integers(0, n, n), rng.integers(0, 4, n), np.floor(rng.pareto(1, n)).clip(max=1e9),
        rng.integers(0, n // 3, n), rng.poisson(2, n),
    ][kind]  # fmt: skip
    return ordered(noise, rng, np.arange(n) // 50, keys.astype(np.uint64))


@pytest.mark.parametrize("kind", range(5))
def test_independent_reports_are_not_accused(kind: int) -> None:
    """At level 1e-3 at most 5 of 500 with probability 1 - 1e-5."""
    rng = np.random.default_rng(kind)
    assert sum(dependence(independent(kind, rng)) is not None for _ in range(500)) <= 3


@pytest.mark.slow
def test_nor_in_ten_thousand_runs() -> None:
    rng = np.random.default_rng(99)
    accused = sum(dependence(independent(i % 5, rng)) is not None for i in range(10_000))
    assert accused <= 10 + 5 * math.sqrt(10)


def neighbours(rng: Rng) -> OrderedReports:
    return ordered(np.repeat(rng.laplace(size=2000), 2), rng)


def persisting(rng: Rng) -> OrderedReports:
    noise = np.empty(4000)
    noise[0] = rng.normal()
    for i in range(1, 4000):
        noise[i] = 0.9 * noise[i - 1] + math.sqrt(0.19) * rng.normal()
    return ordered(noise, rng)


def one_draw(rng: Rng) -> OrderedReports:
    """A lie that a whole call shares, in 64 calls."""
    coins = rng.random(4096) < 0.5
    batch = np.arange(4096) // 64
    lies = (rng.random(64) < 0.27)[batch]
    return OrderedReports((coins ^ lies).astype(float), coins, batch)


def files(own: Callable[[Rng, int], Any], rng: Rng) -> OrderedReports:
    """Two files one after the other: what is said of the rows, and the rows themselves."""
    rows = [own(rng, side) for side in (0, 1)]
    sizes = [len(part) for part in rows]
    said = np.concatenate(rows).astype(float)
    keys = np.unique(said, return_inverse=True)[1].astype(np.uint64)
    first = np.repeat([True, False], sizes)
    return OrderedReports(np.round(said, 1), first, np.repeat([0, 1], sizes), keys)


def repeated(rng: Rng) -> OrderedReports:
    return files(lambda rng, side: np.repeat(side + rng.laplace(size=200), 10), rng)


def shuffled(rng: Rng) -> OrderedReports:
    return files(
        lambda rng, side: rng.permutation(np.repeat(side + rng.laplace(size=200), 10)), rng
    )


def memoised(rng: Rng) -> OrderedReports:
    """200 clients whose bit is lied about once, on ten days."""
    return files(lambda rng, side: np.tile(side ^ (rng.random(200) < 0.27), 10), rng)


def drifting(rng: Rng) -> OrderedReports:
    """A public flag that grows more frequent from the first report of A to the last of B."""
    return files(
        lambda rng, side: rng.random(4000) < 0.2 + 0.3 * (side + np.arange(4000) / 4000), rng
    )


@pytest.mark.parametrize(
    "source", [neighbours, persisting, one_draw, repeated, shuffled, memoised, drifting]
)
def test_dependent_sources_are_found(source: Callable[[Rng], OrderedReports]) -> None:
    for seed in range(15):
        assert dependence(source(np.random.default_rng(seed))) is not None, seed


def test_reasons_say_what_was_seen() -> None:
    rng = np.random.default_rng(0)
    assert dependence(neighbours(rng)) == "what is said of a report tells of the next one"
    assert dependence(shuffled(rng)) == "too many reports come exactly 10 times"
    # A trend shows in its blocks too, and those are looked at first.
    assert dependence(drifting(rng)) == "reports of one block differ from all others"


def test_a_leak_is_no_dependence() -> None:
    """Disjoint supports, a pool of values for each input: every report is a draw of its own."""
    rng = np.random.default_rng(3)
    coins = rng.random(6000) < 0.5
    keys = rng.integers(0, 1000, 6000) + 1000 * coins
    assert (
        dependence(OrderedReports(coins.astype(float), coins, None, keys.astype(np.uint64))) is None
    )
