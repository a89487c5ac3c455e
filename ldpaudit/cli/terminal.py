"""What a terminal shows: an audit as a few aligned lines, a study as a bar."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ldpaudit.outcomes.audit_result import AuditResult
from ldpaudit.outcomes.table import SHARES, confidence
from ldpaudit.outcomes.verdicts import unseen_of

_COLOUR = {"consistent": "green", "violation": "red bold", "inconclusive": "yellow"}


def show_audit(result: AuditResult) -> None:
    """Print an audit: verdict first, then where each number comes from."""
    console = Console(highlight=False, soft_wrap=True)
    names = ", ".join(f"{name} = {value}" for name, value in result.parameters.items())
    console.print(f"{result.mechanism} ({names})", markup=False)
    console.print(f"[{_COLOUR[result.verdict]}]{result.verdict}[/]: {escape(result.reason)}")
    for line in filter(None, (result.power, result.two_levels, unseen_of(result))):
        console.print(line, markup=False)
    console.print()
    console.print(_epsilon_table(result))
    if result.attacks:
        console.print(_attack_table(result))
    if result.mse is not None:
        mse = result.mse
        exact = "" if mse.exact is None else f", exact {mse.exact:.4g}"
        of = "a value" if result.estimand in SHARES else f"of the {result.estimand}"
        console.print(
            f"mean squared error {of}, {mse.num_users:,} users ({mse.data}): measured "
            f"{mse.value:.4g} over {mse.repetitions} collections{exact}"
        )
    if result.bits is not None:
        console.print(f"communication: {result.bits} bits per report (exact)")


def _epsilon_table(result: AuditResult) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    delta = f"with delta = {result.claimed_delta:g}" if result.claimed_delta else ""
    table.add_row("claimed epsilon", f"{result.claimed_epsilon:g}", delta)
    if result.exact_epsilon is None:
        table.add_row(
            "exact epsilon",
            "not available",
            f"the mechanism has no {'exact_delta' if delta else 'exact_epsilon'}",
        )
    else:
        source = f"at {delta[5:]}" if delta else "from the likelihood"
        table.add_row("exact epsilon", f"{result.exact_epsilon:.6g}", source)
    bound = result.bound
    value = "none" if bound.epsilon_lower == -math.inf else f">= {bound.epsilon_lower:.4f}"
    table.add_row(
        "audited epsilon", value, f"{bound.bound}, {bound.kind} bound at alpha = {bound.alpha:g}"
    )
    table.add_row("", "", bound.event)
    return table


def _attack_table(result: AuditResult) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("attack on one report")
    table.add_column("success", justify="right")
    table.add_column(f"{confidence(result.alpha)} interval", justify="right")
    table.add_column("exact", justify="right")
    for outcome in result.attacks:
        exact = "" if outcome.exact is None else f"{outcome.exact:.6g}"
        if outcome.reason is not None:
            table.add_row(outcome.attack, "skipped", outcome.reason, "")
        elif not outcome.trials:
            table.add_row(outcome.attack, "", "", exact)
        else:
            interval = f"{outcome.lower:.6f} .. {outcome.upper:.6f}"
            table.add_row(outcome.attack, f"{outcome.success:.6f}", interval, exact)
    if result.published_success is not None:
        table.add_row("published formula", "", "", f"{result.published_success:.6g}")
    return table


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
