"""From the divergence at an epsilon to the epsilon at a delta, on the safe side.

Only a point at which a bound was evaluated is returned: above, one where the upper bound is at
most delta; below, one where the lower bound is at least delta. So neither the search nor the
monotony of a bound carries any proof.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from .divergence_bounds import COARSE, FINE, delta_lower, delta_upper
from .laws import RatioLaw

#: Relative width to which an epsilon is searched, coarsely and in the end.
_WIDE, _NARROW = 1e-3, 2e-5
_SMALLEST = 1e-9  # an epsilon below is as good as 0


def epsilon_upper(
    laws: Iterable[RatioLaw], num_users: int, delta: float, limit: float, points: int = FINE
) -> float:
    """An epsilon at which every law's divergence is at most delta, at most `limit`."""
    found = 0.0
    for law in sorted(laws, key=lambda law: -law.spread):
        if delta_upper(law, num_users, found, COARSE) <= delta:
            continue
        found = _solved(delta_upper, law, num_users, delta, found, limit, points)[1]
    return found


def epsilon_lower(laws: Iterable[RatioLaw], num_users: int, delta: float, limit: float) -> float:
    """An epsilon below which some law's divergence is above delta, 0 if none is found."""
    found = 0.0
    for law in sorted(laws, key=lambda law: -law.spread):
        points = COARSE if found else FINE
        if delta_lower(law, num_users, found, points) < delta:
            continue
        found = _solved(delta_lower, law, num_users, delta, found, limit)[0]
    return found


def _solved(
    bound: Callable[[RatioLaw, int, float, int], float],
    law: RatioLaw,
    num_users: int,
    delta: float,
    low: float,
    high: float,
    points: int = FINE,
) -> tuple[float, float]:
    """Two epsilons near each other: at the first the bound is at least delta, else `low`.

    At the second it is at most delta, else that is `high`.
    """

    def excess(points: int) -> Callable[[float], float]:
        def logged(epsilon: float) -> float:
            value = bound(law, num_users, epsilon, points)
            return math.log(value / delta) if value > 0 else -math.inf

        return logged

    near = _narrowed(excess(COARSE), low, high, _WIDE)
    fine, step = excess(points), max(0.005 * near[1], _SMALLEST)
    left, right = max(low, near[0] - step), min(high, near[1] + step)
    below, above = None, None
    while left > low and (below := fine(left)) < 0:
        right, above = left, below
        left, below, step = max(low, left - 4 * step), None, 4 * step
    while right < high and above is None:
        value = fine(right)
        if value <= 0:
            above = value
        else:
            left, below = right, value
            right, step = min(high, right + 4 * step), 4 * step
    return _narrowed(fine, left, right, _NARROW, below, above)


def _narrowed(
    excess: Callable[[float], float],
    low: float,
    high: float,
    width: float,
    below: float | None = None,
    above: float | None = None,
) -> tuple[float, float]:
    """A narrow bracket of the root of a falling function; `below` and `above` are its ends'."""
    turn = 0
    while high - low > max(width * high, _SMALLEST):
        middle, turn = (low + high) / 2, turn + 1
        if turn % 3 and below is not None and above is not None and math.isfinite(above):
            # The secant's root, moved a little across, so that the far end comes near too.
            middle = low + (high - low) * min(max(below / (below - above), 0.0), 1.0)
            reach = 0.4 * max(width * high, _SMALLEST)
            middle += reach if middle < (low + high) / 2 else -reach
        value = excess(middle)
        if value >= 0:
            low, below = middle, value
        if value <= 0:
            high, above = middle, value
    return low, high
