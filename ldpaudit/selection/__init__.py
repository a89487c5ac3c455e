"""The worst pair of inputs, found and paid for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.selection.methods import Bonferroni as Bonferroni
    from ldpaudit.selection.methods import EValues as EValues
    from ldpaudit.selection.methods import Holm as Holm
    from ldpaudit.selection.methods import PilotSplit as PilotSplit
    from ldpaudit.selection.methods import Pooled as Pooled
    from ldpaudit.selection.methods import Selection as Selection
    from ldpaudit.selection.methods import selection as selection
    from ldpaudit.selection.search import WorstPair as WorstPair
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
        "Bonferroni": "methods",
        "EValues": "methods",
        "Holm": "methods",
        "PilotSplit": "methods",
        "Pooled": "methods",
        "Selection": "methods",
        "WorstPair": "search",
        "selection": "methods",
        "worst_pair": "search",
    },
)
