"""A keyed 64-bit mixer: the public randomness of hashes and permutations."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
_GOLDEN = 0x9E3779B97F4A7C15


def mix(seeds: Words | np.uint64, position: int | Words | np.uint64) -> Words:
    """splitmix64 (Steele, Lea and Flood, OOPSLA 2014): word `position` of the seed's stream."""
    if isinstance(position, int):
        position = np.uint64(position % 2**64)
    offset = (np.atleast_1d(position) + np.uint64(1)) * np.uint64(_GOLDEN)
    mixed = np.atleast_1d(seeds) + offset
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return np.asarray(mixed)
