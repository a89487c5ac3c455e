"""Modular subset selection: scrambled, adaptive, decoded and constrained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ._postprocess import NonNegativeLikelihood as NonNegativeLikelihood
    from ._postprocess import SimplexProjection as SimplexProjection
    from ._postprocess import SumConstraint as SumConstraint
    from ._postprocess import Unconstrained as Unconstrained
    from ._residues import choose_moduli as choose_moduli
    from .adaptive_modular_selection import AdaptiveModularSelection as AdaptiveModularSelection
    from .modular_subset_selection import ModularSubsetSelection as ModularSubsetSelection
    from .scrambled_subset_selection import ScrambledSubsetSelection as ScrambledSubsetSelection

__all__ = [
    "AdaptiveModularSelection",
    "ModularSubsetSelection",
    "NonNegativeLikelihood",
    "ScrambledSubsetSelection",
    "SimplexProjection",
    "SumConstraint",
    "Unconstrained",
    "choose_moduli",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "AdaptiveModularSelection": "adaptive_modular_selection",
        "ModularSubsetSelection": "modular_subset_selection",
        "NonNegativeLikelihood": "_postprocess",
        "ScrambledSubsetSelection": "scrambled_subset_selection",
        "SimplexProjection": "_postprocess",
        "SumConstraint": "_postprocess",
        "Unconstrained": "_postprocess",
        "choose_moduli": "_residues",
    },
)
