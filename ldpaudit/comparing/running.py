"""Running cells: here, in worker processes that may die, or on a Dask cluster.

A cell that kills its process or outlives its time is tried once more with nothing beside
it, for its worker may have been killed from outside; if that ends the same way, the cell
has failed, and every other one is what it would have been.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from contextlib import closing

from ldpaudit.comparing.cell import Cell
from ldpaudit.comparing.dask_workers import DaskWorkers
from ldpaudit.comparing.loky_workers import LokyWorkers
from ldpaudit.comparing.workers import CellFuture, Task, Workers, died, one_thread

BACKENDS = ("loky", "dask")
DIED = "its process died (out of memory, a crash, or an exit)"
#: Seconds of work that is done here first, and seconds of it that are worth another worker, which
#: takes half of one to start.
_TRIED, _WORTH = 1.0, 5.0
#: Seconds that can be waited for; a year is no limit.
MAX_WAIT = 3.0e7


def run(
    tasks: Iterable[Task],
    jobs: int,
    timeout: float | None,
    backend: str,
    scheduler: str | None,
    here: bool = False,
    *,
    module: str,
) -> Generator[Cell, None, None]:
    """Run cells and yield each as it ends, in any order; workers import `module` beforehand.

    Dear ones come first. If `here`, no worker is started before cheap ones have shown that one is
    worth it.
    """
    waiting = deque(tasks)
    if backend == "loky" and timeout is None:
        started, asked = time.process_time(), len(waiting)
        while waiting and (here or jobs == 1):
            yield one_thread((waiting.pop if here else waiting.popleft)().run)
            spent = time.process_time() - started
            left = spent * len(waiting) / (asked - len(waiting))
            if jobs > 1 and spent > _TRIED and left > _WORTH:
                jobs, here = min(jobs, 1 + math.ceil(left / _WORTH)), False
    if not waiting:
        return
    workers: Workers = (
        LokyWorkers(min(jobs, len(waiting)), module)
        if backend == "loky"
        else DaskWorkers(jobs, scheduler, module)
    )
    with closing(workers):
        again = []
        for task, cell in _ended(list(waiting), workers, timeout):
            if isinstance(cell, Cell):
                yield cell
            else:
                again.append(task)
        for suspect in again:
            for task, cell in _ended([suspect], workers, timeout):
                yield cell if isinstance(cell, Cell) else task.failed(cell)


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
