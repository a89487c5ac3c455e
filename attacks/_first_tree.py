"""Whether trees are worth growing: one small tree, looked at on reports that it has not seen."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints

#: Leaves of the tree, and least variance of the residuals in one.
_LEAVES, _LEAST = 16, 5.0
#: Standard deviations by which the leaves must differ from chance, and the other way round.
_CLEAR, _AGAIN = 2.5, 1.0
#: The larger of two codes, beside 0 for what training has not shown.
_TWO = 2
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
    own, other = (np.asfortranarray(codes[half]) for half in (grown, judged))
    weights = residual[grown], variance[grown]
    table = _Table.of(own)
    mine, theirs = np.zeros(len(own), dtype=np.uint8), np.zeros(len(other), dtype=np.uint8)
    leaves, sizes = [table.sums(slice(None), *weights)], [len(own)]
    splits = table.splits(leaves)
    while len(leaves) < _LEAVES:
        best, new = max(range(len(leaves)), key=lambda leaf: splits[leaf][0]), len(leaves)
        gain, column, last = splits[best]
        if gain <= 0:
            break
        here, above = mine == best, own[:, column] > last
        beyond = here & above
        size = int(np.count_nonzero(beyond))
        # Of two parts the smaller is summed up, and the other is what it leaves over.
        smaller = 2 * size <= sizes[best]
        rows = np.flatnonzero(beyond if smaller else here & ~above)
        less = table.sums(rows, *(each[rows] for each in weights))
        both = [leaves[best].without(less), less][:: 1 if smaller else -1]
        mine[beyond] = new
        theirs[(theirs == best) & (other[:, column] > last)] = new
        leaves[best], sizes[best] = both[0], sizes[best] - size
        leaves.append(both[1])
        sizes.append(size)
        splits[best], after = table.splits(both)
        splits.append(after)
    sums, squares = (
        np.bincount(theirs, each[judged], minlength=len(leaves)) for each in (residual, variance)
    )
    signs = np.sign([leaf.residual for leaf in leaves])
    # Leaves that err to the side that they were grown for, and how far in all.
    errors = signs * sums / np.sqrt(np.maximum(squares, _LEAST))
    far = (float(errors @ errors) - len(errors)) / math.sqrt(2 * len(errors))
    return max(float(errors.sum()) / math.sqrt(len(errors)), far)


class _Sums(NamedTuple):
    """Residuals and variances of some reports, summed up in all and in each cell."""

    residual: float
    variance: float
    residuals: Floats
    variances: Floats

    def without(self, other: _Sums) -> _Sums:
        """What is left without some of the reports."""
        return _Sums(
            self.residual - other.residual,
            self.variance - other.variance,
            self.residuals - other.residuals,
            self.variances - other.variances,
        )


class _Table(NamedTuple):
    """Reports as what sums are taken of: columns of two codes as numbers, then cells of others."""

    columns: Ints  # in this order
    place: Ints  # of each cell's column among them
    flags: Floats  # 1 where the second of two codes came, shape (n, columns of two)
    cells: Ints  # shape (n, other columns)

    @classmethod
    def of(cls, codes: npt.NDArray[np.uint16]) -> _Table:
        most = codes.max(axis=0).astype(np.int64)
        two, more = np.flatnonzero(most == _TWO), np.flatnonzero(most != _TWO)
        sizes = most[more] + 1
        first = 2 * len(two) + np.cumsum(sizes) - sizes
        return cls(
            np.append(two, more),
            np.repeat(np.arange(len(most)), np.append(np.full(len(two), 2), sizes)),
            np.equal(codes[:, two], _TWO, order="C").astype(np.float64),
            np.add(codes[:, more], first, order="C"),  # reports are taken row by row
        )

    def sums(self, rows: Any, residual: Floats, variance: Floats) -> _Sums:
        """Of some reports, whose residuals and variances are given."""
        flat, count = self.cells[rows].ravel(), self.cells.shape[1]
        marked, size = self.flags[rows], len(self.place)
        both = []
        for own in (residual, variance):
            total, second = float(own.sum()), own @ marked
            sums = np.bincount(flat, np.repeat(own, count), size).astype(np.float64)
            sums[: 2 * len(second)] = np.stack([total - second, second], axis=1).ravel()
            both.append((total, sums))
        (residuals, of_each), (variances, each) = both
        return _Sums(residuals, variances, of_each, each)

    def splits(self, parts: list[_Sums]) -> list[tuple[float, int, int]]:
        """The best split of each part: its gain, its column, and the last code below it."""
        whole = np.array([[[part.residual], [part.variance]] for part in parts])
        cells = np.array([[part.residuals, part.variances] for part in parts])
        # Every column sums to the same.
        lower = np.cumsum(cells, axis=2) - self.place * whole
        below, under = lower[:, 0], lower[:, 1]
        above, over = whole[:, 0] - below, whole[:, 1] - under
        possible = (under > _LEAST) & (over > _LEAST)
        with np.errstate(divide="ignore", invalid="ignore"):
            gains = below**2 / under + above**2 / over - whole[:, 0] ** 2 / whole[:, 1]
        gains[~possible] = -math.inf
        found = []
        for own in gains:
            best = int(np.argmax(own))
            place = self.place[best]
            flag = place < self.flags.shape[1]
            last = best - int(np.searchsorted(self.place, place)) + int(flag)  # codes 1 and 2
            found.append((float(own[best]), int(self.columns[place]), last))
        return found
