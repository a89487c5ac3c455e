"""Modular subset selection: scrambled, adaptive, decoded and constrained."""

from __future__ import annotations

from ._postprocess import NonNegativeLikelihood, SimplexProjection, SumConstraint, Unconstrained
from ._residues import choose_moduli
from .adaptive_modular_selection import AdaptiveModularSelection
from .modular_subset_selection import ModularSubsetSelection
from .scrambled_subset_selection import ScrambledSubsetSelection

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
