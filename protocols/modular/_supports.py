"""Supports of modular reports: those of their residues, repeated over the domain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ldpaudit.arrays import Bools, Bytes, Ints
from ldpaudit.supports import PackedSupports, pick


@dataclass(frozen=True)
class ResidueSupports:
    """Values x < k of which x mod moduli[i] is in row i; every modulus is at most k."""

    rows: Bytes
    moduli: Ints
    k: int

    @cached_property
    def _residues(self) -> PackedSupports:
        return PackedSupports(self.rows)

    def first(self) -> Ints:
        """A residue is the smallest value that has it."""
        return self._residues.first()

    def sizes(self) -> Ints:
        """Whole rounds of all residues, and those of the last round that the domain still has."""
        rounds, rest = np.divmod(self.k, self.moduli)
        return rounds * self._residues.sizes() + self._residues.below(rest)

    def nth(self, places: Ints) -> Ints:
        """Ascending values go round by round, in each by ascending residues."""
        sizes = np.maximum(self._residues.sizes(), 1)
        rounds, within = np.divmod(places, sizes)
        return rounds * self.moduli + self._residues.nth(within)

    def pick(self, k: int, rng: np.random.Generator) -> Ints:
        """A uniform supported value of each report, of all k where there is none."""
        return pick(self, k, rng)

    def holds(self, reports: Ints, value: int) -> Bools:
        """Whether the residue of the value is in these rows."""
        residues = value % self.moduli[reports]
        found: Bools = (
            self.rows[reports, residues >> 3] >> (residues & 7).astype(np.uint8) & 1
        ).astype(np.bool_)
        return found
