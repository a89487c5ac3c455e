"""What to do with a decoded vector: nothing, a sum, a simplex, or a likelihood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ldpaudit.arrays import Floats

from ._decoder import Decoder
from ._designs import Design


@dataclass(frozen=True)
class Unconstrained:
    """Weighted least squares alone: unbiased, but the block-size noise stays in the sum.

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m = ldpaudit.mechanism("mss", k=20, epsilon=1.0)
    >>> counts = m.aggregate(m.privatize(np.zeros(500, int), rng=np.random.default_rng(0)))
    >>> m.decode(counts, post=Unconstrained()).shape
    (20,)
    """

    def apply(self, decoder: Decoder, residues: list[Floats], design: Design) -> Floats:  # noqa: ARG002
        """Frequencies of shape (k,)."""
        return decoder.solve(decoder.adjoint(residues))


@dataclass(frozen=True)
class SumConstraint:
    """Least squares among vectors that sum to 1: the best linear unbiased estimate.

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m = ldpaudit.mechanism("mss", k=20, epsilon=1.0)
    >>> counts = m.aggregate(m.privatize(np.zeros(500, int), rng=np.random.default_rng(0)))
    >>> bool(np.array_equal(m.decode(counts, post=SumConstraint()), m.estimate(counts)))
    True
    """

    def apply(self, decoder: Decoder, residues: list[Floats], design: Design) -> Floats:  # noqa: ARG002
        """Frequencies of shape (k,)."""
        return decoder.decode(residues)


@dataclass(frozen=True)
class SimplexProjection:
    """The nearest distribution to the constrained estimate: biased, seldom farther from the truth.

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m = ldpaudit.mechanism("mss", k=20, epsilon=1.0)
    >>> counts = m.aggregate(m.privatize(np.zeros(500, int), rng=np.random.default_rng(0)))
    >>> bool(m.decode(counts, post=SimplexProjection()).min() >= 0)
    True
    """

    def apply(self, decoder: Decoder, residues: list[Floats], design: Design) -> Floats:  # noqa: ARG002
        """Frequencies of shape (k,), at least 0, that sum to 1 (Duchi et al., ICML 2008)."""
        free = decoder.decode(residues)
        ranked = np.sort(free)[::-1]
        excess = (np.cumsum(ranked) - 1) / np.arange(1, free.size + 1)
        kept = int(np.count_nonzero(ranked > excess))
        return np.asarray(np.maximum(free - excess[kept - 1], 0.0))


@dataclass(frozen=True)
class NonNegativeLikelihood:
    """Non-negative maximum likelihood of the residue counts by EM, each count taken as Poisson.

    The counts of one report's residues are dependent, so this is a composite
    likelihood; its maximum is consistent, non-negative and biased. Stops when no
    frequency moves by more than `tolerance`, or after `steps` (Shepp and Vardi 1982).

    Examples
    --------
    >>> import numpy as np, ldpaudit
    >>> m = ldpaudit.mechanism("mss", k=20, epsilon=1.0)
    >>> counts = m.aggregate(m.privatize(np.zeros(500, int), rng=np.random.default_rng(0)))
    >>> int(m.decode(counts, post=NonNegativeLikelihood()).argmax())
    0
    """

    steps: int = 500
    tolerance: float = 1e-7

    def apply(self, decoder: Decoder, residues: list[Floats], design: Design) -> Floats:
        """Frequencies of shape (k,), at least 0, that sum to 1."""
        spreads = [block.p - block.q for block in design.blocks]
        floors = [block.q for block in design.blocks]
        # The estimate s = (C / n_j - q) / (p - q) turned back into inclusion rates.
        rates = [
            np.maximum(s * d + q, 0.0) for s, d, q in zip(residues, spreads, floors, strict=True)
        ]
        current = np.full(decoder.k, 1 / decoder.k)
        reach = sum(spreads)
        for _ in range(self.steps):
            update = np.zeros(decoder.k)
            for index, (rate, spread, floor) in enumerate(zip(rates, spreads, floors, strict=True)):
                expected = spread * decoder.fold(index, current) + floor
                update += decoder.tile(index, spread * rate / expected)
            moved = current * (update / reach)
            moved /= moved.sum()
            change = float(np.abs(moved - current).max())
            current = moved
            if change < self.tolerance:
                break
        return current


Postprocessing: TypeAlias = (
    Unconstrained | SumConstraint | SimplexProjection | NonNegativeLikelihood
)
