"""Anything as a mechanism: functions, recordings, packages, histories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.adapters.callables import CallableMechanism as CallableMechanism
    from ldpaudit.adapters.callables import from_callable as from_callable
    from ldpaudit.adapters.finite_inputs import FiniteInputs as FiniteInputs
    from ldpaudit.adapters.finite_inputs import on_inputs as on_inputs
    from ldpaudit.adapters.habits import Habits as Habits
    from ldpaudit.adapters.habits import pool_habits as pool_habits
    from ldpaudit.adapters.hashed import supported_values as supported_values
    from ldpaudit.adapters.histories import Change as Change
    from ldpaudit.adapters.histories import ConstantHistory as ConstantHistory
    from ldpaudit.adapters.histories import Histories as Histories
    from ldpaudit.adapters.histories import Repeated as Repeated
    from ldpaudit.adapters.metric_claims import MetricClaim as MetricClaim
    from ldpaudit.adapters.metric_claims import held_to_metric as held_to_metric
    from ldpaudit.adapters.packages import PackageMechanism as PackageMechanism
    from ldpaudit.adapters.recordings import RecordedMechanism as RecordedMechanism
    from ldpaudit.adapters.recordings import from_samples as from_samples

__all__ = [
    "CallableMechanism",
    "Change",
    "ConstantHistory",
    "FiniteInputs",
    "Habits",
    "Histories",
    "MetricClaim",
    "PackageMechanism",
    "RecordedMechanism",
    "Repeated",
    "from_callable",
    "from_samples",
    "held_to_metric",
    "on_inputs",
    "pool_habits",
    "supported_values",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "CallableMechanism": "callables",
        "Change": "histories",
        "ConstantHistory": "histories",
        "FiniteInputs": "finite_inputs",
        "Habits": "habits",
        "Histories": "histories",
        "MetricClaim": "metric_claims",
        "PackageMechanism": "packages",
        "RecordedMechanism": "recordings",
        "Repeated": "histories",
        "from_callable": "callables",
        "from_samples": "recordings",
        "held_to_metric": "metric_claims",
        "on_inputs": "finite_inputs",
        "pool_habits": "habits",
        "supported_values": "hashed",
    },
)
