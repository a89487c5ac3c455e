"""Shuffled reports: what the order's loss is worth, as a central epsilon bounded on both sides."""

from .amplification import ShuffleBounds, central_delta, curve, local_budget, shuffle
from .closed_form import closed_form

__all__ = ["ShuffleBounds", "central_delta", "closed_form", "curve", "local_budget", "shuffle"]
