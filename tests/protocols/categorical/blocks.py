"""Naive references for protocols in blocks: channels, errors and joint laws by enumeration.

Built from two tables alone, which messages support which values and in which
block each message and each value is.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Table = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ALARM = 1e-6


@dataclass(frozen=True)
class Blocks:
    """Which messages support which values, shape (K, k), and who is in which block."""

    supports: npt.NDArray[np.bool_]
    message_block: Ints
    value_block: Ints

    def channel(self, epsilon: float) -> Table:
        """P(message | value): e shares where it supports the value, one where it does not."""
        shares = np.where(self.supports, math.exp(epsilon), 1.0)
        return np.asarray(shares / shares.sum(axis=0))

    def scores(self, epsilon: float, support: int, shared: float) -> Table:
        """What each message alone adds to each estimate, shape (K, k), by the three terms."""
        e, size = math.exp(epsilon), int((self.message_block == 0).sum())
        z = 1 / (len(self.supports) + (e - 1) * support)
        alpha = 1 / (z * (e - 1) * (support - shared))
        beta = -alpha * shared / support
        gamma = -z * (alpha * support + beta * size)
        near = self.message_block[:, None] == self.value_block
        return np.asarray(alpha * self.supports + beta * near + gamma)

    def summary(self, messages: Sequence[int]) -> Ints:
        """Supports of each value and reports of each used block, message by message."""
        found = np.zeros(self.value_block.size + self.value_block[-1] + 1, dtype=np.int64)
        for message in messages:
            found[: self.value_block.size] += self.supports[message]
            block = self.message_block[message]
            if block <= self.value_block[-1]:
                found[self.value_block.size + block] += 1
        return found


def priors(k: int) -> list[Table]:
    """Random, ordered, tied, sparse, degenerate, nearly uniform and uniform priors."""
    rng = np.random.default_rng(17 + k)
    smooth = rng.dirichlet(np.ones(k))
    steps = np.where(np.arange(k) % 3 == 0, 2.0, 1.0)
    half = np.where(np.arange(k) >= k // 2, 1.0, 0.0)
    raw = [smooth, np.sort(smooth), np.sort(smooth)[::-1], rng.dirichlet(np.full(k, 0.1))]
    raw += [steps, half, np.eye(k)[k // 2], 1 + 1e-3 * rng.random(k), np.ones(k)]
    return [np.asarray(p / p.sum()) for p in raw]


def user_variances(table: Table, single: Table) -> Table:
    """Variance of each item (column) for a user of each value (row)."""
    return np.asarray(table.T @ single**2 - (table.T @ single) ** 2)


def worst_divergence(table: Table, epsilon: float) -> float:
    """Hockey-stick divergence of the worst pair of columns."""
    pairs = itertools.permutations(table.T, 2)
    return max(float(np.maximum(p - math.exp(epsilon) * q, 0).sum()) for p, q in pairs)


def sum_law(laws: list[Table], rows: Ints) -> dict[bytes, float]:
    """Law of the sum of rows[message] over users with these laws of the message."""
    total: dict[bytes, float] = {np.zeros(rows.shape[1], dtype=np.int64).tobytes(): 1.0}
    for law in laws:
        longer: dict[bytes, float] = defaultdict(float)
        for (before, chance), message in itertools.product(total.items(), np.flatnonzero(law)):
            after = np.frombuffer(before, dtype=np.int64) + rows[message]
            longer[after.tobytes()] += chance * float(law[message])
        total = dict(longer)
    return total


def assert_follows(seen: Ints, law: dict[bytes, float]) -> None:
    """Chi-square of rows against their law, rare outcomes together in bins of 25 expected."""
    rows, times = np.unique(seen, axis=0, return_counts=True)
    counted = {row.astype(np.int64).tobytes(): int(n) for row, n in zip(rows, times, strict=True)}
    assert set(counted) <= set(law)
    bins = [np.zeros(2)]
    for row, chance in sorted(law.items(), key=lambda outcome: outcome[1]):
        if bins[-1][0] >= 25:
            bins.append(np.zeros(2))
        bins[-1] += chance * len(seen), counted.get(row, 0)
    expected, observed = np.array(bins).T
    assert expected.size >= 3
    assert expected.min() >= 25
    statistic = float(((observed - expected) ** 2 / expected).sum())
    assert statistic <= stats.chi2(expected.size - 1).isf(ALARM)


def assert_evenly_spread(counts: Ints) -> None:
    """Neither more nor less spread than a multinomial over equally likely cells."""
    expected = counts.mean()
    assert expected >= 25
    statistic = float(((counts - expected) ** 2).sum() / expected)
    law = stats.chi2(counts.size - 1)
    assert law.isf(1 - ALARM / 2) <= statistic <= law.isf(ALARM / 2)


def assert_mean(sample: Table, expected: float) -> None:
    """Student's t at ALARM, two-sided."""
    error = sample.std(ddof=1) / math.sqrt(sample.size)
    limit = stats.t(sample.size - 1).isf(ALARM / 2)
    assert abs(sample.mean() - expected) <= limit * error
