"""How often two values share a bucket, over all functions of a public family of hash functions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints

#: Most hash values that are computed to count collisions.
MOST = 2**25
_ROWS = 2**20  # hash values a pass


def collision_sums(
    buckets: Callable[[npt.NDArray[np.uint32], Ints], Ints], num_hashes: int, k: int, targets: Ints
) -> Floats | None:
    """For each value: of how many targets it has the bucket, averaged over the functions.

    `buckets` has one bucket for each pair of function and value that it is given; None where
    there are too many of them.
    """
    if num_hashes * k * targets.size > MOST:
        return None
    shared, values = np.zeros(k), np.arange(k)
    pace = max(1, _ROWS // k)
    for start in range(0, num_hashes, pace):
        functions = np.arange(start, min(start + pace, num_hashes), dtype=np.uint32)
        held = buckets(np.repeat(functions, k), np.tile(values, functions.size))
        held = held.reshape(functions.size, k)
        for target in targets.tolist():
            shared += (held == held[:, target, None]).sum(axis=0)
    return shared / num_hashes
