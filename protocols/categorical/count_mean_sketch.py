"""Apple's sketches: a public hash function, then noisy bits (CMS) or one noisy sign (HCMS)."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bools, Floats, Ints, Rows
from ldpaudit.divergence import hockey_stick
from ldpaudit.parameters import budget, domain_size, integer, parameters
from ldpaudit.protocols._kernels._bits import bernoulli_rows, set_own_bits, width
from ldpaudit.protocols._kernels._checks import checked_targets, structured_rows
from ldpaudit.protocols._kernels._collisions import collision_sums
from ldpaudit.protocols._kernels._hadamard import even
from ldpaudit.protocols._kernels._hashing import mix
from ldpaudit.protocols._kernels._pure import PureProtocol, SupportCounts
from ldpaudit.protocols._kernels._two_level import two_level_success
from ldpaudit.validate import (
    check_distribution,
    check_generator,
    check_table_size,
    check_values,
)

from .local_hashing import hash_to_buckets

_FAMILY = np.uint64(0x636D735F686173)  # the functions of every sketch: words of one stream
_ROWS = 2**14  # users a pass


class Sketch(PureProtocol):
    """What both sketches share: the family of hash functions, and counts of supports."""

    num_buckets: int
    num_hashes: int

    @property
    @abstractmethod
    def _report(self) -> np.dtype[np.void]:
        """Form of one report; its first field is the function."""

    @abstractmethod
    def _supported(self, rows: Rows, value: int) -> Bools:
        """Whether each report supports a value."""

    @abstractmethod
    def _levels(self) -> tuple[float, float]:
        """P(report | value) for an unsupported and a supported value, over the value-free law."""

    @abstractmethod
    def _unsupported(self) -> Floats:
        """P(no one of i given values is supported) under the value-free law, i = 0..k."""

    @abstractmethod
    def _sent(self, buckets: Ints, rows: Rows, rng: np.random.Generator) -> None:
        """Write what users in these buckets send to all fields but the function."""

    @abstractmethod
    def _value_free(self, rows: Rows) -> Floats | float:
        """Log probability of each report under the value-free law, given its function."""

    def _buckets(self, functions: npt.NDArray[np.uint32], values: int | Ints) -> Ints:
        """Bucket of each value by its function."""
        seeds = mix(_FAMILY, functions.astype(np.uint64))
        words = np.asarray(values, dtype=np.int64).astype(np.uint64)
        return hash_to_buckets(seeds, words, self.num_buckets).astype(np.int64)

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Rows:
        """Draw one report per value: a structured vector whose first field is the function."""
        own = check_values(values, self.k)
        check_generator(rng)
        reports = np.zeros(own.size, dtype=self._report)
        for start in range(0, own.size, _ROWS):
            mine, part = own[start : start + _ROWS], reports[start : start + _ROWS]
            part["function"] = rng.integers(0, self.num_hashes, mine.size)
            self._sent(self._buckets(part["function"], mine), part, rng)
        return reports

    def log_likelihood(self, reports: Rows, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(report | value, function), shape (n, len(values)); None means all k values.

        The function is drawn independently of the value and is left out.
        """
        rows = structured_rows(reports, self._report)
        asked = np.arange(self.k) if values is None else check_values(values, self.k)
        check_table_size(rows.size, asked.size)
        levels, table = np.log(self._levels()), np.empty((asked.size, rows.size))
        for line, value in zip(table, asked.tolist(), strict=True):
            levels.take(self._supported(rows, value), out=line, mode="clip")
        table += self._value_free(rows)
        return table.T

    def aggregate(self, reports: Rows) -> SupportCounts:
        """Count the reports that support each value; summaries add up."""
        rows = structured_rows(reports, self._report)
        counts = [int(self._supported(rows, value).sum()) for value in range(self.k)]
        return SupportCounts(rows.size, np.array(counts, dtype=np.int64))

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Success of the best single guess from one report, exact for ideal hash functions."""
        weights = check_distribution("prior", prior, self.k)
        low, high = self._levels()
        chain = self._unsupported()
        return two_level_success(weights, chain[:-1] - chain[1:], float(chain[-1]), high, low)

    @property
    def unbiased(self) -> bool:
        """No: only over the draw of the functions, and these are drawn once for all."""
        return False

    def expected_sums(self, targets: npt.ArrayLike) -> Floats | None:
        """Mean of the summed estimate over a report of each value, by its real collisions."""
        chosen, m = checked_targets(targets, self.k), self.num_buckets
        shared = collision_sums(self._buckets, self.num_hashes, self.k, chosen)
        return None if shared is None else np.asarray((m * shared - chosen.size) / (m - 1))

    def random_reports(self, num_reports: int, *, rng: np.random.Generator) -> Rows:
        """Uniform functions, and uniform bits or signs."""
        reports = np.zeros(num_reports, dtype=self._report)
        reports["function"] = check_generator(rng).integers(0, self.num_hashes, num_reports)
        self._fill(reports, rng)
        return reports

    @abstractmethod
    def _fill(self, rows: Rows, rng: np.random.Generator) -> None:
        """Write uniform reports to all fields but the function."""


@dataclass(frozen=True)
@parameters(
    k=domain_size(), epsilon=budget(), num_buckets=integer(2, 2**16), num_hashes=integer(1, 2**32)
)
class CountMeanSketch(Sketch):
    """CMS: the bucket of the own value among m bits, each bit flipped on its own.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    num_buckets : int, default 1024
        Width m of the sketch, from 2 to 65,536.
    num_hashes : int, default 65_536
        Number of public hash functions, of which each user draws one.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports are a structured vector with fields ``function`` (uint32) and ``bits`` (m of them,
    packed as for subset selection). A bit tells the truth with probability 1 / (1 +
    e^(-epsilon / 2)): two buckets differ in two bits, so a report is epsilon-LDP for any hash
    functions. `estimate` is m / (m - 1) (sketch mean - n / m) over n, the published server in one
    formula. It is unbiased over the draw of the functions; with few of them, two values share a
    bucket in more or fewer than 1 / m of the functions, which stays as a bias. Figures that
    depend on collisions (`mse`, `vulnerability`, `exact_delta`) are exact for ideal functions.
    Source: Differential Privacy Team at Apple, *Learning with privacy at scale*, Apple Machine
    Learning Journal 1(8), 2017, algorithms 1 to 4.

    Examples
    --------
    >>> m = CountMeanSketch(k=2_600, epsilon=4.0)
    >>> m.bits, round(m.exact_epsilon(), 6), round(m.vulnerability(), 5)
    (1040, 4.0, 0.00284)
    >>> m.privatize([7, 8], rng=np.random.default_rng(0)).dtype.names
    ('function', 'bits')
    """

    k: int
    epsilon: float
    num_buckets: int = 1024
    num_hashes: int = 65_536

    @property
    def _truth(self) -> float:
        """Probability that a bit tells the truth."""
        return 1 / (1 + math.exp(-self.epsilon / 2))

    @property
    def _lie(self) -> float:
        """Probability that a bit is flipped, without cancellation."""
        return self._truth * math.exp(-self.epsilon / 2)

    @property
    def p_star(self) -> float:
        """Probability that the bit of the own value's bucket is set."""
        return self._truth

    @property
    def own_missed(self) -> float:
        """Probability that it is not set."""
        return self._lie

    @property
    def q_star(self) -> float:
        """Probability that the bit of one given other value's bucket is set."""
        return self._lie + (self._truth - self._lie) / self.num_buckets

    @property
    def bits(self) -> int:
        """Bits per report: the sketch row and the number of the function."""
        return self.num_buckets + (self.num_hashes - 1).bit_length()

    @cached_property
    def _report(self) -> np.dtype[np.void]:
        return np.dtype([("function", "<u4"), ("bits", "u1", (width(self.num_buckets),))])

    def _sent(self, buckets: Ints, rows: Rows, rng: np.random.Generator) -> None:
        block = bernoulli_rows(buckets.size, self.num_buckets, self._lie, rng)
        set_own_bits(block, buckets, rng.random(buckets.size) < self._truth)
        rows["bits"] = block

    def _fill(self, rows: Rows, rng: np.random.Generator) -> None:
        rows["bits"] = bernoulli_rows(rows.size, self.num_buckets, 0.5, rng)

    def _supported(self, rows: Rows, value: int) -> Bools:
        buckets = self._buckets(rows["function"], value)
        held = rows["bits"][np.arange(rows.size), buckets >> 3] >> (buckets & 7).astype(np.uint8)
        supported: Bools = (held & 1).astype(np.bool_)
        return supported

    def _levels(self) -> tuple[float, float]:
        return self._lie / self._truth, self._truth / self._lie

    def _value_free(self, rows: Rows) -> Floats | float:
        ones = np.bitwise_count(rows["bits"]).sum(axis=1, dtype=np.int64)
        noise: Floats = ones * math.log(self._lie)
        noise += (self.num_buckets - ones) * math.log(self._truth)
        return noise

    def _unsupported(self) -> Floats:
        """S of the m bits are set, binomially; i values miss them with (1 - S / m)^i."""
        from scipy.stats import binom

        sizes = np.arange(self.num_buckets + 1)
        weights = binom.pmf(sizes, self.num_buckets, self._lie)
        kept = weights > 0
        weights, missed = weights[kept], 1 - sizes[kept] / self.num_buckets
        chain = np.empty(self.k + 1)
        for i in range(self.k + 1):
            chain[i] = weights.sum()
            weights *= missed
        return chain

    def false_reports(
        self, targets: npt.ArrayLike, num_reports: int, *, rng: np.random.Generator
    ) -> Rows:
        """Reports of largest `influence`: the bits of all targets set, the others as noise is."""
        chosen = checked_targets(targets, self.k)
        reports = self.random_reports(num_reports, rng=rng)
        rows = bernoulli_rows(num_reports, self.num_buckets, self._lie, rng)
        for value in chosen.tolist():
            buckets = self._buckets(reports["function"], value)
            rows[np.arange(num_reports), buckets >> 3] |= np.uint8(1) << (buckets & 7).astype("u1")
        reports["bits"] = rows
        return reports

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio of two values that a function tells apart."""
        return 2 * (math.log(self._truth) - math.log(self._lie))

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of any two values, exact for ideal functions.

        Two values of one bucket tell nothing: (1 - 1 / m) max(0, p^2 - exp(epsilon) (1 - p)^2).
        """
        apart = 1 - 1 / self.num_buckets
        return apart * hockey_stick(self._truth**2, epsilon, self.exact_epsilon())


@dataclass(frozen=True)
@parameters(
    k=domain_size(), epsilon=budget(), num_buckets=integer(2, 2**31), num_hashes=integer(1, 2**32)
)
class HadamardCountMeanSketch(Sketch):
    """HCMS: one coefficient of the own bucket's Hadamard row, its sign flipped at times.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    num_buckets : int, default 1024
        Width m of the sketch, a power of two, at least 2.
    num_hashes : int, default 65_536
        Number of public hash functions, of which each user draws one.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports are a structured vector with fields ``function`` (uint32), ``coefficient`` (uint32,
    uniform in [0, m)) and ``sign`` (int8, 1 or -1), which is true with probability 1 / (1 +
    e^-epsilon). A report supports the values whose bucket has that sign there: the own one with
    this probability, another of another bucket with 1/2. Estimates and figures as for
    `CountMeanSketch`. Source: the same, algorithms 5 to 7.

    Examples
    --------
    >>> m = HadamardCountMeanSketch(k=2_600, epsilon=4.0)
    >>> m.bits, round(m.exact_epsilon(), 6), round(m.vulnerability(), 6)
    (27, 4.0, 0.000755)
    """

    k: int
    epsilon: float
    num_buckets: int = 1024
    num_hashes: int = 65_536

    def _check_together(self) -> None:
        if self.num_buckets & (self.num_buckets - 1):
            raise ValueError(f"num_buckets must be a power of two, got {self.num_buckets}.")

    @property
    def p_star(self) -> float:
        """Probability of the true sign."""
        return 1 / (1 + math.exp(-self.epsilon))

    @property
    def own_missed(self) -> float:
        """Probability of the other sign, without cancellation."""
        return self.p_star * math.exp(-self.epsilon)

    @property
    def q_star(self) -> float:
        """Probability of the sign of one given other value: of its bucket, or of the same one."""
        return 0.5 + (self.p_star - 0.5) / self.num_buckets

    @property
    def bits(self) -> int:
        """Bits per report: the sign, the coefficient and the function."""
        return 1 + (self.num_buckets - 1).bit_length() + (self.num_hashes - 1).bit_length()

    @property
    def _report(self) -> np.dtype[np.void]:
        return np.dtype([("function", "<u4"), ("coefficient", "<u4"), ("sign", "i1")])

    def _sent(self, buckets: Ints, rows: Rows, rng: np.random.Generator) -> None:
        rows["coefficient"] = rng.integers(0, self.num_buckets, buckets.size)
        plus = even(rows["coefficient"].astype(np.int64), buckets)
        plus ^= rng.random(buckets.size) < self.own_missed
        rows["sign"] = np.where(plus, 1, -1)

    def _fill(self, rows: Rows, rng: np.random.Generator) -> None:
        rows["coefficient"] = rng.integers(0, self.num_buckets, rows.size)
        rows["sign"] = 1 - 2 * rng.integers(0, 2, rows.size)

    def _supported(self, rows: Rows, value: int) -> Bools:
        buckets = self._buckets(rows["function"], value)
        supported: Bools = even(rows["coefficient"].astype(np.int64), buckets) == (rows["sign"] > 0)
        return supported

    def _levels(self) -> tuple[float, float]:
        return 2 * self.own_missed, 2 * self.p_star

    def _value_free(self, rows: Rows) -> Floats | float:
        del rows
        return -math.log(2 * self.num_buckets)

    def _unsupported(self) -> Floats:
        """Coefficient 0 has one sign for all; elsewhere ideal values have fair signs."""
        chain = 2.0 ** -np.arange(self.k + 1, dtype=np.float64)
        chain[1:] += (0.5 - chain[1:]) / self.num_buckets
        return chain

    def false_reports(
        self, targets: npt.ArrayLike, num_reports: int, *, rng: np.random.Generator
    ) -> Rows:
        """Reports of largest `influence`: coefficient 0, whose sign is that of every value."""
        checked_targets(targets, self.k)
        reports = self.random_reports(num_reports, rng=rng)
        reports["coefficient"], reports["sign"] = 0, 1
        return reports

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio of two values that a function tells apart."""
        return math.log(self.p_star) - math.log(self.own_missed)

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of any two values, exact for ideal functions.

        Half of the coefficients tell two buckets apart: (1 - 1 / m) / 2 of the binary answer.
        """
        apart = (1 - 1 / self.num_buckets) / 2
        return apart * hockey_stick(self.p_star, epsilon, self.exact_epsilon())
