"""What a terminal shows: an audit as a few aligned lines, a study as a bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from ldpaudit.outcomes.audit_result import AuditResult
from ldpaudit.outcomes.text import audit_lines

_COLOUR = {"consistent": "green", "violation": "red bold", "inconclusive": "yellow"}


def show_audit(result: AuditResult) -> None:
    """Print an audit as `print` does, the verdict in its colour."""
    console = Console(highlight=False, soft_wrap=True)
    title, verdict, *rest = audit_lines(result)  # the second line begins with the verdict
    console.print(title, markup=False)
    console.print(result.verdict, style=_COLOUR[result.verdict], end="")
    for line in (verdict[len(result.verdict) :], *rest):
        console.print(line, markup=False)


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar with the time left, on stderr; nothing where stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TextColumn("cells,"), TimeRemainingColumn(), TextColumn("left"))  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
