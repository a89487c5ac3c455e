"""What models learn from, and what they are afterwards."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from ldpaudit.arrays import Bools, Floats

from ._encoding import Codes

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
        distance = None if self.distance is None else self.distance[rows]
        return replace(self, codes=self.codes[rows], first=self.first[rows], distance=distance)

    @property
    def alone(self) -> Training:
        """Without the columns beyond the first `counted`."""
        own = slice(self.counted)
        return replace(self, codes=self.codes[:, own], sizes=self.sizes[own])

    @property
    def prior_odds(self) -> float:
        """Log odds of the first input, which no score contains."""
        ones = np.count_nonzero(self.first)
        return math.log(ones) - math.log(len(self.first) - ones)

    @property
    def by_column(self) -> dict[int, Any]:
        """The codes of each column, and the distance if there is one."""
        beside = {} if self.distance is None else {DISTANCE: self.distance}
        return dict(enumerate(self.codes.T)) | beside


class Model(Protocol):
    """What has been learned: which columns it reads, and what it makes of their codes."""

    @property
    def columns(self) -> list[int]: ...

    def score(self, codes: Mapping[int, Any]) -> Floats: ...
