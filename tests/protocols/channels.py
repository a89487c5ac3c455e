"""Whole channels, report by report: the naive reference that the closed forms answer to.

Everything here is a table P(report | value) of shape (reports, k), built from
the definition of a mechanism by going through all its reports.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.protocols import (
    GeneralizedRandomizedResponse,
    ModularSubsetSelection,
    OptimizedLocalHashing,
    OptimizedUnaryEncoding,
    SubsetSelection,
)

Table = npt.NDArray[np.float64]

EPSILONS = (0.1, 0.5, 1.0, 4.0, 8.0)
DOMAINS = tuple(range(2, 9))
DESIGNS: dict[int, tuple[tuple[int, ...], ...]] = {
    4: ((2, 3), (3, 4), (4,)),
    5: ((3, 4), (2, 3, 5)),
    6: ((2, 5), (3, 4, 5)),
    7: ((3, 5), (4, 5), (2, 3, 5, 7)),
    8: ((5, 7), (2, 7), (3, 4, 5), (3, 5, 7, 8)),
}

Enumerable = (
    GeneralizedRandomizedResponse
    | SubsetSelection
    | OptimizedUnaryEncoding
    | ModularSubsetSelection
)


def subsets(num_values: int, size: int) -> npt.NDArray[np.uint8]:
    """Every subset of a given size, one 0/1 row each."""
    chosen = list(itertools.combinations(range(num_values), size))
    rows = np.zeros((len(chosen), num_values), dtype=np.uint8)
    for row, members in enumerate(chosen):
        rows[row, list(members)] = 1
    return rows


def patterns(num_values: int) -> npt.NDArray[np.uint8]:
    """Every 0/1 row."""
    return np.array(list(itertools.product((0, 1), repeat=num_values)), dtype=np.uint8)


def pack(bits: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Rows of bits, value j in bit j % 8 of byte j // 8."""
    return np.packbits(bits, axis=1, bitorder="little")


def all_reports(mechanism: Enumerable) -> Any:
    """Every report that the mechanism can send, once each."""
    k = mechanism.k
    if isinstance(mechanism, GeneralizedRandomizedResponse):
        return np.arange(k)
    if isinstance(mechanism, SubsetSelection):
        return pack(subsets(k, mechanism.subset_size))
    if isinstance(mechanism, OptimizedUnaryEncoding):
        return pack(patterns(k))
    assert mechanism.moduli is not None
    dtype = mechanism.privatize([], rng=np.random.default_rng(0)).dtype
    blocks = []
    designs = zip(mechanism.moduli, mechanism.subset_sizes, strict=True)
    for index, (modulus, size) in enumerate(designs):
        rows = pack(subsets(modulus, size))
        block = np.zeros(len(rows), dtype=dtype)
        block["block"] = index
        block["subset"][:, : rows.shape[1]] = rows
        blocks.append(block)
    return np.concatenate(blocks)


def channel(mechanism: Enumerable) -> Table:
    """P(report | value) over `all_reports`, from the mechanism's own likelihood."""
    return np.exp(mechanism.log_likelihood(all_reports(mechanism)))


def defined_channel(mechanism: Enumerable) -> Table:
    """P(report | value) over `all_reports`, from the protocol's definition alone."""
    k, e = mechanism.k, math.exp(mechanism.epsilon)
    if isinstance(mechanism, GeneralizedRandomizedResponse):
        return (1 + (e - 1) * np.eye(k)) / (e + k - 1)
    if isinstance(mechanism, SubsetSelection):
        return _subset_channel(k, e)
    if isinstance(mechanism, OptimizedUnaryEncoding):
        rows, q = patterns(k), 1 / (e + 1)
        table = np.empty((len(rows), k))
        for (y, row), x in itertools.product(enumerate(rows), range(k)):
            table[y, x] = 0.5
            for bit in np.delete(row, x):
                table[y, x] *= q if bit else 1 - q
        return table
    assert mechanism.moduli is not None
    parts = [
        _subset_channel(modulus, e)[:, np.arange(k) % modulus] / len(mechanism.moduli)
        for modulus in mechanism.moduli
    ]
    return np.concatenate(parts)


def _subset_channel(num_values: int, e: float) -> Table:
    size = max(1, round(num_values / (e + 1)))
    own = size * e / (size * e + num_values - size)
    other = (num_values - size) / (size * e + num_values - size)
    high = own / math.comb(num_values - 1, size - 1)
    low = other / math.comb(num_values - 1, size)
    return np.where(subsets(num_values, size) == 1, high, low)


def hashing_supports(mechanism: OptimizedLocalHashing) -> tuple[Table, npt.NDArray[np.uint8]]:
    """Channel and supports of ideal hashing: every function [k] -> [g] with every bucket."""
    k, g, p = mechanism.k, mechanism.num_buckets, mechanism.p_star
    functions = np.array(list(itertools.product(range(g), repeat=k)))
    supports = (functions[:, None, :] == np.arange(g)[None, :, None]).reshape(-1, k)
    table = np.where(supports, p, (1 - p) / (g - 1)) / g**k
    return table, supports.astype(np.uint8)


def hashing_patterns(mechanism: OptimizedLocalHashing) -> tuple[Table, npt.NDArray[np.uint8]]:
    """The same with all reports of equal support merged, for g too large to go through.

    A support S has (g - 1)^(k - |S|) functions for each of g buckets, out of g^k.
    """
    k, g, p = mechanism.k, mechanism.num_buckets, mechanism.p_star
    supports = patterns(k)
    inside = supports.sum(axis=1, dtype=np.float64)
    share = g * (1 / g) ** inside * (1 - 1 / g) ** (k - inside)
    table = np.where(supports == 1, p, (1 - p) / (g - 1)) * share[:, None]
    return table, supports


def single_estimates(mechanism: Enumerable) -> Table:
    """The estimate from each report alone, shape (reports, k)."""
    reports = all_reports(mechanism)
    return np.array(
        [mechanism.estimate(mechanism.aggregate(reports[i : i + 1])) for i in range(len(reports))]
    )


def covariance_trace(table: Table, estimates: Table, frequencies: Table) -> float:
    """Mean over the k items of the variance of one user's estimate, users as in `frequencies`."""
    total = 0.0
    for x, share in enumerate(frequencies):
        mean = table[:, x] @ estimates
        total += share * float(table[:, x] @ ((estimates - mean) ** 2).sum(axis=1))
    return total / len(frequencies)


def priors(k: int) -> list[Table]:
    """Random, sorted, degenerate and tied priors over k values."""
    rng = np.random.default_rng(20_240_501 + k)
    smooth, spiky = rng.dirichlet(np.ones(k)), rng.dirichlet(np.full(k, 0.2))
    point = np.zeros(k)
    point[k // 2] = 1.0
    holes = np.where(np.arange(k) % 2 == 0, 1.0, 0.0)
    steps = np.where(np.arange(k) < (k + 1) // 2, 3.0, 1.0)
    return [
        np.full(k, 1 / k),
        smooth,
        spiky,
        np.sort(smooth),
        np.sort(smooth)[::-1],
        point,
        holes / holes.sum(),
        steps / steps.sum(),
    ]


def enumerable() -> list[Enumerable]:
    """One of each mechanism that has an enumerable channel, over the whole test grid."""
    found: list[Enumerable] = []
    for k, epsilon in itertools.product(DOMAINS, EPSILONS):
        found.append(GeneralizedRandomizedResponse(k=k, epsilon=epsilon))
        found.append(SubsetSelection(k=k, epsilon=epsilon))
        found.append(OptimizedUnaryEncoding(k=k, epsilon=epsilon))
        found.append(ModularSubsetSelection(k=k, epsilon=epsilon))
        found.extend(
            ModularSubsetSelection(k=k, epsilon=epsilon, moduli=moduli)
            for moduli in DESIGNS.get(k, ())
        )
    return found
