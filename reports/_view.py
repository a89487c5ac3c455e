"""Limits of axes from what is drawn on them, so that none is ever left to be found automatically.

Matplotlib finds limits by way of pixels and back, which can leave equal values one rounding error
apart: too far to count as equal, too near for a logarithmic axis. Whether it does depends on the
value, the size of the figure, the processor and the release.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable

_LEAST, _MOST = sys.float_info.min, sys.float_info.max / 1e4


def log_limits(values: Iterable[float], *, margin: float = 0.05) -> tuple[float, float]:
    """Limits of a logarithmic axis around the positive ones of these values.

    A `margin`, a share of their span, is on either side. Values that are equal, or less than 2%
    apart, stand in the middle of a decade; where there are none it is that from 1 to 10.
    """
    shown = [min(max(value, _LEAST), _MOST) for value in values if 0 < value < math.inf]
    if not shown:
        return 1.0, 10.0
    low, high = math.log(min(shown)), math.log(max(shown))
    if high - low < math.log(1.02):
        low, high = (low + high - math.log(10)) / 2, (low + high + math.log(10)) / 2
    room = margin * (high - low)
    return max(math.exp(low - room), _LEAST), math.exp(high + room)
