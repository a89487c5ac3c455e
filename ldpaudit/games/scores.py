"""Reports as a witness sees them."""

from __future__ import annotations

from typing import NamedTuple

from ldpaudit.arrays import Bools, Floats


class ScoredReports(NamedTuple):
    """Scored reports: how strongly each speaks, and whether it is right (of the first input)."""

    score: Floats
    right: Bools
