"""Running cells: here, in worker processes that may die, or on a Dask cluster.

A cell that kills its process or outlives its time is tried once more with nothing beside
it, for its worker may have been killed from outside; if that ends the same way, the cell
has failed, and every other one is what it would have been.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import closing, suppress
from importlib import import_module
from importlib.metadata import version
from typing import Any, Protocol, TypeAlias

from ldpaudit.comparing.cell import Cell

BACKENDS = ("loky", "dask")
DIED = "its process died (out of memory, a crash, or an exit)"
#: Libraries that decide bytes: workers elsewhere must have the same.
VERSIONED = ("ldpaudit", "numpy", "scipy")
#: Seconds that can be waited for; a year is no limit.
MAX_WAIT = 3.0e7
#: Seconds to wait for a scheduler, and then for the first of its workers.
_PATIENCE = 60
#: What ends a process at once, also one that listens to nothing.
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
#: One thread a cell: sums of several are added in another order.
_THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


#: Of a cluster on this machine. Dask's own environment has workers hand all memory back at once:
#: every batch of reports would have to fetch it again, at four times the time.
_LOCAL = {
    "distributed.scheduler.allowed-failures": 0,
    "distributed.nanny.pre-spawn-environ": _THREADS,
}


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


def run(
    tasks: Iterable[Task],
    jobs: int,
    timeout: float | None,
    backend: str,
    scheduler: str | None,
    *,
    module: str,
) -> Generator[Cell, None, None]:
    """Run cells and yield each as it ends, in any order; workers import `module` beforehand."""
    waiting = list(tasks)
    if not waiting:
        return
    if backend == "loky" and jobs == 1 and timeout is None:
        for task in waiting:
            yield one_thread(task.run)
        return
    workers: Workers = (
        _Loky(min(jobs, len(waiting)), module)
        if backend == "loky"
        else _Dask(jobs, scheduler, module)
    )
    with closing(workers):
        again = []
        for task, cell in _ended(waiting, workers, timeout):
            if isinstance(cell, Cell):
                yield cell
            else:
                again.append(task)
        for suspect in again:
            for task, cell in _ended([suspect], workers, timeout):
                yield cell if isinstance(cell, Cell) else task.failed(cell)


def one_thread(function: Callable[[], Cell]) -> Cell:
    """Call with one BLAS thread, as in a worker."""
    import scipy.linalg  # noqa: F401 - its threads can be limited once it is loaded

    with import_module("threadpoolctl").threadpool_limits(1):
        return function()


def _ended(
    tasks: list[Task], workers: Workers, timeout: float | None
) -> Iterator[tuple[Task, Cell | str]]:
    """Every task with its cell, or with how its process ended instead."""
    waiting, running = deque(tasks), dict[CellFuture, tuple[Task, float]]()
    while waiting or running:
        while waiting and len(running) < max(workers.slots(), 1):
            task = waiting.popleft()
            running[workers.submit(task)] = task, time.monotonic()
        left = None
        if timeout is not None:
            first = min(started for _, started in running.values())
            left = max(first + timeout - time.monotonic(), 0)
        done, others = wait(running, timeout=left, return_when=FIRST_COMPLETED)
        for future in done:
            task, _ = running.pop(future)
            error = future.exception()
            dead = error is not None and died(error)
            workers.release(future, dead=dead)
            if error is None:
                yield task, future.result()
            else:
                yield task, DIED if dead else task.failed(f"{type(error).__name__}: {error}")
        for future in others if timeout is not None else ():
            task, started = running[future]
            if time.monotonic() - started >= timeout and not future.done():  # type: ignore[operator]
                del running[future]
                workers.release(future, dead=True)
                yield task, f"it ran longer than the limit of {timeout:g} seconds"


def died(error: BaseException) -> bool:
    """Whether an error says that a process ended before its work."""
    return isinstance(error, BrokenExecutor) or type(error).__name__ == "KilledWorker"


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
    os.killpg(0, _KILL)


def _kill_group(leader: int) -> None:
    """End a worker, dead or alive, and every process that shares its cell."""
    kill = getattr(os, "killpg", os.kill)
    kill(leader, _KILL)


def _load(module: str) -> int:
    """What a cell needs, imported before its time runs."""
    import_module(module)
    return os.getpid()


class _Loky:
    """Executors of one process each, so that it is known whose process died."""

    def __init__(self, count: int, module: str) -> None:
        self._count = count
        self._module = module
        self._busy: dict[CellFuture, Any] = {}
        self._idle = [self._new() for _ in range(count)]

    def _new(self) -> tuple[Any, Future[int]]:
        from joblib.externals.loky import ProcessPoolExecutor

        executor = ProcessPoolExecutor(max_workers=1, initializer=_serve, env=_THREADS)
        return executor, executor.submit(_load, self._module)

    def slots(self) -> int:
        return self._count

    def submit(self, task: Task) -> CellFuture:
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
        executor, loaded = self._busy.pop(future)
        if dead:
            self._end(future, executor, loaded)
            executor, loaded = self._new()
        self._idle.append((executor, loaded))

    def close(self) -> None:
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


class _Dask:
    """Workers of a Dask scheduler, or of a cluster on this machine that lives as long as this."""

    def __init__(self, jobs: int, scheduler: str | None, module: str) -> None:
        try:
            dask, distributed = import_module("dask"), import_module("distributed")
        except ImportError:
            raise ValueError("this backend needs Dask: pip install 'ldpaudit[dask]'.") from None
        self._cluster: Any = None
        if scheduler is None:
            with dask.config.set(_LOCAL):
                self._cluster = distributed.LocalCluster(
                    n_workers=jobs,
                    threads_per_worker=1,
                    dashboard_address=None,
                    silence_logs=logging.CRITICAL,
                )
        try:
            self._client = distributed.Client(self._cluster or scheduler, timeout=_PATIENCE)
        except (OSError, ValueError) as error:
            raise ValueError(f"no Dask scheduler answers at {scheduler!r}: {error}.") from None

        class Load(distributed.WorkerPlugin):  # type: ignore[misc, name-defined]
            def setup(self, worker: Any) -> None:  # noqa: ARG002
                _load(module)

        self._client.register_plugin(Load())
        self._executor = self._client.get_executor(pure=False)
        self._keys: dict[CellFuture, str] = {}
        self._submitted = 0
        try:
            self._check_workers(scheduler)
        except BaseException:
            self.close()
            raise

    def _check_workers(self, scheduler: str | None) -> None:
        """Wait for a worker; refuse those whose libraries would compute other bytes."""
        try:
            self._client.wait_for_workers(1, timeout=_PATIENCE)
        except TimeoutError:
            raise ValueError(f"the Dask scheduler at {scheduler!r} has no workers.") from None
        here = versions()
        for address, there in self._client.run(versions).items():
            if there != here:
                raise ValueError(f"workers must have {here}, got {there} at {address}.")

    def slots(self) -> int:
        return sum(self._client.nthreads().values())

    def submit(self, task: Task) -> CellFuture:
        try:
            self._client.wait_for_workers(1, timeout=_PATIENCE)
        except TimeoutError:
            raise OSError("the Dask cluster has lost all of its workers.") from None
        self._submitted += 1
        key = f"ldpaudit-{task.key[:16]}-{self._submitted}"
        future: CellFuture = self._executor.submit(_run_limited, task, key=key)
        self._keys[future] = key
        return future

    def release(self, future: CellFuture, *, dead: bool) -> None:
        key = self._keys.pop(future)
        if not dead or future.done():
            return  # a process that died is replaced by its nanny
        holders = [at for at, keys in self._client.processing().items() if key in keys]
        future.cancel()
        # Its nanny starts another. One that died meanwhile is no longer known.
        with suppress(KeyError, OSError):
            self._client.run(_kill_worker, workers=holders, nanny=True, on_error="ignore")
        patience = time.monotonic() + _PATIENCE
        while set(holders) & set(self._client.nthreads()) and time.monotonic() < patience:
            time.sleep(0.02)  # or the next cell goes to the dead

    def close(self) -> None:
        self._executor.shutdown(wait=False)
        self._client.close()
        if self._cluster is not None:
            with suppress(KeyError):  # its own, of a worker that died a moment ago
                self._cluster.close()


def _run_limited(task: Task) -> Cell:
    if task.jobs == 1:
        return one_thread(task.run)
    # Its blocks go to the same cluster; joblib frees this worker's hand for them.
    with import_module("joblib").parallel_config("dask"):
        return one_thread(task.run)


def _kill_worker(dask_worker: Any) -> None:
    os.kill(dask_worker.pid, _KILL)


def versions() -> dict[str, str]:
    """Versions of what decides bytes."""
    return {name: version(name) for name in VERSIONED}
