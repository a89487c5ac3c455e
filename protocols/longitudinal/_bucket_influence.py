"""What a false report does where a user answers for a few buckets of values, one bit each."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats, Ints, Rows
from ldpaudit.collecting.estimands import DealtFrequencies, Frequencies
from ldpaudit.protocols._kernels._bits import bernoulli_rows, pack, subset_rows
from ldpaudit.protocols._kernels._checks import checked_targets
from ldpaudit.validate import check_generator


class BucketInfluence(ABC):
    """Influence and false reports, given d sampled buckets, their bits' law and their values."""

    k: int
    d: int

    @property
    @abstractmethod
    def num_buckets(self) -> int:
        """Number of buckets, b."""

    @property
    @abstractmethod
    def p(self) -> float:
        """Probability that the bit of the own bucket is set."""

    @property
    @abstractmethod
    def q(self) -> float:
        """Probability that one given other bit is set."""

    @property
    @abstractmethod
    def _dtype(self) -> np.dtype[np.void]:
        """Type of reports."""

    @property
    @abstractmethod
    def _sizes(self) -> Ints:
        """Number of values of each bucket."""

    @abstractmethod
    def _bucket(self, values: Ints) -> Ints:
        """Bucket of each value."""

    def influence(self, targets: npt.ArrayLike) -> float:
        """Most that one report adds to the summed estimate of `targets`, times the users.

        Of the d buckets with the largest share of targets, all bits set.
        """
        shares = self._shares(checked_targets(targets, self.k))
        scale = self.num_buckets / (self.d * (self.p - self.q))
        return float((1 - self.q) * scale * np.sort(shares)[-self.d :].sum())

    def single_influences(self) -> Floats:
        """`influence` of each value alone, shape (k,): a value of a wide bucket has a small one."""
        scale = self.num_buckets / (self.d * (self.p - self.q))
        return np.asarray((1 - self.q) * scale / self._sizes[self._bucket(np.arange(self.k))])

    @property
    def unbiased(self) -> bool:
        """Whether every value has a bucket of its own: others get what their bucket's hold."""
        return self.num_buckets == self.k

    @property
    def estimand(self) -> Frequencies:
        """Frequencies; biased ones where several values share what their bucket gets."""
        return Frequencies(self.k) if self.unbiased else DealtFrequencies(self.k)

    def expected_sums(self, targets: npt.ArrayLike) -> Floats:
        """Mean of the summed estimate over a report of each value: its bucket's share of them."""
        shares = self._shares(checked_targets(targets, self.k))
        return np.asarray(shares[self._bucket(np.arange(self.k))])

    def _shares(self, targets: Ints) -> Floats:
        """Share of the values of each bucket that are targets."""
        return np.bincount(self._bucket(targets), minlength=self.num_buckets) / self._sizes

    def false_reports(
        self, targets: npt.ArrayLike, num_reports: int, *, rng: np.random.Generator
    ) -> Rows:
        """Reports of largest `influence`: the buckets with most targets, all bits set."""
        check_generator(rng)
        shares = self._shares(checked_targets(targets, self.k))
        row = np.zeros((1, self.num_buckets), dtype=np.uint8)
        row[0, np.argsort(-shares, kind="stable")[: self.d]] = 1
        reports = np.empty(num_reports, dtype=self._dtype)
        reports["sampled"] = reports["bits"] = pack(row)
        return reports

    def random_reports(self, num_reports: int, *, rng: np.random.Generator) -> Rows:
        """Uniform buckets and bits."""
        b, nobody = self.num_buckets, np.zeros(num_reports, dtype=np.int64)
        reports = np.empty(num_reports, dtype=self._dtype)
        if self.d < b:
            reports["sampled"] = subset_rows(nobody, b, self.d, self.d / b, check_generator(rng))
        else:
            reports["sampled"] = pack(np.ones((1, b), dtype=np.uint8))
        coins = bernoulli_rows(num_reports, b, 0.5, check_generator(rng))
        reports["bits"] = coins & reports["sampled"]
        return reports
