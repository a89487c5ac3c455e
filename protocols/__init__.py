"""The protocols. Each file holds one family; the registry finds them by name."""

from __future__ import annotations

from ._postprocess import NonNegativeLikelihood, SimplexProjection, SumConstraint, Unconstrained
from ._residues import choose_moduli
from .adaptive_modular_selection import AdaptiveModularSelection
from .generalized_randomized_response import GeneralizedRandomizedResponse
from .histogram_encoding import ThresholdingHistogramEncoding
from .local_hashing import BinaryLocalHashing, OptimizedLocalHashing
from .modular_subset_selection import ModularSubsetSelection
from .projective_geometry import ProjectiveGeometryResponse
from .scrambled_subset_selection import ScrambledSubsetSelection
from .subset_selection import SubsetSelection
from .unary_encoding import (
    GeneralUnaryEncoding,
    OptimizedUnaryEncoding,
    SymmetricUnaryEncoding,
)

__all__ = [
    "AdaptiveModularSelection",
    "BinaryLocalHashing",
    "GeneralUnaryEncoding",
    "GeneralizedRandomizedResponse",
    "ModularSubsetSelection",
    "NonNegativeLikelihood",
    "OptimizedLocalHashing",
    "OptimizedUnaryEncoding",
    "ProjectiveGeometryResponse",
    "ScrambledSubsetSelection",
    "SimplexProjection",
    "SubsetSelection",
    "SumConstraint",
    "SymmetricUnaryEncoding",
    "ThresholdingHistogramEncoding",
    "Unconstrained",
    "choose_moduli",
]
