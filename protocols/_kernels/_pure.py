"""What all pure protocols share: support counts, the unbiased estimate, its variance.

A pure protocol (Wang et al., USENIX Security 2017) gives each report a set of
supported values; the own value is supported with probability p*, any other with
q*. Everything the server does follows from the two.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints
from ldpaudit.validate import check_distribution, check_integer

from ._checks import checked_targets
from ._decodes import Decodes
from ._postprocessing import Linear


@dataclass(frozen=True, eq=False)
class SupportCounts:
    """How many of `num_users` reports support each entry; summaries add up."""

    num_users: int
    supports: Ints

    def __add__(self, other: SupportCounts) -> SupportCounts:
        if not isinstance(other, SupportCounts):
            return NotImplemented
        if self.supports.shape != other.supports.shape:
            raise ValueError(
                "counts of different mechanisms cannot be added, got "
                f"{self.supports.size} and {other.supports.size} entries."
            )
        return SupportCounts(self.num_users + other.num_users, self.supports + other.supports)


class PureProtocol(Decodes, ABC):
    """Estimate and mean squared error from the support probabilities p* and q*."""

    k: int
    epsilon: float
    #: Whether a report is one value, the only one that it supports.
    reports_values: ClassVar[bool] = False
    #: No two values are told apart better than the first two.
    pairs_alike: ClassVar[bool] = True

    @property
    @abstractmethod
    def p_star(self) -> float:
        """Probability that a report supports the user's own value."""

    @property
    @abstractmethod
    def q_star(self) -> float:
        """Probability that a report supports one given other value."""

    @property
    def own_missed(self) -> float:
        """Probability that a report does not support the own value, 1 - p*."""
        return 1 - self.p_star

    def largest_support(self, targets: Ints) -> int:
        """Most of these values that one report supports; here reports can support all of them."""
        return targets.size

    def influence(self, targets: npt.ArrayLike) -> float:
        """Most that one report adds to the summed estimate of `targets`, times the users.

        A report adds (1 - q*) / (p* - q*) to a value that it supports and -q* / (p* - q*) to
        any other.

        Parameters
        ----------
        targets : array of shape (r,)
            Values in [0, k), none twice.

        Returns
        -------
        float
            In units of one user's own frequency, 1 / n; see `ldpaudit.collecting.manipulation`.
        """
        chosen = checked_targets(targets, self.k)
        most, q = self.largest_support(chosen), self.q_star
        return float((most - chosen.size * q) / (self.p_star - q))

    def single_influences(self) -> Floats:
        """`influence` of each value alone, shape (k,): here all are alike."""
        return np.full(self.k, self.influence([0]))

    def estimate(self, counts: SupportCounts) -> Floats:
        """Unbiased, unclipped frequencies, shape (k,): (C / n - q*) / (p* - q*)."""
        num_users = check_integer("num_users of counts", counts.num_users, 1)
        spread = self.p_star - self.q_star
        return np.asarray((counts.supports / num_users - self.q_star) / spread)

    def mean_counts(self) -> tuple[Linear, Linear]:
        """Mean of the supports over n for given frequencies, and the transpose of its slope."""
        p, q = self.p_star, self.q_star
        return (
            lambda frequencies: np.asarray(q * frequencies.sum() + (p - q) * frequencies),
            lambda weights: (p - q) * weights,
        )

    def mse(self, num_users: int, frequencies: npt.ArrayLike | None = None) -> float:
        """Mean squared error of `estimate`, averaged over the k values.

        Parameters
        ----------
        num_users : int
            Number of reports, at least 1.
        frequencies : array of shape (k,), optional
            Frequencies of the fixed users, for the exact error. None gives the
            published approximation, which leaves out the users' own values (f = 0).

        Returns
        -------
        float
            In squared frequency units.
        """
        n = check_integer("num_users", num_users, 1)
        p, q = self.p_star, self.q_star
        error = q * (1 - q) / (n * (p - q) ** 2)
        if frequencies is not None:
            # Linear in f, so that only the sum of f (which is 1) counts in the average.
            check_distribution("frequencies", frequencies, self.k)
            error += (self.own_missed - q) / (n * self.k * (p - q))
        return float(error)
