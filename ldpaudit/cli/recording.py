"""The command `record`: reports of some inputs, written to files that `audit` reads."""

from __future__ import annotations

from typing import Annotated

import typer

from ldpaudit.cli.exits import EXIT_CONSISTENT
from ldpaudit.cli.options import Seed


def record(
    target: Annotated[
        str,
        typer.Argument(metavar="NAME", help="A function, package.module:object or file.py:object."),
    ],
    values: Annotated[
        str, typer.Option("--values", metavar="A,B", help="The inputs, or a file of one per line.")
    ],
    out: Annotated[str, typer.Option("--out", "-o", metavar="FOLDER", help="Where the files go.")],
    trials: Annotated[int, typer.Option("--trials", help="Reports per input.")] = 20_000,
    batch: Annotated[
        bool, typer.Option("--batch", help="All copies of an input in one call.")
    ] = False,
    seed: Seed = 0,
) -> int:
    """Record what a function reports; ldpaudit/recorder.py does the same alone, elsewhere."""
    from ldpaudit.adapters.objects import import_object
    from ldpaudit.cli.targets import kind_of_input
    from ldpaudit.recorder import record as run

    inputs = kind_of_input(values, None)["values"]
    for file in run(import_object(target), inputs, trials, out, batch=batch, seed=seed):
        typer.echo(file)
    return EXIT_CONSISTENT
