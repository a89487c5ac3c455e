"""The heaviest loops compiled by Numba, where it is installed and there is work enough.

Numba is optional (`pip install ldpaudit[fast]`). Reports, counts and estimates have the same
bytes without it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any, NamedTuple

from . import _loops

#: Steps of one call from which on Numba is loaded, which takes about half a second once.
_WORTH = 2**21

Loop = Callable[..., Any]


class Loops(NamedTuple):
    """The functions of `_loops`, compiled."""

    add_supports: Loop
    set_bits: Loop
    propose: Loop
    count_bits: Loop
    add_folded: Loop
    find_places: Loop


def compiled(steps: int) -> Loops | None:
    """The loops for work of so many steps; None where the arrays of numpy serve better."""
    if steps < _WORTH and not _load.cache_info().currsize:
        return None
    return _load()


@cache
def _load() -> Loops | None:
    if find_spec("numba") is None:
        return None
    try:
        import numba
    except ImportError:  # of a release that knows another numpy
        return None
    return Loops(*(_jit(numba.njit, getattr(_loops, name)) for name in Loops._fields))


def _jit(njit: Callable[..., Callable[[Loop], Loop]], loop: Loop) -> Loop:
    try:
        return njit(nogil=True, cache=True)(loop)
    except RuntimeError:  # no folder can be written in which to keep it
        return njit(nogil=True)(loop)
