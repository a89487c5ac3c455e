"""Thirty mechanisms that leak, each in a way of its own, and thirty that keep their claim of 1.

What an audit at default settings is to find, and whom it must not accuse. Those over two values
are randomized response at epsilon 1 beside a part of the report that is told by `own`, the true
input, or is not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

import ldpaudit
from ldpaudit.domains import Interval
from tests.attacks.channels import CHANNELS
from tests.ldpaudit.auditing.test_strangers import (
    ForgottenSensitivity,
    HalfInClear,
    Nonce,
    OneInClear,
    OnePair,
)

Rng = np.random.Generator
Ints = npt.NDArray[np.int64]
Channel = Callable[[Ints, Ints, Rng], Any]


@dataclass(frozen=True)
class Beside:
    """Randomized response at epsilon 1 over k values, and a channel beside it."""

    channel: Channel
    k: int = 2
    epsilon: float = 1.0

    def privatize(self, values: npt.ArrayLike, *, rng: Rng) -> Any:
        own = np.asarray(values, dtype=np.int64)
        said = ldpaudit.mechanism("grr", k=self.k, epsilon=1.0).privatize(own, rng=rng)
        return self.channel(said, own, rng)


class Silent:
    """A mechanism of the catalogue without its likelihood and its figures: a black box."""

    def __init__(self, name: str, claim: float | None = None, **given: Any) -> None:
        self.inner = ldpaudit.mechanism(name, **given)
        self.epsilon = self.inner.epsilon if claim is None else claim
        self.delta = getattr(self.inner, "delta", 0.0)
        if hasattr(self.inner, "domain") and not hasattr(self.inner, "k"):
            self.domain = self.inner.domain
        else:
            self.k = self.inner.k
        if hasattr(self.inner, "are_neighbours"):
            self.are_neighbours = self.inner.are_neighbours

    def privatize(self, values: Any, *, rng: Rng) -> Any:
        return self.inner.privatize(values, rng=rng)


class Noisy:
    """A number of [0, 1] with noise that somebody made."""

    domain, epsilon = Interval(0, 1), 1.0

    def __init__(self, noise: Callable[[Any, Rng], Any]) -> None:
        self.noise = noise

    def privatize(self, values: Any, *, rng: Rng) -> Any:
        return self.noise(np.asarray(values), rng)


# ------------------------------------------------------------------- parts that tell


def fixed_seed(said: Ints, own: Ints, rng: Rng) -> Any:
    """A generator that is seeded in every call: the same noise each time."""
    del said, rng
    noise = np.random.default_rng(5).random(own.size) < 1 / (1 + math.e)
    return own ^ noise


def trace(share: float, said: Ints, own: Ints, rng: Rng) -> Any:
    """The truth in clear, once in so many reports."""
    return np.where(rng.random(own.size) < share, 10 + own, said)


def parity(said: Ints, own: Ints, rng: Rng) -> Any:
    """Two bits that say nothing alone, and their sum everything."""
    bit = rng.integers(0, 2, own.size)
    return np.stack((said, bit, bit ^ own), axis=1)


def upper_case(said: Ints, own: Ints, rng: Rng) -> Any:
    del rng
    return [f"{'Ja' if x else 'ja'}{bit}" for bit, x in zip(said, own, strict=True)]


def trailing_space(said: Ints, own: Ints, rng: Rng) -> Any:
    del rng
    return [f"{bit}{' ' * int(x)}" for bit, x in zip(said, own, strict=True)]


def trailing_zero(said: Ints, own: Ints, rng: Rng) -> Any:
    noise = rng.integers(0, 100, own.size)
    return [f"{bit}.{n:02d}{'0' * int(x)}"
            for bit, x, n in zip(said, own, noise, strict=True)]  # fmt: skip


def missing(said: Ints, own: Ints, rng: Rng) -> Any:
    """Nothing is sent now and then, but of one input alone."""
    gone = (rng.random(own.size) < 0.05) & (own == 1)
    return [None if g else int(bit) for bit, g in zip(said, gone, strict=True)]


def bool_or_int(said: Ints, own: Ints, rng: Rng) -> Any:
    del rng
    return [bool(bit) if x else int(bit) for bit, x in zip(said, own, strict=True)]


def sign_of_zero(said: Ints, own: Ints, rng: Rng) -> Any:
    del rng
    return np.stack((said.astype(float), np.where(own == 1, -0.0, 0.0)), axis=1)


def order_of_fields(said: Ints, own: Ints, rng: Rng) -> Any:
    nonce = rng.integers(0, 1000, own.size)
    return [f'{{"n": {n}, "v": {bit}}}' if x else f'{{"v": {bit}, "n": {n}}}'
            for bit, x, n in zip(said, own, nonce, strict=True)]  # fmt: skip


def shared_noise(said: Ints, own: Ints, rng: Rng) -> Any:
    """Two reports at half the budget with one noise: together they are not what each is."""
    lie = rng.random(own.size) < 1 / (1 + math.exp(0.5))
    return np.stack((own ^ lie, (own * (1 - lie) + 2 * lie)), axis=1) + 0 * said[:, None]


def sorted_list(said: Ints, own: Ints, rng: Rng) -> Any:
    rows = rng.integers(0, 50, (own.size, 6))
    return [[int(bit), *(sorted(row) if x else row)]
            for bit, x, row in zip(said, own, rows.tolist(), strict=True)]  # fmt: skip


def wrong_scale(values: Any, rng: Rng) -> Any:
    return np.round(values + rng.laplace(scale=0.5, size=values.shape), 3)


def scale_by_value(values: Any, rng: Rng) -> Any:
    """Noise of the wrong size for one end: wide tails of that input alone."""
    return np.round(values + rng.laplace(size=values.shape) * (1 + values), 3)


WRONG: dict[str, Any] = {
    **{name: Beside(channel) for name, channel in CHANNELS.items()},
    "sensitivity, laplace": ForgottenSensitivity(),
    "sensitivity, geometric": ForgottenSensitivity("geometric"),
    "one of 10 in clear": OneInClear(10),
    "one of 100 in clear": OneInClear(100),
    "the pair (3, 17) of 25": OnePair(),
    "nonce beside a likelihood": Nonce(),
    "a half in clear": HalfInClear(),
    "fixed seed a call": Beside(fixed_seed),
    "1e-3 trace": Beside(partial(trace, 1e-3)),
    "1e-4 trace": Beside(partial(trace, 1e-4)),
    "parity of two bits": Beside(parity),
    "upper case": Beside(upper_case),
    "trailing space": Beside(trailing_space),
    "trailing zero": Beside(trailing_zero),
    "missing": Beside(missing),
    "bool or int": Beside(bool_or_int),
    "sign of zero": Beside(sign_of_zero),
    "order of fields": Beside(order_of_fields),
    "shared noise": Beside(shared_noise),
    "sorted list": Beside(sorted_list),
    "laplace at half its scale": Noisy(wrong_scale),
    "scale by value": Noisy(scale_by_value),
    "textbook noise": ldpaudit.mechanism("textbook-she", k=4, epsilon=1.0, scale=2.0),
    "sticky bit": Silent("sticky-ue", k=8, epsilon=1.0, optimized=True),
    "ten percent too much": Silent("oue", claim=0.9, k=8, epsilon=1.0),
}


#: Of a trace in 1e-4 of reports 200,000 cannot show an epsilon above 1: the output says so.
RARE = {"1e-4 trace": 1e-4}


def named(name: str, result: Any) -> bool:
    """Whether an audit says that it cannot see a trace as rare as this one's."""
    rarest = result.verdict_bound.rarest
    rare = name in RARE and rarest is not None and rarest > RARE[name]
    return rare and "a trace of one input in" in result.power


# ----------------------------------------------------------------- and that do not


def text_and_nonce(said: Ints, own: Ints, rng: Rng) -> Any:
    words = rng.integers(10**8, 10**9, own.size)
    return [f"{bit}-{word}" for bit, word in zip(said, words, strict=True)]


def as_set(said: Ints, own: Ints, rng: Rng) -> Any:
    rows = rng.random((own.size, 8)) < 0.5
    return [frozenset([f"v{bit}", *np.flatnonzero(row).tolist()])
            for bit, row in zip(said, rows, strict=True)]  # fmt: skip


def any_length(said: Ints, own: Ints, rng: Rng) -> Any:
    sizes = rng.integers(0, 9, own.size)
    return [[int(bit), *rng.integers(0, 5, size).tolist()]
            for bit, size in zip(said, sizes, strict=True)]  # fmt: skip


def random_bytes(said: Ints, own: Ints, rng: Rng) -> Any:
    return [bytes([bit]) + rng.bytes(int(n))
            for bit, n in zip(said, rng.integers(1, 12, own.size), strict=True)]  # fmt: skip


def any_type(said: Ints, own: Ints, rng: Rng) -> Any:
    return [float(bit) if coin else int(bit)
            for bit, coin in zip(said, rng.random(own.size) < 0.5, strict=True)]  # fmt: skip


def stamp(said: Ints, own: Ints, rng: Rng) -> Any:
    return np.stack((said, rng.integers(1_700_000_000_000, 1_710_000_000_000, own.size)), axis=1)


def fields(said: Ints, own: Ints, rng: Rng) -> Any:
    return [f'{{"n": {n}, "v": {bit}}}'
            for bit, n in zip(said, rng.integers(0, 1000, own.size), strict=True)]  # fmt: skip


def memo(said: Ints, own: Ints, rng: Rng) -> Any:
    """One report of three rounds that repeat it."""
    del own, rng
    return np.stack((said, said, said), axis=1)


def on_a_grid(values: Any, rng: Rng) -> Any:
    """Laplace noise of the right scale, rounded afterwards."""
    return np.round((values + rng.laplace(size=values.shape)) * 16) / 16


def coarse(values: Any, rng: Rng) -> Any:
    return (values + rng.laplace(size=values.shape) > 0.5).astype(np.int64)


RIGHT: dict[str, Any] = {
    **{f.__name__: Beside(f)
       for f in (text_and_nonce, as_set, any_length, random_bytes, any_type, stamp, fields, memo)},
    "stamp, 12 values": Beside(stamp, k=12),
    "fields, 30 values": Beside(fields, k=30),
    "nonce that tells nothing": Nonce(tells=False),
    "laplace on a grid": Noisy(on_a_grid),
    "one bit of laplace": Noisy(coarse),
    **{name: Silent(name, k=8, epsilon=1.0)
       for name in ("grr", "ss", "sue", "oue", "the", "hr", "pgr", "mss", "olh", "she")},
    "grr, 100 values": Silent("grr", k=100, epsilon=1.0),
    "agm": Silent("agm", k=4, epsilon=1.0, delta=1e-3),
    **{name: Silent(name, epsilon=1.0) for name in ("duchi", "pm", "laplace")},
    "rsfd": Silent("rsfd", sizes=(2, 3), epsilon=1.0),
    "l-osue": Silent("l-osue", k=6, epsilon=1.0, epsilon_inf=2.0),
}  # fmt: skip


def truth(name: str) -> float:
    """The exact epsilon of a mechanism that keeps its claim, at its delta: what no bound exceeds.

    A catalogue's exact figure; of one bit of Laplace noise 2 e^(1/2) - 1 is the ratio; the rest
    leak their whole claim.
    """
    if name == "one bit of laplace":
        return math.log(2 * math.exp(0.5) - 1)
    mechanism = RIGHT[name]
    if not isinstance(mechanism, Silent) or mechanism.delta:
        return float(mechanism.epsilon)
    return float(getattr(mechanism.inner, "exact_epsilon", lambda: mechanism.epsilon)())
