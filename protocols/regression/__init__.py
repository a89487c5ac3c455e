"""Mechanisms for labelled points (x, y), from which a sparse linear regression is estimated."""

from __future__ import annotations

from .hard_thresholding import GradientReport, sparse_descent
from .noisy_moments import NoisyMoments

__all__ = ["GradientReport", "NoisyMoments", "sparse_descent"]
