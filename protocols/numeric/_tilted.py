"""Two levels and a public threshold that is likelier in the middle: the least worst variance.

The threshold lies in one of `CELLS` cells, all equally likely, which are narrower in the
middle of the interval. Ends of cells are whole numbers of units, 2**18 to half the interval,
so that sums of estimates are exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints

from ._priors import Nodes, Points
from ._weights import ROUNDED_DOWN, TOTAL, Weights, below

#: Cells of the threshold, a power of two, and units of half the interval.
CELLS, HALF = 2**10, 2**18


@dataclass(frozen=True, eq=False)
class Tilt:
    """Cells whose ends are HALF sinh(z t) / sinh(z), t even on [-1, 1]; z = tanh(epsilon / 2).

    Positions are numbers of cells, linear inside a cell. A report is level * CELLS + cell.
    """

    law: Weights

    @cached_property
    def ends(self) -> Floats:
        """The CELLS + 1 ends in units, whole numbers that mirror each other."""
        even = np.arange(CELLS // 2 + 1) / (CELLS // 2)
        z = self.law.telling
        upper = np.rint(HALF * np.sinh(z * even) / math.sinh(z))
        return np.concatenate([-upper[:0:-1], upper])

    @cached_property
    def widths(self) -> Floats:
        """Widths of the cells in units."""
        return np.diff(self.ends)

    @cached_property
    def features(self) -> tuple[Ints, Ints]:
        """For each report the width of its cell, signed by its level, and both ends together."""
        middle = np.tile(self.ends[1:] + self.ends[:-1], 2)
        signed = np.concatenate([-self.widths, self.widths])
        return signed.astype(np.int64), middle.astype(np.int64)

    @property
    def pace(self) -> tuple[float, float]:
        """What the features add to the estimate, in half intervals."""
        return CELLS / (2 * self.law.telling * HALF), 0.5 / HALF

    def draw(self, own: Floats, rng: np.random.Generator) -> npt.NDArray[np.uint32]:
        """One report for each of these numbers, in units from the middle."""
        # One number below the total holds the public cell and, apart from it, what decides on
        # truth or lie; where that is the truth, its place is that of the threshold in the cell.
        law = self.law
        cell = np.empty(own.size)
        place = below(law.total // CELLS, own.size, rng, TOTAL // CELLS, cell)
        cell *= CELLS
        which = cell.astype(np.intp)
        threshold = place * (ROUNDED_DOWN / law.extra)
        threshold *= self.widths.take(which)
        threshold += self.ends.take(which)
        level = own > threshold
        level &= place < law.extra
        level |= place >= law.extra + law.blind
        reports = which.astype(np.uint32)
        reports += level * np.uint32(CELLS)
        return reports

    def position(self, own: Floats) -> Floats:
        """Numbers in units from the middle as positions in [0, CELLS]."""
        cell = np.searchsorted(self.ends, own, side="right") - 1
        cell = np.minimum(cell, CELLS - 1)
        return np.asarray(cell + (own - self.ends[cell]) / self.widths[cell])

    def sums(self, reports: npt.NDArray[np.integer]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Sums of the features of reports and of their products, exact."""
        one, two = self.features
        first, second = [0, 0], [0, 0, 0]
        for start in range(0, reports.size, 2**22):  # products below 2**38: no sum overflows
            counts = np.bincount(reports[start : start + 2**22], minlength=2 * CELLS)
            for i, feature in enumerate((one, two)):
                first[i] += int(counts @ feature)
            for i, product in enumerate((one * one, one * two, two * two)):
                second[i] += int(counts @ product)
        return tuple(first), tuple(second)

    @cached_property
    def level(self) -> float:
        """The variance at every end of a cell, in squared half intervals."""
        one, two = self.pace
        square = (one * self.widths) ** 2 + (two * (self.ends[1:] + self.ends[:-1])) ** 2
        return float(square.mean()) - 1

    def variance(self, own: Floats) -> Floats:
        """Variance in squared half intervals at numbers in units from the middle."""
        cell = np.minimum(np.searchsorted(self.ends, own, side="right") - 1, CELLS - 1)
        rounding = (own - self.ends[cell]) * (self.ends[cell + 1] - own)
        return np.asarray(self.level + rounding / HALF**2)

    @property
    def average(self) -> float:
        """Variance averaged over the interval, in squared half intervals."""
        return self.level + float((self.widths**3).sum()) / (12 * HALF**3)

    @property
    def worst(self) -> float:
        """Largest variance: in the middle of the widest cell."""
        return self.level + (float(self.widths.max()) / (2 * HALF)) ** 2

    def nodes(self, prior: Points | None, own: Floats) -> Nodes:
        """Law of the rounded number, and what it says of the number; `own` is in units."""
        mass, first = np.zeros(CELLS + 1), np.zeros(CELLS + 1)
        if prior is None:
            share = self.widths / (2 * HALF)
            for part, outer, inner in (
                (slice(0, -1), self.ends[:-1], self.ends[1:]),
                (slice(1, None), self.ends[1:], self.ends[:-1]),
            ):
                mass[part] += share / 2
                first[part] += share * (2 * outer + inner) / 6
            return Nodes(mass, first, HALF**2 / 3)
        position = self.position(own)
        low = np.minimum(np.floor(position), CELLS - 1).astype(np.int64)
        offset = own - prior.weights @ own
        for node, share in ((low, 1 - (position - low)), (low + 1, position - low)):
            np.add.at(mass, node, prior.weights * share)
            np.add.at(first, node, prior.weights * share * offset)
        return Nodes(mass, first, float(prior.weights @ offset**2))

    def near_uniform(self, share: float) -> float:
        """Success of the best window of this share of the interval, for a uniform prior."""
        length = 2 * HALF * share  # the best window is at the end to which the level points
        covered = self._covered(HALF) - self._covered(HALF - length)
        told = self.law.blind * length + self.law.extra * covered
        return float(2 * told.sum() / (2 * HALF * self.law.total))

    def _covered(self, own: float) -> Floats:
        """Integral up to a number of the share of each cell that lies below it."""
        inside = np.clip(own - self.ends[:-1], 0, self.widths)
        return np.asarray(inside**2 / (2 * self.widths) + np.maximum(own - self.ends[1:], 0))


def least_worst(epsilon: float) -> float:
    """Worst-case variance on [-1, 1] that the tilt reaches, C coth(1 / C) - 1."""
    z = math.tanh(epsilon / 2)
    return 1 / (z * math.tanh(z)) - 1
