"""Mechanisms for one number of a known interval."""

from __future__ import annotations

from .dithered import Dithered
from .duchi import Duchi
from .hybrid import Hybrid
from .laplace import Laplace
from .piecewise import Piecewise
from .rounded import Rounded
from .sampled_numbers import SampledNumbers
from .square_wave import SquareWave
from .staircase import Staircase

__all__ = [
    "Dithered",
    "Duchi",
    "Hybrid",
    "Laplace",
    "Piecewise",
    "Rounded",
    "SampledNumbers",
    "SquareWave",
    "Staircase",
]
