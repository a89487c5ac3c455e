"""What reports explain of a person's variance, as a place on the plane of success and error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from ldpaudit.outcomes.table import EXPLAINED, MEANS, SHARES


class Row(Protocol):
    """What is read of a row of the table."""

    @property
    def metric(self) -> str:
        """What the row is about."""

    @property
    def exact(self) -> float | None:
        """Its exact figure."""


def explains(estimand: str, metrics: Sequence[Row]) -> bool:
    """Whether success is the share explained: numbers or vectors whose mean was guessed."""
    return estimand not in SHARES and any(m.metric == EXPLAINED for m in metrics)


def spread_of(usable: Sequence[Row]) -> float | None:
    """Variance of the users' numbers, where the attacker expects just these users."""
    return next((m.exact for m in usable if m.metric == "prior_variance"), None)


def limit_words(estimand: str, usable: Sequence[Row]) -> tuple[bool, str]:
    """Whether the limit for means speaks of a point; why not, or what to keep in mind."""
    if estimand not in MEANS:
        return False, "the limit is for unbiased estimates of a mean"
    if spread_of(usable) is None:
        return False, "the limit is for an attacker who expects numbers spread as the users' are"
    return True, ""


def mean_limit(estimand: str, usable: Sequence[Row]) -> Callable[[float], float] | None:
    """N times the least error of a mean where reports explain a share, if it is known."""
    spread = spread_of(usable)
    if estimand not in MEANS or spread is None:
        return None

    def least(share: float) -> float:
        from ldpaudit.analysis.mean_limit import MeanFrontier

        return MeanFrontier(1.0).error_at(min(max(share, 0.0), 1.0), spread)  # at any epsilon

    return least
