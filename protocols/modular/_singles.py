"""Influence of every single value over plain residues, without a decode for each.

A report of block j moves the estimate of value t by what the residues of block j make of
column t of Q = G^-1 - h h^T / 1 h (`Design.influences`). Columns of the inverse of a Toeplitz
matrix follow from one another: with x its first column and y = (0, x_{k-1}, ..., x_1),

    G^-1 e_{t+1} = (G^-1 e_t, moved down by one) + (x_{t+1} x - y_{t+1} y) / x_0,

and so do their sums over residue classes, where moving down turns the classes and drops the
last entry, x_{k-1-t} by symmetry. A step takes O(m_j) for each block in place of FFTs of
length 2 k. Read backwards the domain has the same classes, so that half the values suffice.

The sum of the w largest of m numbers is the least over bars b of w b + sum (number - b)^+:
any bar gives an upper bound, and one that was right for the value before is nearly right for
this one. So numbers are sorted out only for the blocks that may hold the largest sum.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ldpaudit.arrays import Floats

from ._decoder import fold
from ._toeplitz import ResidueDecoder

#: Numbers that go to BLAS together: it shares more of them among threads, which takes longer.
_PART = 8192
#: What rounding may take from a bound, as a share.
_ROUNDING = 1e-9


class _Block:
    """Sums over the classes of one block, turned so that place 0 is the class of the value."""

    def __init__(self, decoder: ResidueDecoder, index: int, size: int, scale: float) -> None:
        modulus = decoder.moduli[index]
        self.modulus, self.size, self.scale, self.bar = modulus, size, scale, 0.0
        first, last = decoder.generators
        self.sums, self.above = fold(first, modulus), np.empty(modulus)
        # Twice in a row: every turn of them is a slice.
        self.first, self.last, self.flat = (
            np.tile(fold(vector, modulus), 2) for vector in (first, last, decoder.flat)
        )

    def step(self, value: int, along: float, across: float, gone: int, dropped: float) -> None:
        """From the value before to this one; an entry is dropped at the place `gone`."""
        turn = slice(value % self.modulus, value % self.modulus + self.modulus)
        self.sums[gone % self.modulus] -= dropped
        _add(along, self.first[turn], self.sums)
        _add(-across, self.last[turn], self.sums)

    def bound(self, value: int, share: float) -> float:
        """No less than the sum of the largest entries but for rounding, by the last bar."""
        turn = slice(value % self.modulus, value % self.modulus + self.modulus)
        np.subtract(self.sums, self.bar, out=self.above)
        _add(-share, self.flat[turn], self.above)
        # All entries sum to 0, and x^+ is the mean of x and |x|.
        positive = (_sizes(self.above) - self.modulus * self.bar) / 2
        return self.scale * (self.size * self.bar + positive)

    def most(self) -> float:
        """The sum of the largest of the entries that were bounded, and a new bar."""
        cut = self.modulus - self.size
        ranked = np.partition(self.above, cut)
        total = float(ranked[cut:].sum()) + self.size * self.bar
        self.bar += float(ranked[cut])
        return self.scale * total


def _add(scale: float, vector: Floats, onto: Floats) -> None:
    """Add a multiple of a vector in one pass, in place."""
    from scipy.linalg.blas import daxpy

    for start in range(0, onto.size, _PART):
        part = slice(start, start + _PART)
        daxpy(vector[part], onto[part], a=scale)


def _sizes(vector: Floats) -> float:
    """Sum of absolute values."""
    from scipy.linalg.blas import dasum

    parts = range(0, vector.size, _PART)
    return float(sum(dasum(vector[start : start + _PART]) for start in parts))


def residue_influences(
    decoder: ResidueDecoder, sizes: Sequence[int], scales: Sequence[float]
) -> Floats:
    """Influence of each value alone, shape (k,); `decoder.direct` must hold.

    A report of block j with `sizes` [j] residues adds `scales` [j] times the sum of their
    entries of A_j Q e_t, whose sum over all residues is 0, to what every report adds.
    """
    k, (first, last) = decoder.k, decoder.generators
    shares = decoder.flat / decoder.flat_sum
    each = zip(range(len(sizes)), sizes, scales, strict=True)
    blocks = [_Block(decoder, index, size, scale) for index, size, scale in each]
    found = np.empty(k)
    for value in range((k + 1) // 2):
        along, across = float(first[value] / first[0]), float(last[value] / first[0])
        if value:
            for block in blocks:
                block.step(value, along, across, k - value, float(first[k - value]))
        bounds = [block.bound(value, float(shares[value])) for block in blocks]
        best = 0.0  # a block's largest are at least their share of 0
        for index in np.argsort(bounds)[::-1].tolist():
            if bounds[index] < best * (1 - _ROUNDING):
                break
            best = max(best, blocks[index].most())
        found[value] = found[k - 1 - value] = shares[value] + best
    return found
