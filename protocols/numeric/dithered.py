"""Dithered response: k levels, a public dither that the estimate takes away again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints
from ldpaudit.parameters import one_of, parameters
from ldpaudit.validate import check_floats, check_integer

from ._on_interval import known_reports, standard_error
from ._priors import Nodes, PriorLike, points
from ._summaries import ReportSums, sums
from ._tilted import CELLS, HALF, Tilt, least_worst
from ._weights import ROUNDED_DOWN, TOTAL, below, weights
from ._window import Window
from .rounded import levels_or_best, shares


@dataclass(frozen=True)
@parameters(
    aim=one_of(("average", "worst")),
    levels=levels_or_best(lambda made: _WHEN[made.aim]),
)
class Dithered(Window):
    """Dithered response: add a public dither, round to k levels, randomized response, correct.

    Parameters
    ----------
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    low, high : float, default -1.0 and 1.0
        Ends of the interval of inputs.
    levels : int, optional
        Number of levels, 2 to 65,536; None takes the number of least variance, of the kind
        that `aim` names.
    aim : {"worst", "average"}, default "worst"
        Which variance the estimate makes small: the worst over inputs, or the average over
        the interval. With three levels or more, reports and what they give away are the same.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    The dither u is uniform on half a step D to both sides, independent of the number, and
    public: a client may draw it and send it, as here, or both sides may take it from a
    public seed, and then a report has `level_bits`. Given u, the level nearest to x + u goes
    through randomized response over k levels, so the report keeps epsilon-LDP.

    Let s be the reported level, G = (e + k - 1) / (e - 1), and the interval [-1, 1].
    G s - h(u) is an unbiased estimate for every odd function h.

    *Average*: h(u) = u, plain subtractive dither: the rounding error is uniform, of variance
    D^2 / 12 whatever x is, and the variance at x is (G-1) (x^2 + D^2 f (1-f)) + B + D^2 / 12,
    B = G (G-1) (k+1) / (3 (k-1)) and f the position of x between two levels. Of all h it has
    the least average over the interval.

    *Worst*: h(u) = sign(u) max(0, |u| - t), t = (G-1) (1 - D/2). Seen from the end, the
    variance changes with the distance D p, p in [0, 1], by (G-1) (D^2 - 2D) p + D^2 p (1-p) +
    2 D H(p), H(p) the integral of h(D (q - 1/2)) over q in [0, p]; at the end it is
    (G-1) + B + E h^2. So E h^2, which is the integral of H'^2, is to be small while H stays
    below an obstacle that is convex with its minimum at p = 1/2 - t/D, and below its mirror
    image: the least such H follows the obstacle down to its minimum and is flat from there
    to the middle. That is the soft threshold; the worst variance is
    (G-1) + B + 2 (D/2 - t)^3 / (3 D), at the ends, and constant from there up to p.

    *Worst, two levels*: here a dither is a threshold v between the levels, C = G. With plain
    subtraction the variance is C^2 - 2/3 at every x. A threshold of density
    f(v) = C / (2 sqrt(v^2 + a)), a = 1 / sinh^2(1 / C), and the estimates v +- sqrt(v^2 + a)
    have C coth(1 / C) - 1 at every x, and nothing else that compares numbers with public
    thresholds has less in the worst case. *Proof.* Let an estimate be b + c C s, s = +-1 the
    report, b and c of the public coin. It is unbiased for every x only if 2 E[c; v] is uniform,
    of density 1, on [-1, 1]. Let P be the distribution function of any prior. The average of the
    square is E[C^2 c^2 + b^2 + 2 b c (1 - 2 P(v))] >= E[c^2 w(v)^2], w^2 = C^2 - (2 P - 1)^2,
    and by Cauchy and Schwarz that is at least E[c w(v)]^2, the square of half the integral of
    w. For 2 P(v) - 1 = C v / sqrt(v^2 + a), and the rest of the weight on the ends, it is a,
    and the prior's mean square is 1 + a - C coth(1 / C); the difference is an average over the
    prior, below the worst case. QED

    The dither is one of `dithers` numbers, evenly spaced but for those thresholds, and the
    number is rounded at random to the parts between them, so that the mean is kept exactly.
    A report is level * dithers + (dithers - 1 - place of the dither). As a channel that is
    the window of the piecewise mechanism, 1 / (k - 1) of the interval wide (of unequal parts
    for those thresholds); what differs is the estimate. Every private choice is a whole
    number below a whole total, with weights whose ratio is at most exp(epsilon): floating
    point leaks nothing.

    Source: we found none that states this mechanism; subtractive dither with shared
    randomness and without privacy is in Ben Basat, Mitzenmacher and Vargaftik, *How to
    send a real number using a single bit*, ICALP 2021.

    Examples
    --------
    >>> m = Dithered(epsilon=4.0)
    >>> m.levels, m.level_bits, m.bits, round(m.worst_variance(), 5)
    (4, 2, 18, 0.14199)
    >>> reports = m.privatize([-1.0, 0.2, 1.0], rng=np.random.default_rng(0))
    >>> reports.shape, round(m.posterior_mean_share(), 4)
    ((3,), 0.7706)
    >>> plain = Dithered(epsilon=4.0, levels=4, aim="average")
    >>> round(plain.worst_variance(), 5), round(plain.mean_variance(), 3)
    (0.15622, 0.112)
    """

    epsilon: float
    low: float = -1.0
    high: float = 1.0
    levels: int | None = None
    aim: str = "worst"

    @property
    def _levels(self) -> int:
        return self.levels or 0

    @cached_property
    def _tilt(self) -> Tilt | None:
        """Two levels and the aim "worst": the dither is likelier in the middle."""
        if self._levels != 2 or self.aim != "worst":
            return None
        return Tilt(weights(self.epsilon, 2 * CELLS, CELLS))

    @property
    def dithers(self) -> int:
        """Number of dithers, a power of two."""
        if self._tilt:
            return CELLS
        return int(2 ** min(16, 20 - (self._levels - 1).bit_length()))

    @property
    def level_bits(self) -> int:
        """Bits per report where the dither comes from a public seed, ceil(log2 k)."""
        return (self._levels - 1).bit_length()

    @property
    def _steps(self) -> int:
        return (self._levels - 1) * self.dithers

    @property
    def _width(self) -> int:
        return self.dithers

    @cached_property
    def _spared(self) -> int:
        """Size up to which a dither is not taken away, in half steps, an even number."""
        if self.aim == "average":
            return 0
        less = self._law.silent / self._law.telling  # G - 1
        return 2 * round(min(less * (self._steps - self.dithers) / 2, self.dithers))

    def _in_units(self, values: Floats) -> Floats:
        """Inputs in units of the tilt, from the middle."""
        own = values - (self.low + self.high) / 2
        own *= 2 * HALF / (self.high - self.low)
        return np.clip(own, -HALF, HALF, out=own)

    def _drawn_from(self, values: Floats) -> Floats:
        return self._in_units(values) if self._tilt else super()._drawn_from(values)

    def _position(self, values: Floats) -> Floats:
        if self._tilt:
            return self._tilt.position(self._in_units(values))
        return super()._position(values)

    def _draw(self, position: Floats, rng: np.random.Generator) -> npt.NDArray[np.uint32]:
        if self._tilt:
            return self._tilt.draw(position, rng)
        # One number below the total holds the public dither and, apart from it, what decides
        # on truth or lie; where that is the truth, its place rounds the position.
        law, size = self._law, self.dithers
        dither = np.empty(position.size)
        place = below(law.total // size, position.size, rng, TOTAL // size, dither)
        dither *= size
        np.floor(dither, out=dither)
        tells = (place < law.extra).astype(np.float64)
        level = place * (ROUNDED_DOWN / law.extra)  # no sum reaches the next level by rounding
        level += dither
        level += position
        level *= 1 / size
        np.floor(level, out=level)
        place -= law.extra
        place /= law.blind  # a quotient of whole numbers below 2**53: its floor is exact
        np.floor(place, out=place)
        level -= place
        level *= tells
        level += place
        level *= size
        level -= dither
        level += size - 1
        return level.astype(np.int32).view(np.uint32)  # reports are below 2**21

    def _features(self, reports: Ints) -> tuple[Floats, Floats]:
        """Levels, and dithers counted backwards."""
        level = (reports >> (self.dithers.bit_length() - 1)).astype(np.float64)
        return level, (reports & (self.dithers - 1)).astype(np.float64)

    def _corrected(self, reports: Ints) -> tuple[Floats, Floats]:
        """Twice the levels from the middle one, and the corrections -h(u) in half steps."""
        level, away = self._features(reports)
        level *= 2
        level -= self._levels - 1
        away *= 2
        away -= self.dithers - 1
        if self._spared:  # a table would be looked up more slowly than this is added up
            away -= np.clip(away, -self._spared, self._spared)
        return level, away

    @cached_property
    def _corrections(self) -> Floats:
        """Half steps to add for each dither counted backwards, whole numbers."""
        away = 2.0 * np.arange(self.dithers) - (self.dithers - 1)
        return np.asarray(np.sign(away) * np.maximum(np.abs(away) - self._spared, 0))

    @property
    def _pace(self) -> tuple[float, float]:
        """What half a level and half a step add to the estimate."""
        if self._tilt:
            half = (self.high - self.low) / 2
            return half * self._tilt.pace[0], half * self._tilt.pace[1]
        return self._unit * self.dithers / (2 * self._law.telling), self._unit / 2

    def report_estimates(self, reports: npt.ArrayLike) -> Floats:
        """Unbiased estimate of its user's number from each report."""
        seen = self._checked(reports)
        if self._tilt:
            level, correction = (feature[seen].astype(float) for feature in self._tilt.features)
        else:
            level, correction = self._corrected(seen)
        a, b = self._pace
        return np.asarray((self.low + self.high) / 2 + a * level + b * correction)

    def mean_influence(self) -> float:
        """Most that one report's estimate lies from the middle, in half widths: exact.

        That of the highest level, for the dither whose correction is largest.
        """
        if self._tilt:
            top = float(self.report_estimates([self._ends[1]])[0])
            return (top - (self.low + self.high) / 2) * 2 / (self.high - self.low)
        a, b = self._pace
        most = a * (self._levels - 1) + b * float(self._corrections.max())
        return 2 * most / (self.high - self.low)

    @cached_property
    def _ends(self) -> tuple[int, int]:
        estimates = self.report_estimates(np.arange(self._outputs))
        return int(estimates.argmin()), int(estimates.argmax())

    def aggregate(self, reports: npt.ArrayLike) -> ReportSums:
        """Sums of levels and corrections and of their products; summaries add up."""
        seen = known_reports(reports, self._outputs)
        if self._tilt:
            return ReportSums(seen.size, *self._tilt.sums(seen))
        if self._spared:
            return ReportSums(seen.size, *sums(seen, self._corrected))
        # Twice the level and twice the place of its dither, each less the most it can be.
        (level, place), (levels, both, places) = sums(seen, self._features)
        most, top, n = self.dithers - 1, self._levels - 1, seen.size
        products = (
            4 * levels - 4 * top * level + n * top * top,
            4 * both - 2 * most * level - 2 * top * place + n * top * most,
            4 * places - 4 * most * place + n * most * most,
        )
        return ReportSums(n, (2 * level - n * top, 2 * place - n * most), products)

    def estimate(self, counts: ReportSums) -> float:
        """Unbiased mean of the users' numbers, not clipped."""
        num_users = check_integer("num_users of counts", counts.num_users, 1)
        return (self.low + self.high) / 2 + self._centred(counts, num_users)

    def _centred(self, counts: ReportSums, num_users: int) -> float:
        (a, b), (level, correction) = self._pace, counts.first
        return a * (level / num_users) + b * (correction / num_users)

    def standard_error(self, counts: ReportSums) -> float:
        """Standard error of `estimate` from the spread of the reports, for sampled users."""
        num_users = check_integer("num_users of counts", counts.num_users, 1)
        a, b = self._pace
        levels, both, corrections = (total / num_users for total in counts.second)
        square = a * a * levels + 2 * a * b * both + b * b * corrections
        return standard_error(self._centred(counts, num_users), square, num_users)

    @cached_property
    def _shared(self) -> Floats:
        """Mean of -h(u) times the level, from the lower one, for each part of a step."""
        backwards = self._corrections / 2  # the dithers that lift a node are the first of these
        return np.concatenate(([0.0], np.cumsum(backwards)))[: self.dithers]

    def _at_nodes(self, node: Ints) -> Floats:
        """Variance at nodes of the grid, in squared steps."""
        size, levels = self.dithers, self._levels
        telling = self._law.telling
        less = self._law.silent / telling  # G - 1
        part = node % size
        square = (node - self._steps / 2) ** 2
        rounding = part * (size - part.astype(np.float64))
        blind = less / telling * size**2 * (levels**2 - 1) / 12
        error = float(((self._corrections / 2) ** 2).mean())
        mixed = rounding / telling + 2 * self._shared[part]
        return np.asarray(less * square + mixed + blind + error)

    def variance(self, x: npt.ArrayLike) -> Floats:
        """Variance of one report's estimate at each x, exact; in squared units of the input."""
        if self._tilt:
            given = check_floats("x", x)
            own = self._in_units(self.domain.check(given.reshape(-1)))
            return self._tilt_unit * self._tilt.variance(own).reshape(given.shape)
        position, shape = self._inputs(x)
        below = np.minimum(np.floor(position), self._steps - 1).astype(np.int64)
        up = position - below
        steps = (1 - up) * self._at_nodes(below) + up * self._at_nodes(below + 1) + up * (1 - up)
        return np.asarray(self._unit**2 * steps.reshape(shape))

    @property
    def _tilt_unit(self) -> float:
        """Square of half the interval."""
        return (self.high - self.low) ** 2 / 4

    def _nodes(self, prior: PriorLike) -> Nodes:
        if not self._tilt:
            return super()._nodes(prior)
        expected = points(prior, self.domain)
        own = self._in_units(np.empty(0) if expected is None else expected.values)
        return self._tilt.nodes(expected, own)

    def _near_uniform(self, window: float) -> float:
        if self._tilt:
            return self._tilt.near_uniform(window / self._steps)
        return super()._near_uniform(window)

    def _uniform_variance(self) -> float:
        if self._tilt:
            return self._tilt_unit * self._tilt.average
        nodes = self._at_nodes(np.arange(self._steps + 1))
        return float(self._unit**2 * ((nodes[1:] + nodes[:-1]).mean() / 2 + 1 / 6))

    def worst_variance(self) -> float:
        """Largest variance of one report's estimate; with the best levels at the ends."""
        if self._tilt:
            return self._tilt_unit * self._tilt.worst
        nodes = self._at_nodes(np.arange(self._steps + 1))
        rise = np.diff(nodes)
        inward = np.clip((1 + rise) / 2, 0, 1)  # rounding makes it concave within a step
        return float(self._unit**2 * (nodes[:-1] + inward * rise + inward * (1 - inward)).max())


def _worst(epsilon: float, levels: int) -> float:
    """Worst-case variance on [-1, 1] of the aim "worst", at the ends."""
    if levels == 2:
        return least_worst(epsilon)
    less, blind = shares(epsilon, levels)
    step = 2 / (levels - 1)
    beyond = max(0.0, step / 2 - less * (1 - step / 2))
    return less + blind + 2 * beyond**3 / (3 * step)


def _average(epsilon: float, levels: int) -> float:
    """Average variance on [-1, 1] of the aim "average"."""
    less, blind = shares(epsilon, levels)
    square = (2 / (levels - 1)) ** 2
    return less * (1 / 3 + square / 6) + blind + square / 12


_WHEN: dict[str, Callable[[float, int], float]] = {"worst": _worst, "average": _average}
