"""Sources whose reports are no independent draws, and their independent counterparts.

Each report of the first kind alone keeps the claim of 1; what an audit counts of all of them is
luck. Reports of the second kind are draws of their own: `KEPT` keep the claim, `BROKEN` do not,
and no test may excuse them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import ldpaudit
from ldpaudit.domains import Interval

Rng = np.random.Generator
LIE = 1 / (1 + math.e)
#: Recorded reports of either input.
RECORDED = 4_000
#: What makes an audit's object anew from a generator: a recording is another one in each run.
Source = Callable[[Rng], Any]


class Response:
    """Randomized response on a bit, whose lies come from shared uniform numbers."""

    k, epsilon = 2, 1.0

    def __init__(self, uniform: Callable[[int, Rng], Any], lie: float = LIE) -> None:
        self.uniform, self.lie = uniform, lie

    def privatize(self, values: Any, *, rng: Rng) -> Any:
        own = np.asarray(values)
        return own ^ (self.uniform(own.size, rng) < self.lie)


class Laplace:
    """A number of [0, 1] with rounded Laplace noise that is made of shared uniform numbers."""

    domain, epsilon = Interval(0, 1), 1.0

    def __init__(self, uniform: Callable[[int, Rng], Any], scale: float = 1.0) -> None:
        self.uniform, self.scale = uniform, scale

    def privatize(self, values: Any, *, rng: Rng) -> Any:
        own = np.asarray(values)
        centred = self.uniform(own.size, rng) - 0.5
        noise = -self.scale * np.sign(centred) * np.log1p(-2 * np.abs(centred))
        return np.round(own + noise, 1)


def fresh(size: int, rng: Rng) -> Any:
    return rng.random(size)


def of_neighbours(size: int, rng: Rng) -> Any:
    return np.repeat(rng.random(-(-size // 2)), 2)[:size]


def persisting(size: int, rng: Rng, rho: float = 0.9) -> Any:
    from scipy.signal import lfilter
    from scipy.special import ndtr

    draws = rng.normal(size=size)
    draws[1:] *= math.sqrt(1 - rho**2)
    return ndtr(lfilter([1.0], [1.0, -rho], draws))


def one_a_call(size: int, rng: Rng) -> Any:
    return np.full(size, rng.random())


def recorded(own: Callable[[int, Rng], Any]) -> Source:
    return lambda rng: ldpaudit.from_samples(own(0, rng), own(1, rng), epsilon=1.0)


def repeated(value: int, rng: Rng) -> Any:
    """Every row ten times, one after the other."""
    return np.repeat(np.round(value + rng.laplace(size=RECORDED // 10), 3), 10)


def memoised(value: int, rng: Rng) -> Any:
    """Clients that answer alike on ten days."""
    return np.tile(value ^ (rng.random(RECORDED // 10) < LIE), 10)


def drifting(value: int, rng: Rng) -> Any:
    """The answer beside a public flag that grows more frequent all the time: A comes first."""
    late = value + np.arange(RECORDED) / RECORDED
    flag = rng.random(RECORDED) < 0.2 + 0.3 * late
    return np.stack((value ^ (rng.random(RECORDED) < LIE), flag), axis=1).astype(np.int64)


def alone(value: int, rng: Rng) -> Any:
    return np.round(value + rng.laplace(size=RECORDED), 3)


def answers(value: int, rng: Rng) -> Any:
    return value ^ (rng.random(RECORDED) < LIE)


def flagged(value: int, rng: Rng) -> Any:
    """The same flag, at one rate."""
    answer = value ^ (rng.random(RECORDED) < LIE)
    return np.stack((answer, rng.random(RECORDED) < 0.5), axis=1).astype(np.int64)


def loud(value: int, rng: Rng) -> Any:
    return value ^ (rng.random(RECORDED) < 0.1)


def pooled(value: int, rng: Rng) -> Any:
    """Drawn from a pool of reports of each input: equal ones come again, by chance."""
    return 1000 * value + rng.integers(0, 1000, RECORDED)


DEPENDENT: dict[str, Source] = {
    "noise shared by neighbours, bits": lambda _: Response(of_neighbours),
    "noise shared by neighbours, numbers": lambda _: Laplace(of_neighbours),
    "noise that persists (0.9), bits": lambda _: Response(persisting),
    "noise that persists (0.9), numbers": lambda _: Laplace(persisting),
    "one draw for a call, bits": lambda _: Response(one_a_call),
    "one draw for a call, numbers": lambda _: Laplace(one_a_call),
    "rows ten times": recorded(repeated),
    "memoised clients on ten days": recorded(memoised),
    "one input after the other, under drift": recorded(drifting),
}
KEPT: dict[str, Source] = {
    "bits": lambda _: Response(fresh),
    "numbers": lambda _: Laplace(fresh),
    "recorded numbers": recorded(alone),
    "recorded bits": recorded(answers),
    "recorded bits beside a flag": recorded(flagged),
}
BROKEN: dict[str, Source] = {
    "bits at twice the budget": lambda _: Response(fresh, 1 / (1 + math.exp(2))),
    "numbers at twice the budget": lambda _: Laplace(fresh, 0.5),
    "recorded bits at twice the budget": recorded(loud),
    "recorded reports of a pool": recorded(pooled),
}
