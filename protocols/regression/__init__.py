"""Mechanisms for labelled points (x, y), from which a sparse linear regression is estimated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from .hard_thresholding import GradientReport as GradientReport
    from .hard_thresholding import sparse_descent as sparse_descent
    from .noisy_moments import NoisyMoments as NoisyMoments

__all__ = [
    "GradientReport",
    "NoisyMoments",
    "sparse_descent",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "GradientReport": "hard_thresholding",
        "NoisyMoments": "noisy_moments",
        "sparse_descent": "hard_thresholding",
    },
)
