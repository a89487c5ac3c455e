"""What a mechanism can say of its own privacy."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bools, Floats
from ldpaudit.contracts.mechanisms import Reports, Values


@runtime_checkable
class HasLikelihood(Protocol):
    """The hinge of every optimal attack."""

    def log_likelihood(self, reports: Reports, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(report | value), shape (n, len(values)); None means all k values."""


class Supports(Protocol):
    """Which values each of n reports makes likelier than the others, without a table of them."""

    def first(self) -> Values:
        """Smallest supported value of each report, -1 where there is none."""

    def pick(self, k: int, rng: np.random.Generator) -> Values:
        """A uniform supported value of each report, of all k where there is none."""

    def holds(self, reports: Values, value: int) -> Bools:
        """Whether these of the reports support one value."""


@runtime_checkable
class HasSupports(Protocol):
    """A likelihood of two levels: all supported values are likelier than all others, alike."""

    @property
    def support_gain(self) -> float:
        """Log-likelihood ratio of a supported value and another one, above 0."""

    def supports(self, reports: Reports) -> Supports:
        """The supports of these reports."""


@runtime_checkable
class HasRelation(Protocol):
    """A mechanism whose guarantee depends on what two inputs have in common."""

    def relation(self, pair: tuple[int, int]) -> str:
        """What kind of neighbours two inputs are, in words."""


@runtime_checkable
class HasNeighbours(Protocol):
    """A mechanism whose guarantee speaks of some pairs of inputs only, its neighbours."""

    def are_neighbours(self, pair: tuple[int, int]) -> bool:
        """Whether the claim covers these two inputs; a bound on others gets no verdict."""


@runtime_checkable
class HasAlikePairs(Protocol):
    """A mechanism of whose pairs of inputs none is told apart better than the first, 0 and 1.

    It is the mechanism's word, as its likelihood is. A class that inherits it from another
    package's has to say it again, for it may have changed what is sent.
    """

    @property
    def pairs_alike(self) -> bool:
        """If True, an audit of inputs 0 and 1 speaks for all pairs, and none is searched for."""


@runtime_checkable
class HasExactEpsilon(Protocol):
    """The largest log-likelihood ratio over reports and pairs of values."""

    def exact_epsilon(self) -> float:
        """In natural-log units."""


@runtime_checkable
class HasExactDelta(Protocol):
    """The privacy profile: the hockey-stick divergence of the worst pair of values."""

    def exact_delta(self, epsilon: float) -> float:
        """Least delta such that the mechanism is (epsilon, delta)-LDP, epsilon at least 0."""


@runtime_checkable
class HasDeltaUpper(Protocol):
    """A proven bound on the privacy profile, where no exact figure of it exists."""

    def delta_upper(self, epsilon: float) -> float:
        """A delta at which the guarantee holds with this epsilon, at least 0, for any inputs."""


@runtime_checkable
class HasReports(HasLikelihood, Protocol):
    """A mechanism with few enough reports to list: its channel can be written down."""

    def every_report(self) -> Reports:
        """All reports that can be sent, each once; ValueError where there are too many."""


@runtime_checkable
class HasPairClasses(Protocol):
    """A mechanism whose values all look alike: what a report tells of three, in few classes.

    Within a class all reports have the same likelihood ratios between the three values and to
    the least likely value.
    """

    def pair_classes(self) -> tuple[Floats, Floats]:
        """Probabilities of the classes under three values, and under what all send at least.

        Shapes (3, classes) and (classes,): P(class | x) for any x, x' and x'' that differ
        (x'' = x' where k = 2), and the sum over the class of min over all values of P(y | x).
        """


@runtime_checkable
class HasBayesVulnerability(Protocol):
    """Success of the best single guess from one report, for a prior (None: uniform)."""

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Probability that the guess is right."""


@runtime_checkable
class HasPosteriorMean(Protocol):
    """How much of a person's variance the mean given one report explains, for a prior."""

    def posterior_mean_share(self, prior: Any = None) -> float:
        """R2, between 0 and 1."""


@runtime_checkable
class HasNearbySuccess(Protocol):
    """Success of the best guess that counts as right within a distance, for a prior."""

    def nearby_success(self, tau: float, prior: Any = None) -> float:
        """Probability that the guess is within `tau`, in units of the input."""


@runtime_checkable
class HasPublishedSuccess(Protocol):
    """The source paper's attack-success figure, where it differs from the exact one."""

    def published_success(self) -> float:
        """Probability, by the published formula under a uniform prior."""
