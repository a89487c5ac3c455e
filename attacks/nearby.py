"""Being near a user's number: the window that most likely holds it, given one report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.contracts import Mechanism, Reports
from ldpaudit.parameters import optional, parameters, positive
from ldpaudit.sampling import pieces

from .posterior_mean import beliefs, located


@dataclass(frozen=True, kw_only=True)
@parameters(tau=optional(positive()))
class Nearby:
    """Guess the middle of the window of width 2 tau that most likely holds the number.

    No guess is within `tau` of the truth more often: its success is V_tau, whose `tau` belongs
    beside it. Blind it is the weight of the best window of the prior. Any law of the inputs
    that are played may be the prior.

    Parameters
    ----------
    tau : float, optional
        Distance within which a guess is right, in units of the input; None means a
        twentieth of the interval: 0.1 on [-1, 1], five years on [0, 100].

    Raises
    ------
    ValueError, TypeError
        If `tau` is not positive and finite.

    Examples
    --------
    >>> import ldpaudit
    >>> from ldpaudit.adapters import on_inputs
    >>> m = on_inputs(ldpaudit.mechanism("duchi", epsilon=1.0), [-1.0, 1.0, 0.9, 0.75])
    >>> rng = np.random.default_rng(0)
    >>> Nearby().locate(np.array([0, 1]), m, np.full(4, 0.25), rng=rng)
    array([-1.  ,  0.95])
    """

    tau: float | None = None

    #: Reaches the mechanism's own figure, which is then the exact one.
    optimal: ClassVar[bool] = True

    def applies(self, mechanism: Mechanism) -> str | None:
        """Return None if inputs are numbers and have a likelihood, else say so."""
        return located(mechanism, (1,), "numbers")

    def reach(self, mechanism: Any) -> float:
        """Distance within which a guess is right."""
        if self.tau is not None:
            return self.tau
        domain = mechanism.mechanism.domain
        return float(domain.high - domain.low) / 20

    def locate(
        self,
        reports: Reports,
        mechanism: Any,
        prior: Floats,
        *,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Floats:
        """One number per report, shape (n,)."""
        order = np.argsort(mechanism.inputs)
        inputs, law = mechanism.inputs[order], prior[order]
        # A best window begins at an input: what lies before its first one may be moved away.
        ends = inputs + 2 * self.reach(mechanism) * (1 + 1e-12)
        after = np.searchsorted(inputs, ends, side="right")
        guesses = np.empty(len(reports))
        for rows, read, which in pieces(reports, prior.size):
            belief = beliefs(mechanism.log_likelihood(read)[:, order], law)
            below = np.zeros((len(belief), inputs.size + 1))
            np.cumsum(belief, axis=1, out=below[:, 1:])
            first = (below[:, after] - below[:, :-1]).argmax(axis=1)
            middle = inputs[first] + (inputs[after[first] - 1] - inputs[first]) / 2
            guesses[rows] = middle[which]
        return guesses
