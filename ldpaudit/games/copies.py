"""Whether processes may play copies of a mechanism: only if all its noise is from their `rng`.

Copies of a generator of the mechanism's own draw the same noise in every process, and what is
counted of the same noise is counted twice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ldpaudit.contracts.mechanisms import IsRecorded, Mechanism

#: Reports of each of the two calls that are compared.
_REPORTS = 256


def must_stay_whole(mechanism: Mechanism, jobs: int, parts: int) -> bool:
    """Whether so many parts of its reports must be drawn in one process."""
    if isinstance(mechanism, IsRecorded):
        return True
    return jobs > 1 and parts > 1 and draws_elsewhere(mechanism)


def draws_elsewhere(mechanism: Mechanism) -> bool:
    """Whether two equal generators get different reports: noise that is not theirs, or state."""
    values = np.arange(_REPORTS) % mechanism.k
    one, two = (mechanism.privatize(values, rng=np.random.default_rng(0)) for _ in range(2))
    return not _same(one, two)


def _same(one: Any, two: Any) -> bool:
    """Whether reports are equal, of any form; those that cannot be compared are not."""
    if isinstance(one, np.ndarray) and isinstance(two, np.ndarray) and not one.dtype.hasobject:
        return one.dtype == two.dtype and one.tobytes() == two.tobytes()
    return list(map(repr, one)) == list(map(repr, two))
