"""What a long audit is at: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

#: Seconds after which a log hears of an audit that is still running, and again and again.
EVERY = 30.0


@contextmanager
def audit_steps(title: str, every: float = EVERY) -> Iterator[Callable[[str, int, int], None]]:
    """Take a step's name, its number and how many there are; stdout stays as it is."""
    if sys.stderr.isatty():
        with _bar(title) as told:
            yield told
        return
    with _lines(every) as told:
        yield told


@contextmanager
def _bar(title: str) -> Iterator[Callable[[str, int, int], None]]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(title), total=None)
        yield lambda step, done, total: bar.update(
            task, description=escape(f"{title}: {step}"), completed=done, total=total
        )


@contextmanager
def _lines(every: float) -> Iterator[Callable[[str, int, int], None]]:
    """A line when a step begins late, and while one goes on."""
    started, ended = time.monotonic(), threading.Event()
    at = ["starting"]

    def say() -> None:
        seconds = time.monotonic() - started
        typer.echo(f"ldpaudit: {at[0]}, {seconds:.0f} s so far", err=True)

    def beat() -> None:
        while not ended.wait(every):
            say()

    def told(step: str, done: int, total: int) -> None:
        at[0] = f"step {done + 1} of {total}: {step}"
        if time.monotonic() - started >= every:
            say()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        ended.set()
        thread.join()
