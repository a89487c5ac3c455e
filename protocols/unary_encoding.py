"""Unary encoding: one bit a value, each flipped on its own. OUE is the variant with p = 1/2."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ldpaudit._validate import distribution, generator, integer, table_size
from ldpaudit._validate import epsilon as checked_epsilon
from ldpaudit._validate import values as checked_values

from ._bits import (
    Bytes,
    bernoulli_rows,
    column_counts,
    row_chunks,
    set_own_bits,
    take_columns,
    width,
)
from ._checks import packed_rows
from ._pure import PureProtocol, SupportCounts
from ._two_level import first_of_independent, two_level_success


class UnaryEncoding(PureProtocol):
    """Everything a unary encoding does, given p_star (own bit) and q_star (other bits)."""

    @property
    def bits(self) -> int:
        """Bits a report, k."""
        return self.k

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Bytes:
        """Draw one report a value: packed bits of shape (n, ceil(k / 8))."""
        own = checked_values(values, self.k)
        generator(rng)
        packed = np.empty((own.size, width(self.k)), dtype=np.uint8)
        for rows in row_chunks(own.size, width(self.k)):
            mine = own[rows]
            block = bernoulli_rows(mine.size, self.k, self.q_star, rng)
            set_own_bits(block, mine, rng.random(mine.size) < self.p_star)
            packed[rows] = block
        return packed

    def log_likelihood(
        self, reports: Bytes, values: npt.ArrayLike | None = None
    ) -> npt.NDArray[np.float64]:
        """Log P(report | value), shape (n, len(values)); None means all k values."""
        rows = packed_rows(reports, self.k)
        asked = np.arange(self.k) if values is None else checked_values(values, self.k)
        table_size(len(rows), asked.size)
        p, q = self.p_star, self.q_star
        ones = np.bitwise_count(rows).sum(axis=1, dtype=np.int64)
        # P(y | x) is the law of k noise bits, with the own bit's factor exchanged.
        noise = ones * math.log(q) + (self.k - ones) * math.log1p(-q)
        set_factor = math.log(p) - math.log(q)
        unset_factor = math.log1p(-p) - math.log1p(-q)
        factors = np.where(take_columns(rows, asked), set_factor, unset_factor)
        return np.asarray(factors + noise[:, None])

    def aggregate(self, reports: Bytes) -> SupportCounts:
        """Count the set bits of each value; summaries of a stream add up."""
        rows = packed_rows(reports, self.k)
        return SupportCounts(len(rows), column_counts(rows, self.k))

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Exact success of the best single guess from one report, for users drawn from `prior`."""
        p, q = self.p_star, self.q_star
        first, never = first_of_independent(self.k, q)
        weights = distribution("prior", prior, self.k)
        return two_level_success(weights, first, never, p / q, (1 - p) / (1 - q))

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio: own bit set and the other's not, against the reverse."""
        p, q = self.p_star, self.q_star
        return math.log(p) - math.log(q) + math.log1p(-q) - math.log1p(-p)


@dataclass(frozen=True)
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

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", integer("k", self.k, 2))
        object.__setattr__(self, "epsilon", checked_epsilon(self.epsilon))

    @property
    def p_star(self) -> float:
        """Probability that the own bit is set, 1/2."""
        return 0.5

    @property
    def q_star(self) -> float:
        """Probability that one given other bit is set, 1 / (e + 1)."""
        return math.exp(-self.epsilon) / (1 + math.exp(-self.epsilon))
