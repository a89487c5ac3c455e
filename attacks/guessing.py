"""Guesses that ignore the prior, or the report: the published attack and the control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ldpaudit.arrays import Bools, Floats, Ints
from ldpaudit.contracts import HasLikelihood, HasSupports, Mechanism, Reports, Values
from ldpaudit.sampling import pieces, read_once

from ._batches import batches, how_many, nth


@dataclass(frozen=True, kw_only=True)
class BlindGuess:
    """Always the value with the largest prior, whatever the report: the control.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> BlindGuess().guess([1, 0, 1], None, np.array([0.2, 0.8]), rng=rng)
    array([1, 1, 1])
    """

    def applies(self, mechanism: Mechanism) -> str | None:  # noqa: ARG002
        """Return None: a blind guess is always possible."""
        return None

    def guess(
        self,
        reports: Reports,
        mechanism: Mechanism,  # noqa: ARG002
        prior: Floats,
        *,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Values:
        """One guess per report, shape (n,)."""
        guesses: Values = np.broadcast_to(prior.argmax(axis=-1), len(reports)).astype(np.int64)
        return guesses


@dataclass(frozen=True, kw_only=True)
class SingleGuess:
    """A uniform guess among the values most likely to have sent the report.

    For the protocols whose reports support a set of values this is the
    published attack: a random member of the support, or of the whole domain
    where the support is empty (Gursoy et al., IEEE TIFS 2022; Arcolezi and
    Gambs, PoPETs 2024). It ignores the prior.

    As a witness (`score`) it watches the event of LDP-Auditor: the guess is one
    given value of the two. Where all values are treated alike, that shows at most
    ln((k - 1) (s - delta) / (1 - s)) of epsilon with any number of reports, for the
    success s of a guess. Of most mechanisms the likelihood ratio shows far more.

    Examples
    --------
    >>> import ldpaudit
    >>> rng = np.random.default_rng(0)
    >>> m = ldpaudit.mechanism("grr", k=3, epsilon=1.0)
    >>> SingleGuess().guess(np.array([2, 0]), m, np.full(3, 1 / 3), rng=rng)
    array([2, 0])
    >>> SingleGuess().score(np.array([2, 0, 1]), m, (0, 1), rng=rng)
    array([ 0.,  1., -1.])
    """

    def applies(self, mechanism: Mechanism) -> str | None:
        """Return None if the mechanism has a likelihood, else say so."""
        if isinstance(mechanism, HasLikelihood):
            return None
        return "the mechanism has no log_likelihood"

    def guess(
        self,
        reports: Reports,
        mechanism: HasLikelihood,
        prior: Floats,
        *,
        rng: np.random.Generator,
    ) -> Values:
        """One guess per report, shape (n,)."""
        picks, k = np.empty(len(reports), dtype=np.int64), prior.shape[-1]
        if isinstance(mechanism, HasSupports) and not read_once(reports, k):
            for rows in batches(len(reports)):
                picks[rows] = mechanism.supports(reports[rows]).pick(k, rng)
            return picks
        for rows, read, which in pieces(reports, k):
            picks[rows] = self.choose(mechanism.log_likelihood(read), which, prior, rng=rng)
        return picks

    def choose(
        self,
        likelihood: Floats,
        which: slice | Ints,
        prior: Floats,  # noqa: ARG002
        *,
        rng: np.random.Generator,
    ) -> Values:
        """The guess of `guess`, from likelihoods of all values."""
        by_value = np.ascontiguousarray(likelihood.T)
        top = by_value == by_value.max(axis=0)
        sizes = how_many(top)[which]
        rank = sizes - rng.integers(1, sizes + 1)
        return nth(top, rank) if isinstance(which, slice) else _nth_of(top, which, rank)

    def score(
        self,
        reports: Reports,
        mechanism: Any,
        pair: tuple[int, int],
        *,
        rng: np.random.Generator,
    ) -> Floats:
        """1 where the guess is pair[0], -1 where it is pair[1], else 0; shape (n,)."""
        prior = np.full(mechanism.k, 1 / mechanism.k)
        guesses = self.guess(reports, mechanism, prior, rng=rng)
        scores: Floats = (guesses == pair[0]) * 1.0 - (guesses == pair[1])
        return scores


def _nth_of(marked: Bools, columns: Ints, rank: Ints) -> Ints:
    """The same of columns that come often."""
    column, row = np.nonzero(marked.T)
    starts = np.searchsorted(column, np.arange(marked.shape[1]))
    return np.asarray(row[starts[columns] + rank])
