"""Most likely shares of the cells of an interval, given reports counted in cells."""

from __future__ import annotations

import numpy as np

from ldpaudit.arrays import Floats

#: Steps after which no more is gained than can be seen.
_MOST_STEPS = 10_000


def band_channel(cells: int, width: float) -> Floats:
    """P(cell of a report uniform on [v, v + width] | cell of v uniform on [0, 1]).

    Reports lie in [0, 1 + width]; both sides have so many cells. Shape (cells, cells),
    a row a report's cell.
    """
    ends = np.linspace(0, 1, cells + 1)
    cuts = np.linspace(0, 1 + width, cells + 1)[:, None]
    # Length of [v, v + width] below a cut is (cut - v)+ - (cut - width - v)+; here its
    # integral over v up to each end, then its differences both ways.
    area = -(np.maximum(cuts - ends, 0) ** 2 - np.maximum(cuts - width - ends, 0) ** 2) / 2
    table = np.diff(np.diff(area, axis=0), axis=1) * (cells / width)
    return np.asarray(np.maximum(table, 0.0))


def maximize(counts: Floats, channel: Floats, smooth: bool, tolerance: float) -> Floats:
    """EM from equal shares until the log-likelihood rises by less than the tolerance."""
    shares = np.full(channel.shape[1], 1 / channel.shape[1])
    before = -np.inf
    for _ in range(_MOST_STEPS):
        mixed = channel @ shares
        likelihood = float(counts @ np.log(mixed))
        if likelihood - before < tolerance and before > -np.inf:
            break
        before = likelihood
        shares = shares * (channel.T @ (counts / mixed))
        if smooth:
            padded = np.concatenate((shares[:1], shares, shares[-1:]))
            shares = (padded[:-2] + 2 * shares + padded[2:]) / 4
        shares /= shares.sum()
    return np.asarray(shares)
