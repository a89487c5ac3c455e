"""How reports are drawn: streams keyed by names, batches, and blocks for several processes.

Sizes of batches are constants that keep scratch in the cache: taken from the
machine, they would make the draws depend on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ldpaudit.arrays import Ints
from ldpaudit.contracts.mechanisms import Mechanism, Reports, Values
from ldpaudit.contracts.servers import HasBits

#: Reports of one block; a constant, for results must not depend on who plays them.
BLOCK = 2**21
T = TypeVar("T")


#: Most reports of a batch, and most entries (reports x what one report costs).
_REPORTS, ENTRIES = 2**17, 2**21
#: Entries of a table of likelihoods (reports x values) that is read at a time.
_PIECE = 2**18
#: Bytes that batches may free and take again without asking the system.
_KEPT = 2**24


def stream(seed: int, *names: str) -> np.random.Generator:
    """Random generator of one part of one result, keyed by its names and nothing else."""
    digest = hashlib.sha256("\x1f".join(names).encode()).digest()
    key = [int.from_bytes(digest[start : start + 4], "little") for start in range(0, 32, 4)]
    return np.random.default_rng(np.random.SeedSequence([seed, *key]))


def chunks(total: int, row_entries: int) -> Iterator[int]:
    """Sizes of the batches in which `total` reports are drawn."""
    # glibc hands memory back as soon as a batch frees it, and half of the time would go into
    # fetching it again; a large block that is freed once raises that limit.
    np.empty(_KEPT, dtype=np.uint8)
    step = max(1, min(_REPORTS, ENTRIES // row_entries))
    for start in range(0, total, step):
        yield min(step, total - start)


def report_entries(mechanism: Mechanism) -> int:
    """Array entries to reserve per report in a batch: its bits, and what is drawn for it."""
    bits = int(mechanism.bits) if isinstance(mechanism, HasBits) else 8 * mechanism.k
    # A view on inputs that are vectors copies one vector per report; reports are about as wide.
    return 16 + max(bits, 64 * getattr(mechanism, "width", 0)) // 16


def pieces(
    reports: Reports, num_values: int
) -> Iterator[tuple[slice, Reports, slice | npt.NDArray[np.intp]]]:
    """Reports in pieces whose likelihoods of all values are a small table: (rows, read, which).

    ``reports[rows]`` are ``read[which]``. Reports that are few different numbers are
    read once each, all others as they come.
    """
    once = _once(reports)
    if once is not None:
        yield slice(0, len(reports)), *once
        return
    step = max(1, _PIECE // num_values)
    for start in range(0, len(reports), step):
        rows = slice(start, min(start + step, len(reports)))
        yield rows, reports[rows], slice(None)


def read_once(reports: Reports, num_values: int) -> bool:
    """Whether reports are so few different numbers that likelihoods of all are one small table."""
    return _few(reports, min(len(reports) // 4, _PIECE // num_values))


def tabulate(own: Values, reports: Reports, num_values: int) -> tuple[Reports, Ints] | None:
    """The different reports and how often each came from each value, if they are few numbers.

    Counts have shape (num_values, reports).
    """
    if not _few(reports, len(own) // (2 * num_values)):
        return None
    size = int(reports.max()) + 1
    places = own * size
    places += reports.astype(np.int64, copy=False)
    times = np.bincount(places, minlength=num_values * size)
    times = times.reshape(num_values, size)
    seen = times.any(axis=0)
    return np.flatnonzero(seen).astype(reports.dtype), times[:, seen]


def _once(reports: Reports) -> tuple[Reports, npt.NDArray[np.intp]] | None:
    """The different reports and which one each is, if they are few numbers."""
    if not _few(reports, len(reports) // 4):
        return None
    numbers = reports.astype(np.intp, copy=False)
    seen = np.bincount(numbers) > 0
    which = numbers if seen.all() else (np.cumsum(seen) - 1)[numbers]
    return np.flatnonzero(seen).astype(reports.dtype), which


def _few(reports: Reports, most: int) -> bool:
    """Whether reports are whole numbers of which there can be `most` different ones."""
    if not (isinstance(reports, np.ndarray) and reports.ndim == 1 and reports.dtype.kind in "iu"):
        return False
    return bool(len(reports) and reports.min() >= 0 and reports.max() < most)


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
