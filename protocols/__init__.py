"""The protocols. Each file holds one family; the registry finds them by name."""

from __future__ import annotations

from .generalized_randomized_response import GeneralizedRandomizedResponse
from .local_hashing import OptimizedLocalHashing
from .modular_subset_selection import ModularSubsetSelection
from .subset_selection import SubsetSelection
from .unary_encoding import OptimizedUnaryEncoding

__all__ = [
    "GeneralizedRandomizedResponse",
    "ModularSubsetSelection",
    "OptimizedLocalHashing",
    "OptimizedUnaryEncoding",
    "SubsetSelection",
]
