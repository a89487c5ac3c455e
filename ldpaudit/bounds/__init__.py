"""Counts to epsilon: lower confidence bounds, and the intervals they stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.bounds.anytime import Anytime as Anytime
    from ldpaudit.bounds.anytime import TwoStreamBetting as TwoStreamBetting
    from ldpaudit.bounds.intervals import mean_interval as mean_interval
    from ldpaudit.bounds.intervals import success_interval as success_interval
    from ldpaudit.bounds.intervals import success_lower as success_lower
    from ldpaudit.bounds.intervals import success_upper as success_upper
    from ldpaudit.bounds.model_based import GaussianTradeOff as GaussianTradeOff
    from ldpaudit.bounds.model_based import JointBeta as JointBeta
    from ldpaudit.bounds.planned import ClopperPearson as ClopperPearson
    from ldpaudit.bounds.planned import Katz as Katz
    from ldpaudit.bounds.planned import LdpAuditor as LdpAuditor
    from ldpaudit.bounds.planned import PosteriorOdds as PosteriorOdds

__all__ = [
    "Anytime",
    "ClopperPearson",
    "GaussianTradeOff",
    "JointBeta",
    "Katz",
    "LdpAuditor",
    "PosteriorOdds",
    "TwoStreamBetting",
    "mean_interval",
    "success_interval",
    "success_lower",
    "success_upper",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "Anytime": "anytime",
        "ClopperPearson": "planned",
        "GaussianTradeOff": "model_based",
        "JointBeta": "model_based",
        "Katz": "planned",
        "LdpAuditor": "planned",
        "PosteriorOdds": "planned",
        "TwoStreamBetting": "anytime",
        "mean_interval": "intervals",
        "success_interval": "intervals",
        "success_lower": "intervals",
        "success_upper": "intervals",
    },
)
