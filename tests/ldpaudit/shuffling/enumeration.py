"""The naive reference: the law of every histogram of shuffled reports, for every data set."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np


def histogram_laws(
    table: Any, num_users: int, only: tuple[int, ...] | None = None
) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Every multiset of n - 1 values with the laws of all n reports for each value of user 0.

    A law is an array with an axis for each report but the last, the count of it.
    """
    rows = np.asarray(table)
    k, reports = rows.shape
    size = (num_users + 1,) * (reports - 1)

    def joined(law: Any, row: Any) -> Any:
        total = law * row[-1]
        for report in range(reports - 1):
            moved = np.roll(law, 1, axis=report)
            total = total + moved * row[report]
        return total

    laws: dict[tuple[int, ...], Any] = {}
    every = itertools.combinations_with_replacement(range(k), num_users - 1)
    for others in every if only is None else [only]:
        laws[()] = np.zeros(size, dtype=rows.dtype)
        laws[()][(0,) * (reports - 1)] = rows.dtype.type(1) if rows.dtype != object else 1
        for cut in range(1, len(others) + 1):
            if others[:cut] not in laws:
                laws[others[:cut]] = joined(laws[others[: cut - 1]], rows[others[cut - 1]])
        yield others, np.stack([joined(laws[others], row) for row in rows])


def exact_deltas(table: Any, num_users: int, epsilons: Any, pairs: Any = None) -> Any:
    """Hockey-stick divergence at each epsilon, the largest over neighbouring data sets."""
    k = len(table)
    pairs = list(itertools.permutations(range(k), 2)) if pairs is None else pairs
    worst = np.zeros(len(epsilons))
    factors = np.exp(np.asarray(epsilons))[:, None]
    for _, laws in histogram_laws(table, num_users):
        flat = laws.reshape(k, -1)
        for a, b in pairs:
            found = np.maximum(flat[a][None] - factors * flat[b][None], 0).sum(axis=1)
            worst = np.maximum(worst, found)
    return worst
