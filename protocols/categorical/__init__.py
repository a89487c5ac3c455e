"""Protocols of one value out of k."""

from __future__ import annotations

from .adaptive_protocols import (
    AdaptiveLocalHashing,
    AdaptiveSubsetSelection,
    AdaptiveThresholding,
    AdaptiveUnaryEncoding,
)
from .affine_blocks import AffineBlockResponse
from .approximate_response import (
    ApproximateBinaryLocalHashing,
    ApproximateOptimizedLocalHashing,
    ApproximateRandomizedResponse,
    ApproximateSymmetricUnaryEncoding,
)
from .block_design import BlockDesignResponse
from .controls import LocalHashingOnly, StickyUnaryEncoding, TextbookHistogramEncoding
from .count_mean_sketch import CountMeanSketch, HadamardCountMeanSketch
from .gaussian_mechanism import AnalyticGaussianMechanism, GaussianMechanism
from .generalized_randomized_response import GeneralizedRandomizedResponse
from .hadamard_response import HadamardResponse
from .histogram_encoding import SummationHistogramEncoding, ThresholdingHistogramEncoding
from .hybrid_projective_geometry import HybridProjectiveGeometry
from .local_hashing import BinaryLocalHashing, OptimizedLocalHashing
from .projective_geometry import ProjectiveGeometryResponse
from .subset_selection import SubsetSelection
from .unary_encoding import GeneralUnaryEncoding, OptimizedUnaryEncoding, SymmetricUnaryEncoding

__all__ = [
    "AdaptiveLocalHashing",
    "AdaptiveSubsetSelection",
    "AdaptiveThresholding",
    "AdaptiveUnaryEncoding",
    "AffineBlockResponse",
    "AnalyticGaussianMechanism",
    "ApproximateBinaryLocalHashing",
    "ApproximateOptimizedLocalHashing",
    "ApproximateRandomizedResponse",
    "ApproximateSymmetricUnaryEncoding",
    "BinaryLocalHashing",
    "BlockDesignResponse",
    "CountMeanSketch",
    "GaussianMechanism",
    "GeneralUnaryEncoding",
    "GeneralizedRandomizedResponse",
    "HadamardCountMeanSketch",
    "HadamardResponse",
    "HybridProjectiveGeometry",
    "LocalHashingOnly",
    "OptimizedLocalHashing",
    "OptimizedUnaryEncoding",
    "ProjectiveGeometryResponse",
    "StickyUnaryEncoding",
    "SubsetSelection",
    "SummationHistogramEncoding",
    "SymmetricUnaryEncoding",
    "TextbookHistogramEncoding",
    "ThresholdingHistogramEncoding",
]
