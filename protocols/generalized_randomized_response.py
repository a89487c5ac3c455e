"""Generalized randomized response (GRR, k-RR): tell the truth or any other value."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ldpaudit._validate import distribution, generator, integer, table_size
from ldpaudit._validate import epsilon as checked_epsilon
from ldpaudit._validate import values as checked_values

from ._pure import PureProtocol, SupportCounts


@dataclass(frozen=True)
class GeneralizedRandomizedResponse(PureProtocol):
    """GRR: the own value with probability p, each other value with q = p / exp(epsilon).

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Privacy budget in natural-log units, positive and finite.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range or no number.

    Notes
    -----
    Reports have shape (n,), dtype int64, in [0, k). Source: Kairouz, Bonawitz
    and Ramage, *Discrete distribution estimation under local privacy*, ICML
    2016; estimator and variance: Wang et al., USENIX Security 2017, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> m = GeneralizedRandomizedResponse(k=4, epsilon=1.0)
    >>> reports = m.privatize([0, 1, 2, 3], rng=np.random.default_rng(0))
    >>> reports.shape, m.bits, round(m.vulnerability(), 4)
    ((4,), 2, 0.4754)
    """

    k: int
    epsilon: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", integer("k", self.k, 2))
        object.__setattr__(self, "epsilon", checked_epsilon(self.epsilon))

    @property
    def p_star(self) -> float:
        """Probability of the own value, e / (e + k - 1)."""
        return 1 / (1 + (self.k - 1) * math.exp(-self.epsilon))

    @property
    def q_star(self) -> float:
        """Probability of each other value, 1 / (e + k - 1)."""
        return self.p_star * math.exp(-self.epsilon)

    @property
    def own_missed(self) -> float:
        """Probability of a lie, 1 - p without cancellation."""
        return (self.k - 1) * self.q_star

    @property
    def bits(self) -> int:
        """Bits a report, ceil(log2 k)."""
        return (self.k - 1).bit_length()

    def privatize(
        self, values: npt.ArrayLike, *, rng: np.random.Generator
    ) -> npt.NDArray[np.int64]:
        """Draw one report a value: reports of shape (n,) in [0, k)."""
        own = checked_values(values, self.k)
        # One uniform number decides both whether to lie and by how much to shift.
        uniform = generator(rng).random(own.size) - self.p_star
        shift = np.ceil(uniform * ((self.k - 1) / (1 - self.p_star) if self.p_star < 1 else 0))
        shift = np.clip(shift, 0, self.k - 1).astype(np.int64)
        reports = own + shift
        reports[reports >= self.k] -= self.k
        return reports

    def log_likelihood(
        self, reports: npt.ArrayLike, values: npt.ArrayLike | None = None
    ) -> npt.NDArray[np.float64]:
        """Log P(report | value), shape (n, len(values)); None means all k values."""
        seen = checked_values(reports, self.k)
        asked = np.arange(self.k) if values is None else checked_values(values, self.k)
        table_size(seen.size, asked.size)
        log_p = math.log(self.p_star)
        return np.where(seen[:, None] == asked[None, :], log_p, log_p - self.epsilon)

    def aggregate(self, reports: npt.ArrayLike) -> SupportCounts:
        """Count the reports of each value; summaries of a stream add up."""
        seen = checked_values(reports, self.k)
        return SupportCounts(seen.size, np.bincount(seen, minlength=self.k).astype(np.int64))

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Exact success of the best single guess from one report, for users drawn from `prior`."""
        weights = distribution("prior", prior, self.k)
        return float(np.maximum(self.p_star * weights, self.q_star * weights.max()).sum())

    def exact_epsilon(self) -> float:
        """Largest log-likelihood ratio over reports and pairs of values, ln(p / q)."""
        return math.log(self.p_star) - math.log(self.q_star)
