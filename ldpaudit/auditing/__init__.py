"""An audit: games played and judged, attacks measured, error collected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.auditing.attackers import Attacker as Attacker
    from ldpaudit.auditing.curves import CurveAudit as CurveAudit
    from ldpaudit.auditing.curves import audit_curve as audit_curve
    from ldpaudit.auditing.defaults import DEFAULT_ATTACKS as DEFAULT_ATTACKS
    from ldpaudit.auditing.defaults import VERDICT_ALPHA as VERDICT_ALPHA
    from ldpaudit.auditing.guesses import AttackError as AttackError
    from ldpaudit.auditing.harness import audit as audit
    from ldpaudit.auditing.stopping import StopWhen as StopWhen

__all__ = [
    "DEFAULT_ATTACKS",
    "VERDICT_ALPHA",
    "AttackError",
    "Attacker",
    "CurveAudit",
    "StopWhen",
    "audit",
    "audit_curve",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "AttackError": "guesses",
        "Attacker": "attackers",
        "CurveAudit": "curves",
        "DEFAULT_ATTACKS": "defaults",
        "StopWhen": "stopping",
        "VERDICT_ALPHA": "defaults",
        "audit": "harness",
        "audit_curve": "curves",
    },
)
