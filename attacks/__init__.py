"""The attacks. They read reports and likelihoods, know no protocol, and never judge themselves."""

from __future__ import annotations

from .averaging import Averaging
from .bayesian_reconstruction import BayesianReconstruction
from .distinguishability import LikelihoodRatio
from .guessing import BlindGuess, SingleGuess
from .joint import AttributeGuess, JointEvent
from .learned import LearnedDistinguisher
from .learned_guess import LearnedGuess
from .nearby import Nearby
from .posterior_mean import PosteriorMean

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
