"""The protocols: a room for each kind of input, a file for each family.

The registry finds them by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ._kernels._postprocessing import BaseCut as BaseCut
    from ._kernels._postprocessing import IterativeBayes as IterativeBayes
    from ._kernels._postprocessing import MaximumLikelihood as MaximumLikelihood
    from ._kernels._postprocessing import Norm as Norm
    from ._kernels._postprocessing import NormSub as NormSub
    from ._kernels._postprocessing import PowerLaw as PowerLaw
    from ._kernels._postprocessing import Unbiased as Unbiased
    from .categorical import AdaptiveLocalHashing as AdaptiveLocalHashing
    from .categorical import AdaptiveSubsetSelection as AdaptiveSubsetSelection
    from .categorical import AdaptiveThresholding as AdaptiveThresholding
    from .categorical import AdaptiveUnaryEncoding as AdaptiveUnaryEncoding
    from .categorical import AffineBlockResponse as AffineBlockResponse
    from .categorical import AnalyticGaussianMechanism as AnalyticGaussianMechanism
    from .categorical import ApproximateBinaryLocalHashing as ApproximateBinaryLocalHashing
    from .categorical import ApproximateOptimizedLocalHashing as ApproximateOptimizedLocalHashing
    from .categorical import ApproximateRandomizedResponse as ApproximateRandomizedResponse
    from .categorical import ApproximateSymmetricUnaryEncoding as ApproximateSymmetricUnaryEncoding
    from .categorical import BinaryLocalHashing as BinaryLocalHashing
    from .categorical import BlockDesignResponse as BlockDesignResponse
    from .categorical import CountMeanSketch as CountMeanSketch
    from .categorical import GaussianMechanism as GaussianMechanism
    from .categorical import GeneralizedRandomizedResponse as GeneralizedRandomizedResponse
    from .categorical import GeneralUnaryEncoding as GeneralUnaryEncoding
    from .categorical import HadamardCountMeanSketch as HadamardCountMeanSketch
    from .categorical import HadamardResponse as HadamardResponse
    from .categorical import HybridProjectiveGeometry as HybridProjectiveGeometry
    from .categorical import LocalHashingOnly as LocalHashingOnly
    from .categorical import OptimizedLocalHashing as OptimizedLocalHashing
    from .categorical import OptimizedUnaryEncoding as OptimizedUnaryEncoding
    from .categorical import ProjectiveGeometryResponse as ProjectiveGeometryResponse
    from .categorical import StickyUnaryEncoding as StickyUnaryEncoding
    from .categorical import SubsetSelection as SubsetSelection
    from .categorical import SummationHistogramEncoding as SummationHistogramEncoding
    from .categorical import SymmetricUnaryEncoding as SymmetricUnaryEncoding
    from .categorical import TextbookHistogramEncoding as TextbookHistogramEncoding
    from .categorical import ThresholdingHistogramEncoding as ThresholdingHistogramEncoding
    from .longitudinal import BinaryLongitudinalHashing as BinaryLongitudinalHashing
    from .longitudinal import BitFlip as BitFlip
    from .longitudinal import BloomRappor as BloomRappor
    from .longitudinal import (
        LongitudinalOptimizedSymmetricEncoding as LongitudinalOptimizedSymmetricEncoding,
    )
    from .longitudinal import (
        LongitudinalOptimizedUnaryEncoding as LongitudinalOptimizedUnaryEncoding,
    )
    from .longitudinal import LongitudinalRandomizedResponse as LongitudinalRandomizedResponse
    from .longitudinal import (
        LongitudinalSymmetricOptimizedEncoding as LongitudinalSymmetricOptimizedEncoding,
    )
    from .longitudinal import (
        LongitudinalSymmetricUnaryEncoding as LongitudinalSymmetricUnaryEncoding,
    )
    from .longitudinal import OptimizedLongitudinalHashing as OptimizedLongitudinalHashing
    from .longitudinal import Rappor as Rappor
    from .modular import AdaptiveModularSelection as AdaptiveModularSelection
    from .modular import ModularSubsetSelection as ModularSubsetSelection
    from .modular import NonNegativeLikelihood as NonNegativeLikelihood
    from .modular import ScrambledSubsetSelection as ScrambledSubsetSelection
    from .modular import SimplexProjection as SimplexProjection
    from .modular import SumConstraint as SumConstraint
    from .modular import Unconstrained as Unconstrained
    from .modular import choose_moduli as choose_moduli
    from .numeric import Dithered as Dithered
    from .numeric import Duchi as Duchi
    from .numeric import Hybrid as Hybrid
    from .numeric import Laplace as Laplace
    from .numeric import OneBitMean as OneBitMean
    from .numeric import Piecewise as Piecewise
    from .numeric import Rounded as Rounded
    from .numeric import SampledNumbers as SampledNumbers
    from .numeric import SquareWave as SquareWave
    from .numeric import Staircase as Staircase
    from .records import Allomfree as Allomfree
    from .records import AttributeSampling as AttributeSampling
    from .records import BudgetSplitting as BudgetSplitting
    from .records import RandomSamplingFakeData as RandomSamplingFakeData
    from .records import RandomSamplingRealisticFakeData as RandomSamplingRealisticFakeData
    from .regression import GradientReport as GradientReport
    from .regression import NoisyMoments as NoisyMoments
    from .shuffle import Shuffled as Shuffled
    from .vectors import DuchiVector as DuchiVector
    from .vectors import GaussianVector as GaussianVector
    from .vectors import LaplaceVector as LaplaceVector
    from .vectors import PrivUnit as PrivUnit
    from .vectors import PrivUnitG as PrivUnitG

__all__ = [
    "AdaptiveLocalHashing",
    "AdaptiveModularSelection",
    "AdaptiveSubsetSelection",
    "AdaptiveThresholding",
    "AdaptiveUnaryEncoding",
    "AffineBlockResponse",
    "Allomfree",
    "AnalyticGaussianMechanism",
    "ApproximateBinaryLocalHashing",
    "ApproximateOptimizedLocalHashing",
    "ApproximateRandomizedResponse",
    "ApproximateSymmetricUnaryEncoding",
    "AttributeSampling",
    "BaseCut",
    "BinaryLocalHashing",
    "BinaryLongitudinalHashing",
    "BitFlip",
    "BlockDesignResponse",
    "BloomRappor",
    "BudgetSplitting",
    "CountMeanSketch",
    "Dithered",
    "Duchi",
    "DuchiVector",
    "GaussianMechanism",
    "GaussianVector",
    "GeneralUnaryEncoding",
    "GeneralizedRandomizedResponse",
    "GradientReport",
    "HadamardCountMeanSketch",
    "HadamardResponse",
    "Hybrid",
    "HybridProjectiveGeometry",
    "IterativeBayes",
    "Laplace",
    "LaplaceVector",
    "LocalHashingOnly",
    "LongitudinalOptimizedSymmetricEncoding",
    "LongitudinalOptimizedUnaryEncoding",
    "LongitudinalRandomizedResponse",
    "LongitudinalSymmetricOptimizedEncoding",
    "LongitudinalSymmetricUnaryEncoding",
    "MaximumLikelihood",
    "ModularSubsetSelection",
    "NoisyMoments",
    "NonNegativeLikelihood",
    "Norm",
    "NormSub",
    "OneBitMean",
    "OptimizedLocalHashing",
    "OptimizedLongitudinalHashing",
    "OptimizedUnaryEncoding",
    "Piecewise",
    "PowerLaw",
    "PrivUnit",
    "PrivUnitG",
    "ProjectiveGeometryResponse",
    "RandomSamplingFakeData",
    "RandomSamplingRealisticFakeData",
    "Rappor",
    "Rounded",
    "SampledNumbers",
    "ScrambledSubsetSelection",
    "Shuffled",
    "SimplexProjection",
    "SquareWave",
    "Staircase",
    "StickyUnaryEncoding",
    "SubsetSelection",
    "SumConstraint",
    "SummationHistogramEncoding",
    "SymmetricUnaryEncoding",
    "TextbookHistogramEncoding",
    "ThresholdingHistogramEncoding",
    "Unbiased",
    "Unconstrained",
    "choose_moduli",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "AdaptiveLocalHashing": "categorical",
        "AdaptiveModularSelection": "modular",
        "AdaptiveSubsetSelection": "categorical",
        "AdaptiveThresholding": "categorical",
        "AdaptiveUnaryEncoding": "categorical",
        "AffineBlockResponse": "categorical",
        "Allomfree": "records",
        "AnalyticGaussianMechanism": "categorical",
        "ApproximateBinaryLocalHashing": "categorical",
        "ApproximateOptimizedLocalHashing": "categorical",
        "ApproximateRandomizedResponse": "categorical",
        "ApproximateSymmetricUnaryEncoding": "categorical",
        "AttributeSampling": "records",
        "BaseCut": "_kernels._postprocessing",
        "BinaryLocalHashing": "categorical",
        "BinaryLongitudinalHashing": "longitudinal",
        "BitFlip": "longitudinal",
        "BlockDesignResponse": "categorical",
        "BloomRappor": "longitudinal",
        "BudgetSplitting": "records",
        "CountMeanSketch": "categorical",
        "Dithered": "numeric",
        "Duchi": "numeric",
        "DuchiVector": "vectors",
        "GaussianMechanism": "categorical",
        "GaussianVector": "vectors",
        "GeneralUnaryEncoding": "categorical",
        "GeneralizedRandomizedResponse": "categorical",
        "GradientReport": "regression",
        "HadamardCountMeanSketch": "categorical",
        "HadamardResponse": "categorical",
        "Hybrid": "numeric",
        "HybridProjectiveGeometry": "categorical",
        "IterativeBayes": "_kernels._postprocessing",
        "Laplace": "numeric",
        "LaplaceVector": "vectors",
        "LocalHashingOnly": "categorical",
        "LongitudinalOptimizedSymmetricEncoding": "longitudinal",
        "LongitudinalOptimizedUnaryEncoding": "longitudinal",
        "LongitudinalRandomizedResponse": "longitudinal",
        "LongitudinalSymmetricOptimizedEncoding": "longitudinal",
        "LongitudinalSymmetricUnaryEncoding": "longitudinal",
        "MaximumLikelihood": "_kernels._postprocessing",
        "ModularSubsetSelection": "modular",
        "NoisyMoments": "regression",
        "NonNegativeLikelihood": "modular",
        "Norm": "_kernels._postprocessing",
        "NormSub": "_kernels._postprocessing",
        "OneBitMean": "numeric",
        "OptimizedLocalHashing": "categorical",
        "OptimizedLongitudinalHashing": "longitudinal",
        "OptimizedUnaryEncoding": "categorical",
        "Piecewise": "numeric",
        "PowerLaw": "_kernels._postprocessing",
        "PrivUnit": "vectors",
        "PrivUnitG": "vectors",
        "ProjectiveGeometryResponse": "categorical",
        "RandomSamplingFakeData": "records",
        "RandomSamplingRealisticFakeData": "records",
        "Rappor": "longitudinal",
        "Rounded": "numeric",
        "SampledNumbers": "numeric",
        "ScrambledSubsetSelection": "modular",
        "Shuffled": "shuffle",
        "SimplexProjection": "modular",
        "SquareWave": "numeric",
        "Staircase": "numeric",
        "StickyUnaryEncoding": "categorical",
        "SubsetSelection": "categorical",
        "SumConstraint": "modular",
        "SummationHistogramEncoding": "categorical",
        "SymmetricUnaryEncoding": "categorical",
        "TextbookHistogramEncoding": "categorical",
        "ThresholdingHistogramEncoding": "categorical",
        "Unbiased": "_kernels._postprocessing",
        "Unconstrained": "modular",
        "choose_moduli": "modular",
    },
)
