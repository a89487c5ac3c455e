"""The subset randomizer: one value in, a subset of fixed size out. SS is one, MSS holds l."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, combinations

import numpy as np

from ldpaudit.arrays import Bytes, Floats, Ints
from ldpaudit.divergence import hockey_stick
from ldpaudit.parameters import parameters

from ._bits import pack, row_chunks, subset_chunks, subset_rows, width
from ._counts import subset_supports
from ._two_level import first_of_subset, two_level_success


def _published_size(name: str, value: int, made: SubsetRandomizer) -> int:
    del name
    if value:
        return value
    fraction = math.exp(-made.epsilon) / (1 + math.exp(-made.epsilon))
    return max(1, round(made.num_values * fraction))


@dataclass(frozen=True)
@parameters(size=_published_size)
class SubsetRandomizer:
    """Subset selection over `num_values` values with subsets of `size` (0: the published size).

    The own value is in with probability p = w e / (w e + m - w); the rest is a
    uniform subset of the other values. The published size is
    max(1, rint(m / (e + 1))) (Ye and Barg, IEEE Trans. Inf. Theory 2018; Wang et
    al. 2016).
    """

    num_values: int
    epsilon: float
    size: int = 0

    @property
    def p(self) -> float:
        """Probability that the own value is in the subset."""
        return self.size / (self.size + (self.num_values - self.size) * math.exp(-self.epsilon))

    @property
    def out(self) -> float:
        """Probability that the own value is not in the subset, 1 - p without cancellation."""
        return (self.num_values - self.size) * math.exp(-self.epsilon) * self.p / self.size

    @property
    def q(self) -> float:
        """Probability that one given other value is in the subset."""
        w = self.size
        return (self.p * (w - 1) + self.out * w) / (self.num_values - 1)

    @property
    def variance(self) -> float:
        """Per-user variance of an estimated entry at f = 0, q (1 - q) / (p - q)^2."""
        return self.q * (1 - self.q) / (self.p - self.q) ** 2

    @property
    def second_moment(self) -> tuple[float, float]:
        """Coefficients (a, d) of the second moment of (1_Z - q) on the sum-zero subspace.

        E[(1_Z - q)(1_Z - q)^T | x] = a I + b 11^T + c (e_x 1^T + 1 e_x^T) + d e_x e_x^T:
        the entries are fixed by which of (own, other) meet, and the b and c
        terms vanish wherever sums are known.
        """
        m, w, p, q = self.num_values, self.size, self.p, self.q
        own_other = p * (w - 1) / (m - 1)
        two_others = 0.0
        if m > 2:
            pairs = (m - 1) * (m - 2)
            two_others = (p * (w - 1) * (w - 2) + self.out * w * (w - 1)) / pairs
        b = two_others - q * q
        a = q * (1 - q) - b
        c = own_other - p * q - b
        d = (p - 2 * p * q + q * q) - a - b - 2 * c
        return a, d

    @property
    def bits(self) -> int:
        """Bits of a subset, ceil(log2 C(m, w))."""
        return (math.comb(self.num_values, self.size) - 1).bit_length()

    @property
    def log_levels(self) -> tuple[float, float]:
        """Log-probability of a given subset that holds the own value, and of one that does not."""
        m, w = self.num_values, self.size
        high = math.log(self.p) - _log_comb(m - 1, w - 1)
        return high, high - self.epsilon

    def privatize(self, own: Ints, rng: np.random.Generator) -> Bytes:
        """Packed subsets, one row per user."""
        return subset_rows(own, self.num_values, self.size, self.p, rng)

    def privatize_into(self, rows: Bytes, own: Ints, users: Ints, rng: np.random.Generator) -> None:
        """Write the packed subset of each user, whose own values are given, into her row."""
        for some, packed in subset_chunks(own, self.num_values, self.size, self.p, rng):
            rows[users[some], : packed.shape[1]] = packed

    def holding(self, wanted: Ints, num_rows: int, rng: np.random.Generator) -> Bytes:
        """Packed uniform subsets among those that hold as many of `wanted` as they can."""
        packed = np.empty((num_rows, width(self.num_values)), dtype=np.uint8)
        for rows in row_chunks(num_rows, 8 * self.num_values):
            keys = rng.random((rows.stop - rows.start, self.num_values))
            keys[:, wanted] -= 1  # before all others, in any order
            bits = np.zeros(keys.shape, dtype=np.uint8)
            last = self.size - 1
            least = np.argpartition(keys, last, axis=1)[:, : self.size]
            np.put_along_axis(bits, least, np.uint8(1), axis=1)
            packed[rows] = pack(bits)
        return packed

    def supports(self, users: Ints, rng: np.random.Generator) -> Ints:
        """How many subsets hold each value, for users[v] users of each value v."""
        return supports_of_blocks([self], [users], rng)

    def every_subset(self) -> Bytes:
        """All packed subsets, each once."""
        m, w = self.num_values, self.size
        packed = np.empty((math.comb(m, w), width(m)), dtype=np.uint8)
        members = chain.from_iterable(combinations(range(m), w))
        for rows in row_chunks(len(packed), 8 * w + m):
            many = rows.stop - rows.start
            bits = np.zeros((many, m), dtype=np.uint8)
            chosen = np.fromiter(members, np.int64, many * w).reshape(many, w)
            np.put_along_axis(bits, chosen, np.uint8(1), axis=1)
            packed[rows] = pack(bits)
        return packed

    def vulnerability(self, prior: Floats) -> float:
        """Sum over subsets of the largest prior-weighted likelihood."""
        m, w = self.num_values, self.size
        first = first_of_subset(m, w)
        return two_level_success(prior, first, 0.0, self.p * m / w, self.out * m / (m - w))

    def exact_epsilon(self) -> float:
        """Log of P(Z | x in Z) / P(Z | x not in Z), from the probabilities in use."""
        m, w = self.num_values, self.size
        return math.log(self.p) - math.log(self.out) + math.log(m - w) - math.log(w)

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of any two values: of the own one in and the other not."""
        likely = self.p * (self.num_values - self.size) / (self.num_values - 1)
        return hockey_stick(likely, epsilon, self.exact_epsilon())


def _log_comb(n: int, r: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(r + 1) - math.lgamma(n - r + 1)


def supports_of_blocks(
    blocks: Sequence[SubsetRandomizer], users: Sequence[Ints], rng: np.random.Generator
) -> Ints:
    """How many subsets hold each value of each block, one block's values after the other's."""
    size, out = np.array([block.size for block in blocks]), np.array([b.out for b in blocks])
    return np.concatenate(subset_supports(users, size, out, rng))
