"""Shuffled reports: what the order's loss is worth, as a central epsilon bounded on both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.shuffling.amplification import ShuffleBounds as ShuffleBounds
    from ldpaudit.shuffling.amplification import central_delta as central_delta
    from ldpaudit.shuffling.amplification import curve as curve
    from ldpaudit.shuffling.amplification import local_budget as local_budget
    from ldpaudit.shuffling.amplification import shuffle as shuffle
    from ldpaudit.shuffling.formula import closed_form as closed_form

__all__ = ["ShuffleBounds", "central_delta", "closed_form", "curve", "local_budget", "shuffle"]

__getattr__, __dir__ = face(
    __name__,
    {
        "ShuffleBounds": "amplification",
        "central_delta": "amplification",
        "closed_form": "formula",
        "curve": "amplification",
        "local_budget": "amplification",
        "shuffle": "amplification",
    },
)
