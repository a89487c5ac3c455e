"""The attacks. They read reports and likelihoods, know no protocol, and never judge themselves."""

from __future__ import annotations

from .bayesian_reconstruction import BayesianReconstruction
from .distinguishability import LikelihoodRatio
from .guessing import BlindGuess, SingleGuess
from .learned import LearnedDistinguisher

__all__ = [
    "BayesianReconstruction",
    "BlindGuess",
    "LearnedDistinguisher",
    "LikelihoodRatio",
    "SingleGuess",
]
