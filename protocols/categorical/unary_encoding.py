"""Unary encoding: one bit per value, each flipped on its own. SUE, OUE and the general form."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bytes, Floats, Ints
from ldpaudit.divergence import hockey_stick
from ldpaudit.parameters import budget, domain_size, fraction, parameters
from ldpaudit.protocols._kernels._bits import (
    bernoulli_rows,
    column_counts,
    pack,
    row_chunks,
    set_own_bits,
    width,
)
from ldpaudit.protocols._kernels._checks import checked_targets, packed_rows
from ldpaudit.protocols._kernels._counts import independent_supports, users_per_value
from ldpaudit.protocols._kernels._levels import bit_factors, row_sizes
from ldpaudit.protocols._kernels._pure import PureProtocol, SupportCounts
from ldpaudit.protocols._kernels._two_level import first_of_independent, two_level_success
from ldpaudit.supports import PackedSupports
from ldpaudit.validate import (
    check_distribution,
    check_generator,
    check_listable,
    check_table_size,
    check_values,
)


class UnaryEncoding(PureProtocol):
    """Everything a unary encoding does, given p_star (own bit) and q_star (other bits)."""

    @property
    def bits(self) -> int:
        """Bits per report, k."""
        return self.k

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Bytes:
        """Draw one report per value: packed bits of shape (n, ceil(k / 8))."""
        own = check_values(values, self.k)
        check_generator(rng)
        packed = np.empty((own.size, width(self.k)), dtype=np.uint8)
        for rows in row_chunks(own.size, width(self.k)):
            mine = own[rows]
            block = bernoulli_rows(mine.size, self.k, self.q_star, rng)
            set_own_bits(block, mine, rng.random(mine.size) < self.p_star)
            packed[rows] = block
        return packed

    def log_likelihood(self, reports: Bytes, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(report | value), shape (n, len(values)); None means all k values."""
        rows = packed_rows(reports, self.k)
        asked = np.arange(self.k) if values is None else check_values(values, self.k)
        check_table_size(len(rows), asked.size)
        p, q = self.p_star, self.q_star
        # P(y | x) is the law of k noise bits, with the own bit's factor exchanged.
        noise = row_sizes(rows) * (math.log(q) - math.log1p(-q)) + self.k * math.log1p(-q)
        unset_factor = math.log(self.own_missed) - math.log1p(-q)
        set_factor = math.log(p) - math.log(q)
        return bit_factors(rows, asked, (unset_factor, set_factor)) + noise[:, None]

    @property
    def support_gain(self) -> float:
        """Log-likelihood ratio of a value whose bit is set and another one."""
        p, q = self.p_star, self.q_star
        return math.log(p) - math.log(q) - math.log(self.own_missed) + math.log1p(-q)

    def supports(self, reports: Bytes) -> PackedSupports:
        """The values whose bits are set."""
        return PackedSupports(packed_rows(reports, self.k))

    def aggregate(self, reports: Bytes) -> SupportCounts:
        """Count the set bits of each value; summaries of a stream add up."""
        rows = packed_rows(reports, self.k)
        return SupportCounts(len(rows), column_counts(rows, self.k))

    def sample_counts(self, histogram: npt.ArrayLike, *, rng: np.random.Generator) -> SupportCounts:
        """Draw the counts of histogram[v] users of each value v from their exact law, in O(k)."""
        users = users_per_value(histogram, self.k)
        supports = independent_supports(users, self.own_missed, self.q_star, check_generator(rng))
        return SupportCounts(int(users.sum()), supports)

    def pair_classes(self) -> tuple[Floats, Floats]:
        """The bits of three values: P(class | value), and the mass that all send."""
        p, q, missed, named = self.p_star, self.q_star, self.own_missed, min(self.k, 3)
        bits = np.array(list(itertools.product((False, True), repeat=named)))
        noise = np.where(bits, q, 1 - q)
        own = np.where(bits, p, missed)
        # P(class | value) exchanges the own bit's factor.
        table = np.stack([noise.prod(axis=1) / noise[:, j] * own[:, j] for j in range(named)])
        # The least likely value is one whose bit is not set; where all are, each value is alike.
        least = noise.prod(axis=1) * min(missed / (1 - q), p / q)
        full = q ** (self.k - named)
        table = np.concatenate([table, table[:, -1:] * full], axis=1)
        least = np.append(least, q ** (self.k - 1) * p if p > q else 0.0)
        table[:, -2] *= 1 - full
        least[-2] *= 1 - full
        return table[[0, 1, -1]], least

    def every_report(self) -> Bytes:
        """List all 2**k rows of bits, packed; k up to 20."""
        check_listable(2**self.k)
        numbers = np.arange(2**self.k, dtype="<u4")
        return numbers.view(np.uint8).reshape(-1, 4)[:, : width(self.k)].copy()

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Exact success of the best single guess from one report, for users drawn from `prior`."""
        p, q = self.p_star, self.q_star
        first, never = first_of_independent(self.k, q)
        weights = check_distribution("prior", prior, self.k)
        return two_level_success(weights, first, never, p / q, self.own_missed / (1 - q))

    def false_reports(
        self, targets: npt.ArrayLike, num_reports: int, *, rng: np.random.Generator
    ) -> Bytes:
        """Reports of largest `influence`: the bits of all targets set, the others as noise is."""
        chosen = checked_targets(targets, self.k)
        rows = bernoulli_rows(num_reports, self.k, self.q_star, check_generator(rng))
        rows |= pack(np.isin(np.arange(self.k), chosen).astype(np.uint8)[None])
        return rows

    def support_sizes(self, reports: Bytes) -> Ints:
        """Number of values that each report supports: its set bits."""
        return row_sizes(packed_rows(reports, self.k))

    def random_reports(self, num_reports: int, *, rng: np.random.Generator) -> Bytes:
        """Uniform bits."""
        return bernoulli_rows(num_reports, self.k, 0.5, check_generator(rng))

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio: own bit set and the other's not, against the reverse."""
        p, q = self.p_star, self.q_star
        return math.log(p) - math.log(q) + math.log1p(-q) - math.log(self.own_missed)

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of any two values: of the own bit set and the other's not.

        max(0, p (1 - q) - exp(epsilon) q (1 - p)); the other bits tell nothing.
        """
        return hockey_stick(self.p_star * (1 - self.q_star), epsilon, self.exact_epsilon())


@dataclass(frozen=True)
@parameters(k=domain_size(), epsilon=budget())
class OptimizedUnaryEncoding(UnaryEncoding):
    """OUE: the own bit is a fair coin, each other bit is set with q = 1 / (e + 1).

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
    Reports have shape (n, ceil(k / 8)), dtype uint8, packed as for subset
    selection. Source: Wang, Blocki, Li and Jha, *Locally differentially private
    protocols for frequency estimation*, USENIX Security 2017, section 4.3.

    Examples
    --------
    >>> import numpy as np
    >>> m = OptimizedUnaryEncoding(k=10, epsilon=1.0)
    >>> m.bits, round(m.vulnerability(), 5), round(m.mse(1), 5)
    (10, 0.18079, 3.68269)
    >>> m.privatize([7, 8], rng=np.random.default_rng(0)).shape
    (2, 2)
    """

    k: int
    epsilon: float

    @property
    def p_star(self) -> float:
        """Probability that the own bit is set, 1/2."""
        return 0.5

    @property
    def q_star(self) -> float:
        """Probability that one given other bit is set, 1 / (e + 1)."""
        return math.exp(-self.epsilon) / (1 + math.exp(-self.epsilon))


@dataclass(frozen=True)
@parameters(k=domain_size(), epsilon=budget())
class SymmetricUnaryEncoding(UnaryEncoding):
    """SUE (one-time basic RAPPOR): every bit tells the truth with the same probability.

    p = e^(epsilon / 2) / (e^(epsilon / 2) + 1) and q = 1 - p.

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
    Reports as for `OptimizedUnaryEncoding`. As p + q = 1, the published
    variance is exact. Source: Erlingsson, Pihur and Korolova, CCS 2014; Wang,
    Blocki, Li and Jha, USENIX Security 2017, section 4.3.

    Examples
    --------
    >>> m = SymmetricUnaryEncoding(k=10, epsilon=1.0)
    >>> round(m.vulnerability(), 6), round(m.mse(1), 4)
    (0.163962, 3.9177)
    """

    k: int
    epsilon: float

    @property
    def p_star(self) -> float:
        """Probability that the own bit is set."""
        return 1 / (1 + math.exp(-self.epsilon / 2))

    @property
    def q_star(self) -> float:
        """Probability that one given other bit is set, 1 - p."""
        return math.exp(-self.epsilon / 2) / (1 + math.exp(-self.epsilon / 2))

    @property
    def own_missed(self) -> float:
        """Probability that the own bit is not set, equal to q."""
        return self.q_star


@dataclass(frozen=True)
@parameters(k=domain_size(), epsilon=budget(), p=fraction())
class GeneralUnaryEncoding(UnaryEncoding):
    """UE: any probability p of the own bit, with q = p / (e (1 - p) + p) to match epsilon.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    p : float
        Probability that the own bit is set, in [1/2, 1); 1/2 is OUE.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports as for `OptimizedUnaryEncoding`. Source: Wang, Blocki, Li and Jha,
    USENIX Security 2017, section 4.3.

    Examples
    --------
    >>> m = GeneralUnaryEncoding(k=100, epsilon=4.0, p=9 / 11)
    >>> round(m.q_star, 4), round(m.mse(1), 4)
    (0.0761, 0.1278)
    """

    k: int
    epsilon: float
    p: float

    def _check_together(self) -> None:
        if self.p < 0.5:
            raise ValueError(f"p must be at least 1/2, got {self.p!r}.")

    @property
    def p_star(self) -> float:
        """Probability that the own bit is set, p."""
        return self.p

    @property
    def q_star(self) -> float:
        """Probability that one given other bit is set."""
        odds = self.p / (1 - self.p) * math.exp(-self.epsilon)
        return odds / (1 + odds)
