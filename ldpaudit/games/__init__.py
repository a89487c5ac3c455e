"""What is played to tell inputs apart, and what it counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.games.evidence import Evidence as Evidence
    from ldpaudit.games.evidence import Prepared as Prepared
    from ldpaudit.games.evidence import prepare as prepare
    from ldpaudit.games.thresholds import KaryGame as KaryGame
    from ldpaudit.games.thresholds import PairGame as PairGame

__all__ = ["Evidence", "KaryGame", "PairGame", "Prepared", "prepare"]

__getattr__, __dir__ = face(
    __name__,
    {
        "Evidence": "evidence",
        "KaryGame": "thresholds",
        "PairGame": "thresholds",
        "Prepared": "evidence",
        "prepare": "evidence",
    },
)
