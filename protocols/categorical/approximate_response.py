"""Approximate LDP: randomized response, unary encoding and local hashing that spend a delta."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ldpaudit.divergence import hockey_stick
from ldpaudit.parameters import budget, domain_size, fraction, parameters

from .generalized_randomized_response import RandomizedResponse
from .local_hashing import LocalHashing
from .unary_encoding import UnaryEncoding

_HASH_RANGE = 2**31


def _response(num_values: int, epsilon: float, delta: float) -> tuple[float, float]:
    """Probabilities of the truth and of each lie, such that truth - exp(epsilon) lie = delta.

    It is the truth with probability delta and randomized response otherwise.
    """
    small = math.exp(-epsilon)
    total = 1 + (num_values - 1) * small
    return (1 + (num_values - 1) * delta * small) / total, (1 - delta) * small / total


@dataclass(frozen=True)
@parameters(k=domain_size(), epsilon=budget(), delta=fraction())
class ApproximateBudget:
    """The parameters of a protocol that is (epsilon, delta)-LDP, checked."""

    k: int
    epsilon: float
    delta: float


@dataclass(frozen=True)
class ApproximateRandomizedResponse(ApproximateBudget, RandomizedResponse):
    """AGRR: the truth with probability delta, randomized response (GRR) otherwise.

    p = (e + (k - 1) delta) / (e + k - 1) and q = (1 - delta) / (e + k - 1), so
    that p - e q is delta exactly.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    delta : float
        Allowed excess probability of any event, strictly between 0 and 1.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports have shape (n,), dtype int64, in [0, k). `exact_epsilon` is the
    largest log ratio, ln(p / q): finite, and above the claim. Source: Wang et
    al., *Local differential privacy for data collection and analysis*,
    Neurocomputing 2021; Arcolezi and Gambs, PoPETs 2024.

    Examples
    --------
    >>> import numpy as np
    >>> m = ApproximateRandomizedResponse(k=10, epsilon=1.0, delta=1e-5)
    >>> round(m.vulnerability(), 6), round(m.exact_epsilon(), 6), m.exact_delta(1.0)
    (0.231977, 1.000043, 1e-05)
    >>> m.privatize([7, 8], rng=np.random.default_rng(0)).shape
    (2,)
    """

    @property
    def p_star(self) -> float:
        """Probability of the own value."""
        return _response(self.k, self.epsilon, self.delta)[0]

    @property
    def q_star(self) -> float:
        """Probability of each other value."""
        return _response(self.k, self.epsilon, self.delta)[1]

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of the worst pair; delta at the claimed epsilon."""
        return hockey_stick(self.p_star, epsilon, self.epsilon, self.delta)


@dataclass(frozen=True)
class ApproximateSymmetricUnaryEncoding(ApproximateBudget, UnaryEncoding):
    """ASUE: every bit tells the truth with the same probability p, where p^2 - e (1 - p)^2 = delta.

    That is p = (e - s) / (e - 1) and q = 1 - p = (s - 1) / (e - 1) for
    s = sqrt(e (1 - delta) + delta).

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    delta : float
        Allowed excess probability of any event, strictly between 0 and 1.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports have shape (n, ceil(k / 8)), dtype uint8, packed as for subset
    selection. As p + q = 1, the published variance is exact. `exact_epsilon` is
    2 ln(p / q), above the claim. Source: Wang et al., *Local differential
    privacy for data collection and analysis*, Neurocomputing 2021; Arcolezi and
    Gambs, PoPETs 2024.

    Examples
    --------
    >>> m = ApproximateSymmetricUnaryEncoding(k=10, epsilon=1.0, delta=1e-5)
    >>> round(m.vulnerability(), 6), round(m.mse(1), 4), m.exact_delta(1.0)
    (0.163964, 3.9175, 1e-05)
    """

    @property
    def _root(self) -> float:
        return math.sqrt(math.exp(self.epsilon) * (1 - self.delta) + self.delta)

    @property
    def p_star(self) -> float:
        """Probability that the own bit is set."""
        # (e - s) / (e - 1) = (e + delta) / (e + s), where nothing cancels; both divided by e.
        small = math.exp(-self.epsilon)
        return (1 + self.delta * small) / (1 + self._root * small)

    @property
    def q_star(self) -> float:
        """Probability that one given other bit is set, 1 - p."""
        return (1 - self.delta) / (1 + self._root)

    @property
    def own_missed(self) -> float:
        """Probability that the own bit is not set, equal to q."""
        return self.q_star

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of any two values; delta at the claimed epsilon."""
        return hockey_stick(self.p_star**2, epsilon, self.epsilon, self.delta)


class ApproximateLocalHashing(ApproximateBudget, LocalHashing):
    """Local hashing whose randomized response over the g buckets spends a delta."""

    @property
    def p_star(self) -> float:
        """Probability of reporting the own value's bucket."""
        return _response(self.num_buckets, self.epsilon, self.delta)[0]

    @property
    def _lie(self) -> float:
        """Probability of reporting one given other bucket."""
        return _response(self.num_buckets, self.epsilon, self.delta)[1]

    def exact_delta(self, epsilon: float) -> float:
        """Hockey-stick divergence of any two values, exact for an ideal random hash.

        Two values share a bucket, and then tell nothing, with probability 1 / g:
        at the claimed epsilon it is (1 - 1 / g) delta.
        """
        apart = 1 - 1 / self.num_buckets
        return apart * hockey_stick(self.p_star, epsilon, self.epsilon, self.delta)


@dataclass(frozen=True)
class ApproximateBinaryLocalHashing(ApproximateLocalHashing):
    """ABLH: local hashing to g = 2 buckets, then approximate randomized response (AGRR) over them.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.
    delta : float
        Allowed excess probability of any event, strictly between 0 and 1.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports are a structured vector with fields ``seed`` (uint64) and ``bucket``
    (uint32), as for optimized local hashing. Source: Wang et al., *Local
    differential privacy for data collection and analysis*, Neurocomputing 2021;
    Arcolezi and Gambs, PoPETs 2024.

    Examples
    --------
    >>> m = ApproximateBinaryLocalHashing(k=10, epsilon=1.0, delta=1e-5)
    >>> round(m.vulnerability(), 6), round(m.mse(1), 4), m.exact_delta(1.0)
    (0.146122, 4.6826, 5e-06)
    """

    @property
    def num_buckets(self) -> int:
        """Size of the hash range, 2."""
        return 2


@dataclass(frozen=True)
class ApproximateOptimizedLocalHashing(ApproximateLocalHashing):
    """AOLH: local hashing to the g buckets of least variance, then AGRR over them.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units; g must stay below 2**31 (epsilon up to about 21).
    delta : float
        Allowed excess probability of any event, positive and at most
        (e - 1) / (9 e - 1): above, no number of buckets is best.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports as for `ApproximateBinaryLocalHashing`. The published variance is
    (e + h)^2 / (h (e - 1 + delta + delta h)^2) for h = g - 1 and stationary where
    delta h^2 - (b - 3 e delta) h + e b = 0, b = e - 1 + delta. The smaller root is
    the published choice, near e, and a minimum; the larger one is a maximum, past
    which the variance falls to 0 because it leaves out the own value (f = 0).
    Source: Wang et al., *Local differential privacy for data collection and
    analysis*, Neurocomputing 2021; Arcolezi and Gambs, PoPETs 2024.

    Examples
    --------
    >>> m = ApproximateOptimizedLocalHashing(k=10, epsilon=4.0, delta=1e-5)
    >>> m.num_buckets, round(m.vulnerability(), 4), round(m.published_success(), 4)
    (56, 0.5027, 0.4982)
    """

    def _check_together(self) -> None:
        largest = -math.expm1(-self.epsilon) / (9 - math.exp(-self.epsilon))
        if self.delta > largest:
            raise ValueError(
                "delta must be at most (e - 1) / (9 e - 1) for a best number of buckets, "
                f"here {largest:.6g}, got {self.delta!r}."
            )
        if self.num_buckets >= _HASH_RANGE:
            raise ValueError(
                f"epsilon must keep the number of buckets below 2**31, got {self.epsilon!r}."
            )

    @property
    def num_buckets(self) -> int:
        """Size of the hash range, 1 + the smaller stationary point of the variance, rounded."""
        small, delta = math.exp(-self.epsilon), self.delta
        rest = -math.expm1(-self.epsilon)
        # All of it divided by e; and the root below the line, where nothing cancels.
        middle = rest + delta * small
        root = math.sqrt(max(0.0, rest * (1 - delta) * (middle - 9 * delta)))
        buckets = 1 + 2 * math.exp(self.epsilon) * middle / (middle - 3 * delta + root)
        return max(2, round(buckets))
