"""What is played to tell inputs apart, and what it counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.games.evidence import Evidence as Evidence
    from ldpaudit.games.evidence import Prepared as Prepared
    from ldpaudit.games.kary_game import KaryGame as KaryGame
    from ldpaudit.games.pair_game import PairGame as PairGame
    from ldpaudit.games.preparation import prepare as prepare

__all__ = ["Evidence", "KaryGame", "PairGame", "Prepared", "prepare"]

__getattr__, __dir__ = face(
    __name__,
    {
        "Evidence": "evidence",
        "KaryGame": "kary_game",
        "PairGame": "pair_game",
        "Prepared": "evidence",
        "prepare": "preparation",
    },
)
