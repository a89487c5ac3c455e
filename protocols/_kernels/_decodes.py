"""The door to post-processing that all servers of supports or sums share."""

from __future__ import annotations

from typing import Any

from ldpaudit.arrays import Floats

from ._postprocessing import Postprocessing, named


class Decodes:
    """`decode` for a mechanism that has `estimate` and `mse`."""

    def decode(self, counts: Any, *, post: str | Postprocessing) -> Floats:
        """Frequencies after a post-processing: a name or an object.

        Names are none, base-cut, norm, norm-sub, simplex, power, em and mle, as far as they
        are defined here; all but none are biased.
        """
        return named(post).frequencies(self, counts)
