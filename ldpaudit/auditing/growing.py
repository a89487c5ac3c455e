"""Columns that only grow: an audit says so where they alone tell the inputs apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from ldpaudit.auditing.one_pair import Found
from ldpaudit.claim import Claim


class Planned(Protocol):
    """What is taken of an audit's plan, a dataclass."""

    @property
    def mechanism(self) -> Any:
        """What is audited."""

    @property
    def claim(self) -> Claim:
        """What it is held to."""

    def bounds(self) -> Found:
        """Both bounds on epsilon."""


def settled(plan: Planned) -> Found:
    """The bounds of a plan; of a recording, first of the columns that do not only grow.

    What a row number, a time or a running id tells of the input may lie in the recording alone,
    so what only they show is no violation.
    """
    found, recorded = plan.bounds(), plan.mechanism
    names: tuple[str, ...] = getattr(recorded, "growing", ())
    if not names:
        return found
    whole: Any = recorded.with_growing()
    if _beyond(found, plan):
        return found if whole is not None else _of_growing(found, names)
    if whole is None:
        return found
    both: Any = replace(plan, mechanism=whole)  # type: ignore[type-var]
    more: Found = both.bounds()
    return _of_growing(more, names) if _beyond(more, plan) else found


def _beyond(found: Found, plan: Planned) -> bool:
    return found.verdict.epsilon_lower > plan.claim.epsilon


def _of_growing(found: Found, names: tuple[str, ...]) -> Found:
    return found._replace(dependence=_reason(names), grows=True)


def _reason(names: tuple[str, ...]) -> str:
    told = ", ".join(filter(None, names))
    own = f"only column {told} tells" if told else "only the order tells"
    return f"{own} the inputs apart, and it only grows, as row numbers, times and running ids do"
