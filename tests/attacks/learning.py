"""Witnesses trained and played by hand, and mechanisms for them to read."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.attacks.learned import LearnedDistinguisher, LearnedScore
from ldpaudit.bounds.intervals import success_lower, success_upper

Floats = npt.NDArray[np.float64]
PAIR = (0, 1)


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
    """Laplace noise of scale 2 / epsilon on a one-hot vector, rounded: its last bits would tell."""

    k: int
    epsilon: float

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Floats:
        own = np.eye(self.k)[np.asarray(values)]
        noisy = own + rng.laplace(scale=2 / self.epsilon, size=own.shape)
        return np.asarray(np.rint(noisy * 2**20) / 2**20)


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
