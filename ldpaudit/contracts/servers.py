"""What a server can do, what it costs, and what false reports can do to it."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats
from ldpaudit.contracts.mechanisms import Counts, Mechanism, Reports, Values


@runtime_checkable
class FrequencyOracle(Protocol):
    """The server: reports to a small mergeable summary (``a + b``) to frequencies."""

    def aggregate(self, reports: Reports) -> Counts:
        """Summary of a batch; two summaries add up to that of both."""

    def estimate(self, counts: Counts) -> Floats:
        """Unbiased, unclipped frequencies, shape (k,)."""


@runtime_checkable
class MarginalOracle(Mechanism, Protocol):
    """The server of records with several attributes, whose values are numbered as one domain."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of values of the attributes; `k` is their product."""

    def aggregate(self, reports: Reports) -> Counts:
        """Summary of a batch; two summaries add up to that of both."""

    def estimate_marginals(self, counts: Counts) -> tuple[Floats, ...]:
        """Unbiased, unclipped frequencies of each attribute."""

    def attribute_log_likelihood(self, reports: Reports, attribute: int) -> Floats:
        """Log P(an attribute's report | its value), were it a true one; shape (n, k_j)."""


@runtime_checkable
class HasVariance(Protocol):
    """Mean squared error per item: exact with frequencies, the published f = 0 figure without."""

    def mse(self, num_users: int, frequencies: npt.ArrayLike | None = None) -> float:
        """In squared frequency units, averaged over the k values."""


@runtime_checkable
class HasVarianceError(HasVariance, Protocol):
    """Where `mse` with frequencies is itself an estimate: how good it is."""

    def mse_standard_error(self, num_users: int, frequencies: npt.ArrayLike) -> float:
        """Standard error of `mse(num_users, frequencies)`, 0 where that is exact."""


@runtime_checkable
class HasInputVariance(Protocol):
    """The exact error that one user's report adds to an unbiased estimate that is a mean."""

    def variance(self, values: npt.ArrayLike) -> Floats:
        """In squared units of the input (a vector's summed over its coordinates), shape (n,)."""


@runtime_checkable
class HasBits(Protocol):
    """Communication in bits per report, the largest fixed-length size."""

    @property
    def bits(self) -> int:
        """Whole bits."""


@runtime_checkable
class HasCounts(FrequencyOracle, Protocol):
    """Draws the summary of n users from its exact law, at a cost that does not grow with n.

    One with a ``domain`` takes its inputs before the histogram: histogram[i] users of inputs[i].
    """

    def sample_counts(self, histogram: npt.ArrayLike, *, rng: np.random.Generator) -> Counts:
        """As `aggregate(privatize(...))` of histogram[v] users of each value v."""


@runtime_checkable
class HasInfluence(Protocol):
    """How far one false report can move an estimate that adds reports up."""

    def influence(self, targets: npt.ArrayLike) -> float:
        """Most that one report adds to the summed estimate of these values, times the users.

        Infinite where reports are unbounded.
        """

    def single_influences(self) -> Floats:
        """The same of each value alone, shape (k,): its largest is the worst case."""


@runtime_checkable
class HasExpectedSums(Protocol):
    """A server whose estimate may be off on average, and says by how much.

    A mechanism that states an influence and has not this one is taken to be unbiased.
    """

    @property
    def unbiased(self) -> bool:
        """Whether the estimate is right on average, whatever the users hold."""

    def expected_sums(self, targets: npt.ArrayLike) -> Floats | None:
        """Mean of the summed estimate of these values over a report of each value, shape (k,).

        None where that would take too long.
        """


@runtime_checkable
class HasWorstInfluence(HasInfluence, Protocol):
    """Where the influences of all values would take too long: the worst of those looked at."""

    def worst_influence(self) -> tuple[float, bool]:
        """The largest influence found, and whether all values were looked at."""


@runtime_checkable
class HasAttributeInfluence(Protocol):
    """The influence of a report of records, attribute by attribute."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of values of the attributes."""

    def attribute_influence(self, attribute: int, targets: npt.ArrayLike) -> float:
        """Most that one report adds to the summed estimate of an attribute's values, times n."""


@runtime_checkable
class HasMeanInfluence(Protocol):
    """How far one false report can move the estimated mean of numbers or vectors."""

    def mean_influence(self) -> float:
        """Most that one report adds, from the middle of the domain and in half widths of it.

        An honest report adds at most 1 on average. Infinite where reports are unbounded.
        """


@runtime_checkable
class HasFalseMeanReports(HasMeanInfluence, Protocol):
    """A mechanism for a mean whose reports can be made up."""

    def false_mean_reports(
        self, num_reports: int, *, rng: np.random.Generator, towards: npt.ArrayLike = 1.0
    ) -> Reports:
        """Reports that each move the estimated mean as far as any can.

        `towards` is the direction: for numbers its sign, for vectors a vector.
        """

    def random_reports(self, num_reports: int, *, rng: np.random.Generator) -> Reports:
        """Reports drawn uniformly from all that the server adds up."""


@runtime_checkable
class HasFalseReports(HasInfluence, Protocol):
    """A mechanism whose reports can be made up: what a dishonest user would send."""

    def false_reports(
        self, targets: npt.ArrayLike, num_reports: int, *, rng: np.random.Generator
    ) -> Reports:
        """Reports that each add `influence(targets)`, otherwise as random as that allows."""

    def random_reports(self, num_reports: int, *, rng: np.random.Generator) -> Reports:
        """Reports drawn uniformly from all that can be sent."""


@runtime_checkable
class HasSupportSizes(Protocol):
    """A pure protocol whose reports support independent values: how many shows who made it."""

    @property
    def p_star(self) -> float:
        """Probability that an honest report supports the own value."""

    @property
    def q_star(self) -> float:
        """Probability that an honest report supports one given other value."""

    def support_sizes(self, reports: Reports) -> Values:
        """Number of values that each report supports, shape (n,)."""
