"""The whole vocabulary: what a mechanism, an attack, a bound and a report are.

Nothing here runs. A component satisfies a contract by having the members that
are named; it needs no base class and no import of this package. Optional
abilities are small contracts of their own, asked with ``isinstance``: a
mechanism that has ``log_likelihood`` can be attacked optimally, one that has
``mse`` can be plotted against its accuracy, and so on.

Arrays: ``values`` has shape (n,), integers in [0, k); of a mechanism that has a
``domain`` instead of ``k``, whatever the domain's ``check`` returns. ``reports`` is
any array or sequence whose first axis is the user. ``prior`` and ``frequencies`` have
shape (k,) and sum to 1. Natural logarithms throughout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit.arrays import Floats as Floats
from ldpaudit.contracts.attacks import (
    Attack,
    Distinguisher,
    FindsPairs,
    Location,
    NearbyLocation,
    ReadsLikelihood,
    Reconstruction,
    TrainableDistinguisher,
    TrainableReconstruction,
)
from ldpaudit.contracts.bounds import (
    EventBound,
    GuessBound,
)
from ldpaudit.contracts.longitudinal import (
    HasMemos,
    HasRounds,
    Longitudinal,
)
from ldpaudit.contracts.mechanisms import (
    Counts,
    Domain,
    HasDelta,
    HasDomain,
    HasOrder,
    HasSeedName,
    Inputs,
    IsRecorded,
    Mechanism,
    Registered,
    Reports,
    Values,
    checked_mechanism,
)
from ldpaudit.contracts.privacy import (
    HasAlikePairs,
    HasBayesVulnerability,
    HasDeltaUpper,
    HasExactDelta,
    HasExactEpsilon,
    HasLikelihood,
    HasNearbySuccess,
    HasNeighbours,
    HasPairClasses,
    HasPosteriorMean,
    HasPublishedSuccess,
    HasRelation,
    HasReports,
    HasSupports,
    Supports,
)
from ldpaudit.contracts.servers import (
    FrequencyOracle,
    HasAttributeInfluence,
    HasBits,
    HasCounts,
    HasExpectedSums,
    HasFalseMeanReports,
    HasFalseReports,
    HasInfluence,
    HasInputVariance,
    HasMeanInfluence,
    HasSupportSizes,
    HasVariance,
    HasVarianceError,
    HasWorstInfluence,
    MarginalOracle,
)

if not TYPE_CHECKING:
    from ldpaudit._moved import forward

    __getattr__ = forward(__name__)

__all__ = [
    "Attack",
    "Counts",
    "Distinguisher",
    "Domain",
    "EventBound",
    "FindsPairs",
    "FrequencyOracle",
    "GuessBound",
    "HasAlikePairs",
    "HasAttributeInfluence",
    "HasBayesVulnerability",
    "HasBits",
    "HasCounts",
    "HasDelta",
    "HasDeltaUpper",
    "HasDomain",
    "HasExactDelta",
    "HasExactEpsilon",
    "HasExpectedSums",
    "HasFalseMeanReports",
    "HasFalseReports",
    "HasInfluence",
    "HasInputVariance",
    "HasLikelihood",
    "HasMeanInfluence",
    "HasMemos",
    "HasNearbySuccess",
    "HasNeighbours",
    "HasOrder",
    "HasPairClasses",
    "HasPosteriorMean",
    "HasPublishedSuccess",
    "HasRelation",
    "HasReports",
    "HasRounds",
    "HasSeedName",
    "HasSupportSizes",
    "HasSupports",
    "HasVariance",
    "HasVarianceError",
    "HasWorstInfluence",
    "Inputs",
    "IsRecorded",
    "Location",
    "Longitudinal",
    "MarginalOracle",
    "Mechanism",
    "NearbyLocation",
    "ReadsLikelihood",
    "Reconstruction",
    "Registered",
    "Reports",
    "Supports",
    "TrainableDistinguisher",
    "TrainableReconstruction",
    "Values",
    "checked_mechanism",
]
