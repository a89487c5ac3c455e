"""For other people's test suites: mechanisms, attacks and bounds put to the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.testing.components import check_attack as check_attack
    from ldpaudit.testing.components import check_bound as check_bound
    from ldpaudit.testing.components import check_mechanism as check_mechanism
    from ldpaudit.testing.estimators import EstimatorAudit as EstimatorAudit
    from ldpaudit.testing.estimators import audit_estimator as audit_estimator
    from ldpaudit.testing.estimators import check_estimator as check_estimator
    from ldpaudit.testing.gate import assert_ldp as assert_ldp
    from ldpaudit.testing.gate import check_ldp as check_ldp
    from ldpaudit.testing.power import LdpCheck as LdpCheck
    from ldpaudit.testing.power import detectable as detectable

__all__ = [
    "EstimatorAudit",
    "LdpCheck",
    "assert_ldp",
    "audit_estimator",
    "check_attack",
    "check_bound",
    "check_estimator",
    "check_ldp",
    "check_mechanism",
    "detectable",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "EstimatorAudit": "estimators",
        "LdpCheck": "power",
        "assert_ldp": "gate",
        "audit_estimator": "estimators",
        "check_attack": "components",
        "check_bound": "components",
        "check_estimator": "estimators",
        "check_ldp": "gate",
        "check_mechanism": "components",
        "detectable": "power",
    },
)
