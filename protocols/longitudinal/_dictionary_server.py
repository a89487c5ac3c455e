"""The server of reports of Bloom filters in cohorts, and what false reports do to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Bytes, Floats, Ints, Rows
from ldpaudit.collecting.estimands import DealtFrequencies, Frequencies
from ldpaudit.protocols._kernels._bits import bernoulli_rows, pack, row_chunks, unpack
from ldpaudit.protocols._kernels._checks import checked_targets, structured_rows
from ldpaudit.protocols._kernels._counts import users_per_value
from ldpaudit.protocols._kernels._message_counts import split_evenly
from ldpaudit.protocols._kernels._pure import SupportCounts
from ldpaudit.validate import (
    check_distribution,
    check_generator,
    check_integer,
    check_table_size,
)

from ._bloom_filters import BloomFilters
from ._chains import BitChain
from ._dictionary import Dictionary, false_bits


class DictionaryServer(ABC):
    """Counts, estimates, errors and false reports, given the filters and the law of a bit."""

    k: int
    num_bits: int
    num_cohorts: int

    @property
    @abstractmethod
    def _chain(self) -> BitChain:
        """The two rounds of one bit."""

    @property
    @abstractmethod
    def _filters(self) -> BloomFilters:
        """Filters of all values."""

    @property
    @abstractmethod
    def _dtype(self) -> np.dtype[np.void]:
        """Type of reports."""

    @cached_property
    def _server(self) -> Dictionary:
        chain = self._chain
        return Dictionary(self._filters, chain.own_set, chain.own_missed, chain.other_set)

    def _rows(self, reports: Rows) -> tuple[Ints, Bytes]:
        """Cohorts and bits of reports, if they are of this mechanism."""
        rows = structured_rows(reports, self._dtype)
        cohorts = rows["cohort"].astype(np.int64)
        if cohorts.max(initial=0) >= self.num_cohorts:
            raise ValueError(
                f"reports must be of cohorts below {self.num_cohorts}, got {cohorts.max()}."
            )
        return cohorts, np.ascontiguousarray(rows["bits"])

    def aggregate(self, reports: Rows) -> SupportCounts:
        """Users and set bits of each cohort, supports of shape (C, 1 + m)."""
        cohorts, bits = self._rows(reports)
        supports = np.zeros((self.num_cohorts, 1 + self.num_bits), dtype=np.int64)
        supports[:, 0] = np.bincount(cohorts, minlength=self.num_cohorts)
        order = np.argsort(cohorts, kind="stable")
        for rows in row_chunks(order.size, self.num_bits):
            mine = cohorts[order[rows]]
            starts = np.flatnonzero(np.diff(mine, prepend=-1))
            table = unpack(bits[order[rows]], self.num_bits)
            supports[mine[starts], 1:] += np.add.reduceat(table, starts, axis=0, dtype=np.int64)
        return SupportCounts(cohorts.size, supports)

    def sample_counts(self, histogram: npt.ArrayLike, *, rng: np.random.Generator) -> SupportCounts:
        """Draw the counts of histogram[v] users of each value v from their exact law."""
        users = users_per_value(histogram, self.k)
        check_table_size(self.k, self.num_cohorts)
        dealt = split_evenly(users[:, None], self.num_cohorts, check_generator(rng))
        design = self._filters.design
        values = np.repeat(np.arange(self.k), np.diff(design.indptr))
        holders = dealt[values, design.indices // self.num_bits]  # sums are exact below 2**53
        own = np.bincount(design.indices, holders, minlength=design.shape[1]).astype(np.int64)
        own = own.reshape(self.num_cohorts, self.num_bits)
        totals = dealt.sum(axis=0)[:, None]
        shown = own - rng.binomial(own, self._chain.own_missed)
        shown += rng.binomial(totals - own, self._chain.other_set)
        return SupportCounts(int(users.sum()), np.concatenate((totals, shown), axis=1))

    def estimate(self, counts: SupportCounts) -> Floats:
        """Frequencies, shape (k,), by least squares; linear in the reports, not clipped."""
        num_users = check_integer("num_users of counts", counts.num_users, 1)
        return self._server.estimate(num_users, counts.supports[:, 0], counts.supports[:, 1:])

    def mse(self, num_users: int, frequencies: npt.ArrayLike | None = None) -> float:
        """Mean squared error of `estimate`, averaged over the k values, in squared shares.

        Parameters
        ----------
        num_users : int
            Number of reports, at least 1.
        frequencies : array of shape (k,), optional
            Frequencies of the fixed users, for the exact error, a bias included. None leaves
            the users' own values out (f = 0).

        Returns
        -------
        float
        """
        n = check_integer("num_users", num_users, 1)
        if frequencies is None:
            return self._server.error(n, None)
        return self._server.error(n, check_distribution("frequencies", frequencies, self.k))

    @property
    def unbiased(self) -> bool:
        """Whether the filters of the k values are independent over all cohorts."""
        return self._server.independent

    @property
    def estimand(self) -> Frequencies:
        """Frequencies; biased ones where filters depend on one another."""
        return Frequencies(self.k) if self.unbiased else DealtFrequencies(self.k)

    def expected_sums(self, targets: npt.ArrayLike) -> Floats:
        """Mean of the summed estimate of the targets over a report of each value, shape (k,)."""
        weights = np.zeros(self.k)
        weights[checked_targets(targets, self.k)] = 1
        return self._server.expected(weights)

    def influence(self, targets: npt.ArrayLike) -> float:
        """Most that one report adds to the summed estimate of `targets`, times the users."""
        weights = self._server.inverse[checked_targets(targets, self.k)].sum(axis=0)
        return float(self._server.reach(weights).max())

    def single_influences(self) -> Floats:
        """`influence` of each value alone, shape (k,)."""
        return np.asarray(self._server.reach(self._server.inverse).max(axis=1))

    def false_reports(
        self, targets: npt.ArrayLike, num_reports: int, *, rng: np.random.Generator
    ) -> Rows:
        """Reports of largest `influence`: of the best cohort, bits set that raise the targets."""
        weights = self._server.inverse[checked_targets(targets, self.k)].sum(axis=0)
        best = int(self._server.reach(weights).argmax())
        check_generator(rng)
        noise = bernoulli_rows(num_reports, self.num_bits, self._chain.other_set, rng)
        reports = np.empty(num_reports, dtype=self._dtype)
        reports["cohort"] = best
        reports["bits"] = pack(false_bits(weights[best], unpack(noise, self.num_bits)))
        return reports

    def random_reports(self, num_reports: int, *, rng: np.random.Generator) -> Rows:
        """Uniform cohorts and bits."""
        reports = np.empty(num_reports, dtype=self._dtype)
        reports["cohort"] = check_generator(rng).integers(0, self.num_cohorts, num_reports)
        reports["bits"] = bernoulli_rows(num_reports, self.num_bits, 0.5, rng)
        return reports


def by_cohort(cohorts: Ints) -> Iterator[tuple[int, Ints]]:
    """Each cohort that occurs, and its users."""
    order = np.argsort(cohorts, kind="stable")
    starts = np.flatnonzero(np.diff(cohorts[order], prepend=-1))
    for users in np.split(order, starts[1:]) if cohorts.size else ():
        yield int(cohorts[users[0]]), users
