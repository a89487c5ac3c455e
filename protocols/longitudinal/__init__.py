"""Protocols over time: reports of the same users in many rounds."""

from __future__ import annotations

from .dbitflip import BitFlip
from .loloha import BinaryLongitudinalHashing, OptimizedLongitudinalHashing
from .longitudinal_response import LongitudinalRandomizedResponse
from .longitudinal_unary import (
    LongitudinalOptimizedSymmetricEncoding,
    LongitudinalOptimizedUnaryEncoding,
    LongitudinalSymmetricOptimizedEncoding,
    LongitudinalSymmetricUnaryEncoding,
    Rappor,
)

__all__ = [
    "BinaryLongitudinalHashing",
    "BitFlip",
    "LongitudinalOptimizedSymmetricEncoding",
    "LongitudinalOptimizedUnaryEncoding",
    "LongitudinalRandomizedResponse",
    "LongitudinalSymmetricOptimizedEncoding",
    "LongitudinalSymmetricUnaryEncoding",
    "OptimizedLongitudinalHashing",
    "Rappor",
]
