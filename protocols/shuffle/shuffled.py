"""What leaves a shuffler: the reports of all users without their order, as one mechanism."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, logsumexp

from ldpaudit import validate
from ldpaudit.arrays import Floats
from ldpaudit.contracts import HasReports, Values
from ldpaudit.parameters import budget, domain_size, fraction, integer, optional, parameters
from ldpaudit.registry import create
from ldpaudit.shuffling import central_delta, local_budget

_MOST_KINDS = 4096  # different reports of one user
_ENTRIES = 2**22  # of scratch, in one pass over reports


@dataclass(frozen=True)
@parameters(
    k=domain_size(),
    epsilon=budget(),
    num_users=integer(1, 10**9),
    delta=fraction(),
    others=optional(integer(0, lambda made: made.k - 1)),
    local_epsilon=optional(budget()),
)
class Shuffled:
    """The shuffled reports of n users, one of whom holds the value that is asked about.

    Parameters
    ----------
    k : int
        Number of values, at least 2.
    epsilon : float
        Claimed central budget of all reports together, in natural-log units.
    base : str
        Registered protocol of one report, whose reports can be listed (at most 4,096).
    num_users : int
        Reports that are shuffled, one per user, at least 1 and at most 10**9.
    delta : float, default 1e-6
        Claimed central delta, strictly between 0 and 1.
    local_epsilon : float, optional
        Budget of one report. None means the largest that is proven to meet the claim for any
        data; another one may break it, which is what an audit is for.
    others : int, optional
        Value that all other users hold. None means the first that is neither 0 nor 1.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of range, or the protocol unknown or its reports too many.

    Notes
    -----
    Reports have shape (n, reports of the base), dtype int64: how many users sent each, in the
    order of the base's `every_report`. They add up to `num_users`. An adversary who knows
    all other users' values sees this pair of data sets, so what an audit finds holds for the
    central guarantee; whether another pair is worse it does not say. `delta_upper` holds for
    any data. Source of the model: Balle, Bell, Gascon and Nissim, CRYPTO 2019.

    Examples
    --------
    >>> m = Shuffled(k=3, epsilon=0.5, base="grr", num_users=200, delta=1e-3)
    >>> round(m.single.epsilon, 2), m.delta_upper(0.5) <= 1e-3
    (2.03, True)
    >>> reports = m.privatize([0, 1], rng=np.random.default_rng(0))
    >>> reports.sum(axis=1), m.log_likelihood(reports).shape
    (array([200, 200]), (2, 3))
    """

    k: int
    epsilon: float
    base: str
    num_users: int
    delta: float = 1e-6
    local_epsilon: float | None = None
    others: int | None = None

    def _check_together(self) -> None:
        self._table  # noqa: B018 - a base that cannot be listed is refused now

    @cached_property
    def single(self) -> Any:
        """The mechanism of one report."""
        local = self.local_epsilon
        if local is None:
            local = local_budget(self._built, self.num_users, self.epsilon, self.delta)
        return self._built(local)

    @property
    def pairs_alike(self) -> bool:
        """Whether no two values are told apart better than 0 and 1, which nobody else holds."""
        return self._held > 1 and bool(getattr(self.single, "pairs_alike", False))

    def _built(self, local: float) -> Any:
        return create("protocols", self.base, k=self.k, epsilon=local)

    @cached_property
    def _table(self) -> Floats:
        """Log P(report | value) of one user, shape (k, reports)."""
        if not isinstance(self.single, HasReports):
            raise ValueError(f"base must be a protocol with listed reports, got {self.base!r}.")
        reports = self.single.every_report()
        if len(reports) > _MOST_KINDS:
            raise ValueError(
                f"base must have at most {_MOST_KINDS} different reports, got {len(reports)}."
            )
        return np.ascontiguousarray(self.single.log_likelihood(reports).T)

    @property
    def _held(self) -> int:
        """The value of all other users."""
        return min(2, self.k - 1) if self.others is None else self.others

    def privatize(self, values: npt.ArrayLike, *, rng: np.random.Generator) -> Values:
        """Draw the counts of all reports of n users once per value: shape (n, reports)."""
        own = validate.check_values(values, self.k)
        validate.check_generator(rng)
        law = np.exp(self._table[self._held])
        reports = rng.multinomial(self.num_users - 1, law / law.sum(), size=own.size)
        # One more of what the user in question sends, by inverting its distribution function.
        steps = np.cumsum(np.exp(self._table), axis=1)
        place = rng.random(own.size)
        for value in np.unique(own):
            rows = np.flatnonzero(own == value)
            sent = np.searchsorted(steps[value], place[rows] * steps[value, -1], side="right")
            reports[rows, np.minimum(sent, reports.shape[1] - 1)] += 1
        return np.asarray(reports, dtype=np.int64)

    def log_likelihood(self, reports: npt.ArrayLike, values: npt.ArrayLike | None = None) -> Floats:
        """Log P(counts | value of one user, all others at theirs), shape (n, len(values))."""
        counts = self._counts(reports)
        asked = np.arange(self.k) if values is None else validate.check_values(values, self.k)
        validate.check_table_size(len(counts), asked.size)
        out = np.empty((len(counts), asked.size))
        step = max(1, _ENTRIES // max(1, counts.shape[1] * asked.size))
        for start in range(0, len(counts), step):
            rows = slice(start, start + step)
            out[rows] = self._part(counts[rows], self._table[asked])
        return out

    def _part(self, counts: Values, own: Floats) -> Floats:
        """Log-likelihoods of some rows for the given rows of the channel."""
        common = self._table[self._held]
        sent = common > -np.inf  # reports that the others can have sent
        alone = counts[:, ~sent].sum(axis=1)
        with np.errstate(divide="ignore"):
            seen = np.log(counts)
        logs = np.where(counts[:, sent] > 0, counts[:, sent] * common[sent], 0.0)
        law = logs.sum(axis=1) - gammaln(counts[:, sent] + 1).sum(axis=1) + gammaln(self.num_users)
        # Each report may be the user's own: those of the others are one fewer there.
        weights = seen[:, None, :] + np.where(sent, own - np.where(sent, common, 0.0), own)
        mixed = np.where((alone[:, None, None] == 0) | ~sent, weights, -np.inf)
        with np.errstate(divide="ignore"):
            found = law[:, None] + logsumexp(mixed, axis=2)
        return np.where(alone[:, None] <= 1, found, -np.inf)

    def _counts(self, reports: npt.ArrayLike) -> Values:
        """Reports as checked counts."""
        counts = np.asarray(reports)
        kinds = self._table.shape[1]
        if counts.ndim != 2 or counts.shape[1] != kinds:
            raise ValueError(f"reports must have shape (n, {kinds}), got {counts.shape}.")
        if not np.issubdtype(counts.dtype, np.integer):
            raise TypeError(f"reports must be whole numbers, got dtype {counts.dtype}.")
        if (counts < 0).any() or (counts.sum(axis=1) != self.num_users).any():
            raise ValueError(f"reports must be counts that add up to {self.num_users}.")
        return counts.astype(np.int64)

    def every_report(self) -> Values:
        """List all counts of n reports; ValueError above 2**20 of them."""
        kinds, n = self._table.shape[1], self.num_users
        validate.check_listable(math.comb(n + kinds - 1, kinds - 1))
        bars = itertools.combinations(range(n + kinds - 1), kinds - 1)
        places = np.array(list(bars), dtype=np.int64).reshape(-1, kinds - 1)
        edges = np.pad(places, ((0, 0), (1, 1)), constant_values=((0, 0), (-1, n + kinds - 1)))
        return np.asarray(np.diff(edges, axis=1) - 1)

    def exact_epsilon(self) -> float:
        """Largest log ratio of any counts: that of one report, as all n may be alike."""
        return float(self.single.exact_epsilon())

    def delta_upper(self, epsilon: float) -> float:
        """A delta that no data set of n users exceeds at a central `epsilon`, proven."""
        return central_delta(self.single, self.num_users, epsilon)[1]
