"""What the server keeps of reports: whole sums that add up, whatever the order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ReportSums:
    """Sums of the features of `num_users` reports and of their products; summaries add up.

    A feature is a whole number that a report shows, as its own number. `second` holds
    the products of two features, row by row of the upper triangle. `histogram` counts
    reports in cells of equal width where a mechanism estimates distributions.
    """

    num_users: int
    first: tuple[int, ...]
    second: tuple[int, ...]
    histogram: Integers | None = None

    def __add__(self, other: ReportSums) -> ReportSums:
        if not isinstance(other, ReportSums):
            return NotImplemented
        mine, theirs = self.histogram, other.histogram
        cells = [0 if part is None else part.size for part in (mine, theirs)]
        if len(self.first) != len(other.first) or cells[0] != cells[1]:
            raise ValueError("counts of different mechanisms cannot be added.")
        return ReportSums(
            self.num_users + other.num_users,
            tuple(a + b for a, b in zip(self.first, other.first, strict=True)),
            tuple(a + b for a, b in zip(self.second, other.second, strict=True)),
            None if mine is None or theirs is None else mine + theirs,
        )


@dataclass(frozen=True, eq=False)
class LevelCounts:
    """How many of `num_users` reports name each level; summaries add up."""

    num_users: int
    levels: Integers

    def __add__(self, other: LevelCounts) -> LevelCounts:
        if not isinstance(other, LevelCounts):
            return NotImplemented
        if self.levels.shape != other.levels.shape:
            raise ValueError(
                "counts of different mechanisms cannot be added, got "
                f"{self.levels.size} and {other.levels.size} levels."
            )
        return LevelCounts(self.num_users + other.num_users, self.levels + other.levels)


def sums(features: tuple[Integers, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Sums of features and of their products, exact for features below 2**24 in size."""
    first = [0] * len(features)
    pairs = [(i, j) for i in range(len(features)) for j in range(i, len(features))]
    second = [0] * len(pairs)
    for start in range(0, len(features[0]), 2**14):  # products below 2**48 sum to below 2**62
        block = [feature[start : start + 2**14] for feature in features]
        for i, column in enumerate(block):
            first[i] += int(column.sum())
        for place, (i, j) in enumerate(pairs):
            second[place] += int(block[i] @ block[j])
    return tuple(first), tuple(second)


def wide_sums(feature: Integers) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """As `sums` of one feature of up to 2**43 in size."""
    high = feature >> 20
    low = feature - (high << 20)
    (above, below), (squares, products, rest) = sums((high, low))
    return (above * 2**20 + below,), (squares * 2**40 + products * 2**21 + rest,)
