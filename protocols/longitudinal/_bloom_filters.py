"""Bloom filters of a dictionary of values, one family of hash functions for each cohort."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ldpaudit.arrays import Bools, Floats, Ints
from ldpaudit.protocols._kernels._hashing import mix
from ldpaudit.protocols.categorical.local_hashing import hash_to_buckets

_FAMILY = np.uint64(0x626C6F6F6D)  # the functions of every filter: words of one stream
_PAIRS = 2**22  # pairs of values looked at together
#: Most pairs of values, times cohorts, over which a divergence is maximised: some seconds.
MOST = 2**30


@dataclass(frozen=True)
class BloomFilters:
    """Which of m bits each value sets, by the h hash functions of each cohort.

    Functions j of cohort c are those of one stream: local hashing by the seed (c, j).
    """

    k: int
    num_bits: int
    num_hashes: int
    num_cohorts: int

    def hashed(self, cohorts: Ints, values: Ints) -> Ints:
        """Bit of each hash function, shape (n, h), for cohorts and values of shape (n,)."""
        words = values.astype(np.uint64)
        streams = mix(_FAMILY, cohorts.astype(np.uint64))
        found = [
            hash_to_buckets(mix(streams, j), words, self.num_bits) for j in range(self.num_hashes)
        ]
        return np.stack(found, axis=-1).view(np.int64)

    def places(self, cohort: int, values: Ints) -> Ints:
        """Bits that each value sets in a cohort, shape (n, h); m stands for a bit named before."""
        found = self.hashed(np.full(values.size, cohort), values)
        for j in range(1, self.num_hashes):
            again = (found[:, :j] == found[:, j, None]).any(axis=1)
            found[again, j] = self.num_bits
        return found

    def rows(self, cohort: int) -> Bools:
        """The filters of all values in a cohort, shape (k, m)."""
        values = np.arange(self.k)
        table = np.zeros((self.k, self.num_bits + 1), dtype=np.bool_)
        table[values[:, None], self.places(cohort, values)] = True
        return table[:, : self.num_bits]

    @cached_property
    def design(self) -> Any:
        """Which bits of all cohorts each value sets: a sparse table of ones, (k, C m)."""
        from scipy.sparse import csr_array

        width, values = self.num_bits + 1, np.arange(self.k)
        columns = [c * width + self.places(c, values) for c in range(self.num_cohorts)]
        flat = np.concatenate(columns, axis=1)
        kept = flat % width < self.num_bits
        ends = np.concatenate(([0], np.cumsum(kept.sum(axis=1))))
        found = flat[kept] // width * self.num_bits + flat[kept] % width
        shape = (self.k, self.num_cohorts * self.num_bits)
        return csr_array((np.ones(found.size), found, ends), shape=shape)

    @cached_property
    def differences(self) -> Bools:
        """Whether some value has i bits that another lacks, which has j that it lacks: [i, j].

        Over all cohorts and ordered pairs; no more is looked at once a pair shares no bit and
        has h bits each, next to which no other matters.
        """
        found = np.zeros((self.num_hashes + 1,) * 2, dtype=np.bool_)
        for cohort in range(self.num_cohorts):
            for codes in self._codes(np.unique(self.rows(cohort), axis=0)):
                found.flat[np.unique(codes)] = True
                if found[-1, -1]:
                    return found
        return found

    def largest_mean(self, table: Floats) -> float:
        """Largest mean over the cohorts of table[i, j], i and j as above, over ordered pairs."""
        if self.k**2 * self.num_cohorts > MOST:
            raise ValueError(
                f"{self.k:,} values in {self.num_cohorts:,} cohorts are too many to compare "
                "every two of them."
            )
        sums: list[Floats] = []
        for cohort in range(self.num_cohorts):
            for place, codes in enumerate(self._codes(self.rows(cohort))):
                if not cohort:
                    sums.append(np.zeros(codes.shape))
                sums[place] += table.take(codes)
        return max(float(part.max()) for part in sums) / self.num_cohorts

    def differing(self, pair: tuple[int, int]) -> Ints:
        """Bits of the first value alone and of the second alone in each cohort, shape (C, 2)."""
        found = np.empty((self.num_cohorts, 2), dtype=np.int64)
        for cohort in range(self.num_cohorts):
            one, two = (set(row) - {self.num_bits} for row in self.places(cohort, np.array(pair)))
            found[cohort] = len(one - two), len(two - one)
        return found

    def _codes(self, rows: Bools) -> Iterator[Ints]:
        """(h + 1) i + j for some of the rows at a time against all."""
        table = rows.astype(np.float32)
        sizes = table.sum(axis=1).astype(np.int64)
        step = max(1, _PAIRS // len(table))
        for start in range(0, len(table), step):
            shared = (table[start : start + step] @ table.T).astype(np.int64)
            mine = sizes[start : start + step, None] - shared
            yield (self.num_hashes + 1) * mine + (sizes - shared)
