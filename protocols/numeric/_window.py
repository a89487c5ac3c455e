"""Mechanisms whose report lies in a window of the input more often than elsewhere.

Inputs are the nodes 0..S of a grid, reports 0..S+w-1. The window of node N is
N..N+w-1; each report in it has weight blind + extra, each other one blind. Rounding
to k levels is w = 1 with S = k - 1; PM and SW are windows of many steps; dithering is
the window of w = S / (k - 1) steps with another estimate.
"""

from __future__ import annotations

from abc import abstractmethod
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints
from ldpaudit.validate import check_integer, check_nonnegative

from ._on_interval import FixedWire, OnInterval, known_reports, standard_error, whole_reports
from ._priors import Points, nearby
from ._summaries import ReportSums, itself, sums
from ._weights import ROUNDED_DOWN, Weights, below, weights

#: Most steps of the grid of a wide window: a report is below 2**19.
MAX_STEPS = 2**18


def grid(share: float) -> tuple[int, int]:
    """Steps, at most MAX_STEPS, and a width that is nearest to this share of them."""
    best = Fraction(share).limit_denominator(MAX_STEPS)
    times = MAX_STEPS // best.denominator
    return times * best.denominator, max(1, times * best.numerator)


class Window(FixedWire, OnInterval):
    """Everything such a mechanism does, given the number of steps and the width."""

    @property
    @abstractmethod
    def _width(self) -> int:
        """Number of reports in a window, at most the number of steps."""

    @property
    def _outputs(self) -> int:  # type: ignore[override]
        return self._steps + self._width

    @property
    def _dtype(self) -> type[np.generic]:
        return np.uint32

    @property
    def _sent(self) -> tuple[int, int]:
        return 0, self._outputs

    @cached_property
    def _law(self) -> Weights:
        return weights(self.epsilon, self._outputs, self._width)

    def _draw(self, position: Floats, rng: np.random.Generator) -> npt.NDArray[np.uint32]:
        # One number decides all: below told its quotient by extra is the place in the window,
        # and what is left over rounds the position: up with probability frac(position), to a
        # share of 1 / extra. A report then has at most blind + extra of the total.
        law = self._law
        place = below(law.total, position.size, rng)
        tells = (place < law.told).astype(np.float64)
        # Quotients of whole numbers below 2**53: their floors are exact. No branch is taken,
        # for no processor could foresee it.
        own = np.floor(place / law.extra)
        left = place - own * law.extra  # exact, so that it rounds alike at every place
        left *= ROUNDED_DOWN / law.extra
        left += position
        own += np.floor(left, out=left)
        place -= law.told
        place /= law.blind
        np.floor(place, out=place)
        own -= place
        own *= tells
        own += place
        return own.astype(np.int32).view(np.uint32)  # reports are below 2**21

    def _checked(self, reports: npt.ArrayLike) -> Ints:
        return whole_reports(reports, self._outputs)

    def _overlap(self, reports: Floats, position: Floats) -> Floats:
        """Probability that a report lies in the window of the rounded position."""
        ahead = reports + 1 - position
        return np.asarray(np.clip(ahead, 0, 1) - np.clip(ahead - self._width, 0, 1))

    def _log_law(self, reports: Ints, position: Floats) -> Floats:
        law = self._law
        inside = self._overlap(reports[:, None].astype(np.float64), position)
        return np.asarray(np.log((law.blind + law.extra * inside) / law.total))

    def _mixed(self, weights: Floats) -> Floats:
        width, steps, law = self._width, self._steps, self._law
        below = np.concatenate(([0.0], np.cumsum(weights)))
        reports = np.arange(self._outputs)
        inside = (
            below[np.minimum(reports + 1, steps + 1)] - below[np.maximum(reports + 1 - width, 0)]
        )
        return np.asarray((law.blind * below[-1] + law.extra * inside) / law.total)

    def _near_uniform(self, window: float) -> float:
        law, steps = self._law, self._steps
        reports = np.arange(self._outputs, dtype=np.float64)
        # Overlap is symmetric in the position and has one peak, so the best window is centred.
        start = np.clip(reports - (self._width - 1) / 2 - window / 2, 0, steps - window)
        told = self._covered(reports, start) - self._covered(reports, start + window)
        return float((law.blind * window + law.extra * told).sum() / (steps * law.total))

    def _covered(self, reports: Floats, position: Floats) -> Floats:
        """Integral of `_overlap` from the position upwards."""
        ahead = reports + 1 - position
        return ramp(ahead) - ramp(ahead - self._width)

    def _near(self, prior: Points, tau: float) -> float:
        law, position = self._law, self._position(prior.values)
        node = np.floor(position).astype(np.int64)
        changes = [node + shift for shift in (0, 1, self._width, self._width + 1)]
        first = np.unique(np.concatenate([[0], *changes]))
        first = first[first < self._outputs]
        many = np.diff(first, append=self._outputs)  # reports alike, from one change to the next

        def columns(start: int, size: int) -> Floats:
            part = slice(start, start + size)
            inside = self._overlap(first[part].astype(np.float64), position[:, None])
            return np.asarray(many[part] * (law.blind + law.extra * inside) / law.total)

        return nearby(prior, tau, columns, first.size)

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio over reports and pairs of inputs."""
        return self._law.log_ratio

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of the worst pair, the two ends: their windows are disjoint."""
        law = self._law
        inside = self._width * (law.blind + law.extra) / law.total
        beyond = check_nonnegative("epsilon", epsilon) - self.exact_epsilon()
        return float(max(0.0, -inside * np.expm1(min(beyond, 700.0))))


class AffineWindow(Window):
    """A window whose estimate is affine in the report."""

    def report_estimates(self, reports: npt.ArrayLike) -> Floats:
        """Unbiased estimate of its user's number from each report."""
        seen = self._checked(reports)
        middle = (self.low + self.high) / 2
        return np.asarray(middle + self._slope * (seen - (self._outputs - 1) / 2))

    def mean_influence(self) -> float:
        """Most that one report's estimate lies from the middle, in half widths: the ends'."""
        return (self._outputs - 1) / (self._steps * self._law.telling)

    @property
    def _ends(self) -> tuple[int, int]:
        return 0, self._outputs - 1

    @property
    def _slope(self) -> float:
        """Change of the estimate from one report to the next."""
        return self._unit / self._law.telling

    def aggregate(self, reports: npt.ArrayLike) -> ReportSums:
        """Sums of reports and of their squares; summaries of a stream add up."""
        seen = known_reports(reports, self._outputs)
        return ReportSums(seen.size, *sums(seen, itself))

    def estimate(self, counts: ReportSums) -> float:
        """Unbiased mean of the users' numbers, not clipped."""
        num_users = check_integer("num_users of counts", counts.num_users, 1)
        centred = 2 * counts.first[0] - num_users * (self._outputs - 1)
        return (self.low + self.high) / 2 + self._slope * (centred / (2 * num_users))

    def standard_error(self, counts: ReportSums) -> float:
        """Standard error of `estimate` from the spread of the reports, for sampled users."""
        num_users = check_integer("num_users of counts", counts.num_users, 1)
        mean, squares = counts.first[0] / num_users, counts.second[0] / num_users
        return self._slope * standard_error(mean, squares, num_users)

    def variance(self, x: npt.ArrayLike) -> Floats:
        """Variance of one report's estimate at each x, exact; in squared units of the input."""
        position, shape = self._inputs(x)
        fraction = position - np.floor(position)
        centred = position - self._steps / 2
        return self._spread(centred**2, fraction * (1 - fraction)).reshape(shape)

    def _uniform_variance(self) -> float:
        return float(self._spread(self._steps**2 / 12, 1 / 6))

    def worst_variance(self) -> float:
        """Largest variance of one report's estimate, at the ends or in the last step."""
        # Within a step it is concave: largest where its slope is 0, or at an end.
        silent = self._law.silent
        inward = min(1.0, max(0.0, (1 - silent * self._steps) / (2 * self._law.telling)))
        centred = self._steps / 2 - inward
        return float(self._spread(centred**2, inward * (1 - inward)))

    def _spread(self, squares: npt.ArrayLike, rounding: npt.ArrayLike) -> Floats:
        """Variance from the squared distance to the middle and the variance of rounding."""
        law = self._law
        within = np.asarray(rounding) + (self._width**2 - 1) / 12
        blind = law.silent * (self._outputs**2 - 1) / 12
        steps = (law.silent * np.asarray(squares) + within + blind / law.telling) / law.telling
        return np.asarray(self._unit**2 * steps)


def ramp(ahead: Floats) -> Floats:
    """Integral of clip(t, 0, 1) up to each number."""
    inside = np.clip(ahead, 0, 1)
    return np.asarray(inside * inside / 2 + np.maximum(ahead - 1, 0))
