"""What a finished table says: limits, dominance, recommendation, changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.analysis.changes import CHANGE_COLUMNS as CHANGE_COLUMNS
    from ldpaudit.analysis.changes import changes_text as changes_text
    from ldpaudit.analysis.changes import compare_runs as compare_runs
    from ldpaudit.analysis.dominance import STANDING_COLUMNS as STANDING_COLUMNS
    from ldpaudit.analysis.dominance import standings as standings
    from ldpaudit.analysis.limits import Frontier as Frontier
    from ldpaudit.analysis.limits import frontier as frontier
    from ldpaudit.analysis.limits import mse_without_epsilon as mse_without_epsilon
    from ldpaudit.analysis.limits import non_dominated as non_dominated
    from ldpaudit.analysis.mean_limit import MeanFrontier as MeanFrontier
    from ldpaudit.analysis.mean_limit import frontier_mean as frontier_mean
    from ldpaudit.analysis.recommendation import Candidate as Candidate
    from ldpaudit.analysis.recommendation import Choice as Choice
    from ldpaudit.analysis.recommendation import Recommendation as Recommendation
    from ldpaudit.analysis.recommendation import recommend_from as recommend_from
    from ldpaudit.analysis.rules import RULES as RULES
    from ldpaudit.analysis.rules import efficient as efficient
    from ldpaudit.analysis.rules import pick as pick
    from ldpaudit.analysis.volumes import hypervolume as hypervolume
    from ldpaudit.analysis.volumes import hypervolumes as hypervolumes

__all__ = [
    "CHANGE_COLUMNS",
    "RULES",
    "STANDING_COLUMNS",
    "Candidate",
    "Choice",
    "Frontier",
    "MeanFrontier",
    "Recommendation",
    "changes_text",
    "compare_runs",
    "efficient",
    "frontier",
    "frontier_mean",
    "hypervolume",
    "hypervolumes",
    "mse_without_epsilon",
    "non_dominated",
    "pick",
    "recommend_from",
    "standings",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "CHANGE_COLUMNS": "changes",
        "Candidate": "recommendation",
        "Choice": "recommendation",
        "Frontier": "limits",
        "MeanFrontier": "mean_limit",
        "Recommendation": "recommendation",
        "RULES": "rules",
        "STANDING_COLUMNS": "dominance",
        "changes_text": "changes",
        "compare_runs": "changes",
        "efficient": "rules",
        "frontier": "limits",
        "frontier_mean": "mean_limit",
        "hypervolume": "volumes",
        "hypervolumes": "volumes",
        "mse_without_epsilon": "limits",
        "non_dominated": "limits",
        "pick": "rules",
        "recommend_from": "recommendation",
        "standings": "dominance",
    },
)
