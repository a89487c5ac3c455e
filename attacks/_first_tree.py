"""Whether trees are worth growing: one small tree, looked at on reports that it has not seen."""

from __future__ import annotations

import math

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
    cells = codes + (np.cumsum(sizes) - sizes)
    leaves = [(np.arange(len(cells[grown])), np.arange(len(cells[judged])))]
    splits = [_split(cells[grown], residual[grown], variance[grown], sizes, leaves[0][0])]
    while len(leaves) < _LEAVES:
        best = max(range(len(leaves)), key=lambda leaf: splits[leaf][0])
        gain, column, last = splits[best]
        if gain <= 0:
            break
        own, other = leaves[best]
        below, lower = cells[grown][own, column] <= last, cells[judged][other, column] <= last
        leaves[best : best + 1] = [(own[below], other[lower]), (own[~below], other[~lower])]
        splits[best : best + 1] = [
            _split(cells[grown], residual[grown], variance[grown], sizes, rows)
            for rows, _ in leaves[best : best + 2]
        ]
    towards = [np.sign(residual[grown][own].sum()) for own, _ in leaves]
    errors = [
        sign * residual[judged][other].sum() / math.sqrt(max(variance[judged][other].sum(), _LEAST))
        for sign, (_, other) in zip(towards, leaves, strict=True)
    ]
    # Leaves that err to the side that they were grown for, and how far in all.
    total = sum(errors) / math.sqrt(len(errors))
    squares = sum(error**2 for error in errors)
    return float(max(total, (squares - len(errors)) / math.sqrt(2 * len(errors))))


def _split(
    cells: Ints, residual: Floats, variance: Floats, sizes: Ints, rows: Ints
) -> tuple[float, int, int]:
    """The best split of some reports: its gain, its column, and the last cell below it."""
    flat, count = cells[rows].ravel(), cells.shape[1]
    total = int(sizes.sum())
    sums, spread = (
        np.cumsum(np.bincount(flat, weights=np.repeat(part[rows], count), minlength=total))
        for part in (residual, variance)
    )
    if not len(rows):
        return 0.0, 0, 0
    column = np.repeat(np.arange(count), sizes)
    whole, weight = residual[rows].sum(), variance[rows].sum()
    below, under = sums - column * whole, spread - column * weight  # every column sums to the same
    above, over = whole - below, weight - under
    possible = (under > _LEAST) & (over > _LEAST)
    with np.errstate(divide="ignore", invalid="ignore"):
        gains = np.where(
            possible, below**2 / under + above**2 / over - whole**2 / weight, -math.inf
        )
    best = int(np.argmax(gains))
    return float(gains[best]), int(column[best]), best
