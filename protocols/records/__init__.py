"""Protocols of records with several attributes."""

from __future__ import annotations

from .allomfree import Allomfree
from .sampled_fake import RandomSamplingFakeData, RandomSamplingRealisticFakeData
from .split_and_sample import AttributeSampling, BudgetSplitting

__all__ = [
    "Allomfree",
    "AttributeSampling",
    "BudgetSplitting",
    "RandomSamplingFakeData",
    "RandomSamplingRealisticFakeData",
]
