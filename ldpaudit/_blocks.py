"""A long game in blocks, each with a stream of its own: what several processes can share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

#: Reports of one block; a constant, for results must not depend on who plays them.
BLOCK = 2**21

T = TypeVar("T")


def blocks(reports: int) -> list[tuple[int, str]]:
    """Sizes and names of the blocks of so many reports."""
    starts = range(0, reports, BLOCK)
    return [(min(BLOCK, reports - start), str(start // BLOCK)) for start in starts]


def shared(
    function: Callable[..., T], parts: Sequence[tuple[Any, ...]], jobs: int, *, alone: bool = False
) -> list[T]:
    """Call with each part's arguments, by `jobs` processes; here if `alone` or there is one."""
    if jobs == 1 or len(parts) == 1 or alone:
        return [function(*part) for part in parts]
    from joblib import Parallel, delayed

    found: list[T] = Parallel(n_jobs=jobs)(delayed(function)(*part) for part in parts)
    return found
