"""What models learn from, and what they are afterwards."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from ldpaudit.arrays import Bools, Floats, Ints

from ._encoding import Codes, Flag
from ._levels import Levels

#: The place of the distance among columns: it has no codes.
DISTANCE = -1


@dataclass(frozen=True)
class Training:
    """Codes of training reports, one row per report, and which are of the first input.

    Of the columns the first `counted` are what whole reports are told apart by. Beside them
    stands a `distance` to the reports of both inputs, where one was found.
    """

    codes: Codes
    sizes: list[int]
    first: Bools
    counted: int
    distance: Floats | None = None

    def __getitem__(self, rows: slice) -> Training:
        if range(len(self.first))[rows] == range(len(self.first)):
            return self  # and all that has been counted
        distance = None if self.distance is None else self.distance[rows]
        return replace(self, codes=self.codes[rows], first=self.first[rows], distance=distance)

    @property
    def alone(self) -> Training:
        """Without the columns beyond the first `counted`."""
        if self.counted == len(self.sizes):
            return self
        own = slice(self.counted)
        return replace(self, codes=self.codes[:, own], sizes=self.sizes[own])

    @property
    def prior_odds(self) -> float:
        """Log odds of the first input, which no score contains."""
        ones = np.count_nonzero(self.first)
        return math.log(ones) - math.log(len(self.first) - ones)

    @cached_property
    def counts(self) -> list[tuple[Ints, Ints]]:
        """How often each code of each column came, and how often from the first input."""
        return [
            _counted(self.codes[:, place], size, self.first)
            for place, size in enumerate(self.sizes)
        ]

    @cached_property
    def levels(self) -> Levels:
        """The codes that came."""
        return Levels.of(self.counts, self.first)

    @property
    def by_column(self) -> dict[int, Any]:
        """The codes of each column, and the distance if there is one."""
        beside = {} if self.distance is None else {DISTANCE: self.distance}
        return dict(enumerate(self.codes.T)) | beside


def _counted(codes: Codes, size: int, first: Bools) -> tuple[Ints, Ints]:
    """How often each code came, in all and from the first input."""
    if size > Flag.size:
        return np.bincount(codes, minlength=size), np.bincount(codes[first], minlength=size)
    counts, ones = np.zeros((2, size), dtype=np.int64)
    for code in range(size - 1, 0, -1):
        own = codes == code
        counts[code], ones[code] = np.count_nonzero(own), np.count_nonzero(own & first)
    counts[0], ones[0] = len(codes) - counts.sum(), np.count_nonzero(first) - ones.sum()
    return counts, ones


class Model(Protocol):
    """What has been learned: which columns it reads, and what it makes of their codes."""

    @property
    def columns(self) -> list[int]: ...

    def score(self, codes: Mapping[int, Any]) -> Floats: ...
