"""Mechanisms for vectors of bounded length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from .gaussian_caps import PrivUnitG as PrivUnitG
    from .noise import GaussianVector as GaussianVector
    from .noise import LaplaceVector as LaplaceVector
    from .priv_unit import DuchiVector as DuchiVector
    from .priv_unit import PrivUnit as PrivUnit

__all__ = [
    "DuchiVector",
    "GaussianVector",
    "LaplaceVector",
    "PrivUnit",
    "PrivUnitG",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "DuchiVector": "priv_unit",
        "GaussianVector": "noise",
        "LaplaceVector": "noise",
        "PrivUnit": "priv_unit",
        "PrivUnitG": "gaussian_caps",
    },
)
