"""Adaptive protocols: a parameter that trades attack success for error (ASS, AUE, ALH, ATHE)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.protocols._kernels._objective import (
    WeighedChoice,
    independent_success,
    least_point,
    some_between,
    some_of,
)
from ldpaudit.protocols._kernels._subsets import SubsetRandomizer

from .histogram_encoding import ThresholdingHistogramEncoding
from .local_hashing import LocalHashing
from .subset_selection import SubsetSelection
from .unary_encoding import UnaryEncoding

#: Points of a first grid, over any range.
_POINTS = 4096
#: Numbers of buckets that are tried one by one.
_BUCKETS = 2**20
_MAX_BUCKETS = 2**31 - 1
#: Largest gain of the attack over blind guessing that AUE holds for none.
_NO_GAIN = 1e-6


@dataclass(frozen=True)
class AdaptiveSubsetSelection(WeighedChoice, SubsetSelection):
    """ASS: subset selection whose subsets trade attack success for error.

    Minimises ``w_s * success + w_e * error`` over the subset size w: success is
    that of the best guess from one report, uniform prior, e / (w e + k - w);
    error the published variance of one user (n = 1, f = 0).

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    success_weight, error_weight : float, default 0.5
        Weights w_s and w_e of the objective, at least 0, not both 0; only their ratio counts.
    grid : str, default "exact"
        "exact" tries all sizes from 1 to k - 1, "published" those of the
        authors' code, up to k - 2; the first among equals.
    rule : str, optional
        One of the six rules of ``ldpaudit.analysis.pick`` instead of the weighted sum: it picks
        among all sizes from 1 to k - 1 (some 500 of them) by the error of uniform users,
        attack success and influence of a false report, in decades of the range. Weights and
        grid then count for nothing.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports as for `SubsetSelection`, and so is everything else. Source: Arcolezi
    and Gambs, *Revisiting Locally Differentially Private Protocols*,
    arXiv:2503.01482, section 5. The success printed there (eq. 24), w e / (w e +
    k - w), is that of holding the own value, a misprint; the authors' code has
    the right one. Success is not below that of `SubsetSelection` everywhere:
    its size is rounded, here and there to a larger one (k = 25, epsilon = 1.25).

    Examples
    --------
    >>> m = AdaptiveSubsetSelection(k=100, epsilon=4.0)
    >>> m.subset_size, round(m.vulnerability(), 6), round(m.mse(1), 6)
    (7, 0.114898, 0.106642)
    """

    @cached_property
    def _randomizer(self) -> SubsetRandomizer:
        if self.rule is not None:
            return self._by_rule()
        last = self.k - 1 if self.grid == "exact" else max(1, self.k - 2)
        inside = np.arange(1.0, last + 1)
        small, outside = math.exp(-self.epsilon), self.k - inside
        success = 1 / (inside + outside * small)
        # q (1 - q) / (p - q)^2, both sides divided by what they share.
        variance = (inside - 1 + outside * small) * (inside + (outside - 1) * small)
        error = variance / (inside * outside * math.expm1(-self.epsilon) ** 2)
        best = int(np.argmin(self._weigh(success, error)))
        return SubsetRandomizer(self.k, self.epsilon, best + 1)

    def _by_rule(self) -> SubsetRandomizer:
        found = [SubsetRandomizer(self.k, self.epsilon, int(w)) for w in some_of(self.k - 1)]
        p, q = (np.array([getattr(r, name) for r in found]) for name in ("p", "q"))
        success = p / np.array([r.size for r in found])
        return found[self._picked(success, q * (1 - q) / (p - q) ** 2, p, q)]


@dataclass(frozen=True)
class AdaptiveUnaryEncoding(WeighedChoice, UnaryEncoding):
    """AUE: unary encoding whose bits trade attack success for error.

    Minimises ``w_s * success + w_e * error`` over the probability p in [1/2, 1)
    that the own bit is set, q = p / (e (1 - p) + p): success is that of the best
    guess from one report, uniform prior; error the published variance of one
    user (n = 1, f = 0), e / ((e - 1)^2 p (1 - p)).

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    success_weight, error_weight : float, default 0.5
        Weights w_s and w_e of the objective, at least 0, not both 0; only their ratio counts.
    grid : str, default "exact"
        "exact" finds the least, "published" takes the best of the authors' 100
        values from 0.5 to 0.999999.
    rule : str, optional
        One of the six rules of ``ldpaudit.analysis.pick`` instead of the weighted sum: it picks
        among 512 values of p by the error of uniform users,
        attack success and influence of a false report, in decades of the range. Weights and
        grid then count for nothing.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports have shape (n, ceil(k / 8)), dtype uint8, packed as for subset
    selection. As p grows to 1 success falls to that of blind guessing and error
    grows without bound; the exact p is at most 1 - 1e-6 / e, where the attack
    gains a millionth of 1 / k. Source: Arcolezi and Gambs, *Revisiting Locally
    Differentially Private Protocols*, arXiv:2503.01482, section 5.

    Examples
    --------
    >>> m = AdaptiveUnaryEncoding(k=100, epsilon=4.0)
    >>> round(m.p_star, 4), round(m.vulnerability(), 4), round(m.mse(1), 4)
    (0.8161, 0.1085, 0.1267)
    """

    @cached_property
    def own_missed(self) -> float:
        """Probability that the own bit is not set, 1 - p."""
        if self.grid == "published" and self.rule is None:
            missed = 1 - np.linspace(0.5, 0.999999, 100)
            return float(missed[np.argmin(self._objective(missed))])
        ends = math.log(_NO_GAIN) - self.epsilon, math.log(0.5)
        if self.rule is not None:
            missed = np.exp(some_between(*ends))
            q = (1 - missed) / (math.exp(self.epsilon) * missed + 1 - missed)
            best = self._picked(*self._costs(missed), 1 - missed, q)
            return float(missed[best])
        logs = np.linspace(*ends, _POINTS)
        return math.exp(least_point(lambda points: self._objective(np.exp(points)), logs))

    def _objective(self, missed: Floats) -> Floats:
        return self._weigh(*self._costs(missed))

    def _costs(self, missed: Floats) -> tuple[Floats, Floats]:
        small, p = math.exp(-self.epsilon), 1 - missed
        success = independent_success(
            self.k, missed / small + p, missed, -np.log1p(p * small / missed)
        )
        return success, small / (p * missed * math.expm1(-self.epsilon) ** 2)

    @property
    def p_star(self) -> float:
        """Probability that the own bit is set."""
        return 1 - self.own_missed

    @property
    def q_star(self) -> float:
        """Probability that one given other bit is set."""
        odds = self.p_star * math.exp(-self.epsilon) / self.own_missed
        return odds / (1 + odds)


@dataclass(frozen=True)
class AdaptiveLocalHashing(WeighedChoice, LocalHashing):
    """ALH: local hashing whose number of buckets trades attack success for error.

    Minimises ``w_s * success + w_e * error`` over g from 2 to max(k, round(e) + 1):
    success is that of the best guess from one report, uniform prior; error the
    published variance of one user (n = 1, f = 0), (e - 1 + g)^2 / ((e - 1)^2 (g - 1)).

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite; g stays below 2**31.
    success_weight, error_weight : float, default 0.5
        Weights w_s and w_e of the objective, at least 0, not both 0; only their ratio counts.
    grid : str, default "exact"
        "exact" uses the exact success, "published" the authors' approximation
        (`published_success`) and their range, which ends at max(k - 1, round(e) + 1).
    rule : str, optional
        One of the six rules of ``ldpaudit.analysis.pick`` instead of the weighted sum: it picks
        among all numbers of buckets (some 500 of them) by the error of uniform users,
        attack success and influence of a false report, in decades of the range. Weights and
        grid then count for nothing.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports are a structured vector with fields ``seed`` (uint64) and ``bucket``
    (uint32), as for optimized local hashing. The range is the paper's, and part
    of the protocol: far beyond it the objective can be lower still, but only
    because the variance at f = 0 leaves out the own value, which is hardly ever
    reported there. At k = 25 and epsilon = 10 some 3 million buckets have an
    objective of 0.03 instead of 0.22, and an exact error for uniform users of
    5.8 instead of 0.19. Success is not below that of optimized local hashing
    everywhere, since its g is rounded (k = 75, epsilon = 1.25). Source: Arcolezi
    and Gambs, *Revisiting Locally Differentially Private Protocols*,
    arXiv:2503.01482, section 5.

    Examples
    --------
    >>> m = AdaptiveLocalHashing(k=100, epsilon=4.0)
    >>> m.num_buckets, round(m.vulnerability(), 6), round(m.published_success(), 6)
    (13, 0.106541, 0.106576)
    """

    @cached_property
    def num_buckets(self) -> int:
        """Size of the hash range."""
        optimal = min(round(math.exp(self.epsilon)) + 1, _MAX_BUCKETS)
        if self.rule is not None:
            buckets = some_of(max(self.k, optimal))[1:]
            p, q = self._response(buckets)[0], 1 / buckets
            success, error = self._success(buckets), self._error(buckets)
            return int(buckets[self._picked(success, error, p, q)])
        if self.grid == "published":
            # From k on the published success falls with g, and so does the error up to `optimal`.
            buckets = np.append(np.arange(2.0, self.k), max(self.k - 1, optimal))
            return int(buckets[np.argmin(self._published(buckets))])
        last = max(self.k, optimal)
        buckets = np.arange(2.0, min(last, _BUCKETS) + 1)
        if last > _BUCKETS:
            logs = np.linspace(math.log(_BUCKETS), math.log(last), _POINTS)
            middle = round(math.exp(least_point(lambda x: self._objective(np.exp(x)), logs)))
            buckets = np.append(buckets, np.clip([middle - 1, middle, middle + 1], 2, last))
        return int(buckets[np.argmin(self._objective(buckets))])

    def _objective(self, buckets: Floats) -> Floats:
        return self._weigh(self._success(buckets), self._error(buckets))

    def _success(self, buckets: Floats) -> Floats:
        p, missed = self._response(buckets)
        return independent_success(self.k, p * buckets, missed, np.log1p(-1 / buckets))

    def _published(self, buckets: Floats) -> Floats:
        success = self._response(buckets)[0] / np.maximum(self.k / buckets, 1)
        return self._weigh(success, self._error(buckets))

    def _response(self, buckets: Floats) -> tuple[Floats, Floats]:
        lies = (buckets - 1) * math.exp(-self.epsilon)
        return 1 / (1 + lies), lies / (1 + lies)

    def _error(self, buckets: Floats) -> Floats:
        small, rest = math.exp(-self.epsilon), -math.expm1(-self.epsilon)
        return np.asarray((1 + (buckets - 1) * small) ** 2 / ((buckets - 1) * rest**2))


@dataclass(frozen=True)
class AdaptiveThresholding(WeighedChoice, ThresholdingHistogramEncoding):
    """ATHE: thresholding histogram encoding whose bar trades attack success for error.

    Minimises ``w_s * success + w_e * error`` over the threshold theta in [1/2, 1]:
    success is that of the best guess from one report, uniform prior; error the
    published variance of one user (n = 1, f = 0).

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    success_weight, error_weight : float, default 0.5
        Weights w_s and w_e of the objective, at least 0, not both 0; only their ratio counts.
    grid : str, default "exact"
        "exact" finds the least, "published" takes the best of the authors' 100
        values from 0.5 to 1.
    rule : str, optional
        One of the six rules of ``ldpaudit.analysis.pick`` instead of the weighted sum: it picks
        among 512 thresholds by the error of uniform users,
        attack success and influence of a false report, in decades of the range. Weights and
        grid then count for nothing.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports as for `ThresholdingHistogramEncoding`, and so is everything else.
    Source: Arcolezi and Gambs, *Revisiting Locally Differentially Private
    Protocols*, arXiv:2503.01482, section 5. The authors' code sums success over
    binomial coefficients and leaves out those that overflow, which at large k
    (2500, say) is most of it and moves their choice; both grids here use the
    closed form.

    Examples
    --------
    >>> m = AdaptiveThresholding(k=100, epsilon=4.0)
    >>> round(m.theta, 4), round(m.vulnerability(), 4), round(m.mse(1), 4)
    (0.7822, 0.0647, 0.2863)
    """

    @cached_property
    def theta(self) -> float:
        """Threshold of least objective, in [1/2, 1]."""
        if self.rule is not None:
            points = some_between(0.5, 1.0)
            success, error, missed, q = self._costs(points)
            return float(points[self._picked(success, error, 1 - missed, q)])
        if self.grid == "published":
            points = np.linspace(0.5, 1.0, 100)
            return float(points[np.argmin(self._objective(points))])
        return least_point(self._objective, np.linspace(0.5, 1.0, _POINTS))

    def _objective(self, theta: Floats) -> Floats:
        return self._weigh(*self._costs(theta)[:2])

    def _costs(self, theta: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        below, above = self.epsilon * (theta - 1) / 2, -self.epsilon * theta / 2
        missed, q = np.exp(below) / 2, np.exp(above) / 2
        success = independent_success(self.k, (1 - missed) / q, missed, np.log1p(-q))
        spread = -(np.expm1(below) + np.expm1(above)) / 2
        return success, q * (1 - q) / spread**2, missed, q
