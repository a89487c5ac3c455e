"""Distinguishing two inputs from one report: the likelihood-ratio witness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.contracts import HasLikelihood, Mechanism, Reports


@dataclass(frozen=True, kw_only=True)
class LikelihoodRatio:
    """Score a report by the log-likelihood ratio of the two inputs, 0 where it says nothing.

    By Neyman and Pearson no test of the pair is better. For every pure protocol
    the decided reports have likelihood ratio exp(epsilon), so an audit on them
    can reach the mechanism's epsilon; abstaining on the rest is what makes it
    tight. The witness of a violation is the event {score > 0}.

    Parameters
    ----------
    margin : float, default 1e-9
        Ratios within this of 0 count as nothing (rounding).

    Examples
    --------
    >>> import ldpaudit
    >>> rng = np.random.default_rng(0)
    >>> m = ldpaudit.mechanism("grr", k=3, epsilon=1.0)
    >>> LikelihoodRatio().score(np.array([0, 1, 2]), m, (0, 1), rng=rng).round(9)
    array([ 1., -1.,  0.])
    """

    margin: float = 1e-9

    def applies(self, mechanism: Mechanism) -> str | None:
        """Return None if the mechanism has a likelihood, else say so."""
        if isinstance(mechanism, HasLikelihood):
            return None
        return "the mechanism has no log_likelihood"

    def score(
        self,
        reports: Reports,
        mechanism: HasLikelihood,
        pair: tuple[int, int],
        *,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Floats:
        """Log-likelihood ratio of pair[0] to pair[1], shape (n,)."""
        likelihood = mechanism.log_likelihood(reports, np.asarray(pair))
        with np.errstate(invalid="ignore"):
            ratio: Floats = likelihood[:, 0] - likelihood[:, 1]
            # A ratio that is nan stays nan: nonsense must not pass for an abstention.
            ratio *= np.abs(ratio) > self.margin
        return ratio
