"""LOLOHA: a hash of one's own for ever, then L-GRR over its few buckets."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints, Rows, Words
from ldpaudit.parameters import budget, domain_size, parameters
from ldpaudit.protocols._kernels._checks import structured_rows
from ldpaudit.protocols.categorical.generalized_randomized_response import displaced
from ldpaudit.protocols.categorical.local_hashing import _REPORT, LocalHashing, hash_to_buckets
from ldpaudit.validate import check_table_size, check_values

from ._chains import Calibration, ResponseChain, calibration, memo_budget
from ._memoised import Memoised, Memory, checked_history, uniforms

_CHUNK = 2**14  # users a pass: scratch stays in cache


@dataclass
class HashedMemory(Memory):
    """A key and a public hash seed for each user; the memo is the bucket."""

    seeds: Words


class LongitudinalLocalHashing(LocalHashing, Memoised):
    """Everything LOLOHA does, given the number of buckets and the chain over them."""

    epsilon_inf: float

    @property
    @abstractmethod
    def _chain(self) -> ResponseChain:
        """The two rounds of randomized response over the buckets."""

    @property
    def p_star(self) -> float:
        """Probability of reporting the own value's bucket."""
        return self._chain.own

    @property
    def _lie(self) -> float:
        return self._chain.other

    @property
    def num_memos(self) -> int:
        """Number of buckets a user can memoise."""
        return self.num_buckets

    def start(self, num_users: int, *, rng: np.random.Generator) -> HashedMemory:
        """Draw the keys and the hash of so many users; they have sent nothing yet."""
        memory = self._memory(num_users, rng, self.num_memos)
        seeds = rng.integers(0, 2**64, memory.num_users, dtype=np.uint64)
        return HashedMemory(memory.keys, memory.seen, seeds)

    def privatize_round(
        self, values: npt.ArrayLike, state: HashedMemory, *, rng: np.random.Generator
    ) -> Rows:
        """Draw one report per user: a structured vector with fields seed and bucket."""
        own, chain = self._values(values, state, rng), self._chain
        reports = np.empty(own.size, dtype=_REPORT)
        reports["seed"] = state.seeds
        for start in range(0, own.size, _CHUNK):
            rows = slice(start, start + _CHUNK)
            hashed = hash_to_buckets(state.seeds[rows], own[rows].view(np.uint64), chain.size)
            buckets = hashed.view(np.int64)
            words = state.words(buckets, rows)
            permanent = displaced(buckets, chain.size, chain.q1, uniforms(words))
            reports["bucket"][rows] = displaced(
                permanent, chain.size, chain.q2, rng.random(buckets.size)
            )
        return reports

    def history_log_likelihood(
        self, history: Sequence[Rows], values: npt.ArrayLike | None = None
    ) -> Floats:
        """Log P(all buckets | seed, the value and that it never changed), (n, len(values))."""
        checked_history(history)
        rounds = [structured_rows(reports, _REPORT) for reports in history]
        seeds, g = np.ascontiguousarray(rounds[0]["seed"]), self.num_buckets
        asked = np.arange(self.k) if values is None else check_values(values, self.k)
        check_table_size(seeds.size, max(asked.size, g))
        counts = np.zeros((seeds.size, g), dtype=np.int64)
        users = np.arange(seeds.size)
        for seen in rounds:
            if not np.array_equal(seen["seed"], seeds):
                raise ValueError("history must hold one seed a user, got others in a later round.")
            if seen["bucket"].max(initial=0) >= g:
                raise ValueError(f"buckets must lie in [0, {g}), got {seen['bucket'].max()}.")
            counts[users, seen["bucket"]] += 1
        by_bucket = self._chain.log_likelihood(counts)
        hashed = hash_to_buckets(seeds[:, None], asked.view(np.uint64), g)
        return np.take_along_axis(by_bucket, hashed.view(np.int64), axis=1)

    def memos(self, reports: Rows) -> Ints:
        """Number of the memo that each value makes, shape (n, k): its bucket."""
        seeds = structured_rows(reports, _REPORT)["seed"]
        check_table_size(seeds.size, self.k)
        hashed = hash_to_buckets(
            seeds[:, None], np.arange(self.k, dtype=np.uint64), self.num_buckets
        )
        return hashed.view(np.int64)

    def composed_epsilon(self, rounds: int) -> float:
        """Largest log-likelihood ratio of so many reports, for two values that never change."""
        return self._chain.composed_epsilon(rounds)

    def composed_delta(self, epsilon: float, rounds: int) -> float:
        """Hockey-stick divergence of so many reports, for two values that never change.

        Exact for an ideal hash: two values share their bucket with probability 1 / g, and
        then nothing tells them apart. ValueError above 2**23 terms (50 rounds for large g).
        """
        return (1 - 1 / self.num_buckets) * self._chain.composed_delta(epsilon, rounds)


@dataclass(frozen=True)
@parameters(epsilon=budget(), epsilon_inf=memo_budget, k=domain_size())
class BinaryLongitudinalHashing(LongitudinalLocalHashing):
    """BiLOLOHA: a hash to two buckets, so that no user ever spends more than 2 epsilon_inf.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget of one report in natural-log units, positive, below `epsilon_inf`.
    epsilon_inf : float
        Privacy budget of all reports of one bucket together, at most 700.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports are a structured vector with fields ``seed`` (uint64, the same in every round) and
    ``bucket`` (uint32). One report is BLH with `epsilon`. The budget of memos speaks of users
    whose buckets change at the same times: values that do can be hashed to buckets that do not,
    and the hash is public. Source: Arcolezi, Pinzon, Palamidessi
    and Gambs, *Frequency estimation of evolving data under local differential privacy*, EDBT
    2023.

    Examples
    --------
    >>> m = BinaryLongitudinalHashing(k=360, epsilon=1.0, epsilon_inf=2.0)
    >>> round(m.mse(1), 5), round(m.exact_epsilon(), 6), m.worst_spent(100)
    (4.68269, 1.0, 4.0)
    >>> rng = np.random.default_rng(0)
    >>> state = m.start(2, rng=rng)
    >>> m.privatize_round([7, 8], state, rng=rng).dtype.names
    ('seed', 'bucket')
    """

    k: int
    epsilon: float
    epsilon_inf: float

    def _check_together(self) -> None:
        ResponseChain.calibrated(2, self.epsilon, self.epsilon_inf, "exact")

    @property
    def num_buckets(self) -> int:
        """Size of the hash range, 2."""
        return 2

    @property
    def _chain(self) -> ResponseChain:
        return ResponseChain.calibrated(2, self.epsilon, self.epsilon_inf, "exact")


@dataclass(frozen=True)
@parameters(epsilon=budget(), epsilon_inf=memo_budget, k=domain_size(), calibration=calibration)
class OptimizedLongitudinalHashing(LongitudinalLocalHashing):
    """OLOLOHA: a hash to the number of buckets with the least error.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget of one report in natural-log units, positive, below `epsilon_inf`;
        g must stay below 2**31 (epsilon up to 21.4).
    epsilon_inf : float
        Privacy budget of all reports of one bucket together, at most 700.
    calibration : {'exact', 'published'}, default 'exact'
        The fresh round that makes one report cost `epsilon` (exact), or the one of the paper,
        which does so for two buckets and costs less for more.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    With the exact calibration one report is local hashing with `epsilon`, so that the best
    number of buckets is round(e) + 1 as for OLH; with the published one it follows from a
    formula of the paper. Reports and source as for `BinaryLongitudinalHashing`.

    Examples
    --------
    >>> m = OptimizedLongitudinalHashing(k=360, epsilon=1.6, epsilon_inf=4.0)
    >>> m.num_buckets, round(m.mse(1), 5), m.worst_spent(100)
    (6, 1.26789, 24.0)
    >>> loose = OptimizedLongitudinalHashing(360, 1.6, 4.0, calibration="published")
    >>> loose.num_buckets, round(loose.mse(1), 5), round(loose.exact_epsilon(), 4)
    (5, 1.35497, 1.5613)
    """

    k: int
    epsilon: float
    epsilon_inf: float
    calibration: Calibration = "exact"

    def _check_together(self) -> None:
        if self.epsilon > math.log(2**31 - 2):
            raise ValueError(f"epsilon must keep g below 2**31, got {self.epsilon!r}.")
        ResponseChain.calibrated(self.num_buckets, self.epsilon, self.epsilon_inf, self.calibration)

    @property
    def num_buckets(self) -> int:
        """Size of the hash range."""
        if self.calibration == "exact":
            return round(math.exp(self.epsilon)) + 1
        return published_buckets(self.epsilon, self.epsilon_inf)

    @property
    def _chain(self) -> ResponseChain:
        return ResponseChain.calibrated(
            self.num_buckets, self.epsilon, self.epsilon_inf, self.calibration
        )


def published_buckets(epsilon: float, epsilon_inf: float) -> int:
    """Number of buckets of OLOLOHA as published, 1 + max(1, round of the best number less 1).

    That is (1 - a^2 + sqrt(a^4 - 14 a^2 + 12 a c (1 - a c) + 12 a^3 c + 1)) / (6 (a - c)) for
    a = exp(epsilon_inf) and c = exp(epsilon); here over a^2, so that nothing overflows.
    """
    small, ratio = math.exp(-epsilon_inf), math.exp(epsilon - epsilon_inf)
    above = 12 * ratio * (1 - ratio) - small**2 * (14 - 12 * ratio) + small**4
    root_above_one = above / (math.sqrt(max(0.0, 1 + above)) + 1)
    best = (small**2 + root_above_one) / (-6 * small * math.expm1(epsilon - epsilon_inf))
    return 1 + max(1, round(best))
