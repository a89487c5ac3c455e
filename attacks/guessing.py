"""Guesses that ignore the prior, or the report: the published attack and the control."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ldpaudit.contracts import Floats, HasLikelihood, Mechanism, Reports, Values


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
        """One guess a report, shape (n,)."""
        return np.full(len(reports), int(np.argmax(prior)), dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class SingleGuess:
    """A uniform guess among the values most likely to have sent the report.

    For the protocols whose reports support a set of values this is the
    published attack: a random member of the support, or of the whole domain
    where the support is empty (Gursoy et al., IEEE TIFS 2022; Arcolezi and
    Gambs, PoPETs 2024). It ignores the prior.

    Examples
    --------
    >>> import ldpaudit
    >>> rng = np.random.default_rng(0)
    >>> m = ldpaudit.mechanism("grr", k=3, epsilon=1.0)
    >>> SingleGuess().guess(np.array([2, 0]), m, np.full(3, 1 / 3), rng=rng)
    array([2, 0])
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
        prior: Floats,  # noqa: ARG002
        *,
        rng: np.random.Generator,
    ) -> Values:
        """One guess a report, shape (n,)."""
        likelihood = mechanism.log_likelihood(reports)
        best = likelihood >= likelihood.max(axis=1, keepdims=True)
        columns = np.nonzero(best)[1]
        sizes = best.sum(axis=1)
        starts = np.cumsum(sizes) - sizes
        picks: Values = columns[starts + rng.integers(0, sizes)].astype(np.int64)
        return picks
