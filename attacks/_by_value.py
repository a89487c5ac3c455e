"""Parts of few values: what is a function of a value needs to be read of each but once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ldpaudit.arrays import Ints

from ._encoding import Part, Values
from ._traces import many_values


def plain_values(part: Part) -> tuple[Values, Ints] | None:
    """The values of a part, and which one each report has.

    None if it has too many, or such as an equal one may stand for (0 and -0).
    """
    plain = part.kind in ("integer", "text") and part.found.dtype.kind in "biuU"
    if not (plain and isinstance(part.coder, Values)):
        return None
    places = part.coder(part.found).astype(np.int64) - 1
    return None if places.min() < 0 else (part.coder, places)


class ByValue(NamedTuple):
    """A part of few values: they, as a part without a way to it, and which one each report has."""

    values: Part
    places: Ints

    @classmethod
    def of(cls, part: Part) -> ByValue | None:
        """None of parts of many values, and of those that have no traces.

        All traces are functions of a value, so that they need to be read of each but once.
        """
        found = plain_values(part) if part.kind == "text" or many_values(part) else None
        if found is None:
            return None
        return cls(part._replace(steps=(), found=found[0].known), found[1])
