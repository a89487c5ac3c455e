"""The hybrid mechanism (HM): the piecewise mechanism or Duchi's, by a public coin."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints
from ldpaudit.validate import check_integer

from ._on_interval import FixedWire, OnInterval, known_reports, standard_error, whole_reports
from ._priors import Points, PriorLike, points
from ._summaries import ReportSums, sums
from .duchi import Duchi
from .piecewise import Piecewise

_ROOT = 405 * math.sqrt(241)
#: Up to this budget the piecewise mechanism is of no use: the root of the worst variances.
THRESHOLD = math.log((2 * ((6353 - _ROOT) ** (1 / 3) + (6353 + _ROOT) ** (1 / 3)) - 5) / 27)


@dataclass(frozen=True)
class Hybrid(FixedWire, OnInterval):
    """HM: PM with probability 1 - exp(-epsilon / 2), else Duchi; Duchi alone below 0.6094.

    Parameters
    ----------
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    low, high : float, default -1.0 and 1.0
        Ends of the interval of inputs.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports are uint32 of shape (n,): those of `Piecewise` come first, then Duchi's two, so
    that the coin is seen. Both keep epsilon, and so does it. Above the threshold its
    variance is the same at every x (but for the grid of `Piecewise`), (s+3) / (3 s (s-1)) +
    C^2 / s with s = exp(epsilon / 2) where the interval is [-1, 1]. Nothing leaks by
    floating point, see the two.

    Source: Wang et al., *Collecting and analyzing multidimensional data with local
    differential privacy*, ICDE 2019, Section III-C; the threshold is their epsilon*.

    Examples
    --------
    >>> m = Hybrid(epsilon=1.0)
    >>> reports = m.privatize([-1.0, 0.2, 1.0], rng=np.random.default_rng(0))
    >>> round(m.piecewise_share, 4), round(m.worst_variance(), 4), round(m.mean_variance(), 4)
    (0.3935, 4.289, 4.289)
    >>> round(m.posterior_mean_share(), 4), Hybrid(epsilon=0.5).piecewise_share
    (0.0847, 0.0)
    """

    epsilon: float
    low: float = -1.0
    high: float = 1.0

    @property
    def piecewise_share(self) -> float:
        """Probability of the piecewise mechanism."""
        return 0.0 if self.epsilon <= THRESHOLD else -math.expm1(-self.epsilon / 2)

    @cached_property
    def _piecewise(self) -> Piecewise:
        return Piecewise(self.epsilon, self.low, self.high)

    @cached_property
    def _duchi(self) -> Duchi:
        return Duchi(self.epsilon, self.low, self.high)

    def _average(self, piecewise: Any, duchi: Any) -> Any:
        share = self.piecewise_share
        return share * piecewise + (1 - share) * duchi

    @property
    def _outputs(self) -> int:  # type: ignore[override]
        return self._piecewise.outputs + 2

    @property
    def _steps(self) -> int:
        return self._piecewise._steps

    @property
    def _dtype(self) -> type[np.generic]:
        return np.uint32

    def _draw(self, position: Floats, rng: np.random.Generator) -> npt.NDArray[np.uint32]:
        first = rng.random(position.size) < self.piecewise_share
        wide = self._piecewise._draw(position, rng)
        bits = self._duchi._draw(position / self._steps, rng)
        bits += np.uint32(self._piecewise.outputs)
        np.copyto(bits, wide, where=first)
        return bits

    def _checked(self, reports: npt.ArrayLike) -> Ints:
        return whole_reports(reports, self._outputs)

    def _log_law(self, reports: Ints, position: Floats) -> Floats:
        bit = reports - self._piecewise.outputs
        first = bit < 0
        table = np.empty((reports.size, position.size))
        with np.errstate(divide="ignore"):
            shares = np.log([self.piecewise_share, 1 - self.piecewise_share])
        table[first] = shares[0] + self._piecewise._log_law(reports[first], position)
        table[~first] = shares[1] + self._duchi._log_law(bit[~first], position / self._steps)
        return table

    def posterior_mean_share(self, prior: PriorLike = None) -> float:
        """R2, as of all mechanisms for one number: the average of both, for the coin is seen."""
        shares = (m.posterior_mean_share(prior) for m in (self._piecewise, self._duchi))
        return float(self._average(*shares))

    def nearby_success(self, tau: float, prior: PriorLike = None) -> float:
        """V_tau, as of all mechanisms for one number: the average of both."""
        success = (m.nearby_success(tau, prior) for m in (self._piecewise, self._duchi))
        return float(self._average(*success))

    def _mixed(self, weights: Floats) -> Floats:
        ends = np.linspace(0, 1, weights.size)
        halves = np.array([weights @ (1 - ends), weights @ ends])
        parts = (self._piecewise._mixed(weights), self._duchi._mixed(halves))
        share = self.piecewise_share
        return np.concatenate([share * parts[0], (1 - share) * parts[1]])

    def _near_uniform(self, window: float) -> float:
        ends = self._duchi._near_uniform(window / self._steps)
        return float(self._average(self._piecewise._near_uniform(window), ends))

    def _near(self, prior: Points, tau: float) -> float:
        return float(
            self._average(self._piecewise._near(prior, tau), self._duchi._near(prior, tau))
        )

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio over reports and pairs of inputs."""
        bit = self._duchi.exact_epsilon()
        return max(bit, self._piecewise.exact_epsilon()) if self.piecewise_share else bit

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of the worst pair, the two ends."""
        deltas = (m.exact_delta(epsilon) for m in (self._piecewise, self._duchi))
        return float(self._average(*deltas))

    def report_estimates(self, reports: npt.ArrayLike) -> Floats:
        """Unbiased estimate of its user's number from each report."""
        seen = self._checked(reports)
        bit = seen - self._piecewise.outputs
        first = bit < 0
        out = np.empty(seen.size)
        out[first] = self._piecewise.report_estimates(seen[first])
        out[~first] = self._duchi.report_estimates(bit[~first])
        return out

    def mean_influence(self) -> float:
        """Most that one report's estimate lies from the middle, in half widths: of both."""
        bit = self._duchi.mean_influence()
        return max(bit, self._piecewise.mean_influence()) if self.piecewise_share else bit

    @property
    def _ends(self) -> tuple[int, int]:
        bit = self._piecewise.outputs
        some = np.array([0, bit - 1, bit, bit + 1])
        some = some[some >= self._sent[0]]
        estimates = self.report_estimates(some)
        return int(some[estimates.argmin()]), int(some[estimates.argmax()])

    @property
    def _sent(self) -> tuple[int, int]:
        return 0 if self.piecewise_share else self._piecewise.outputs, self._outputs

    def aggregate(self, reports: npt.ArrayLike) -> ReportSums:
        """Sums of both mechanisms' reports, their numbers and products; summaries add up."""
        seen = known_reports(reports, self._outputs)
        if not self.piecewise_share and (seen < self._piecewise.outputs).any():
            raise ValueError(
                f"reports must be at least {self._piecewise.outputs}, Duchi's alone at this "
                f"epsilon, got {seen.min()}."
            )
        return ReportSums(seen.size, *sums(seen, self._features))

    def _features(self, reports: Ints) -> tuple[Floats, Floats, Floats]:
        """Whether a report is of the piecewise mechanism, its number if so, Duchi's bit if not."""
        bit = reports.astype(np.float64) - self._piecewise.outputs
        first = (bit < 0).astype(np.float64)
        return first, reports * first, bit * (1 - first)

    def estimate(self, counts: ReportSums) -> float:
        """Unbiased mean of the users' numbers, not clipped."""
        num_users = check_integer("num_users of counts", counts.num_users, 1)
        return (self.low + self.high) / 2 + self._centred(counts, num_users)

    def _centred(self, counts: ReportSums, num_users: int) -> float:
        many, numbers, ones = counts.first
        wide, bits = self._piecewise, self._duchi
        one = wide._slope * (2 * numbers - many * (wide.outputs - 1)) / (2 * num_users)
        two = bits._slope * (2 * ones - (num_users - many)) / (2 * num_users)
        return float(one + two)

    def standard_error(self, counts: ReportSums) -> float:
        """Standard error of `estimate` from the spread of the reports, for sampled users."""
        num_users = check_integer("num_users of counts", counts.num_users, 1)
        many, numbers, _ = counts.first
        last = self._piecewise.outputs - 1
        squares = 4 * counts.second[3] - 4 * last * numbers + last**2 * many
        square = self._piecewise._slope**2 * squares + self._duchi._slope**2 * (num_users - many)
        return standard_error(self._centred(counts, num_users), square / (4 * num_users), num_users)

    def variance(self, x: npt.ArrayLike) -> Floats:
        """Variance of one report's estimate at each x, exact; in squared units of the input."""
        return np.asarray(self._average(self._piecewise.variance(x), self._duchi.variance(x)))

    def _uniform_variance(self) -> float:
        return float(self._average(self._piecewise.mean_variance(), self._duchi.mean_variance()))

    def worst_variance(self) -> float:
        """Largest variance of one report's estimate."""
        # Both are x^2 times a constant plus what the grid adds, which is largest mid-step.
        middle = (self.low + self.high) / 2
        steps = np.array([0.0, 0.5])
        candidates = np.concatenate([self.low + steps * self._unit, middle + steps * self._unit])
        return float(self.variance(candidates).max())

    def mean_variance(self, prior: PriorLike = None) -> float:
        """Variance of one report's estimate, averaged over the prior (None: uniform)."""
        expected = points(prior, self.domain)
        if expected is None:
            return self._uniform_variance()
        return float(expected.weights @ self.variance(expected.values))
