"""Bayesian reconstruction: the value with the largest posterior, for any prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ldpaudit.arrays import Floats, Ints
from ldpaudit.contracts import HasLikelihood, HasSupports, Mechanism, Reports, Supports, Values
from ldpaudit.sampling import pieces, read_once

from ._batches import batches, nth


@dataclass(frozen=True, kw_only=True)
class BayesianReconstruction:
    """Name the value that maximises prior x likelihood: no attacker succeeds more often.

    Its success is the Bayes vulnerability of the mechanism under the prior
    (Smith 2009); ties are broken towards the smaller value, which changes
    nothing in expectation.

    Examples
    --------
    >>> import ldpaudit
    >>> rng = np.random.default_rng(0)
    >>> m = ldpaudit.mechanism("grr", k=3, epsilon=1.0)
    >>> BayesianReconstruction().guess(np.array([2, 0]), m, np.array([0.8, 0.1, 0.1]), rng=rng)
    array([0, 0])
    """

    #: Reaches the mechanism's Bayes vulnerability, so the exact figure is its own.
    optimal: ClassVar[bool] = True

    def applies(self, mechanism: Mechanism) -> str | None:
        """Return None if the mechanism has a likelihood, else say so."""
        if isinstance(mechanism, HasLikelihood):
            return None
        return "the mechanism has no log_likelihood; learned-guess learns from reports instead"

    def guess(
        self,
        reports: Reports,
        mechanism: HasLikelihood,
        prior: Floats,
        *,
        rng: np.random.Generator,
    ) -> Values:
        """One guess per report, shape (n,); `prior` of shape (k,), or (n, k): one per report."""
        guesses = np.empty(len(reports), dtype=np.int64)
        uniform = prior.min() == prior.max()
        with np.errstate(divide="ignore"):
            weight = np.log(prior)
        if prior.ndim > 1:
            for rows, read, which in pieces(reports, prior.shape[1]):
                posterior = mechanism.log_likelihood(read)[which] + weight[rows]
                guesses[rows] = posterior.argmax(axis=1)
            return guesses
        if isinstance(mechanism, HasSupports) and not read_once(reports, prior.size):
            for rows in batches(len(reports)):
                supports = mechanism.supports(reports[rows])
                if uniform:
                    guesses[rows] = np.maximum(supports.first(), 0)
                else:
                    guesses[rows] = _likeliest(
                        supports, len(reports[rows]), weight, mechanism.support_gain
                    )
            return guesses
        for rows, read, which in pieces(reports, prior.size):
            guesses[rows] = self.choose(mechanism.log_likelihood(read), which, prior, rng=rng)
        return guesses

    def choose(
        self,
        likelihood: Floats,
        which: slice | Ints,
        prior: Floats,
        *,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Values:
        """The guess of `guess`, from likelihoods of all values."""
        if prior.min() < prior.max():
            with np.errstate(divide="ignore"):
                likelihood = likelihood + np.log(prior)
        return _first_best(likelihood)[which]


def _first_best(table: Floats) -> Ints:
    """The first of the best values of each row; of a table by value found value by value."""
    if table.flags.f_contiguous:
        best = table.max(axis=1)
        if not np.isnan(best).any():
            return nth(best == table.T, np.zeros(len(table), dtype=np.int64))
    return np.asarray(table.argmax(axis=1))


def _likeliest(supports: Supports, reports: int, weight: Floats, gain: float) -> Values:
    """The best supported value of each report, or the best of all where that is better still.

    Values are asked for from the best on: a report is done as soon as one of its own comes, and
    none whose weight with the gain is below the best of all can win.
    """
    order = np.argsort(-weight, kind="stable")
    guesses = np.full(reports, order[0], dtype=np.int64)
    open_ = np.arange(guesses.size)
    for value in order[weight[order] + gain > weight[order[0]]]:
        found = supports.holds(open_, int(value))
        guesses[open_[found]] = value
        open_ = open_[~found]
        if not open_.size:
            break
    return guesses
