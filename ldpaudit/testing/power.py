"""What a passed audit is worth: the epsilon that it would have found, had it been there."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ldpaudit.bounds.named import NamedBound
from ldpaudit.bounds.planned import PosteriorOdds
from ldpaudit.claim import Claim
from ldpaudit.games import power
from ldpaudit.games.evidence import Evidence
from ldpaudit.outcomes.parts import EpsilonBound
from ldpaudit.outcomes.verdicts import CONSISTENT, INCONCLUSIVE, PROBABILITY, VIOLATION, enough

#: The bound behind every gate.
GATE_BOUND = NamedBound("posterior-odds", PosteriorOdds())


def detectable(evidence: Evidence, claim: Claim, alpha: float) -> float:
    """Smallest epsilon that a gate's game shows to exceed the claim, 9 times in 10.

    Parameters
    ----------
    evidence : Evidence
        A game that was played.
    claim : Claim
        The guarantee.
    alpha : float
        Error probability of the lower bound.

    Returns
    -------
    float
        As `ldpaudit.games.power.detectable` has it, by posterior odds.
    """
    return power.detectable(evidence, GATE_BOUND, claim, alpha)


def can_fail(evidence: Evidence, claim: Claim, alpha: float) -> bool:
    """Whether any outcome of this many reports shows more than the claim: all guesses right."""
    return power.can_fail(evidence, GATE_BOUND, claim, alpha)


@dataclass(frozen=True)
class LdpCheck:
    """How a mechanism did when it was held to (epsilon, delta)-LDP.

    `bound` is the lower bound on its epsilon at this `delta`; `exact_epsilon` what it says
    itself, where it does. `detectable` is the epsilon that would have been found with
    probability 0.9 in the `decided` reports of `bound.trials`, inf where none would, nan
    where that is not known. `inputs` says of which inputs it speaks, unless of all;
    `dependence` why reports are no independent draws, where a violation rested on them;
    `outside` why the guarantee does not speak of the inputs. As text it is one line and then
    indented ones, plain ASCII.
    """

    epsilon: float
    delta: float
    bound: EpsilonBound
    exact_epsilon: float | None
    detectable: float
    decided: int
    seed: int
    inputs: str | None = None
    dependence: str | None = None
    outside: str | None = None

    @property
    def guarantee(self) -> str:
        """The guarantee it was held to, in words."""
        if self.delta == 0:
            return f"{self.epsilon}-LDP"
        return f"({self.epsilon}, {self.delta})-LDP"

    @property
    def verdict(self) -> str:
        """Violation, consistent, or inconclusive where nothing near would have been found."""
        if self._admitted:
            return VIOLATION
        if self.outside is not None:
            return INCONCLUSIVE
        if self.bound.epsilon_lower > self.epsilon:
            return VIOLATION if self.dependence is None else INCONCLUSIVE
        known = not math.isnan(self.detectable)
        near = enough(self.detectable if known else None, self.epsilon)
        return CONSISTENT if near else INCONCLUSIVE

    @property
    def dependent(self) -> str:
        """Why nothing follows from a bound beyond the claim, in words."""
        return f"reports are not independent draws ({self.dependence})"

    @property
    def power(self) -> str:
        """What this check would have found, and on which assumption."""
        total = self.bound.trials
        scope = f" of {self.inputs}" if self.inputs else ""
        if math.isnan(self.detectable):
            return f"not stated for this search{scope}"
        if self.decided == total:
            reports = f"in all {total:,} reports"
        else:
            reports = f"in the {self.decided:,} of {total:,} reports that were decided"
        if self.detectable == math.inf:
            return f"could not have detected any epsilon {reports}{scope}"
        rounded = math.ceil(self.detectable * 1e4) / 1e4
        return (
            f"would have detected epsilon >= {rounded:.4f} with probability {PROBABILITY}, "
            f"if it showed {reports}{scope}"
        )

    @property
    def _admitted(self) -> bool:
        """Whether the mechanism's own exact figure is above the guarantee, rounding apart."""
        exact = self.exact_epsilon
        return exact is not None and exact > self.epsilon + 1e-9 * (1 + self.epsilon)

    def __str__(self) -> str:
        lower, exact = self.bound.epsilon_lower, self.exact_epsilon
        shown = f"epsilon >= {lower:.4f}" if lower > 0 else "nothing shown"
        shown += f" (alpha = {self.bound.alpha:.4g})"
        shown += f" on {self.inputs}" if self.inputs else ""
        own = "none" if exact is None else f"{exact:.9g}"
        lines = [
            f"searched: {self.bound.searched}",
            f"exact epsilon at delta = {self.delta:g}: {own}",
            f"power: {self.power}",
            f"seed: {self.seed}",
        ]
        if self.outside is not None and not self._admitted:
            head = f"no verdict on {self.guarantee}: {self.outside}; {shown}"
            lines = [f"witness: {self.bound.event}", *lines]
        elif lower > self.epsilon and self.dependence is not None:
            head = f"{self.verdict} with {self.guarantee}: {self.dependent}; {shown}"
            lines = [f"witness: {self.bound.event}", *lines]
        elif lower > self.epsilon:
            head = f"not {self.guarantee}: {shown}; witness: {self.bound.event}"
        elif self._admitted:
            head = f"not {self.guarantee}: the mechanism's own exact epsilon is {own}"
            lines = [f"audited: {shown}", f"witness: {self.bound.event}", *lines]
        else:
            head = f"{self.verdict} with {self.guarantee}: {shown}"
            lines = [f"witness: {self.bound.event}", *lines]
        return "\n    ".join([head, *lines]).encode("ascii", "backslashreplace").decode()
