"""The privacy profile of mechanisms whose worst pair of values has one telling event."""

from __future__ import annotations

import math

from ldpaudit.validate import nonnegative


def hockey_stick(likely: float, epsilon: float, anchor: float, delta: float = 0.0) -> float:
    """max(0, A - exp(epsilon) B) for A = `likely`, where A - exp(anchor) B = `delta`.

    A and B are the probabilities of the event under the two values. B is left
    out, so that nothing cancels at the anchor, however small delta is.
    """
    beyond = min(nonnegative("epsilon", epsilon) - anchor, 700.0)
    return max(0.0, delta - (likely - delta) * math.expm1(beyond))
