"""Local hashing: a public hash to few buckets, then randomized response over the buckets."""

from __future__ import annotations

import itertools
import math
from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bools, Floats, Ints, Rows, Words
from ldpaudit.divergence import hockey_stick
from ldpaudit.parameters import budget, domain_size, parameters
from ldpaudit.protocols._kernels._checks import checked_targets, structured_rows
from ldpaudit.protocols._kernels._compiled import Loops, compiled
from ldpaudit.protocols._kernels._counts import independent_supports, users_per_value
from ldpaudit.protocols._kernels._hashing import mix, mix_into
from ldpaudit.protocols._kernels._pure import PureProtocol, SupportCounts
from ldpaudit.protocols._kernels._tried_supports import TriedSupports
from ldpaudit.protocols._kernels._two_level import first_of_independent, two_level_success
from ldpaudit.supports import PackedSupports
from ldpaudit.validate import (
    check_distribution,
    check_generator,
    check_table_size,
    check_values,
)

from .generalized_randomized_response import randomize

_REPORT = np.dtype([("seed", "<u8"), ("bucket", "<u4")])
_SEED_BATCHES = 2**8  # batches of _CHUNK seeds that are tried for a false report
_CHUNK = 2**14  # users a pass: seeds and scratch stay in cache
_TABLE = 2**18  # entries of a table of supports that are made together
#: So few values per bucket that hashing all of them costs less than looking for one.
_FEW = 16


def hash_to_buckets(seeds: Words, value: int | Words, num_buckets: int) -> Words:
    """Bucket of `value` for each seed: half a word of the seed's stream, scaled to the range.

    Values 2j and 2j + 1 take the low and the high half of word j.
    """
    value = np.asarray(value, dtype=np.uint64)
    mixed = mix(seeds, value >> np.uint64(1))
    mixed >>= (value & np.uint64(1)) << np.uint64(5)
    mixed &= np.uint64(2**32 - 1)
    mixed *= np.uint64(num_buckets)
    mixed >>= np.uint64(32)
    return mixed


def _words_of(
    buckets: Words, num_buckets: int
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """First 32-bit word that is scaled to each bucket, and how many are.

    A half word is scaled to bucket b exactly if it is at least ceil(2**32 b / g) and below the
    same for b + 1, so hashes need not be scaled. Buckets that cannot be have no words.
    """
    size = np.uint64(num_buckets)
    low, end = (
        ((np.minimum(b, size) << np.uint64(32)) + size - np.uint64(1)) // size
        for b in (buckets, buckets + np.uint64(1))
    )
    return low.astype(np.uint32), (end - low).astype(np.uint32)


def _add_supports(reports: Rows, num_buckets: int, totals: Ints, loops: Loops | None) -> None:
    """Add to totals[j] how many of at most _CHUNK reports support values 2j and 2j + 1."""
    seeds = np.ascontiguousarray(reports["seed"])
    buckets = reports["bucket"].astype(np.uint64)
    first, length = _words_of(buckets, num_buckets)
    if loops:
        loops.add_supports(seeds, first, length, totals)
        return
    first, length = np.repeat(first, 2), np.repeat(length, 2)
    words, scratch = np.empty(seeds.size, dtype="<u8"), np.empty_like(seeds)
    halves = words.view("<u4")
    hits = np.zeros((128, _CHUNK // 64), dtype=np.uint8)  # few rows: their sum fits a byte
    supported = hits.reshape(-1)[: halves.size].view(np.bool_)
    for pair in range(len(totals)):
        mix_into(words, seeds, pair, scratch)
        np.subtract(halves, first, out=halves)
        np.less(halves, length, out=supported)
        sums = np.add.reduce(hits, axis=0, dtype=np.uint8)
        totals[pair] += sums.reshape(-1, 2).sum(axis=0, dtype=np.int64)


def _supports(seeds: Words, buckets: Words, num_buckets: int, num_pairs: int) -> Bools:
    """Whether each report supports each of the first 2 num_pairs values."""
    first, length = _words_of(buckets, num_buckets)
    halves = mix(seeds[:, None], np.arange(num_pairs, dtype=np.uint64)).view("<u4")
    np.subtract(halves, first[:, None], out=halves)
    supported: Bools = np.less(halves, length[:, None])
    return supported


class LocalHashing(PureProtocol):
    """Everything local hashing does, given the number of buckets g."""

    @property
    @abstractmethod
    def num_buckets(self) -> int:
        """Size g of the hash range."""

    @property
    def p_star(self) -> float:
        """Probability of reporting the own value's bucket, e / (e + g - 1)."""
        return 1 / (1 + (self.num_buckets - 1) * math.exp(-self.epsilon))

    @property
    def _lie(self) -> float:
        """Probability of reporting one given other bucket, p / e."""
        return self.p_star * math.exp(-self.epsilon)

    @property
    def _log_lie(self) -> float:
        return math.log(self._lie)

    @property
    def q_star(self) -> float:
        """Probability that one given other value hashes to the reported bucket, 1 / g."""
        return 1 / self.num_buckets

    @property
    def own_missed(self) -> float:
        """Probability of reporting another bucket, 1 - p without cancellation."""
        return (self.num_buckets - 1) * self._lie

    @property
    def bits(self) -> int:
        """Bits per report: the bucket, ceil(log2 g), and the 64-bit seed."""
        return (self.num_buckets - 1).bit_length() + 64

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Rows:
        """Draw one report per value: a structured vector with fields seed and bucket."""
        own = check_values(values, self.k)
        check_generator(rng)
        reports = np.empty(own.size, dtype=_REPORT)
        for start in range(0, own.size, _CHUNK):
            rows = slice(start, start + _CHUNK)
            mine = own[rows]
            seeds = rng.integers(0, 2**64, mine.size, dtype=np.uint64)
            buckets = hash_to_buckets(seeds, mine.view(np.uint64), self.num_buckets)
            reports["seed"][rows] = seeds
            reports["bucket"][rows] = randomize(
                buckets.view(np.int64), self.num_buckets, self._lie, rng
            )
        return reports

    def log_likelihood(self, reports: Rows, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(bucket | value, seed), shape (n, len(values)); None means all k values.

        The seed is drawn independently of the value, so its probability cancels
        from every comparison and is left out.
        """
        rows = structured_rows(reports, _REPORT)
        asked = np.arange(self.k) if values is None else check_values(values, self.k)
        check_table_size(rows.size, asked.size)
        levels = np.array([self._log_lie, math.log(self.p_star)])
        seeds, buckets = np.ascontiguousarray(rows["seed"]), rows["bucket"].astype(np.uint64)
        if values is None:
            return levels.take(
                _supports(seeds, buckets, self.num_buckets, (self.k + 1) // 2)[:, : self.k]
            )
        table = np.empty((asked.size, rows.size))
        for row, value in zip(table, asked.tolist(), strict=True):
            same = hash_to_buckets(seeds, value, self.num_buckets) == buckets
            levels.take(same, out=row, mode="clip")
        return table.T

    @property
    def support_gain(self) -> float:
        """Log-likelihood ratio of a value of the bucket and another one."""
        return math.log(self.p_star) - self._log_lie

    def supports(self, reports: Rows) -> TriedSupports | PackedSupports:
        """The values that each seed puts into the bucket."""
        rows = structured_rows(reports, _REPORT)
        seeds, buckets = np.ascontiguousarray(rows["seed"]), rows["bucket"].astype(np.uint64)
        if self.k > _FEW * self.num_buckets:

            def meet(rows: Ints, values: Ints) -> Bools:
                words = values.astype(np.uint64)
                hashed = hash_to_buckets(seeds[rows, None], words, self.num_buckets)
                found: Bools = hashed == buckets[rows, None]
                return found

            return TriedSupports(rows.size, self.k, meet)
        out = np.empty((rows.size, -(-self.k // 8)), dtype=np.uint8)
        step = max(1, _TABLE // self.k)
        for start in range(0, rows.size, step):
            some, pairs = slice(start, start + step), (self.k + 1) // 2
            bits = _supports(seeds[some], buckets[some], self.num_buckets, pairs)[:, : self.k]
            out[some] = np.packbits(bits, axis=1, bitorder="little")
        return PackedSupports(out)

    def aggregate(self, reports: Rows) -> SupportCounts:
        """Count the reports whose bucket is that of each value; summaries add up."""
        rows = structured_rows(reports, _REPORT)
        totals = np.zeros(((self.k + 1) // 2, 2), dtype=np.int64)
        loops = compiled(rows.size * self.k)
        for start in range(0, rows.size, _CHUNK):
            _add_supports(rows[start : start + _CHUNK], self.num_buckets, totals, loops)
        return SupportCounts(rows.size, totals.reshape(-1)[: self.k])

    def sample_counts(self, histogram: npt.ArrayLike, *, rng: np.random.Generator) -> SupportCounts:
        """Draw the counts of histogram[v] users of each value v, exact for an ideal hash, in O(k).

        An ideal hash sends the other values to the reported bucket independently.
        """
        users = users_per_value(histogram, self.k)
        supports = independent_supports(users, self.own_missed, self.q_star, check_generator(rng))
        return SupportCounts(int(users.sum()), supports)

    def influence(self, targets: npt.ArrayLike) -> float:
        """Most that one report adds to the summed estimate of `targets`, times the users.

        Of a seed that sends all of them to one bucket: an ideal hash has such a seed, and of
        2**64 seeds g**(r - 1) : 1 of them do.
        """
        return super().influence(targets)

    def false_reports(
        self, targets: npt.ArrayLike, num_reports: int, *, rng: np.random.Generator
    ) -> Rows:
        """Reports of largest `influence`: a seed and the bucket that it sends the targets to.

        One seed for all, the best of at most 2**22; ValueError if none sends all of them to
        one bucket.
        """
        chosen, source = checked_targets(targets, self.k), check_generator(rng)
        for _ in range(_SEED_BATCHES):
            seeds = source.integers(0, 2**64, _CHUNK, dtype=np.uint64)
            first = hash_to_buckets(seeds, int(chosen[0]), self.num_buckets)
            together = np.ones(seeds.size, dtype=np.bool_)
            for value in chosen[1:].tolist():
                together &= hash_to_buckets(seeds, value, self.num_buckets) == first
            if together.any():
                found = int(np.argmax(together))
                reports = np.empty(num_reports, dtype=_REPORT)
                reports["seed"], reports["bucket"] = seeds[found], first[found]
                return reports
        raise ValueError(
            f"no seed of {_SEED_BATCHES * _CHUNK} sends all {chosen.size} targets to one bucket."
        )

    def support_sizes(self, reports: Rows) -> Ints:
        """Number of values that each report supports: those that its seed sends to its bucket."""
        rows = structured_rows(reports, _REPORT)
        sizes = np.empty(rows.size, dtype=np.int64)
        step = max(1, _CHUNK * 64 // self.k)
        for start in range(0, rows.size, step):
            part = rows[start : start + step]
            seeds, buckets = np.ascontiguousarray(part["seed"]), part["bucket"].astype(np.uint64)
            held = _supports(seeds, buckets, self.num_buckets, (self.k + 1) // 2)[:, : self.k]
            sizes[start : start + step] = held.sum(axis=1)
        return sizes

    def random_reports(self, num_reports: int, *, rng: np.random.Generator) -> Rows:
        """Uniform seeds and buckets."""
        reports = np.empty(num_reports, dtype=_REPORT)
        reports["seed"] = check_generator(rng).integers(0, 2**64, num_reports, dtype=np.uint64)
        reports["bucket"] = rng.integers(0, self.num_buckets, num_reports)
        return reports

    def pair_classes(self) -> tuple[Floats, Floats]:
        """Which of three values have the reported bucket, exact for an ideal random hash."""
        named = min(self.k, 3)
        bits = np.array(list(itertools.product((False, True), repeat=named)))
        chance = np.where(bits, self.q_star, 1 - self.q_star)
        own = np.where(bits, self.p_star, self.own_missed)
        table = np.stack([chance.prod(axis=1) / chance[:, j] * own[:, j] for j in range(named)])
        # Each bucket of each hash is sent by every value with the probability of a lie at least.
        lies = self.num_buckets * min(self._lie, self.p_star)
        return table[[0, 1, -1]], lies * chance.prod(axis=1)

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Success of the best single guess from one report, exact for an ideal random hash."""
        g, p = self.num_buckets, self.p_star
        first, never = first_of_independent(self.k, 1 / g)
        weights = check_distribution("prior", prior, self.k)
        return two_level_success(weights, first, never, g * p, g * self._lie)

    def published_success(self) -> float:
        """The papers' attack success, e / ((e + g - 1) max(k / g, 1)): an approximation.

        Gursoy et al., IEEE TIFS 2022; it is off where g is near k.
        """
        return self.p_star / max(self.k / self.num_buckets, 1.0)

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio over reports and pairs of values, ln(p / q)."""
        return math.log(self.p_star) - self._log_lie

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of any two values, exact for an ideal random hash.

        The seed is public, so that two values of one bucket tell nothing:
        (1 - 1 / g) max(0, p - exp(epsilon) q) for randomized response p, q over the buckets.
        """
        apart = 1 - 1 / self.num_buckets
        return apart * hockey_stick(self.p_star, epsilon, self.exact_epsilon())


@dataclass(frozen=True)
@parameters(k=domain_size(), epsilon=budget())
class OptimizedLocalHashing(LocalHashing):
    """OLH: g = round(e) + 1 buckets.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units; g must stay below 2**31 (epsilon up to 21.4).

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports are a structured vector with fields ``seed`` (uint64, drawn by the
    user) and ``bucket`` (uint32). Source: Wang, Blocki, Li and Jha, USENIX
    Security 2017, section 4.4. `vulnerability` is exact for an ideal hash; the
    published formula is `published_success`.

    Examples
    --------
    >>> import numpy as np
    >>> m = OptimizedLocalHashing(k=10, epsilon=1.0)
    >>> m.num_buckets, round(m.vulnerability(), 6), round(m.published_success(), 6)
    (4, 0.183378, 0.190147)
    >>> m.privatize([7, 8], rng=np.random.default_rng(0)).dtype.names
    ('seed', 'bucket')
    """

    k: int
    epsilon: float

    def _check_together(self) -> None:
        if self.epsilon > math.log(2**31 - 2):
            raise ValueError(
                f"epsilon must keep round(exp(epsilon)) + 1 below 2**31, got {self.epsilon!r}."
            )

    @property
    def num_buckets(self) -> int:
        """Size of the hash range, round(e) + 1."""
        return round(math.exp(self.epsilon)) + 1


@dataclass(frozen=True)
@parameters(k=domain_size(), epsilon=budget())
class BinaryLocalHashing(LocalHashing):
    """BLH: local hashing to g = 2 buckets, one bit per report beside the seed.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports as for `OptimizedLocalHashing`. Source: Bassily and Smith, STOC 2015;
    Wang, Blocki, Li and Jha, USENIX Security 2017, section 4.4.

    Examples
    --------
    >>> m = BinaryLocalHashing(k=10, epsilon=1.0)
    >>> round(m.vulnerability(), 6), round(m.mse(1), 5), m.bits
    (0.146121, 4.68269, 65)
    """

    k: int
    epsilon: float

    @property
    def num_buckets(self) -> int:
        """Size of the hash range, 2."""
        return 2
