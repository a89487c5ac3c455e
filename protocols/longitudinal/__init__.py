"""Protocols over time: reports of the same users in many rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from .bloom_rappor import BloomRappor as BloomRappor
    from .dbitflip import BitFlip as BitFlip
    from .loloha import BinaryLongitudinalHashing as BinaryLongitudinalHashing
    from .loloha import OptimizedLongitudinalHashing as OptimizedLongitudinalHashing
    from .longitudinal_response import (
        LongitudinalRandomizedResponse as LongitudinalRandomizedResponse,
    )
    from .longitudinal_unary import (
        LongitudinalOptimizedSymmetricEncoding as LongitudinalOptimizedSymmetricEncoding,
    )
    from .longitudinal_unary import (
        LongitudinalOptimizedUnaryEncoding as LongitudinalOptimizedUnaryEncoding,
    )
    from .longitudinal_unary import (
        LongitudinalSymmetricOptimizedEncoding as LongitudinalSymmetricOptimizedEncoding,
    )
    from .longitudinal_unary import (
        LongitudinalSymmetricUnaryEncoding as LongitudinalSymmetricUnaryEncoding,
    )
    from .longitudinal_unary import Rappor as Rappor

__all__ = [
    "BinaryLongitudinalHashing",
    "BitFlip",
    "BloomRappor",
    "LongitudinalOptimizedSymmetricEncoding",
    "LongitudinalOptimizedUnaryEncoding",
    "LongitudinalRandomizedResponse",
    "LongitudinalSymmetricOptimizedEncoding",
    "LongitudinalSymmetricUnaryEncoding",
    "OptimizedLongitudinalHashing",
    "Rappor",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "BinaryLongitudinalHashing": "loloha",
        "BitFlip": "dbitflip",
        "BloomRappor": "bloom_rappor",
        "LongitudinalOptimizedSymmetricEncoding": "longitudinal_unary",
        "LongitudinalOptimizedUnaryEncoding": "longitudinal_unary",
        "LongitudinalRandomizedResponse": "longitudinal_response",
        "LongitudinalSymmetricOptimizedEncoding": "longitudinal_unary",
        "LongitudinalSymmetricUnaryEncoding": "longitudinal_unary",
        "OptimizedLongitudinalHashing": "loloha",
        "Rappor": "longitudinal_unary",
    },
)
