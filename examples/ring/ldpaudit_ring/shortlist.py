"""An attacker who knows what is common and asks only what is plausible."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ldpaudit.arrays import Floats, Ints
from ldpaudit.contracts import HasLikelihood, Mechanism, Reports
from ldpaudit.parameters import parameters, probability


@dataclass(frozen=True, kw_only=True)
@parameters(share=probability())
class Shortlist:
    """Name the commonest value among those nearly as likely as the likeliest one.

    A value is listed if its log-likelihood is within `share` x epsilon of the best. With share 0
    that is the best alone, with share 1 every value, which makes it a blind guess; between them
    it is what somebody does who knows the census and never heard of a posterior.
    """

    share: float = 0.5

    def applies(self, mechanism: Mechanism) -> str | None:
        """None where the attack can run, else why not."""
        if isinstance(mechanism, HasLikelihood):
            return None
        return "the mechanism has no log_likelihood"

    def guess(
        self,
        reports: Reports,
        mechanism: Any,
        prior: Floats,
        *,
        rng: np.random.Generator,
    ) -> Ints:
        """One guess per report; among values that are equally common, the likeliest."""
        del rng  # nothing is left to chance
        likelihood = mechanism.log_likelihood(reports)
        least = likelihood.max(axis=1, keepdims=True) - self.share * mechanism.epsilon
        commonness = np.where(likelihood >= least - 1e-9, prior, -1.0)
        commonest = commonness == commonness.max(axis=1, keepdims=True)
        return np.asarray(np.where(commonest, likelihood, -np.inf).argmax(axis=1))
