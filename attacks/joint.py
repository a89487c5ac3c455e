"""Over many attributes: the event that every attribute speaks for the same record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ldpaudit.arrays import Floats
from ldpaudit.contracts import MarginalOracle, Mechanism, Reports


@dataclass(frozen=True, kw_only=True)
class JointEvent:
    """Score a report where all attributes in which two records differ favour one of them.

    The attribute that was reported truly is hidden, but where every one of them agrees it was
    certainly among those. For records that differ everywhere this event has the ratio of the
    true report alone, with the whole budget of it. The score is the sum of the attributes'
    log-likelihood ratios, and 0 where they disagree or say nothing.

    Examples
    --------
    >>> import ldpaudit
    >>> m = ldpaudit.mechanism("rsfd", sizes=(2, 2), epsilon=1.0)
    >>> rng = np.random.default_rng(0)
    >>> scores = JointEvent().score(m.privatize([0] * 1000, rng=rng), m, (0, 3), rng=rng)
    >>> np.unique(np.sign(scores)), bool(350 < (scores > 0).sum() < 470)
    (array([-1.,  0.,  1.]), True)
    """

    def applies(self, mechanism: Mechanism) -> str | None:
        """Return None if the mechanism reports records, else say so."""
        if isinstance(mechanism, MarginalOracle):
            return None
        return "the mechanism reports one attribute"

    def score(
        self,
        reports: Reports,
        mechanism: MarginalOracle,
        pair: tuple[int, int],
        *,
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Floats:
        """Sum of the attributes' log ratios where all have one sign, shape (n,)."""
        one, two = (np.unravel_index(value, mechanism.sizes) for value in pair)
        ratios = []
        for j, (a, b) in enumerate(zip(one, two, strict=True)):
            if a != b:
                table = mechanism.attribute_log_likelihood(reports, j)
                ratios.append(table[:, int(a)] - table[:, int(b)])
        sides = np.sign(ratios)
        agree = np.abs(sides.sum(axis=0)) == len(ratios)
        scores: Floats = np.where(agree, np.sum(ratios, axis=0), 0.0)
        return scores


@dataclass(frozen=True, kw_only=True)
class AttributeGuess:
    """A uniform guess on the support of one attribute, drawn at random: the published event.

    The score is 1 where the guess is the first record's value, -1 where it is the second's. It
    looks at one attribute of d, and that was reported truly once in d: what it shows stays far
    below the budget (Arcolezi and Gambs, PoPETs 2024, case study 4).

    Examples
    --------
    >>> import ldpaudit
    >>> m = ldpaudit.mechanism("rsfd", sizes=(2, 2), epsilon=1.0)
    >>> rng = np.random.default_rng(0)
    >>> scores = AttributeGuess().score(m.privatize([0] * 1000, rng=rng), m, (0, 3), rng=rng)
    >>> np.unique(scores), bool(600 < (scores == 1).sum() < 720)
    (array([-1.,  1.]), True)
    """

    def applies(self, mechanism: Mechanism) -> str | None:
        """Return None if the mechanism reports records, else say so."""
        return JointEvent().applies(mechanism)

    def score(
        self,
        reports: Reports,
        mechanism: MarginalOracle,
        pair: tuple[int, int],
        *,
        rng: np.random.Generator,
    ) -> Floats:
        """1 for the first record, -1 for the second, 0 for a guess of neither; shape (n,)."""
        one, two = (np.unravel_index(value, mechanism.sizes) for value in pair)
        drawn = rng.integers(0, len(mechanism.sizes), len(reports))
        scores: Floats = np.zeros(len(reports))
        for j, (a, b) in enumerate(zip(one, two, strict=True)):
            mine = np.flatnonzero(drawn == j)
            table = mechanism.attribute_log_likelihood(reports[mine], j)
            best = table >= table.max(axis=1, keepdims=True) - 1e-9
            guesses = np.where(best, rng.random(best.shape), -1.0).argmax(axis=1)
            scores[mine] = (guesses == a) * 1.0 - (guesses == b)
        return scores
