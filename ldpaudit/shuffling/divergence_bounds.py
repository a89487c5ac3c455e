"""Hockey-stick divergence of n shuffled reports at one epsilon, from above and from below.

Above: an atom of W between two lattice points is split among them so that its mean stays. That
is a mean-preserving spread, the positive part is convex, so the expectation can only grow; what
is added is second order in the lattice's pitch. Below: whatever event is taken, its probability
under one input less exp(epsilon) times that under the other is at most the divergence. The event
is that the sum of W, each rounded at random to the lattice, is positive.
"""

from __future__ import annotations

import math

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.contracts import Values

from .lattice import ROUNDOFF, LatticeSum, Steps, lattice_sum, pitch_of, tilt
from .laws import TOLERANCE, RatioLaw

#: Lattice points of a window: enough for four digits of epsilon, and for a first search.
FINE, COARSE = 2**17, 2**13
#: Numbers of users between which that holds; outside, points grow as the sum's deviation does.
_FEW, _MANY = 1e4, 1e6
_LARGEST = 300.0  # exponent of a weight, whose square is a double still


def delta_upper(law: RatioLaw, num_users: int, epsilon: float, points: int = FINE) -> float:
    """At least the divergence at `epsilon` of shuffled reports with this law."""
    e = math.exp(epsilon)
    values = law.first * (1 + TOLERANCE) - e * law.second * (1 - TOLERANCE)
    masses = law.share * (1 + TOLERANCE)
    rest = 1 - math.fsum(law.share) * (1 - TOLERANCE)
    alone = law.exposed_delta(epsilon, TOLERANCE)
    if not values.size or float(values.max()) <= 0:
        return min(1.0, alone)
    if rest > 0:
        values, masses = np.append(values, 0.0), np.append(masses, rest)
    if float(np.ptp(values)) <= 0:
        return min(1.0, alone + float(masses @ values))
    steps = _placed(values, masses, num_users, points, grow=True)[0]
    found = lattice_sum(steps, num_users)
    # What a rounded sum can be short of the true one.
    reach = steps.pitch * max(abs(found.low), abs(found.high))
    short = 4 * ROUNDOFF * (num_users * abs(steps.origin) + reach)
    # Only sums above 0 count.
    start = max(0, math.floor(-num_users * steps.origin / steps.pitch) - 1 - found.low)
    probability = found.probability[start:]
    place = found.low + start + np.arange(probability.size, dtype=np.float64)
    sums = num_users * steps.origin + steps.pitch * place
    weights = np.maximum(sums + short, 0.0) * np.exp(-steps.theta * np.maximum(sums - short, 0.0))
    inside = float((weights * probability).sum())
    inside += math.sqrt(float((weights * weights).sum())) * found.error
    log_scale = num_users * (steps.log_total + steps.theta * steps.origin + steps.slack)
    scale = math.exp(min(log_scale, 700.0)) / num_users
    return min(1.0, alone + scale * (inside + _beyond(found, steps, num_users)))


def delta_lower(law: RatioLaw, num_users: int, epsilon: float, points: int = FINE) -> float:
    """At most the divergence at `epsilon`, where all others send reports with the law's base."""
    e = math.exp(epsilon)
    values = law.first - e * law.second
    alone = law.exposed_delta(epsilon, -TOLERANCE)
    if not values.size or float(values.max()) <= 0 or float(np.ptp(values)) <= 0:
        return max(0.0, alone)
    steps, split, jumps = _placed(values, law.share, num_users, points, grow=False)
    found = lattice_sum(steps, num_users - 1)
    threshold = math.floor(-num_users * steps.origin / steps.pitch) + 1
    passed = _Passed(found, steps, num_users - 1, threshold)
    # Terms (R_a - e R_b) P(others' sum + own jump >= threshold), the part common to all apart:
    # it has the small factor 1 - e, and what is left are short sums without cancellation.
    unsure = 4 * TOLERANCE * law.share * (law.first + e * law.second)
    common = math.fsum(law.share * values) - math.fsum(unsure)
    base_low, base_high = passed.at_least()
    total = common * (base_high if common < 0 else base_low)
    for part, jump in zip(split, jumps, strict=True):
        low, high = passed.shifted(jump)
        least, most = law.share * values - unsure, law.share * values + unsure
        corners = np.stack([least * low, least * high, most * low, most * high])
        total += math.fsum(part * corners.min(axis=0))
    return max(0.0, alone + total)


def _beyond(found: LatticeSum, steps: Steps, users: int) -> float:
    """At least E[exp(-theta S) S] of sums above the window: Chernoff's inequality once more."""
    if found.above <= 0:
        return 0.0
    edge = users * steps.origin + steps.pitch * (found.high + 1)
    extra = found.above / steps.pitch
    rate = steps.theta + extra
    largest = math.log(edge) - rate * edge if rate * edge >= 1 else -1 - math.log(rate)
    return math.exp(min(found.log_beyond + extra * users * steps.origin + largest, 700.0))


def _placed(
    values: Floats, masses: Floats, users: int, points: int, *, grow: bool
) -> tuple[Steps, tuple[Floats, Floats], tuple[Values, Values]]:
    """Atoms split among lattice points; with `grow`, no lattice mass below its exact one."""
    theta = tilt(values, masses)
    finest = points * max(0.25, min(1.0, math.sqrt(users / _FEW)), math.sqrt(users / _MANY))
    pitch = pitch_of(values, masses, theta, users, finest)
    origin = float(values[np.argmax(masses * np.exp(theta * (values - values.max())))])
    place = (values - origin) / pitch
    floor = np.floor(place)
    part = place - floor
    margin = 4 * ROUNDOFF * np.abs(place) if grow else np.zeros(place.size)
    split = (1 - part + margin, np.where(place == floor, margin, part + margin))
    jumps = (floor.astype(np.int64), floor.astype(np.int64) + 1)
    mass = np.concatenate([masses * split[0], masses * split[1]])
    jump = np.concatenate(jumps)
    jump, mass = jump[mass > 0], mass[mass > 0]
    distinct, where = np.unique(jump, return_inverse=True)
    mass = np.bincount(where, weights=mass)
    exponents = np.log(mass) + theta * pitch * distinct
    peak = float(exponents.max())
    log_total = peak + math.log(math.fsum(np.exp(exponents - peak)))
    sizes = 16 + 4 * float(np.abs(exponents).max()) + 4 * abs(log_total) + 4 * abs(theta * origin)
    sizes += 4 * float(np.abs(theta * pitch * distinct).max())
    tilted = np.exp(exponents - log_total)
    slack = ROUNDOFF * sizes
    return Steps(distinct, tilted, origin, pitch, theta, log_total, slack), split, jumps


class _Passed:
    """Enclosures of P(sum of the others >= threshold - jump), untilted."""

    def __init__(self, found: LatticeSum, steps: Steps, users: int, threshold: int) -> None:
        place = found.low + np.arange(found.probability.size, dtype=np.float64)
        scale = users * steps.log_total
        exponents = scale - steps.theta * steps.pitch * place
        weights = np.exp(np.minimum(exponents, _LARGEST))
        self._capped = int(np.count_nonzero(exponents > _LARGEST))
        self._terms, self._squares = weights * found.probability, weights**2
        self._weights, self._found = weights, found
        self._at = threshold - found.low
        margin = users * (2 * TOLERANCE + steps.slack) + 8 * ROUNDOFF * abs(scale)
        self._shrink, self._widen = math.exp(-margin), math.exp(margin)
        above = scale - steps.theta * steps.pitch * (found.high + 1)
        self._edge = math.exp(min(above, _LARGEST)) * found.outside

    def at_least(self) -> tuple[float, float]:
        """Bounds of P(sum >= threshold)."""
        start = min(max(self._at, 0), self._terms.size)
        inside = float(self._terms[start:].sum())
        error = math.sqrt(float(self._squares[start:].sum())) * self._found.error
        returned = float(self._weights[start:].max(initial=0.0)) * self._found.outside
        low = max(0.0, inside - error - returned) * self._shrink
        high = (inside + error + self._edge) * self._widen
        return low, 1.0 if self._unseen(self._at) else min(1.0, high)

    def _unseen(self, place: int) -> bool:
        """Whether sums count whose untilted probability is not known."""
        return place < self._capped or (place < 0 and self._found.outside > 0)

    def shifted(self, jump: Values) -> tuple[Floats, Floats]:
        """Bounds of P(sum >= threshold - jump) - P(sum >= threshold)."""
        low, high = np.zeros(jump.size), np.zeros(jump.size)
        for index, step in enumerate(jump.tolist()):
            if step == 0:
                continue
            ends = sorted((self._at - step, self._at))
            start, stop = (min(max(end, 0), self._terms.size) for end in ends)
            inside = float(self._terms[start:stop].sum())
            error = math.sqrt(float(self._squares[start:stop].sum())) * self._found.error
            returned = float(self._weights[start:stop].max(initial=0.0)) * self._found.outside
            least = max(0.0, inside - error - returned) * self._shrink
            most = (inside + error) * self._widen
            if ends[1] > self._terms.size:
                most += self._edge
            most = 1.0 if self._unseen(ends[0]) else min(1.0, most)
            low[index], high[index] = (least, most) if step > 0 else (-most, -least)
        return low, high
