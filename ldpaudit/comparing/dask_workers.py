"""Workers of a Dask cluster."""

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from importlib import import_module
from typing import Any

from ldpaudit.comparing.cell import Cell
from ldpaudit.comparing.workers import (
    KILL,
    PATIENCE,
    THREADS,
    CellFuture,
    Task,
    load,
    one_thread,
    versions,
)

#: Of a cluster on this machine. Dask's own environment has workers hand all memory back at once:
#: every batch of reports would have to fetch it again, at four times the time.
_LOCAL = {
    "distributed.scheduler.allowed-failures": 0,
    "distributed.nanny.pre-spawn-environ": THREADS,
}


class DaskWorkers:
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
            self._client = _connected(distributed.Client, self._cluster or scheduler)
        except (OSError, ValueError) as error:
            raise ValueError(f"no Dask scheduler answers at {scheduler!r}: {error}.") from None

        class Load(distributed.WorkerPlugin):  # type: ignore[misc, name-defined]
            def setup(self, worker: Any) -> None:  # noqa: ARG002
                load(module)

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
            self._client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise ValueError(f"the Dask scheduler at {scheduler!r} has no workers.") from None
        here = versions()
        for address, there in self._client.run(versions).items():
            if there != here:
                raise ValueError(f"workers must have {here}, got {there} at {address}.")

    def slots(self) -> int:
        """Cells that run at once."""
        return sum(self._client.nthreads().values())

    def submit(self, task: Task) -> CellFuture:
        """Start a cell in a free slot."""
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise OSError("the Dask cluster has lost all of its workers.") from None
        self._submitted += 1
        key = f"ldpaudit-{task.key[:16]}-{self._submitted}"
        future: CellFuture = self._executor.submit(_run_limited, task, key=key)
        self._keys[future] = key
        return future

    def release(self, future: CellFuture, *, dead: bool) -> None:
        """Free the slot of a cell, with a new process if that one is dead or has to be."""
        key = self._keys.pop(future)
        if not dead or future.done():
            return  # a process that died is replaced by its nanny
        holders = [at for at, keys in self._client.processing().items() if key in keys]
        future.cancel()
        # Its nanny starts another. One that died meanwhile is no longer known.
        with suppress(KeyError, OSError):
            self._client.run(_kill_worker, workers=holders, nanny=True, on_error="ignore")
        patience = time.monotonic() + PATIENCE
        while set(holders) & set(self._client.nthreads()) and time.monotonic() < patience:
            time.sleep(0.02)  # or the next cell goes to the dead

    def close(self) -> None:
        """End every process."""
        self._executor.shutdown(wait=False)
        self._client.close()
        if self._cluster is not None:
            with suppress(KeyError):  # its own, of a worker that died a moment ago
                self._cluster.close()


def _connected(client: Any, address: Any) -> Any:
    """A client whose thread has started.

    Dask (2026.8.0) grants its thread ten seconds, and is left with a bare assertion where a
    busy machine takes longer.
    """
    for _ in range(2):
        with suppress(AssertionError):
            return client(address, timeout=PATIENCE)
    return client(address, timeout=PATIENCE)


def _run_limited(task: Task) -> Cell:
    if task.jobs == 1:
        return one_thread(task.run)
    # Its blocks go to the same cluster; joblib frees this worker's hand for them.
    with import_module("joblib").parallel_config("dask"):
        return one_thread(task.run)


def _kill_worker(dask_worker: Any) -> None:
    os.kill(dask_worker.pid, KILL)
