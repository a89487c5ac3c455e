"""The command line: one module of this room for each command or two.

Exit codes: 0 consistent, 1 violation found, 2 usage or input error (one line on
stderr), 3 inconclusive (a cell failed, or an audit had no power).
"""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated

import typer

from ldpaudit.cli.audits import audit, check
from ldpaudit.cli.comparisons import compare, report
from ldpaudit.cli.exits import EXIT_CONSISTENT, fail
from ldpaudit.cli.frontiers import frontier
from ldpaudit.cli.listing import list_components
from ldpaudit.cli.poisoning import poison
from ldpaudit.cli.pools import pools
from ldpaudit.cli.recording import record
from ldpaudit.cli.shuffling import shuffle
from ldpaudit.cli.starting import init

# Some versions of Typer carry a click of their own: take the base class from what it raises.
_InputError: type[Exception] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)

_HELP = {"help_option_names": ["-h", "--help"]}
#: New objects between two searches for cycles, of which a command makes few.
_SELDOM = 20_000
#: What the help of a command ends with; Click keeps lines after a backspace as they are.
_EXAMPLES = {
    audit: """
    \b
    Examples:
      ldpaudit audit mss -k 100 -e 1
      ldpaudit audit my_mechanism.py:randomize -k 25 -e 1 --stop-when violation
      ldpaudit audit input_a.csv input_b.csv -e 1 -o audited
    """,
    compare: """
    \b
    Examples:
      ldpaudit compare -o report
      ldpaudit compare --protocols grr,ss --epsilons 1,2,4 -k 20
      ldpaudit compare --study my_study.toml --data people.csv:city -j 4
    """,
}

app = typer.Typer(
    context_settings=_HELP,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Privacy attacks and audits for local differential privacy.",
)


def main() -> None:
    """Run the command line; every input error is one line on stderr and exit code 2."""
    gc.set_threshold(_SELDOM)
    try:
        code = app(standalone_mode=False)
        if code == 130:  # how Typer hands on Ctrl-C
            raise KeyboardInterrupt
    except (typer.Abort, KeyboardInterrupt):
        fail("stopped; finished cells are kept, the same command goes on from there.", 130)
    except _InputError as error:
        fail(error.format_message() if hasattr(error, "format_message") else str(error))
    except (BrokenPipeError, SystemExit) as stop:
        # Typer and rich leave with 1 when the reader has gone, which here is a verdict.
        if isinstance(stop, SystemExit) and not isinstance(stop.__context__, BrokenPipeError):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except (ValueError, TypeError) as error:
        fail(str(error))
    except MemoryError as error:
        fail(f"not enough memory: {error}")
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}." if error.filename else str(error))
    sys.exit(code if isinstance(code, int) else EXIT_CONSISTENT)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version; of a checkout the commit too.")
    ] = False,
) -> None:
    if version:
        from ldpaudit.release import described_version

        typer.echo(f"ldpaudit {described_version()}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


app.command("list", context_settings=_HELP)(list_components)
for command in (audit, compare, init, report, frontier, check, record, shuffle, poison, pools):
    app.command(context_settings=_HELP, epilog=_EXAMPLES.get(command))(command)
