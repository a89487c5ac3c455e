"""Mechanisms that are wrong on purpose: what an audit is for.

Each claims `epsilon`; `WRONG` says what its reports really cost, by a closed form, and what
is sure to find it: "check" is ``ldpaudit.testing.check_mechanism``, "audit" is the verdict of
``ldpaudit.audit`` on 200,000 reports. Without their likelihood an audit finds all whose reports
cost 1.05 times the claim or more. They fit the command line as well:
``ldpaudit audit tests/broken.py:StickyBit --k 8 --epsilon 1``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ldpaudit.validate import check_epsilon, check_integer, check_listable, check_values

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bits = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Wrong:
    """What all of them share: parameters that are checked, and what finds the fault."""

    k: int
    epsilon: float

    def __post_init__(self) -> None:
        check_integer("k", self.k, 2)
        check_epsilon(self.epsilon)


@dataclass(frozen=True)
class Response(Wrong):
    """Randomized response over k values, correct as it stands; the wrong ones derive from it.

    Reports are drawn from the rows of `channel`; the likelihood answers by `stated`.
    """

    @property
    def keep(self) -> float:
        return 1 / (1 + (self.k - 1) * math.exp(-self.epsilon))

    @property
    def lie(self) -> float:
        return (1 - self.keep) / (self.k - 1)

    @property
    def channel(self) -> Floats:
        return self.lie + (self.keep - self.lie) * np.eye(self.k)

    @property
    def stated(self) -> Floats:
        return self.channel

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Ints:
        own = check_values(values, self.k)
        edges, uniform = self.channel.cumsum(axis=1), rng.random(own.size)
        places = np.empty(own.size, dtype=np.int64)
        for value in np.unique(own):
            mine = own == value
            places[mine] = np.searchsorted(edges[value, :-1], uniform[mine], side="right")
        return places

    def log_likelihood(self, reports: Ints, values: npt.ArrayLike | None = None) -> Floats:
        asked = np.arange(self.k) if values is None else np.asarray(values)
        with np.errstate(divide="ignore"):
            out: Floats = np.log(self.stated[asked].T[np.asarray(reports)])
        return out

    def aggregate(self, reports: Ints) -> Ints:
        return np.bincount(reports, minlength=self.channel.shape[1])

    def estimate(self, counts: Ints) -> Floats:
        out: Floats = (counts[: self.k] / counts.sum() - self.lie) / (self.keep - self.lie)
        return out

    def every_report(self) -> Ints:
        return np.arange(self.channel.shape[1])


@dataclass(frozen=True)
class LouderThanClaimed(Response):
    """Runs at 1.5 times the epsilon it claims, and its likelihood says so."""

    @property
    def keep(self) -> float:
        return 1 / (1 + (self.k - 1) * math.exp(-1.5 * self.epsilon))


@dataclass(frozen=True)
class Whitewashed(LouderThanClaimed):
    """The same, with the likelihood of the claim: only the reports can tell."""

    @property
    def stated(self) -> Floats:
        return Response(self.k, self.epsilon).channel


@dataclass(frozen=True)
class Uncorrected(Response):
    """Private as claimed, but the server forgets to take off what lies contribute."""

    def estimate(self, counts: Ints) -> Floats:
        out: Floats = counts / counts.sum() / (self.keep - self.lie)
        return out


@dataclass(frozen=True)
class OffByOne(Response):
    """Values are shifted by one on the way in: no leak, but the likelihood is another's."""

    @property
    def channel(self) -> Floats:
        return np.roll(self.stated, 1, axis=1)

    @property
    def stated(self) -> Floats:
        return Response(self.k, self.epsilon).channel


@dataclass(frozen=True)
class FixedSeed(Response):
    """Draws the same noise for every batch: whoever knows it undoes it."""

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Ints:  # noqa: ARG002
        return super().privatize(values, rng=np.random.default_rng(42))


@dataclass(frozen=True)
class MissingMinusOne(Response):
    """Tells the truth with e / (e + k): quieter than it says, so its stated epsilon is wrong."""

    @property
    def keep(self) -> float:
        return 1 / (1 + self.k * math.exp(-self.epsilon))

    def exact_epsilon(self) -> float:
        return self.epsilon


@dataclass(frozen=True)
class NoLieIsZero(Response):
    """Lies are drawn from 1 on, off by one: a report of 0 can only be the truth."""

    @property
    def channel(self) -> Floats:
        return self.lie * (np.arange(self.k) > 0) + self.keep * np.eye(self.k)


@dataclass(frozen=True)
class ZeroPasses(NoLieIsZero):
    """Value 0, taken for "no answer", is sent as it is; the others lie over all values."""

    @property
    def channel(self) -> Floats:
        table = Response(self.k, self.epsilon).channel
        table[0] = np.eye(self.k)[0]
        return table


@dataclass(frozen=True)
class ForgottenDebug(Response):
    """One report in a thousand is k + value: a trace that was left switched on."""

    @property
    def channel(self) -> Floats:
        plain = Response(self.k, self.epsilon).channel
        return np.hstack((0.999 * plain, 0.001 * np.eye(self.k)))


@dataclass(frozen=True)
class Unary(Wrong):
    """Bits that are set with p where the value is and with q elsewhere."""

    @property
    def q(self) -> float:
        return 1 / (math.exp(self.epsilon) + 1)

    @property
    def p(self) -> float:
        return 0.5

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Bits:
        own = check_values(values, self.k)
        bits = rng.random((own.size, self.k)) < self.q
        bits[np.arange(own.size), own] = rng.random(own.size) < self.p
        return bits

    def log_likelihood(self, reports: Bits, values: npt.ArrayLike | None = None) -> Floats:
        asked = np.arange(self.k) if values is None else np.asarray(values)
        noise = np.log(np.where(reports, self.q, 1 - self.q))
        swapped = np.log(np.where(reports, self.p, 1 - self.p)) - noise
        out: Floats = noise.sum(axis=1, keepdims=True) + swapped[:, asked]
        return out

    def every_report(self) -> Bits:
        check_listable(2**self.k)
        return (np.arange(2**self.k)[:, None] >> np.arange(self.k) & 1).astype(bool)


@dataclass(frozen=True)
class StickyBit(Unary):
    """Unary encoding (OUE) that sets the own bit half of the time but never clears it.

    Seen in a public package: the noise is drawn for every bit and the own bit is then
    switched on, so it is on with (1 + q) / 2 instead of 1 / 2 and epsilon grows to
    ln(e^epsilon + 2).
    """

    @property
    def p(self) -> float:
        return (1 + self.q) / 2


@dataclass(frozen=True)
class WholeBudgetABit(Unary):
    """Symmetric encoding that spends epsilon on every bit; two bits differ, so it costs twice."""

    @property
    def p(self) -> float:
        return 1 - self.q


@dataclass(frozen=True)
class SwappedBits(WholeBudgetABit):
    """Symmetric encoding with p and q exchanged in the sampler alone: no leak, wrong answers."""

    @property
    def q(self) -> float:
        return 1 / (math.exp(self.epsilon / 2) + 1)

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Bits:
        return ~super().privatize(values, rng=rng)


@dataclass(frozen=True)
class EightBitCoin(Unary):
    """Noise by comparing one byte with floor(256 q): a little quieter than q, so it leaks more."""

    @property
    def q(self) -> float:
        return math.floor(256 / (math.exp(self.epsilon) + 1)) / 256


@dataclass(frozen=True)
class HalfTheNoise(Wrong):
    """Laplace noise of scale 1 / epsilon on a one-hot vector, whose sensitivity is 2.

    Rounded, for the lowest bits of doubles would give more away than that.
    """

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Floats:
        own = check_values(values, self.k)
        noisy = np.eye(self.k)[own] + rng.laplace(scale=1 / self.epsilon, size=(own.size, self.k))
        out: Floats = np.rint(noisy * 2**20) / 2**20
        return out

    def log_likelihood(self, reports: Floats, values: npt.ArrayLike | None = None) -> Floats:
        asked = np.arange(self.k) if values is None else np.asarray(values)
        own = np.abs(reports) - np.abs(reports - 1)
        noise = self.k * math.log(self.epsilon / 2) - self.epsilon * np.abs(reports).sum(axis=1)
        out: Floats = noise[:, None] + self.epsilon * own[:, asked]
        return out


@dataclass(frozen=True)
class WrongRange(Wrong):
    """Local hashing to g = 4 buckets with the probability of 2; reports show the hash and a bucket.

    A lie is one of three buckets, so each is three times rarer than it should be.
    """

    buckets: ClassVar[int] = 4

    @property
    def keep(self) -> float:
        return 1 / (1 + math.exp(-self.epsilon))

    def hashes(self, size: int, rng: np.random.Generator) -> Ints:
        return rng.integers(0, self.buckets, (size, self.k))

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Ints:
        own = check_values(values, self.k)
        tables = self.hashes(own.size, rng)
        lie = rng.random(own.size) >= self.keep
        shift = lie * rng.integers(1, self.buckets, own.size)
        return np.column_stack((tables, (tables[np.arange(own.size), own] + shift) % self.buckets))

    def log_likelihood(self, reports: Ints, values: npt.ArrayLike | None = None) -> Floats:
        asked = np.arange(self.k) if values is None else np.asarray(values)
        same = reports[:, :-1][:, asked] == reports[:, -1:]
        chance = np.where(same, self.keep, (1 - self.keep) / (self.buckets - 1))
        out: Floats = np.log(chance) - self.k * math.log(self.buckets)
        return out

    def every_report(self) -> Ints:
        check_listable(self.buckets ** (self.k + 1))
        return np.array(list(product(range(self.buckets), repeat=self.k + 1)))


@dataclass(frozen=True)
class BiasedHash(WrongRange):
    """The right probability, but a hash that favours low buckets: no leak, a biased server."""

    @property
    def keep(self) -> float:
        return 1 / (1 + (self.buckets - 1) * math.exp(-self.epsilon))

    def hashes(self, size: int, rng: np.random.Generator) -> Ints:
        return (self.buckets * rng.random((size, self.k)) ** 2).astype(np.int64)

    def aggregate(self, reports: Ints) -> Ints:
        return np.append((reports[:, :-1] == reports[:, -1:]).sum(axis=0), len(reports))

    def estimate(self, counts: Ints) -> Floats:
        other = 1 / self.buckets
        out: Floats = (counts[:-1] / counts[-1] - other) / (self.keep - other)
        return out


@dataclass(frozen=True)
class RefilledSubset(Wrong):
    """Subset selection that draws the rest from all values, the own one among them.

    Where the own value was left out, the refill may bring it back: a subset that holds it
    has ratio 1 + e k / (k - w) to one that does not.
    """

    @property
    def size(self) -> int:
        return max(1, round(self.k / (math.exp(self.epsilon) + 1)))

    @property
    def _keep(self) -> float:
        weight = self.size * math.exp(self.epsilon)
        return weight / (weight + self.k - self.size)

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Bits:
        own = check_values(values, self.k)
        order = rng.random((own.size, self.k))
        kept = rng.random(own.size) < self._keep
        order[kept, own[kept]] = -1.0
        bits = np.zeros(order.shape, dtype=bool)
        np.put_along_axis(bits, np.argsort(order, axis=1)[:, : self.size], True, axis=1)
        return bits

    def log_likelihood(self, reports: Bits, values: npt.ArrayLike | None = None) -> Floats:
        asked = np.arange(self.k) if values is None else np.asarray(values)
        refill = (1 - self._keep) / math.comb(self.k, self.size)
        kept = self._keep / math.comb(self.k - 1, self.size - 1)
        out: Floats = np.log(refill + kept * reports[:, asked])
        return out

    def every_report(self) -> Bits:
        rows = Unary(self.k, self.epsilon).every_report()
        out: Bits = rows[rows.sum(axis=1) == self.size]
        return out


@dataclass(frozen=True)
class Fault:
    """What the reports of a wrong mechanism really cost, and which of the two surely finds it."""

    epsilon: Callable[[Any], float]
    found_by: str
    #: Whether the likelihood is that of the reports.
    honest: bool = True


WRONG: dict[type[Wrong], Fault] = {
    LouderThanClaimed: Fault(lambda m: 1.5 * m.epsilon, "check, audit"),
    Whitewashed: Fault(lambda m: 1.5 * m.epsilon, "check, audit", honest=False),
    Uncorrected: Fault(lambda m: m.epsilon, "check"),
    OffByOne: Fault(lambda m: m.epsilon, "check", honest=False),
    # A likelihood does not tell that noise comes again; what an audit by it says is up to the seed.
    FixedSeed: Fault(lambda _: math.inf, "check", honest=False),
    MissingMinusOne: Fault(lambda m: abs(m.epsilon + math.log1p(-1 / m.k)), "check"),
    NoLieIsZero: Fault(lambda _: math.inf, "check, audit"),
    ZeroPasses: Fault(lambda _: math.inf, "check, audit"),
    ForgottenDebug: Fault(lambda _: math.inf, "check, audit"),
    StickyBit: Fault(lambda m: math.log(math.exp(m.epsilon) + 2), "check, audit"),
    SwappedBits: Fault(lambda m: m.epsilon, "check", honest=False),
    WholeBudgetABit: Fault(lambda m: 2 * m.epsilon, "check, audit"),
    # At a claim of 1 it costs 1.017, which one audit in twelve is lucky enough to show.
    EightBitCoin: Fault(lambda m: math.log(1 / m.q - 1), "check"),
    HalfTheNoise: Fault(lambda m: 2 * m.epsilon, "check, audit"),
    WrongRange: Fault(lambda m: m.epsilon + math.log(3), "check, audit"),
    BiasedHash: Fault(lambda m: m.epsilon, "check", honest=False),
    RefilledSubset: Fault(
        lambda m: math.log1p(math.exp(m.epsilon) * m.k / (m.k - m.size)), "check, audit"
    ),
}
