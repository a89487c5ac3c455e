"""Protocols of the shuffle model."""

from .shuffled import Shuffled

__all__ = ["Shuffled"]
