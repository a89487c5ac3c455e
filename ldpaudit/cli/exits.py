"""How a command ends: its exit code, and one line where it fails."""

from __future__ import annotations

import sys
import warnings
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, NoReturn, TextIO

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

EXIT_CONSISTENT, EXIT_VIOLATION, EXIT_USAGE, EXIT_INCONCLUSIVE = range(4)
EXIT = {
    "consistent": EXIT_CONSISTENT,
    "violation": EXIT_VIOLATION,
    "inconclusive": EXIT_INCONCLUSIVE,
}


def fail(message: str, code: int = EXIT_USAGE) -> NoReturn:
    """Say why in one line on stderr, and leave."""
    _say(message)
    sys.exit(code)


def _warn(
    message: Warning | str,
    category: type[Warning],  # noqa: ARG001
    filename: str,  # noqa: ARG001
    lineno: int,  # noqa: ARG001
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    _say(f"warning: {message}")


def _say(message: str) -> None:
    from ldpaudit.validate import one_line  # and with it numpy, which help needs not

    typer.echo(f"ldpaudit: {one_line(message)}", err=True)


@contextmanager
def nonsense_is_inconclusive(target: str) -> Iterator[None]:
    """Errors of our own rules pass; anything else a foreign mechanism raises is its failure.

    So is that it ends the process. A warning is one line on stderr.
    """
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            yield
    except (ValueError, TypeError, OSError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        told = str(error)
        if not told.startswith(f"{target} failed"):  # who says so already names the value
            told = f"{target} failed: {type(error).__name__}: {told}"
        fail(told, EXIT_INCONCLUSIVE)


@contextmanager
def words_of_a_mechanism_aside() -> Iterator[None]:
    """What a mechanism prints goes to stderr: stdout holds the answer and nothing else."""
    with redirect_stdout(sys.stderr):
        yield
