"""Processes that run cells: what they are asked, and what is the same for all kinds."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from importlib import import_module
from importlib.metadata import version
from typing import Protocol, TypeAlias

from ldpaudit.comparing.cell import Cell
from ldpaudit.release import code_digest

#: Libraries that decide bytes: workers elsewhere must have the same.
VERSIONED = ("numpy", "scipy")


#: Seconds to wait for a scheduler, and then for the first of its workers.
PATIENCE = 60


#: What ends a process at once, also one that listens to nothing.
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


#: One thread a cell: sums of several are added in another order.
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Task(Protocol):
    """A cell to run, and the row it leaves where it cannot be run."""

    @property
    def key(self) -> str:
        """What names it among all cells."""

    @property
    def jobs(self) -> int:
        """Processes that share it."""

    def run(self) -> Cell:
        """The finished cell; what goes wrong inside is its row."""

    def failed(self, reason: str) -> Cell:
        """The cell that could not be run."""


CellFuture: TypeAlias = "Future[Cell]"


class Workers(Protocol):
    """Processes that run one cell a slot."""

    def slots(self) -> int:
        """Cells that run at once."""

    def submit(self, task: Task) -> CellFuture:
        """Start a cell in a free slot."""

    def release(self, future: CellFuture, *, dead: bool) -> None:
        """Free the slot of a cell, with a new process if that one is dead or has to be."""

    def close(self) -> None:
        """End every process."""


def one_thread(function: Callable[[], Cell]) -> Cell:
    """Call with one BLAS thread, as in a worker."""
    import scipy.linalg  # noqa: F401 - its threads can be limited once it is loaded

    with import_module("threadpoolctl").threadpool_limits(1):
        return function()


def died(error: BaseException) -> bool:
    """Whether an error says that a process ended before its work."""
    return isinstance(error, BrokenExecutor) or type(error).__name__ == "KilledWorker"


def load(module: str) -> int:
    """What a cell needs, imported before its time runs."""
    import_module(module)
    return os.getpid()


def versions() -> dict[str, str]:
    """What decides bytes: the code of ours that figures depend on, and versions of libraries."""
    return {"code": code_digest()} | {name: version(name) for name in VERSIONED}
