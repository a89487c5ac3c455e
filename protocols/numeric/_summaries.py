"""What the server keeps of reports: whole sums that add up, whatever the order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints


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
    histogram: Ints | None = None

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
    levels: Ints

    def __add__(self, other: LevelCounts) -> LevelCounts:
        if not isinstance(other, LevelCounts):
            return NotImplemented
        if self.levels.shape != other.levels.shape:
            raise ValueError(
                "counts of different mechanisms cannot be added, got "
                f"{self.levels.size} and {other.levels.size} levels."
            )
        return LevelCounts(self.num_users + other.num_users, self.levels + other.levels)


def sums(
    reports: npt.NDArray[Any], features: Callable[[Ints], tuple[Floats, ...]]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Sums of whole features of reports and of their products, exact below 2**19 in size."""
    size = len(features(np.empty(0, dtype=np.int64)))
    first, second = [0] * size, [0] * (size * (size + 1) // 2)
    for start in range(0, len(reports), 2**13):
        # Whole numbers whose sums stay below 2**53: exact as doubles, in any order. Longer
        # products wake OpenBLAS's threads, which wait for one another on a busy machine.
        block = features(reports[start : start + 2**13])
        first = [a + int(column.sum()) for a, column in zip(first, block, strict=True)]
        products = (one @ two for i, one in enumerate(block) for two in block[i:])
        second = [a + int(product) for a, product in zip(second, products, strict=True)]
    return tuple(first), tuple(second)


def itself(reports: Ints) -> tuple[Floats]:
    """The report as its only feature."""
    return (reports.astype(np.float64),)


def wide_sums(reports: Ints) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """As `sums` of reports of up to 2**43 in size."""
    first = squares = 0
    for start in range(0, len(reports), 2**13):
        block = reports[start : start + 2**13]
        if max(-int(block.min()), int(block.max())) < 2**19:
            (one,), (two,) = sums(block, itself)
        else:
            high = block >> 20
            low = block - (high << 20)
            one = int(block.sum())
            two = (int(high @ high) << 40) + (int(high @ low) << 21) + int(low @ low)
        first, squares = first + one, squares + two
    return (first,), (squares,)
