"""Protocols of the shuffle model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from .shuffled import Shuffled as Shuffled

__all__ = [
    "Shuffled",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "Shuffled": "shuffled",
    },
)
