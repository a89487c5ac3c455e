"""The protocols. Each file holds one family; the registry finds them by name."""

from __future__ import annotations

from ._postprocess import NonNegativeLikelihood, SimplexProjection, SumConstraint, Unconstrained
from ._residues import choose_moduli
from .adaptive_modular_selection import AdaptiveModularSelection
from .adaptive_protocols import (
    AdaptiveLocalHashing,
    AdaptiveSubsetSelection,
    AdaptiveThresholding,
    AdaptiveUnaryEncoding,
)
from .allomfree import Allomfree
from .approximate_response import (
    ApproximateBinaryLocalHashing,
    ApproximateOptimizedLocalHashing,
    ApproximateRandomizedResponse,
    ApproximateSymmetricUnaryEncoding,
)
from .controls import LocalHashingOnly, StickyUnaryEncoding
from .dbitflip import BitFlip
from .gaussian_mechanism import AnalyticGaussianMechanism, GaussianMechanism
from .generalized_randomized_response import GeneralizedRandomizedResponse
from .hadamard_response import HadamardResponse
from .histogram_encoding import SummationHistogramEncoding, ThresholdingHistogramEncoding
from .hybrid_projective_geometry import HybridProjectiveGeometry
from .local_hashing import BinaryLocalHashing, OptimizedLocalHashing
from .loloha import BinaryLongitudinalHashing, OptimizedLongitudinalHashing
from .longitudinal_response import LongitudinalRandomizedResponse
from .longitudinal_unary import (
    LongitudinalOptimizedSymmetricEncoding,
    LongitudinalOptimizedUnaryEncoding,
    LongitudinalSymmetricOptimizedEncoding,
    LongitudinalSymmetricUnaryEncoding,
    Rappor,
)
from .modular_subset_selection import ModularSubsetSelection
from .projective_geometry import ProjectiveGeometryResponse
from .sampled_fake import RandomSamplingFakeData, RandomSamplingRealisticFakeData
from .scrambled_subset_selection import ScrambledSubsetSelection
from .split_and_sample import AttributeSampling, BudgetSplitting
from .subset_selection import SubsetSelection
from .unary_encoding import GeneralUnaryEncoding, OptimizedUnaryEncoding, SymmetricUnaryEncoding

__all__ = [
    "AdaptiveLocalHashing",
    "AdaptiveModularSelection",
    "AdaptiveSubsetSelection",
    "AdaptiveThresholding",
    "AdaptiveUnaryEncoding",
    "Allomfree",
    "AnalyticGaussianMechanism",
    "ApproximateBinaryLocalHashing",
    "ApproximateOptimizedLocalHashing",
    "ApproximateRandomizedResponse",
    "ApproximateSymmetricUnaryEncoding",
    "AttributeSampling",
    "BinaryLocalHashing",
    "BinaryLongitudinalHashing",
    "BitFlip",
    "BudgetSplitting",
    "GaussianMechanism",
    "GeneralUnaryEncoding",
    "GeneralizedRandomizedResponse",
    "HadamardResponse",
    "HybridProjectiveGeometry",
    "LocalHashingOnly",
    "LongitudinalOptimizedSymmetricEncoding",
    "LongitudinalOptimizedUnaryEncoding",
    "LongitudinalRandomizedResponse",
    "LongitudinalSymmetricOptimizedEncoding",
    "LongitudinalSymmetricUnaryEncoding",
    "ModularSubsetSelection",
    "NonNegativeLikelihood",
    "OptimizedLocalHashing",
    "OptimizedLongitudinalHashing",
    "OptimizedUnaryEncoding",
    "ProjectiveGeometryResponse",
    "RandomSamplingFakeData",
    "RandomSamplingRealisticFakeData",
    "Rappor",
    "ScrambledSubsetSelection",
    "SimplexProjection",
    "StickyUnaryEncoding",
    "SubsetSelection",
    "SumConstraint",
    "SummationHistogramEncoding",
    "SymmetricUnaryEncoding",
    "ThresholdingHistogramEncoding",
    "Unconstrained",
    "choose_moduli",
]
