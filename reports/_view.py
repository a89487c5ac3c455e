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


def log_limits(
    values: Iterable[float], *, margin: float = 0.05, least: float = 1.25
) -> tuple[float, float]:
    """Limits of a logarithmic axis around the positive ones of these values.

    They span at least the factor `least`, with the values in the middle, and a `margin`, a share
    of the span, on either side. Without a value that such an axis can show they are a decade.
    """
    shown = [min(max(value, _LEAST), _MOST) for value in values if 0 < value < math.inf]
    if not shown:
        return 1.0, 10.0
    low, high = math.log(min(shown)), math.log(max(shown))
    missing = max(math.log(least) - (high - low), 0.0)
    low, high = low - missing / 2, high + missing / 2
    room = margin * (high - low)
    bounds = math.log(_LEAST), math.log(_MOST) + 1.0
    return math.exp(max(low - room, bounds[0])), math.exp(min(high + room, bounds[1]))
