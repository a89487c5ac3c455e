"""Mechanisms for one number of a known interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from .dithered import Dithered as Dithered
    from .duchi import Duchi as Duchi
    from .hybrid import Hybrid as Hybrid
    from .laplace import Laplace as Laplace
    from .one_bit_mean import OneBitMean as OneBitMean
    from .piecewise import Piecewise as Piecewise
    from .rounded import Rounded as Rounded
    from .sampled_numbers import SampledNumbers as SampledNumbers
    from .square_wave import SquareWave as SquareWave
    from .staircase import Staircase as Staircase

__all__ = [
    "Dithered",
    "Duchi",
    "Hybrid",
    "Laplace",
    "OneBitMean",
    "Piecewise",
    "Rounded",
    "SampledNumbers",
    "SquareWave",
    "Staircase",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "Dithered": "dithered",
        "Duchi": "duchi",
        "Hybrid": "hybrid",
        "Laplace": "laplace",
        "OneBitMean": "one_bit_mean",
        "Piecewise": "piecewise",
        "Rounded": "rounded",
        "SampledNumbers": "sampled_numbers",
        "SquareWave": "square_wave",
        "Staircase": "staircase",
    },
)
