"""Hybrid projective geometry response (HPGR): a projective space over a small field a block."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bools, Ints
from ldpaudit.parameters import budget, domain_size, integer, parameters
from ldpaudit.protocols._kernels._blocks import BlockResponse
from ldpaudit.protocols._kernels._message_counts import orthogonal_messages
from ldpaudit.protocols._kernels._projective import ProjectiveSpace, prime_from

#: Largest field; the decoder's scratch grows with it.
MAX_FIELD_ORDER = 31

_UNIVERSE_LIMIT = 2**31


@dataclass(frozen=True)
@parameters(k=domain_size(), epsilon=budget(), field_order=integer(3, MAX_FIELD_ORDER))
class HybridProjectiveGeometry(BlockResponse):
    """HPGR: a point in one of h blocks, e times as likely if orthogonal to the own value's there.

    Each of the h = max(2, ceil((e + 1) / q)) blocks is a projective space over
    the field of q elements, of the smallest dimension t >= 2 that leaves room
    for all values; they fill one block after the other. A message supports a
    value if it is a point of the same block and orthogonal to the value's.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive; it must keep the number
        of messages below 2**31.
    field_order : int, default 5
        Size q of the field, an odd prime of at most 31. Small fields decode
        fast; the larger have the smaller error, for large epsilon about
        1 + 1 / (q - 1) times that of PGR (for e + 1 below 2 q it is larger).

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number, or there are too many messages.

    Notes
    -----
    Reports have shape (n,), dtype int64: block times (q^t - 1) / (q - 1) plus
    the number of the point. `aggregate` counts supports by one Fourier
    transform over the field a block. ``mse`` without frequencies is the error
    of an item that nobody holds among users spread evenly over all points.
    Source: Feldman, Nelson, Nguyen and Talwar, *Private Frequency Estimation
    via Projective Geometry*, ICML 2022, arXiv:2203.00194, section 4; number of
    blocks and q = 5 as in their experiments.

    Examples
    --------
    >>> import numpy as np
    >>> m = HybridProjectiveGeometry(k=100, epsilon=4.0)
    >>> m.num_blocks, m.dimension, m.block_size, m.bits, round(m.vulnerability(), 6)
    (12, 3, 31, 9, 0.101186)
    >>> m.privatize([7, 8], rng=np.random.default_rng(0)).shape
    (2,)
    """

    k: int
    epsilon: float
    field_order: int = 5

    def _check_together(self) -> None:
        order = self.field_order
        if prime_from(order) != order:
            raise ValueError(f"field_order must be an odd prime, got {order}.")
        if self.epsilon > math.log(_UNIVERSE_LIMIT) or self.universe_size >= _UNIVERSE_LIMIT:
            raise ValueError(
                "k, epsilon and field_order must keep the number of messages below 2**31, "
                f"got {self.k}, {self.epsilon!r} and {order}."
            )

    @cached_property
    def num_blocks(self) -> int:
        """Number h of blocks, max(2, ceil((e + 1) / q))."""
        return max(2, math.ceil((math.exp(self.epsilon) + 1) / self.field_order))

    @cached_property
    def _space(self) -> ProjectiveSpace:
        q, t = self.field_order, 2
        while self.num_blocks * ((q**t - 1) // (q - 1)) < self.k:
            t += 1
        return ProjectiveSpace(q, t)

    @property
    def dimension(self) -> int:
        """Number t of coordinates of a point."""
        return self._space.t

    @property
    def block_size(self) -> int:
        """Number of points, and of values, in a block: (q^t - 1) / (q - 1)."""
        return self._space.size

    @property
    def values_per_block(self) -> int:
        """Number of values that a block has room for: its points."""
        return self._space.size

    @property
    def support_size(self) -> int:
        """Number of messages that support a value, (q^(t-1) - 1) / (q - 1)."""
        return int(self._space.starts[-1])

    @property
    def shared_size(self) -> float:
        """Number of messages that support both of two values of one block."""
        return int(self._space.starts[-2])

    @property
    def _neighbours(self) -> float:
        return (self.block_size - 1) / (self.universe_size - 1)

    def _supports(self, messages: Ints, places: Ints) -> Bools:
        shape = np.broadcast_shapes(messages.shape, places.shape)
        products = np.zeros(shape, dtype=np.int32)
        for one, other in zip(self._vectors(messages), self._vectors(places), strict=True):
            products += one * other
        supported: Bools = products % self.field_order == 0
        return supported

    def _vectors(self, points: Ints) -> npt.NDArray[np.int32]:
        """Coordinates of an array of points, along a new first axis."""
        vectors = self._space.coordinates(points.ravel()).astype(np.int32)
        return vectors.reshape(self.dimension, *points.shape)

    def _draw(self, places: Ints, rng: np.random.Generator) -> Ints:
        return self._space.draw(places, np.zeros_like(places), rng)

    def _count(self, tallies: Ints) -> Ints:
        """By characters, exact after rounding for 2**40 reports and more.

        Over the multiples of a message they sum to q - 1 at the places it is
        orthogonal to, to -1 at the others.
        """
        q, t, powers = self.field_order, self.dimension, self._space.powers[::-1]
        vectors = self._space.coordinates(np.arange(self.block_size))
        grid = np.zeros((len(tallies), q**t))
        for multiple in range(1, q):
            grid[:, powers @ (multiple * vectors % q)] = tallies
        sums = np.fft.fftn(grid.reshape(-1, *[q] * t), axes=range(1, t + 1)).real
        at_places = sums.reshape(len(tallies), -1)[:, powers @ vectors]
        counts = np.rint((at_places + tallies.sum(axis=1, keepdims=True)) / q)
        return np.asarray(counts, dtype=np.int64)

    def _draw_counts(self, users: Ints, free: Ints, rng: np.random.Generator) -> Ints:
        return orthogonal_messages(self._space, users, free, rng)
