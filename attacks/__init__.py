"""The attacks. They read reports and likelihoods, know no protocol, and never judge themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from .averaging import Averaging as Averaging
    from .bayesian_reconstruction import BayesianReconstruction as BayesianReconstruction
    from .distinguishability import LikelihoodRatio as LikelihoodRatio
    from .guessing import BlindGuess as BlindGuess
    from .guessing import SingleGuess as SingleGuess
    from .joint import AttributeGuess as AttributeGuess
    from .joint import JointEvent as JointEvent
    from .learned import LearnedDistinguisher as LearnedDistinguisher
    from .learned_guess import LearnedGuess as LearnedGuess
    from .nearby import Nearby as Nearby
    from .posterior_mean import PosteriorMean as PosteriorMean

__all__ = [
    "AttributeGuess",
    "Averaging",
    "BayesianReconstruction",
    "BlindGuess",
    "JointEvent",
    "LearnedDistinguisher",
    "LearnedGuess",
    "LikelihoodRatio",
    "Nearby",
    "PosteriorMean",
    "SingleGuess",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "AttributeGuess": "joint",
        "Averaging": "averaging",
        "BayesianReconstruction": "bayesian_reconstruction",
        "BlindGuess": "guessing",
        "JointEvent": "joint",
        "LearnedDistinguisher": "learned",
        "LearnedGuess": "learned_guess",
        "LikelihoodRatio": "distinguishability",
        "Nearby": "nearby",
        "PosteriorMean": "posterior_mean",
        "SingleGuess": "guessing",
    },
)
