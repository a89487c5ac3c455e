"""What an audit found, and the tidy table it becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.outcomes.audit_result import CONSISTENT as CONSISTENT
    from ldpaudit.outcomes.audit_result import INCONCLUSIVE as INCONCLUSIVE
    from ldpaudit.outcomes.audit_result import SCHEMA as SCHEMA
    from ldpaudit.outcomes.audit_result import VIOLATION as VIOLATION
    from ldpaudit.outcomes.audit_result import AuditResult as AuditResult
    from ldpaudit.outcomes.influence import InfluenceOutcome as InfluenceOutcome
    from ldpaudit.outcomes.parts import AttackOutcome as AttackOutcome
    from ldpaudit.outcomes.parts import EpsilonBound as EpsilonBound
    from ldpaudit.outcomes.parts import UtilityOutcome as UtilityOutcome
    from ldpaudit.outcomes.table import COLUMNS as COLUMNS
    from ldpaudit.outcomes.table import to_frame as to_frame

__all__ = [
    "COLUMNS",
    "CONSISTENT",
    "INCONCLUSIVE",
    "SCHEMA",
    "VIOLATION",
    "AttackOutcome",
    "AuditResult",
    "EpsilonBound",
    "InfluenceOutcome",
    "UtilityOutcome",
    "to_frame",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "AttackOutcome": "parts",
        "AuditResult": "audit_result",
        "COLUMNS": "table",
        "CONSISTENT": "audit_result",
        "EpsilonBound": "parts",
        "INCONCLUSIVE": "audit_result",
        "InfluenceOutcome": "influence",
        "SCHEMA": "audit_result",
        "UtilityOutcome": "parts",
        "VIOLATION": "audit_result",
        "to_frame": "table",
    },
)
