"""The mean of a user's number or vector given one report: the guess of least squared error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.contracts import HasLikelihood, Mechanism, Reports
from ldpaudit.sampling import pieces


@dataclass(frozen=True, kw_only=True)
class PosteriorMean:
    """Guess the mean of the inputs given the report: no guess has a smaller mean squared error.

    What it comes to is R2, the share of a person's variance that one report explains: the
    guess misses by (1 - R2) of the prior's variance, the blind one, the prior's mean, by all
    of it. Of vectors the harness also judges the cosine between guess and truth. Any law of
    the inputs that are played may be the prior.

    Examples
    --------
    >>> import ldpaudit
    >>> from ldpaudit.adapters import on_inputs
    >>> m = on_inputs(ldpaudit.mechanism("duchi", epsilon=1.0), [-1.0, 1.0])
    >>> rng = np.random.default_rng(0)
    >>> PosteriorMean().locate(np.array([0, 1]), m, np.full(2, 0.5), rng=rng).round(4)
    array([-0.4621,  0.4621])
    """

    #: Reaches the mechanism's own figure, which is then the exact one.
    optimal: ClassVar[bool] = True

    def applies(self, mechanism: Mechanism) -> str | None:
        """Return None if inputs are numbers or vectors and have a likelihood, else say so."""
        return located(mechanism, (1, 2), "numbers or vectors")

    def locate(
        self,
        reports: Reports,
        mechanism: Any,
        prior: Floats,
        *,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Floats:
        """One mean per report, shape (n,), or (n, dimension) of vectors."""
        guesses = np.empty((len(reports), *mechanism.inputs.shape[1:]))
        for rows, read, which in pieces(reports, prior.size):
            belief = beliefs(mechanism.log_likelihood(read), prior)
            guesses[rows] = (belief @ mechanism.inputs)[which]
        return guesses


def located(mechanism: Any, axes: tuple[int, ...], what: str) -> str | None:
    """Why inputs of a mechanism cannot be located, if they cannot."""
    inputs = getattr(mechanism, "inputs", None)
    if inputs is None or inputs.dtype.kind != "f" or inputs.ndim not in axes:
        return f"the inputs are no {what}"
    return None if isinstance(mechanism, HasLikelihood) else "the mechanism has no log_likelihood"


def beliefs(log_likelihood: Floats, prior: Floats) -> Floats:
    """Posterior of every input, a row per report."""
    with np.errstate(divide="ignore"):
        joint = log_likelihood + np.log(prior)
    joint -= joint.max(axis=1, keepdims=True)
    np.exp(joint, out=joint)
    joint /= joint.sum(axis=1, keepdims=True)
    return joint
