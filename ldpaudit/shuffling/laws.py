"""What one report says of a pair, seen against those it is mixed with: the only input of a bound.

User 0 sends a report with law R_a or R_b; n - 1 others send independent reports with law B, a
measure of mass at most 1 (what is missing is a report that hides nothing). Shuffled, all is
forgotten but the n reports as a set, and the hockey-stick divergence at epsilon is

    delta(epsilon) = E[(W_1 + ... + W_n)_+] / n,    W = (R_a(y) - exp(epsilon) R_b(y)) / B(y)

with probability B(y), else 0: the likelihood of a set is that of n draws from B times the mean of
R_a / B over them. (Balle, Bell, Gascon and Nissim, *The privacy blanket of the shuffle model*,
CRYPTO 2019, equation 6, where n is drawn first.) Reports that B never sends give user 0 away and
are counted apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ldpaudit.arrays import Floats

#: Relative error granted to every probability and ratio: that of the mechanism's own logarithms,
#: and that of rounding ratios to twelve digits (at most 5e-12).
TOLERANCE = 1e-11


@dataclass(frozen=True, eq=False)
class RatioLaw:
    """The law of (R_a / B, R_b / B) under B, with what B never sends.

    `share[j]` is the probability under B that the ratios are `first[j]` and `second[j]`;
    `exposed` lists (R_a, R_b) of the reports outside B. All are stated figures, each within
    `TOLERANCE`: a bound adds its own margins.
    """

    share: Floats
    first: Floats
    second: Floats
    exposed: Floats  # shape (reports, 2)

    @property
    def spread(self) -> float:
        """Second moment of W at epsilon 0: the larger, the less is hidden."""
        return float(self.share @ (self.first - self.second) ** 2)

    def exposed_delta(self, epsilon: float, tolerance: float) -> float:
        """Hockey-stick divergence that reports outside B add."""
        if not len(self.exposed):
            return 0.0
        e = math.exp(epsilon)
        excess = self.exposed[:, 0] * (1 + tolerance) - e * self.exposed[:, 1] * (1 - tolerance)
        return math.fsum(np.maximum(excess, 0.0))


def clones(epsilon: float, share: float) -> RatioLaw:
    """Any two laws within `epsilon`, if each other user sends a clone with probability `share`.

    R_a = (e Q_0 + Q_1) / (e + 1), R_b is mirrored, and a clone is (Q_0 + Q_1) / 2.
    """
    truth, lie = 1 / (1 + math.exp(-epsilon)), 1 / (1 + math.exp(epsilon))
    half = share / 2
    return RatioLaw(
        np.array([half, half]),
        np.array([truth / half, lie / half]),
        np.array([lie / half, truth / half]),
        np.empty((0, 2)),
    )


def against(base: Floats, first: Floats, second: Floats) -> RatioLaw:
    """The law of two rows of a channel against a measure on its reports, equal ratios merged."""
    seen = base > 0
    ratios = np.stack([first[seen] / base[seen], second[seen] / base[seen]], axis=1)
    distinct, where = np.unique(rounded(ratios), axis=0, return_inverse=True)
    share = np.zeros(len(distinct))
    np.add.at(share, where.ravel(), base[seen])
    outside = np.stack([first[~seen], second[~seen]], axis=1)
    outside = outside[outside.any(axis=1)]
    return RatioLaw(share, distinct[:, 0], distinct[:, 1], outside)


def rounded(ratios: Floats) -> Floats:
    """Ratios to twelve significant digits, so that equal ones merge."""
    scale = 10.0 ** np.floor(np.log10(np.maximum(np.abs(ratios), 1e-280)) - 11)
    return np.asarray(np.round(ratios / scale) * scale, dtype=np.float64)
