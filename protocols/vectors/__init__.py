"""Mechanisms for vectors of bounded length."""

from __future__ import annotations

from .gaussian_caps import PrivUnitG
from .noise import GaussianVector, LaplaceVector
from .priv_unit import DuchiVector, PrivUnit

__all__ = ["DuchiVector", "GaussianVector", "LaplaceVector", "PrivUnit", "PrivUnitG"]
