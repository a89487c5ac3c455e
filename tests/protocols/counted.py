"""Laws of counts by the naive way: enumeration for a few users, moments for very many.

What draws counts without reports answers to these.
"""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import numpy.typing as npt
from scipy import stats

from ldpaudit.protocols import (
    GeneralizedRandomizedResponse,
    OptimizedUnaryEncoding,
    SubsetSelection,
)

from .channels import Enumerable, defined_channel, patterns, subsets

ALARM = 1e-6

Table = npt.NDArray[np.float64]
Law = dict[tuple[int, ...], float]
Integers = npt.NDArray[np.int64]
Block = tuple[int, int, float, Integers]  # modulus, subset size, p, residue of each value


def uneven(k: int, num_users: int) -> Integers:
    """A histogram with a heavy head and a value that nobody has."""
    shares = 1 / np.arange(1, k + 1)
    shares[k // 2] = 0
    users = np.floor(num_users * shares / shares.sum()).astype(np.int64)
    users[0] += num_users - users.sum()
    return np.asarray(users)


def supports_of_reports(m: Enumerable) -> npt.NDArray[np.uint8]:
    """The entries that each report adds 1 to, in the order of `defined_channel`."""
    if isinstance(m, GeneralizedRandomizedResponse):
        return np.eye(m.k, dtype=np.uint8)
    if isinstance(m, SubsetSelection):
        return subsets(m.k, m.subset_size)
    if isinstance(m, OptimizedUnaryEncoding):
        return patterns(m.k)
    widths, sizes, offset = m.moduli, m.subset_sizes, 0
    blocks = []
    for modulus, size in zip(widths, sizes, strict=True):
        rows = subsets(modulus, size)
        blocks.append(np.pad(rows, ((0, 0), (offset, sum(widths) - offset - modulus))))
        offset += modulus
    return np.concatenate(blocks)


def chi_square(observed: Table, expected: Table) -> None:
    """Fail with probability 1e-6; the rarest cells are pooled until five of each are expected."""
    cells, pooled = [], np.zeros(2)
    for pair in np.stack((observed, expected), axis=1)[np.argsort(expected)]:
        pooled += pair
        if pooled[1] >= 5:
            cells.append(pooled)
            pooled = np.zeros(2)
    cells[-1] = cells[-1] + pooled
    seen, mean = np.array(cells).T
    statistic = float(((seen - mean) ** 2 / mean).sum())
    assert statistic <= stats.chi2(len(cells) - 1).isf(ALARM) if len(cells) > 1 else not statistic


def exact_law(m: Enumerable, values: tuple[int, ...]) -> Law:
    """Probability of every count vector: all tuples of reports, one after the other."""
    table, supports = defined_channel(m), supports_of_reports(m)
    law: Law = {(0,) * supports.shape[1]: 1.0}
    for value in values:
        following: Law = defaultdict(float)
        for held, chance in law.items():
            for support, likely in zip(supports.tolist(), table[:, value], strict=True):
                following[tuple(map(sum, zip(held, support, strict=True)))] += chance * likely
        law = following
    return law


def subset_moments(users: Integers, blocks: list[Block]) -> tuple[Table, Table]:
    """Mean and covariance of the counts where a user sends a subset in one of some blocks.

    Pairs of residues are together with p (w - 1) / (m - 1) if one is the own, else with
    p (w - 1)(w - 2) / ((m - 1)(m - 2)) + (1 - p) w (w - 1) / ((m - 1)(m - 2)).
    """
    width = sum(block[0] for block in blocks)
    total_mean, total = np.zeros(width), np.zeros((width, width))
    for value, many in enumerate(users.tolist()):
        second, start = np.zeros((width, width)), 0
        for m, w, p, residues in blocks:
            other = (p * (w - 1) + (1 - p) * w) / (m - 1)
            pair = p * (w - 1) * (w - 2) + (1 - p) * w * (w - 1)
            part = np.full((m, m), pair / max(1, (m - 1) * (m - 2)))
            own = residues[value]
            part[own] = part[:, own] = p * (w - 1) / (m - 1)
            part[np.diag_indices(m)] = other
            part[own, own] = p
            second[start : start + m, start : start + m] = part / len(blocks)
            start += m
        mean = np.diag(second)
        total_mean += many * mean
        total += many * (second - np.outer(mean, mean))
    return total_mean, total


def bit_moments(users: Integers, p: float, q: float) -> tuple[Table, Table]:
    """Mean and covariance of the counts where every value is supported on its own."""
    others = users.sum() - users
    return users * p + others * q, np.diag(users * p * (1 - p) + others * q * (1 - q))


def check_moments(draws: Table, mean: Table, covariance: Table) -> None:
    """Sums over very many users, whitened, are independent standard normals: a rate of 1e-6.

    Checked are the directions without variance, every coordinate's mean and
    variance, and every pair's covariance by the variance of (x + y) / sqrt 2.
    """
    scale, axes = np.linalg.eigh(covariance)
    kept = scale > 1e-9 * scale.max()
    centred = draws - mean
    drift = centred @ axes[:, ~kept]
    assert np.abs(drift).max(initial=0) <= 1e-9 * np.abs(mean).max()
    rank, num_draws = int(kept.sum()), len(draws)
    mixing = stats.ortho_group(rank).rvs(random_state=np.random.default_rng(32))
    white = centred @ axes[:, kept] / np.sqrt(scale[kept]) @ np.reshape(mixing, (rank, rank))
    share = ALARM / (rank * (rank + 3) / 2)  # means, variances and pairs
    limit = stats.norm.isf(share / 2) * math.sqrt(num_draws)
    assert np.abs(white.sum(axis=0)).max() <= limit
    gram = white.T @ white
    first, second = np.triu_indices(rank, 1)
    squares = np.diag(gram)
    pairs = (squares[first] + squares[second]) / 2 + gram[first, second]
    law = stats.chi2(num_draws)
    everything = np.concatenate((squares, pairs))
    assert law.isf(1 - share / 2) <= everything.min()
    assert everything.max() <= law.isf(share / 2)
