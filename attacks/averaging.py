"""Over time: add up what every round's report says, as if no report were memoised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.contracts import HasRounds, Mechanism, Reports, Values

#: Sums this close are equal: the votes of two values.
_SAME = 1e-9


@dataclass(frozen=True, kw_only=True)
class Averaging:
    """The value with the most votes over all rounds, ties broken at random.

    A round's report votes for the values it supports; sums of its log-likelihoods are those
    votes, scaled. It is the published attack on repeated reports, and the optimal one where
    they are independent. Where they are memoised it forgets that the permanent report errs
    once for all: under a skewed prior `bayes` does better (Arcolezi and Gambs, PoPETs 2024,
    case study 3).

    Examples
    --------
    >>> from ldpaudit.adapters import Repeated
    >>> m = Repeated(k=3, epsilon=3.0, base="grr", rounds=3)
    >>> rng = np.random.default_rng(0)
    >>> Averaging().guess(np.array([[2, 0, 2], [1, 1, 0]]), m, np.full(3, 1 / 3), rng=rng)
    array([2, 1])
    """

    def applies(self, mechanism: Mechanism) -> str | None:
        """Return None if the mechanism has rounds, else say so."""
        return None if isinstance(mechanism, HasRounds) else "the mechanism has one report per user"

    def guess(
        self,
        reports: Reports,
        mechanism: HasRounds,
        prior: Floats,  # noqa: ARG002
        *,
        rng: np.random.Generator,
    ) -> Values:
        """One guess per user, shape (n,)."""
        votes = np.zeros(())
        for t in range(mechanism.rounds):
            votes = votes + mechanism.single.log_likelihood(np.ascontiguousarray(reports[:, t]))
        best = votes >= votes.max(axis=1, keepdims=True) - _SAME
        guesses: Values = np.where(best, rng.random(best.shape), -1.0).argmax(axis=1)
        return guesses

    def score(
        self,
        reports: Reports,
        mechanism: Any,
        pair: tuple[int, int],
        *,
        rng: np.random.Generator,
    ) -> Floats:
        """1 where the guess is pair[0], -1 where it is pair[1], else 0: the published event."""
        guesses = self.guess(reports, mechanism, np.full(mechanism.k, 1 / mechanism.k), rng=rng)
        scores: Floats = (guesses == pair[0]) * 1.0 - (guesses == pair[1])
        return scores
