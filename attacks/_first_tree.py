"""Whether trees are worth growing: one small tree, looked at on reports that it has not seen."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints

#: Leaves of the tree, and least variance of the residuals in one.
_LEAVES, _LEAST = 16, 5.0
#: Standard deviations by which the leaves must differ from chance, and the other way round.
_CLEAR, _AGAIN = 2.5, 1.0
#: Every other report, from the first on and from the second.
_HALVES = (slice(0, None, 2), slice(1, None, 2))


def finds_more(codes: npt.NDArray[np.uint16], residual: Floats, variance: Floats) -> bool:
    """Whether residuals of a model depend on the codes by more than chance.

    A tree is grown on every other report, by what a split gains in the sum of squared
    residuals over variance; its leaves are judged on the rest. What seems to be found must be
    found again the other way round: trees that are grown for luck cost most of an audit.
    """
    even, odd = _HALVES
    return (
        _clear(codes, residual, variance, even, odd) > _CLEAR
        and _clear(codes, residual, variance, odd, even) > _AGAIN
    )


def _clear(
    codes: npt.NDArray[np.uint16], residual: Floats, variance: Floats, grown: slice, judged: slice
) -> float:
    """By how many standard deviations leaves that are grown on some reports differ in others."""
    sizes = codes.max(axis=0).astype(np.int64) + 1
    cells = np.add(codes, np.cumsum(sizes) - sizes, order="C")  # reports are taken row by row
    own, other = cells[grown], cells[judged]
    size = int(sizes.sum())
    sums = _Sums.of(own, residual[grown], variance[grown], size)
    leaves = [(np.arange(len(own)), np.arange(len(other)))]
    totals = [sums]
    splits = [sums.split(sizes)]
    while len(leaves) < _LEAVES:
        best = max(range(len(leaves)), key=lambda leaf: splits[leaf][0])
        gain, column, last = splits[best]
        if gain <= 0:
            break
        mine, theirs = leaves[best]
        below, lower = own[mine, column] <= last, other[theirs, column] <= last
        parts = [(mine[below], theirs[lower]), (mine[~below], theirs[~lower])]
        # Of two parts the smaller is summed up, and the other is what it leaves over.
        few = int(len(parts[1][0]) < len(parts[0][0]))
        rows = parts[few][0]
        less = _Sums.of(own[rows], residual[grown][rows], variance[grown][rows], size)
        both = [less, totals[best].without(less)][:: -1 if few else 1]
        leaves[best : best + 1], totals[best : best + 1] = parts, both
        splits[best : best + 1] = [part.split(sizes) for part in both]
    errors = []
    for (_, rows), seen in zip(leaves, totals, strict=True):
        spread = math.sqrt(max(variance[judged][rows].sum(), _LEAST))
        errors.append(np.sign(seen.residual) * residual[judged][rows].sum() / spread)
    # Leaves that err to the side that they were grown for, and how far in all.
    total = sum(errors) / math.sqrt(len(errors))
    squares = sum(error**2 for error in errors)
    return float(max(total, (squares - len(errors)) / math.sqrt(2 * len(errors))))


class _Sums(NamedTuple):
    """Residuals and variances of some reports, summed up in all and in each cell."""

    residual: float
    variance: float
    residuals: Floats
    variances: Floats

    @classmethod
    def of(cls, cells: Ints, residual: Floats, variance: Floats, size: int) -> _Sums:
        flat, count = cells.ravel(), cells.shape[1]
        residuals, variances = (
            np.asarray(np.bincount(flat, np.repeat(own, count), size), dtype=np.float64)
            for own in (residual, variance)
        )
        return cls(float(residual.sum()), float(variance.sum()), residuals, variances)

    def without(self, other: _Sums) -> _Sums:
        """What is left without some of the reports."""
        return _Sums(
            self.residual - other.residual,
            self.variance - other.variance,
            self.residuals - other.residuals,
            self.variances - other.variances,
        )

    def split(self, sizes: Ints) -> tuple[float, int, int]:
        """The best split of the reports: its gain, its column, and the last cell below it."""
        column = np.repeat(np.arange(len(sizes)), sizes)
        # Every column sums to the same.
        below = np.cumsum(self.residuals) - column * self.residual
        under = np.cumsum(self.variances) - column * self.variance
        above, over = self.residual - below, self.variance - under
        possible = (under > _LEAST) & (over > _LEAST)
        with np.errstate(divide="ignore", invalid="ignore"):
            gains = below**2 / under + above**2 / over - self.residual**2 / self.variance
        gains[~possible] = -math.inf
        best = int(np.argmax(gains))
        return float(gains[best]), int(column[best]), best
