"""What a passed audit is worth: the epsilon that it would have found, had it been there."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ldpaudit.bounds.named import NamedBound
from ldpaudit.bounds.planned import PosteriorOdds
from ldpaudit.claim import Claim
from ldpaudit.counts import EventCounts, GuessCounts
from ldpaudit.games.evidence import Counts, Evidence
from ldpaudit.outcomes.audit_result import CONSISTENT, INCONCLUSIVE, VIOLATION, EpsilonBound

#: The bound behind every gate.
GATE_BOUND = NamedBound("posterior-odds", PosteriorOdds())
#: The probability with which a gate states its power.
PROBABILITY = 0.9


def detectable(evidence: Evidence, claim: Claim, alpha: float) -> float:
    """Smallest epsilon that the guesses of this game show to exceed the claim, 9 times in 10.

    Parameters
    ----------
    evidence : Evidence
        A game that was played; only how many guesses it decided is used.
    claim : Claim
        The guarantee.
    alpha : float
        Error probability of the lower bound.

    Returns
    -------
    float
        In natural-log units; inf where even all decided guesses right would show no more
        than the claim.

    Notes
    -----
    With c candidates and D decided guesses (a fraction r of all reports), a mechanism that
    leaks all of (epsilon, delta) in every decided report has a number of correct guesses of
    law Binomial(D, p), p = (e^epsilon + (c - 1) delta / r) / (e^epsilon + c - 1). The bound
    exceeds the claim from some count v on, so its power is P(Bin(D, p) >= v), a regularized
    incomplete beta function of p, which is inverted. What is watched beside the guesses can
    only add to that.
    """
    from scipy.special import betaincinv

    guesses = evidence.counts.guesses
    least = _least_shown(evidence, claim, alpha)
    if least is None:
        return math.inf
    precision = float(betaincinv(least, guesses.decided - least + 1, PROBABILITY))
    # 1 - p, which is not lost where p is nearly 1.
    wrong = float(betaincinv(guesses.decided - least + 1, least, 1 - PROBABILITY))
    excess = precision - claim.delta * guesses.trials / guesses.decided
    return math.log((guesses.num_candidates - 1) * excess) - math.log(wrong)


def can_fail(evidence: Evidence, claim: Claim, alpha: float) -> bool:
    """Whether any outcome of this many reports shows more than the claim: all guesses right."""
    seen = evidence.counts.guesses
    perfect = GuessCounts(seen.num_candidates, seen.trials, seen.trials, seen.trials)
    return _shows(evidence, perfect, claim, alpha)


def _least_shown(evidence: Evidence, claim: Claim, alpha: float) -> int | None:
    """Fewest correct guesses, of those decided, that show more than the claim."""
    seen = evidence.counts.guesses

    def shown(correct: int) -> bool:
        guesses = GuessCounts(seen.num_candidates, correct, seen.decided, seen.trials)
        return _shows(evidence, guesses, claim, alpha)

    if not shown(seen.decided):
        return None
    low, high = 0, seen.decided  # none right shows nothing, and the bound grows with each
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    return high


def _shows(evidence: Evidence, guesses: GuessCounts, claim: Claim, alpha: float) -> bool:
    """Whether these guesses alone would exceed the claim, at their share of alpha."""
    if isinstance(evidence.counts.beside, EventCounts):
        silent: GuessCounts | EventCounts = EventCounts(0, 0, 0, 0)
    else:
        silent = GuessCounts(guesses.num_candidates, 0, 0, guesses.trials)
    alone = Evidence(evidence.game, Counts(guesses, silent), evidence.searched)
    return alone.lower_bound(GATE_BOUND, claim, alpha).epsilon_lower > claim.epsilon


@dataclass(frozen=True)
class LdpCheck:
    """How a mechanism did when it was held to (epsilon, delta)-LDP.

    `bound` is the lower bound on its epsilon at this `delta`; `exact_epsilon` what it says
    itself, where it does. `detectable` is the epsilon that would have been found with
    probability 0.9 in the `decided` reports of `bound.trials`, inf where none would, nan
    where pairs were searched. `inputs` says of which inputs it speaks, unless of all;
    `dependence` why reports are no independent draws, where a violation rested on them. As
    text it is one line and then indented ones, plain ASCII.
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

    @property
    def guarantee(self) -> str:
        """The guarantee it was held to, in words."""
        if self.delta == 0:
            return f"{self.epsilon}-LDP"
        return f"({self.epsilon}, {self.delta})-LDP"

    @property
    def verdict(self) -> str:
        """Violation, consistent, or inconclusive where nothing could have been found."""
        if self._admitted:
            return VIOLATION
        if self.bound.epsilon_lower > self.epsilon:
            return VIOLATION if self.dependence is None else INCONCLUSIVE
        return INCONCLUSIVE if self.detectable == math.inf else CONSISTENT

    @property
    def dependent(self) -> str:
        """Why nothing follows from a bound beyond the claim, in words."""
        return f"reports are not independent draws ({self.dependence})"

    @property
    def power(self) -> str:
        """What this check would have found, and on which assumption."""
        total = self.bound.trials
        if math.isnan(self.detectable):
            return "not stated for a search over pairs"
        if self.decided == total:
            reports = f"in all {total:,} reports"
        else:
            reports = f"in the {self.decided:,} of {total:,} reports that were decided"
        if self.detectable == math.inf:
            return f"could not have detected any epsilon {reports}"
        rounded = math.ceil(self.detectable * 1e4) / 1e4
        return (
            f"would have detected epsilon >= {rounded:.4f} with probability {PROBABILITY}, "
            f"if it showed {reports}" + (f" of {self.inputs}" if self.inputs else "")
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
        own = "none" if exact is None else f"{exact:.9g}"
        lines = [
            f"searched: {self.bound.searched}",
            f"exact epsilon at delta = {self.delta:g}: {own}",
            f"power: {self.power}",
            f"seed: {self.seed}",
        ]
        if lower > self.epsilon and self.dependence is not None:
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
