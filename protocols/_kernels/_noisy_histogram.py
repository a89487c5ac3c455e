"""What all noisy histograms share: a one-hot vector with independent noise on every entry.

Take noise alone, of density f on each entry, as the reference law. The report of
value x has that law times r(y_x), where r(y) = f(y - 1) / f(y): one entry tells
all that a report says of x. The likelihood, the best guess and the privacy
profile follow from r.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Floats
from ldpaudit.validate import (
    check_distribution,
    check_generator,
    check_histogram,
    check_integer,
    check_table_size,
    check_values,
)

from ._bits import row_chunks
from ._checks import checked_targets
from ._decodes import Decodes
from ._pure import SupportCounts

#: Sums are kept in whole units of 2**-24 noise scales: exact, whatever the order of the reports.
#: Rounding a report to a unit adds about 1e-16 of the variance of its noise.
_UNITS = 2.0**24
#: Weight of an entry in chunks of rows: 2**16 entries at a time.
_ENTRY = 2
#: Noise scales by which an entry may lie outside [0, 1]; noise does so with probability e^-256.
_FARTHEST = 256.0


class NoisyHistogram(Decodes, ABC):
    """Everything a noisy histogram does, given the law of the noise.

    Reports are float64 of shape (n, k). Summaries hold the sums of the reports
    in units of 2**-24 noise scales.
    """

    k: int
    epsilon: float

    @property
    @abstractmethod
    def scale(self) -> float:
        """Scale of the noise on each entry."""

    @property
    @abstractmethod
    def noise_variance(self) -> float:
        """Variance of the noise on each entry."""

    @abstractmethod
    def _fill(self, block: Floats, rng: np.random.Generator) -> None:
        """Overwrite a block with independent noise of scale 1."""

    @abstractmethod
    def _noise_sums(self, num_users: int, rng: np.random.Generator) -> Floats:
        """Sum of num_users noises of scale 1 on each entry, shape (k,)."""

    @abstractmethod
    def _log_noise(self, rows: Floats) -> Floats:
        """Log density of each row if it were noise alone."""

    @abstractmethod
    def _log_ratio(self, entries: Floats) -> Floats:
        """Log r of each entry."""

    @abstractmethod
    def _success(self, levels: Floats, copies: Floats) -> float:
        """Success of the best guess, `copies` values at each of the priors, best first."""

    @property
    def bits(self) -> int:
        """Bits a report, k floats of 64."""
        return 64 * self.k

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Floats:
        """Draw one report a value: float64 of shape (n, k)."""
        own = check_values(values, self.k)
        check_generator(rng)
        reports = np.empty((own.size, self.k))
        for rows in row_chunks(own.size, _ENTRY * self.k):
            block = reports[rows]
            self._fill(block, rng)
            block *= self.scale
            block[np.arange(len(block)), own[rows]] += 1
        return reports

    def log_likelihood(self, reports: Floats, values: npt.ArrayLike | None = None) -> Floats:
        """Log density of report given value, shape (n, len(values)); None means all k values."""
        rows = self._checked(reports)
        asked = np.arange(self.k) if values is None else check_values(values, self.k)
        check_table_size(len(rows), asked.size)
        # Values that are named are compared with one another, column by column.
        table = np.empty((len(rows), asked.size), order="C" if values is None else "F")
        for chunk in row_chunks(len(rows), _ENTRY * max(self.k, asked.size)):
            block = self._near(rows[chunk])
            entries = block if values is None else block.take(asked, axis=1)
            table[chunk] = self._log_ratio(entries) + self._log_noise(block)[:, None]
        return table

    def aggregate(self, reports: Floats) -> SupportCounts:
        """Add the reports up, each rounded to a unit; summaries of a stream add up."""
        rows = self._checked(reports)
        sums = np.zeros(self.k, dtype=np.int64)
        for chunk in row_chunks(len(rows), 8 * self.k):
            # A chunk's sum of whole numbers stays below 2**53: exact in floats.
            units = np.rint(self._near(rows[chunk]) * (_UNITS / self.scale))
            sums += units.sum(axis=0).astype(np.int64)
        return SupportCounts(len(rows), sums)

    def sample_counts(self, histogram: npt.ArrayLike, *, rng: np.random.Generator) -> SupportCounts:
        """Draw the summary of histogram[v] users of each value v, at a cost of k draws."""
        users = check_histogram(histogram, self.k)
        num_users = int(users.sum())
        noise = self._noise_sums(num_users, check_generator(rng))
        units = np.rint(users * (_UNITS / self.scale) + noise * _UNITS)
        if not np.abs(units).max() < 2**62:
            raise ValueError(
                f"histogram must keep sums below 2**62 units of {self.scale / _UNITS:.3g}, "
                f"got {num_users} users."
            )
        return SupportCounts(num_users, units.astype(np.int64))

    def estimate(self, counts: SupportCounts) -> Floats:
        """Unbiased, unclipped frequencies, shape (k,): the mean report."""
        num_users = check_integer("num_users of counts", counts.num_users, 1)
        return np.asarray(counts.supports * (self.scale / _UNITS) / num_users)

    def influence(self, targets: npt.ArrayLike) -> float:
        """Infinite: an entry of a report can be any number, so one report can move all of it.

        The server here refuses entries 256 noise scales beyond [0, 1], which stops a single
        report from deciding everything and leaves it hundreds of times an honest one.
        """
        checked_targets(targets, self.k)
        return math.inf

    def single_influences(self) -> Floats:
        """Infinite for each value, shape (k,)."""
        return np.full(self.k, math.inf)

    def mse(self, num_users: int, frequencies: npt.ArrayLike | None = None) -> float:
        """Variance of the noise over num_users: exact, for the users' values add nothing."""
        n = check_integer("num_users", num_users, 1)
        if frequencies is not None:
            check_distribution("frequencies", frequencies, self.k)
        return self.noise_variance / n

    def vulnerability(self, prior: npt.ArrayLike | None = None) -> float:
        """Exact success of the best single guess from one report, for users drawn from `prior`."""
        weights = check_distribution("prior", prior, self.k)
        levels, copies = np.unique(weights[weights > 0], return_counts=True)
        return min(1.0, self._success(levels[::-1], copies[::-1].astype(np.float64)))

    def _checked(self, reports: Floats) -> Floats:
        """Return reports as rows of k floats."""
        rows = np.asarray(reports)
        if rows.dtype != np.float64 or rows.ndim != 2 or rows.shape[1] != self.k:
            raise ValueError(
                f"reports must be float64 of shape (n, {self.k}), "
                f"got {rows.dtype} of shape {rows.shape}."
            )
        return rows

    def _near(self, block: Floats) -> Floats:
        """Return a block of rows that noise can have made."""
        farthest = max(block.max(initial=0.0), -block.min(initial=0.0))
        if not farthest <= 1 + _FARTHEST * self.scale:  # nan is not
            raise ValueError(
                f"reports must lie within {_FARTHEST:g} noise scales of {self.scale:.6g} "
                f"around [0, 1], got an entry of {farthest}."
            )
        return block
