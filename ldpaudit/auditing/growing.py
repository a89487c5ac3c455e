"""Columns that only grow: an audit says so where they alone tell the inputs apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeAlias

from ldpaudit.auditing.one_pair import Found

#: An `ldpaudit.auditing.plan.AuditPlan`, of which this file takes what it needs.
AuditPlan: TypeAlias = Any


def settled(plan: AuditPlan) -> Found:
    """The bounds of a plan; of a recording, first of the columns that do not only grow.

    What a row number, a time or a running id tells of the input may lie in the recording alone,
    so what only they show is no violation.
    """
    found, recorded = plan.bounds(), plan.mechanism
    names: tuple[str, ...] = getattr(recorded, "growing", ())
    if not names:
        return found
    if _beyond(found, plan):
        with_growing: Any = getattr(recorded, "with_growing", lambda: None)()
        return found if with_growing is not None else found._replace(dependence=_reason(names))
    whole: Any = recorded.with_growing()  # type: ignore[attr-defined]
    if whole is None:
        return found
    more = replace(plan, mechanism=whole).bounds()
    return more._replace(dependence=_reason(names)) if _beyond(more, plan) else found


def _beyond(found: Found, plan: AuditPlan) -> bool:
    return found.verdict.epsilon_lower > plan.claim.epsilon


def _reason(names: tuple[str, ...]) -> str:
    told = ", ".join(filter(None, names))
    own = f"only column {told} tells" if told else "only the order tells"
    return f"{own} the inputs apart, and it only grows, as row numbers, times and running ids do"
