"""Worker processes of this machine, one executor each."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import BrokenExecutor, Future
from contextlib import suppress
from typing import Any

from ldpaudit.comparing.workers import KILL, THREADS, CellFuture, Task, load


def _serve() -> None:
    """A worker leaves Ctrl-C to the process that started it, and does not outlive that one.

    It leads a group of processes, so that those who share its cell end with it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "setpgrp"):
        os.setpgrp()
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os.killpg(0, KILL)


def _kill_group(leader: int) -> None:
    """End a worker, dead or alive, and every process that shares its cell."""
    kill = getattr(os, "killpg", os.kill)
    kill(leader, KILL)


class LokyWorkers:
    """Executors of one process each, so that it is known whose process died."""

    def __init__(self, count: int, module: str) -> None:
        self._count = count
        self._module = module
        self._busy: dict[CellFuture, Any] = {}
        self._idle = [self._new() for _ in range(count)]

    def _new(self) -> tuple[Any, Future[int]]:
        from joblib.externals.loky import ProcessPoolExecutor

        executor = ProcessPoolExecutor(max_workers=1, initializer=_serve, env=THREADS)
        return executor, executor.submit(load, self._module)

    def slots(self) -> int:
        """Cells that run at once."""
        return self._count

    def submit(self, task: Task) -> CellFuture:
        """Start a cell in a free slot."""
        executor, loaded = self._idle.pop()
        for _ in range(3):
            try:
                loaded.result()
                future: CellFuture = executor.submit(task.run)
            except BrokenExecutor:  # killed while it had nothing to do
                executor.shutdown(wait=True)
                executor, loaded = self._new()
            else:
                self._busy[future] = executor, loaded
                return future
        self._idle.append((executor, loaded))
        raise OSError("worker processes die as they start; is there enough memory?")

    def release(self, future: CellFuture, *, dead: bool) -> None:
        """Free the slot of a cell, with a new process if that one is dead or has to be."""
        executor, loaded = self._busy.pop(future)
        if dead:
            self._end(future, executor, loaded)
            executor, loaded = self._new()
        self._idle.append((executor, loaded))

    def close(self) -> None:
        """End every process."""
        for future, (executor, loaded) in self._busy.items():
            self._end(future, executor, loaded)
        for executor, _ in self._idle:
            executor.shutdown(wait=True)

    @staticmethod
    def _end(future: CellFuture, executor: Any, loaded: Future[int]) -> None:
        # Not by the executor, which may do so before its thread has handed the cell over.
        with suppress(ProcessLookupError, PermissionError):
            _kill_group(loaded.result())
        future.exception()  # once the executor has noticed
        executor.shutdown(wait=True)
