"""Non-interactive sparse regression: noisy second moments, one report a person."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats
from ldpaudit.parameters import budget, fraction, integer, nonnegative, parameters, positive
from ldpaudit.protocols._kernels._counts import users_per_value
from ldpaudit.validate import check_generator, check_integer, check_nonnegative, check_table_size

from ._labelled import Coefficients, LabelledPoints, clipped_length

#: Numbers of a block of reports: scratch stays in a near cache.
_BLOCK = 2**18


@dataclass(frozen=True, eq=False)
class MomentSums:
    """Sums of the reports of `num_users`; summaries add up."""

    num_users: int
    sums: Floats

    def __add__(self, other: MomentSums) -> MomentSums:
        if not isinstance(other, MomentSums):
            return NotImplemented
        if self.sums.shape != other.sums.shape:
            raise ValueError("counts of different mechanisms cannot be added.")
        return MomentSums(self.num_users + other.num_users, self.sums + other.sums)


@dataclass(frozen=True)
@parameters(
    dimension=integer(2, 1000),
    epsilon=budget(),
    delta=fraction(),
    radius=positive(),
    point_clip=positive(),
    label_clip=positive(),
    threshold=nonnegative(),
)
class NoisyMoments:
    """NLDP regression: a person's clipped xx^T and xy with normal noise, one report.

    Parameters
    ----------
    dimension : int
        Number d of coordinates of x, 2 to 1,000.
    epsilon, delta : float
        The claim.
    radius : float, default 2.0
        r: x is shortened to this length before its second moments are taken.
    point_clip, label_clip : float, default 1.0
        tau1 and tau2: coordinates of x, and y, are cut off there before they are multiplied.
    threshold : float, default 0.0
        lambda: coefficients are moved towards 0 by so much.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    With L = ln(2.5 / delta), a report is the upper triangle of x'x'^T, x' = x min(1, r / ||x||),
    with noise of variance 32 r^4 L / epsilon^2, then clip(x) clip(y) with noise of variance
    32 d tau1^2 tau2^2 L / epsilon^2: two Gaussian mechanisms at (epsilon/2, delta/2). The
    server solves the mean system and softly thresholds.

    *What one report costs.* In standard deviations of the noise, two persons' triangles lie at
    most sqrt(2) r^2 apart, for ||uu^T - vv^T||^2 = |u|^4 + |v|^4 - 2 <u,v>^2 <= 2 r^4, and their
    vectors 2 sqrt(d) tau1 tau2. Both are reached together, as M grows, by
    (M, tau1, ..., tau1; tau2) and (tau1, M, tau1, ...; -tau2). So a report is a normal shift by
    mu = sqrt(3 / (16 L)) epsilon, and `exact_delta` is its curve: at the claimed delta the true
    epsilon is far below the claim, 0.426 for a claim of (1, 1e-5).

    Do not deploy as is: noise comes from floating-point samplers (Mironov, CCS 2012). Reports
    are rounded, so that what is known of their last digits does not show.

    Source: Zhu, Ding, Aggarwal, Xu and Wang, ICLR 2024 (arXiv 2310.07367). The two constants 32
    and the factor 2.5 are recalled, not read: compare before you rely on them.

    Examples
    --------
    >>> from ldpaudit.divergence import epsilon_at
    >>> m = NoisyMoments(dimension=5, epsilon=1.0, delta=1e-5)
    >>> round(m.shift, 4), round(epsilon_at(m.exact_delta, 1e-5), 3)
    (0.1228, 0.426)
    >>> m.privatize(np.ones((3, 6)), rng=np.random.default_rng(0)).shape
    (3, 20)
    """

    dimension: int
    epsilon: float
    delta: float
    radius: float = 2.0
    point_clip: float = 1.0
    label_clip: float = 1.0
    threshold: float = 0.0

    @property
    def domain(self) -> LabelledPoints:
        """Points with labels, all real numbers; the worst pair first."""
        far = 1e9 * max(self.radius, self.point_clip * math.sqrt(self.dimension))
        rest = [self.point_clip] * (self.dimension - 1)
        first = (far, *rest, self.label_clip)
        second = (rest[0], far, *rest[1:], -self.label_clip)
        return LabelledPoints(self.dimension, (first, second))

    @property
    def estimand(self) -> Coefficients:
        """The server estimates the coefficients of a regression."""
        return Coefficients()

    @property
    def _log_term(self) -> float:
        return math.log(2.5 / self.delta)

    @property
    def shift(self) -> float:
        """mu: the most by which two persons' reports differ, in standard deviations."""
        return self.epsilon * math.sqrt(3 / (16 * self._log_term))

    @cached_property
    def _scales(self) -> Floats:
        """Standard deviation of the noise on each number of a report."""
        d, unit = self.dimension, math.sqrt(32 * self._log_term) / self.epsilon
        squares = np.full(d * (d + 1) // 2, self.radius**2 * unit)
        products = np.full(d, math.sqrt(d) * self.point_clip * self.label_clip * unit)
        return np.concatenate([squares, products])

    @cached_property
    def _units(self) -> Floats:
        """Powers of two to which the numbers of a report are rounded."""
        return np.asarray(np.exp2(np.floor(np.log2(self._scales)) - 24))

    @property
    def bits(self) -> int:
        """Bits per report: a float of 64 for each number."""
        return 64 * self._scales.size

    @cached_property
    def _triangle(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        rows, columns = np.triu_indices(self.dimension)
        return rows, columns

    def _statistics(self, own: Floats) -> Floats:
        """What is reported, without noise."""
        short = clipped_length(own[:, :-1], self.radius)
        rows, columns = self._triangle
        points = np.clip(own[:, :-1], -self.point_clip, self.point_clip)
        labels = np.clip(own[:, -1:], -self.label_clip, self.label_clip)
        return np.concatenate([short[:, rows] * short[:, columns], points * labels], axis=1)

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Floats:
        """Draw one report a row (x, y): float64 of shape (n, d (d+1) / 2 + d).

        Numbers are rounded to 2**-24 of their noise: the last digits of a sum of doubles depend
        on what was added.
        """
        own = self.domain.check(values)
        check_generator(rng)
        reports = np.empty((len(own), self._scales.size))
        step = max(1, _BLOCK // self._scales.size)
        for start in range(0, len(own), step):
            rows = slice(start, start + step)
            rng.standard_normal(out=reports[rows])
            reports[rows] *= self._scales
            reports[rows] += self._statistics(own[rows])
            reports[rows] /= self._units
            np.rint(reports[rows], out=reports[rows])
            reports[rows] *= self._units
        return reports

    def _checked(self, reports: npt.ArrayLike) -> Floats:
        rows = np.asarray(reports)
        if rows.dtype != np.float64 or rows.ndim != 2 or rows.shape[1] != self._scales.size:
            raise ValueError(
                f"reports must be float64 of shape (n, {self._scales.size}), "
                f"got {rows.dtype} of shape {rows.shape}."
            )
        return rows

    def log_likelihood(self, reports: npt.ArrayLike, values: npt.ArrayLike) -> Floats:
        """Log density of report given (x, y), shape (n, len(values)); its differences matter."""
        rows = self._checked(reports) / self._scales
        asked = self._statistics(self.domain.check(values)) / self._scales
        check_table_size(len(rows), len(asked))
        squares = np.einsum("ij,ij->i", rows, rows)[:, None] - 2 * (rows @ asked.T)
        return np.asarray(-(squares + np.einsum("ij,ij->i", asked, asked)) / 2)

    def aggregate(self, reports: npt.ArrayLike) -> MomentSums:
        """Add the reports up; summaries of a stream add up."""
        rows = self._checked(reports)
        return MomentSums(len(rows), rows.sum(axis=0))

    def sample_sums(
        self,
        values: npt.ArrayLike,
        histogram: npt.ArrayLike | None = None,
        *,
        rng: np.random.Generator,
    ) -> MomentSums:
        """Draw the summary of these users' reports, up to their rounding, without the reports.

        histogram[i] users have row i; None means one.
        """
        own = self.domain.check(values)
        check_generator(rng)
        many = np.ones(len(own), dtype=np.int64)
        if histogram is not None:
            many = users_per_value(histogram, len(own))
        sums = np.zeros(self._scales.size)
        step = max(1, _BLOCK // self._scales.size)
        for start in range(0, len(own), step):
            rows = slice(start, start + step)
            sums += many[rows] @ self._statistics(own[rows])
        users = int(many.sum())
        noise = rng.standard_normal(sums.size) * self._scales
        return MomentSums(users, sums + math.sqrt(users) * noise)

    def estimate(self, counts: MomentSums) -> Floats:
        """Coefficients, shape (dimension,): the mean system solved, then thresholded; biased."""
        num_users = check_integer("num_users of counts", counts.num_users, 1)
        means, size = counts.sums / num_users, len(self._triangle[0])
        second = np.zeros((self.dimension, self.dimension))
        second[self._triangle] = means[:size]
        second += np.triu(second, 1).T
        found = np.linalg.lstsq(second, means[size:], rcond=None)[0]
        return np.asarray(np.sign(found) * np.maximum(np.abs(found) - self.threshold, 0.0))

    def exact_epsilon(self) -> float:
        """Infinite: the log ratio of two persons is a normal variable."""
        return math.inf

    def exact_delta(self, epsilon: float) -> float:
        """Least delta such that one report is (epsilon, delta)-LDP: a normal shift by `shift`."""
        from scipy.special import log_ndtr

        claim, mu = check_nonnegative("epsilon", epsilon), self.shift
        near = float(log_ndtr(mu / 2 - claim / mu))
        far = float(log_ndtr(-mu / 2 - claim / mu))
        return math.exp(near) * -math.expm1(min(0.0, claim + far - near))
