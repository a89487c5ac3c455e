"""The worst pair of inputs, found and paid for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.selection.search import Bonferroni as Bonferroni
    from ldpaudit.selection.search import EValues as EValues
    from ldpaudit.selection.search import Holm as Holm
    from ldpaudit.selection.search import PilotSplit as PilotSplit
    from ldpaudit.selection.search import Pooled as Pooled
    from ldpaudit.selection.search import Selection as Selection
    from ldpaudit.selection.search import WorstPair as WorstPair
    from ldpaudit.selection.search import selection as selection
    from ldpaudit.selection.search import worst_pair as worst_pair

__all__ = [
    "Bonferroni",
    "EValues",
    "Holm",
    "PilotSplit",
    "Pooled",
    "Selection",
    "WorstPair",
    "selection",
    "worst_pair",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "Bonferroni": "search",
        "EValues": "search",
        "Holm": "search",
        "PilotSplit": "search",
        "Pooled": "search",
        "Selection": "search",
        "WorstPair": "search",
        "selection": "search",
        "worst_pair": "search",
    },
)
