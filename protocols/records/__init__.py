"""Protocols of records with several attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from .allomfree import Allomfree as Allomfree
    from .sampled_fake import RandomSamplingFakeData as RandomSamplingFakeData
    from .sampled_fake import RandomSamplingRealisticFakeData as RandomSamplingRealisticFakeData
    from .split_and_sample import AttributeSampling as AttributeSampling
    from .split_and_sample import BudgetSplitting as BudgetSplitting

__all__ = [
    "Allomfree",
    "AttributeSampling",
    "BudgetSplitting",
    "RandomSamplingFakeData",
    "RandomSamplingRealisticFakeData",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "Allomfree": "allomfree",
        "AttributeSampling": "split_and_sample",
        "BudgetSplitting": "split_and_sample",
        "RandomSamplingFakeData": "sampled_fake",
        "RandomSamplingRealisticFakeData": "sampled_fake",
    },
)
