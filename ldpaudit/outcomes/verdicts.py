"""What an audit comes to, and in words: the verdict, why, what it would have found, of whom."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

#: An `AuditResult`, which asks here.
Found: TypeAlias = Any

CONSISTENT, VIOLATION, INCONCLUSIVE = "consistent", "violation", "inconclusive"
#: The probability with which power is stated.
PROBABILITY = 0.9


def enough(detected: float | None, claimed: float) -> bool:
    """Whether what would have been detected is near the claim: within min(claim, 1) above it.

    Below a claim of 1 that is twice the claim, from there on one unit of epsilon more. None, of
    bounds whose power is not known, is taken for enough.

    Examples
    --------
    >>> enough(1.9, 1.0), enough(2.1, 1.0), enough(4.9, 4.0), enough(math.inf, 4.0)
    (True, False, True, False)
    """
    return detected is None or detected <= claimed + min(claimed, 1.0)


def exceeded(result: Found) -> bool:
    """Whether the mechanism's own exact epsilon is above the claim, rounding apart."""
    exact: float | None = result.exact_epsilon
    return exact is not None and exact > result.claimed_epsilon * (1 + 1e-9) + 1e-9


def verdict_of(result: Found) -> str:
    """The verdict: consistent, violation or inconclusive."""
    if exceeded(result):
        return VIOLATION
    if result.outside is not None:
        return INCONCLUSIVE
    if result.verdict_bound.epsilon_lower > result.claimed_epsilon:
        return VIOLATION if result.dependence is None else INCONCLUSIVE
    if result.bound.epsilon_lower <= 0 or not (result.proven or could_tell(result)):
        return INCONCLUSIVE
    return CONSISTENT


def could_tell(result: Found) -> bool:
    """Whether a leak near the claim would have been called a violation."""
    return enough(result.verdict_bound.detectable, result.claimed_epsilon)


def reason_of(result: Found) -> str:
    """Why the verdict is what it is, and of which inputs, in one sentence."""
    bound = result.verdict_bound
    claim = f"the claim epsilon = {result.claimed_epsilon:g}"
    scope = "" if result.scope is None else f" ({result.scope})"
    if result.verdict == VIOLATION and bound.epsilon_lower <= result.claimed_epsilon:
        exact = result.exact_epsilon
        return f"the exact epsilon is {exact:.6g} by the mechanism's own likelihood, above {claim}"
    if result.outside is not None:
        return str(result.outside)
    if result.verdict == VIOLATION:
        shown = f"epsilon >= {bound.epsilon_lower:.4f} at alpha = {bound.alpha:g}"
        return f"{shown}, above {claim}{scope}"
    if result.dependence is not None and bound.epsilon_lower > result.claimed_epsilon:
        return f"reports are not independent draws ({result.dependence}), as every bound assumes"
    if result.bound.epsilon_lower <= 0:
        return f"nothing could be shown ({bound.event}){scope}"
    if result.verdict == INCONCLUSIVE:
        return f"{weak_of(result)}, which is not near {claim}{scope}"
    return f"nothing found against {claim} at alpha = {bound.alpha:g}{scope}"


def weak_of(result: Found) -> str:
    """What the reports could have shown, where that is not near the claim."""
    bound = result.verdict_bound
    if bound.detectable is None or bound.detectable < math.inf:
        return f"the reports would have shown an epsilon of {_up(bound.detectable or 0)} or more"
    ceiling = bound.ceiling or 0.0
    most = f"epsilon >= {ceiling:.2f} at most" if ceiling > 0 else "no violation"
    return f"the reports could have shown {most}"


def power_of(result: Found) -> str:
    """What the audit would have called a violation, and where it could not look."""
    bound = result.verdict_bound
    if bound.detectable is None:
        return "not stated"
    scope = "" if result.scope is None else f", {result.scope}"
    if bound.detectable == math.inf:
        return f"{weak_of(result)} at alpha = {bound.alpha:g}{scope}"
    found = (
        f"would have detected epsilon >= {_up(bound.detectable)} with probability "
        f"{PROBABILITY} at alpha = {bound.alpha:g}, if it showed in all decided reports{scope}"
    )
    if bound.rarest is None:
        return found
    reports = f"1 of {math.floor(1 / bound.rarest):,} reports or more"
    return f"{found}; and a trace of one input in {reports}"


def unseen_of(result: Found) -> str | None:
    """What no witness looked for, in one sentence."""
    return f"not looked for: {'; '.join(result.unseen)}" if result.unseen else None


def two_levels_of(result: Found) -> str | None:
    """Why a bound beyond the claim is no violation; None where it is not beyond."""
    bound, verdict = result.bound, result.verdict_bound
    if not verdict.epsilon_lower <= result.claimed_epsilon < bound.epsilon_lower:
        return None
    return (
        f"the bound at alpha = {bound.alpha:g} passes the claim, as {bound.alpha:g} of the audits "
        f"of a kept and tight claim do by chance; the verdict is taken at alpha = "
        f"{verdict.alpha:g}, where it is {max(verdict.epsilon_lower, 0.0):.4f}"
    )


def _up(value: float) -> str:
    """Rounded away from the claim."""
    return f"{math.ceil(value * 1e4) / 1e4:.4f}"
