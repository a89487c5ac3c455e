"""Numbers rounded at random to k levels, and randomized response on the levels."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats
from ldpaudit.parameters import Rule, integer, parameters
from ldpaudit.validate import check_generator, check_integer, check_listable

from ._on_interval import standard_error
from ._summaries import LevelCounts
from ._weights import below
from ._window import AffineWindow

#: Most levels: a report fits 16 bits.
MAX_LEVELS = 2**16
#: Most users whose counts are drawn at once.
_MAX_USERS = 2**40


class Levels(AffineWindow):
    """Everything randomized response on rounded numbers does, given `_levels`."""

    _levels: int

    @property
    def _steps(self) -> int:
        return self._levels - 1

    @property
    def _width(self) -> int:
        return 1

    def _draw(self, position: Floats, rng: np.random.Generator) -> npt.NDArray[np.uint32]:
        # One number decides all: below told * frac(position) the upper level, below told
        # the lower one, else any level. Every level has a weight from blind to blind + extra.
        law = self._law
        place = below(law.total, position.size, rng)
        own = np.minimum(np.floor(position), self._steps - 1)
        up = place < (position - own) * law.extra
        own += up
        tells = (place < law.extra).astype(np.float64)
        place -= law.extra
        place /= law.blind
        np.floor(place, out=place)
        own -= place
        own *= tells
        own += place
        return own.astype(np.int32).view(np.uint32)  # reports are below 2**16

    def every_report(self) -> npt.NDArray[np.uint32]:
        """List all reports: the levels, from 0."""
        check_listable(self._levels)
        return np.arange(self._levels, dtype=np.uint32)

    def aggregate(self, reports: npt.ArrayLike) -> LevelCounts:  # type: ignore[override]
        """Count the reports of each level; summaries of a stream add up."""
        seen = self._checked(reports)
        if self._levels == 2:
            ones = int(np.count_nonzero(seen))
            return LevelCounts(seen.size, np.array([seen.size - ones, ones]))
        return LevelCounts(seen.size, np.bincount(seen, minlength=self._levels).astype(np.int64))

    def sample_counts(
        self, values: npt.ArrayLike, histogram: npt.ArrayLike, *, rng: np.random.Generator
    ) -> LevelCounts:
        """Draw the counts of histogram[i] users who hold values[i], from their exact law."""
        asked = self.domain.check(values)
        users = np.asarray(histogram)
        if users.shape != asked.shape or not np.issubdtype(users.dtype, np.integer):
            raise ValueError(
                f"histogram must be {asked.size} whole numbers, one per value, "
                f"got {users.dtype} of shape {users.shape}."
            )
        if (users < 0).any() or not 1 <= int(users.sum()) <= _MAX_USERS:
            raise ValueError(f"histogram must hold 1 to 2**40 users, got {users.sum()}.")
        position = self._position(asked)
        below = np.minimum(np.floor(position), self._steps - 1).astype(np.int64)
        told = check_generator(rng).binomial(users, self._law.telling)
        up = rng.binomial(told, position - below)
        levels = rng.multinomial(
            int(users.sum() - told.sum()), np.full(self._levels, 1 / self._levels)
        )
        np.add.at(levels, below, told - up)
        np.add.at(levels, below + 1, up)
        return LevelCounts(int(users.sum()), levels.astype(np.int64))

    def estimate(self, counts: LevelCounts) -> float:  # type: ignore[override]
        """Unbiased mean of the users' numbers, not clipped."""
        num_users = check_integer("num_users of counts", counts.num_users, 1)
        total = sum(level * int(many) for level, many in enumerate(counts.levels))
        centred = 2 * total - num_users * self._steps
        return (self.low + self.high) / 2 + self._slope * (centred / (2 * num_users))

    def standard_error(self, counts: LevelCounts) -> float:  # type: ignore[override]
        """Standard error of `estimate` from the spread of the reports, for sampled users."""
        num_users = check_integer("num_users of counts", counts.num_users, 1)
        shares, level = counts.levels / num_users, np.arange(self._levels) - self._steps / 2
        mean, square = float(shares @ level), float(shares @ level**2)
        return self._slope * standard_error(mean, square, num_users)


def levels_or_best(worst: Callable[[Any], Callable[[float, int], float]]) -> Rule:
    """The number of levels, or for None the one for which `worst` of the object is least."""
    allowed = integer(2, MAX_LEVELS)

    def rule(name: str, value: Any, made: Any) -> int:
        given = best_levels(made.epsilon, worst(made)) if value is None else value
        return int(allowed(name, given, made))

    return rule


@dataclass(frozen=True)
@parameters(levels=levels_or_best(lambda _: worst_when_rounded))
class Rounded(Levels):
    """Rounded response: round to one of k levels at random, then randomized response.

    Parameters
    ----------
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    low, high : float, default -1.0 and 1.0
        Ends of the interval of inputs.
    levels : int, optional
        Number of levels, 2 to 65,536; None takes the number of least worst-case variance.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports are uint32 of shape (n,) in [0, levels); level j stands for the number
    low + j (high - low) / (levels - 1). With D the distance of two levels and
    G = (e + k - 1) / (e - 1), e = exp(epsilon), the variance at x, in units in which the
    interval is [-1, 1], is (G-1) x^2 + G D^2 f (1-f) + G (G-1) (k+1) / (3 (k-1)), f the
    position of x between its two levels.

    Every choice is one whole number below a whole total, with weights whose ratio is at
    most exp(epsilon): floating point leaks nothing.

    Two levels are the mechanism of Duchi et al., see `Duchi`. Source: Waudby-Smith, Wu
    and Ramdas, *Nonparametric extensions of randomized response for private confidence
    sets*, ICML 2023 (NPRR).

    Examples
    --------
    >>> m = Rounded(epsilon=4.0, levels=4)
    >>> reports = m.privatize([-1.0, 0.2, 1.0], rng=np.random.default_rng(0))
    >>> reports.shape, m.bits, round(m.worst_variance(), 4)
    ((3,), 2, 0.1996)
    >>> round(m.posterior_mean_share(), 4), Rounded(epsilon=4.0).levels
    (0.7021, 5)
    """

    epsilon: float
    low: float = -1.0
    high: float = 1.0
    levels: int | None = None

    @property
    def _levels(self) -> int:  # type: ignore[override]
        return self.levels or 0


def best_levels(epsilon: float, worst: Callable[[float, int], float]) -> int:
    """The number of levels of least worst-case variance, which falls and then rises."""
    low, high = 2, 3  # the least is at least low; once the variance rises at high, below it
    while high < MAX_LEVELS and worst(epsilon, high) < worst(epsilon, high - 1):
        low, high = high, min(2 * high, MAX_LEVELS)
    while low < high:
        middle = (low + high) // 2
        if worst(epsilon, middle + 1) < worst(epsilon, middle):
            low = middle + 1
        else:
            high = middle
    return low


def shares(epsilon: float, levels: int) -> tuple[float, float]:
    """G - 1 without cancellation, and the share G (G-1) (k+1) / (3 (k-1)) of the variance."""
    less = levels * math.exp(-epsilon) / -math.expm1(-epsilon)
    return less, (1 + less) * less * (levels + 1) / (3 * (levels - 1))


def worst_when_rounded(epsilon: float, levels: int) -> float:
    """Worst-case variance of `Rounded` on [-1, 1]: in the last step, where it is concave."""
    less, blind = shares(epsilon, levels)
    step = 2 / (levels - 1)
    slope = less * (2 * step - step**2)  # of (G-1) times the chord of x^2
    inward = min(1.0, max(0.0, (step**2 - slope) / (2 * step**2)))
    return less - slope * inward + step**2 * inward * (1 - inward) + blind
