"""Protocols of one value out of k."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from .adaptive_protocols import AdaptiveLocalHashing as AdaptiveLocalHashing
    from .adaptive_protocols import AdaptiveSubsetSelection as AdaptiveSubsetSelection
    from .adaptive_protocols import AdaptiveThresholding as AdaptiveThresholding
    from .adaptive_protocols import AdaptiveUnaryEncoding as AdaptiveUnaryEncoding
    from .affine_blocks import AffineBlockResponse as AffineBlockResponse
    from .approximate_response import ApproximateBinaryLocalHashing as ApproximateBinaryLocalHashing
    from .approximate_response import (
        ApproximateOptimizedLocalHashing as ApproximateOptimizedLocalHashing,
    )
    from .approximate_response import ApproximateRandomizedResponse as ApproximateRandomizedResponse
    from .approximate_response import (
        ApproximateSymmetricUnaryEncoding as ApproximateSymmetricUnaryEncoding,
    )
    from .block_design import BlockDesignResponse as BlockDesignResponse
    from .controls import LocalHashingOnly as LocalHashingOnly
    from .controls import StickyUnaryEncoding as StickyUnaryEncoding
    from .controls import TextbookHistogramEncoding as TextbookHistogramEncoding
    from .count_mean_sketch import CountMeanSketch as CountMeanSketch
    from .count_mean_sketch import HadamardCountMeanSketch as HadamardCountMeanSketch
    from .gaussian_mechanism import AnalyticGaussianMechanism as AnalyticGaussianMechanism
    from .gaussian_mechanism import GaussianMechanism as GaussianMechanism
    from .generalized_randomized_response import (
        GeneralizedRandomizedResponse as GeneralizedRandomizedResponse,
    )
    from .hadamard_response import HadamardResponse as HadamardResponse
    from .histogram_encoding import SummationHistogramEncoding as SummationHistogramEncoding
    from .histogram_encoding import ThresholdingHistogramEncoding as ThresholdingHistogramEncoding
    from .hybrid_projective_geometry import HybridProjectiveGeometry as HybridProjectiveGeometry
    from .local_hashing import BinaryLocalHashing as BinaryLocalHashing
    from .local_hashing import OptimizedLocalHashing as OptimizedLocalHashing
    from .projective_geometry import ProjectiveGeometryResponse as ProjectiveGeometryResponse
    from .subset_selection import SubsetSelection as SubsetSelection
    from .unary_encoding import GeneralUnaryEncoding as GeneralUnaryEncoding
    from .unary_encoding import OptimizedUnaryEncoding as OptimizedUnaryEncoding
    from .unary_encoding import SymmetricUnaryEncoding as SymmetricUnaryEncoding

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

__getattr__, __dir__ = face(
    __name__,
    {
        "AdaptiveLocalHashing": "adaptive_protocols",
        "AdaptiveSubsetSelection": "adaptive_protocols",
        "AdaptiveThresholding": "adaptive_protocols",
        "AdaptiveUnaryEncoding": "adaptive_protocols",
        "AffineBlockResponse": "affine_blocks",
        "AnalyticGaussianMechanism": "gaussian_mechanism",
        "ApproximateBinaryLocalHashing": "approximate_response",
        "ApproximateOptimizedLocalHashing": "approximate_response",
        "ApproximateRandomizedResponse": "approximate_response",
        "ApproximateSymmetricUnaryEncoding": "approximate_response",
        "BinaryLocalHashing": "local_hashing",
        "BlockDesignResponse": "block_design",
        "CountMeanSketch": "count_mean_sketch",
        "GaussianMechanism": "gaussian_mechanism",
        "GeneralUnaryEncoding": "unary_encoding",
        "GeneralizedRandomizedResponse": "generalized_randomized_response",
        "HadamardCountMeanSketch": "count_mean_sketch",
        "HadamardResponse": "hadamard_response",
        "HybridProjectiveGeometry": "hybrid_projective_geometry",
        "LocalHashingOnly": "controls",
        "OptimizedLocalHashing": "local_hashing",
        "OptimizedUnaryEncoding": "unary_encoding",
        "ProjectiveGeometryResponse": "projective_geometry",
        "StickyUnaryEncoding": "controls",
        "SubsetSelection": "subset_selection",
        "SummationHistogramEncoding": "histogram_encoding",
        "SymmetricUnaryEncoding": "unary_encoding",
        "TextbookHistogramEncoding": "controls",
        "ThresholdingHistogramEncoding": "histogram_encoding",
    },
)
