"""Inputs that are looked at, and which of their pairs are neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from ldpaudit.arrays import Bools
from ldpaudit.contracts.mechanisms import Mechanism, Values
from ldpaudit.contracts.privacy import HasNeighbours


def some_inputs(mechanism: Mechanism, most: int, rng: np.random.Generator) -> Values:
    """All inputs where they are few; else the ends, two neighbours, and others at random.

    Of records whose neighbours alone count, some with a neighbour in every attribute.
    """
    k = mechanism.k
    if k <= most:
        return np.arange(k)
    sizes = getattr(mechanism, "sizes", None)
    if isinstance(mechanism, HasNeighbours) and sizes is not None:
        return _records_and_neighbours(tuple(sizes), most, rng)
    first = [0, 1, k - 1, k // 2, k // 2 + 1, k - 2]
    fixed = list(dict.fromkeys(value for value in first if value < k))[:most]
    others = rng.choice(k, min(k, 2 * most), replace=False)
    fresh = others[~np.isin(others, fixed)][: most - len(fixed)]
    return np.sort(np.append(np.array(fixed, dtype=np.int64), fresh))


def _records_and_neighbours(sizes: tuple[int, ...], most: int, rng: np.random.Generator) -> Values:
    """Records that differ in one attribute from the first, or from one at random."""
    found: dict[int, None] = {}
    base = np.zeros(len(sizes), dtype=np.int64)
    while len(found) < most:
        for attribute in rng.permutation(len(sizes)):
            other = base.copy()
            other[attribute] = (base[attribute] + rng.integers(1, sizes[attribute])) % sizes[
                attribute
            ]
            for record in (base, other):
                found[int(np.ravel_multi_index(tuple(record), sizes))] = None
        base = rng.integers(0, sizes)
    return np.sort(np.array(list(found)[: max(most, 2)], dtype=np.int64))


def neighbouring(mechanism: Any, values: Values) -> Bools | None:
    """Which pairs of some inputs are neighbours, shape (n, n); None where all are."""
    if not isinstance(mechanism, HasNeighbours):
        return None
    table = np.zeros((values.size, values.size), dtype=np.bool_)
    for one, two in zip(*np.triu_indices(values.size, 1), strict=True):
        pair = int(values[one]), int(values[two])
        table[one, two] = table[two, one] = mechanism.are_neighbours(pair)
    if not table.any():
        raise ValueError(
            f"none of {values.size:,} inputs that were looked at are neighbours; name a pair."
        )
    return table
