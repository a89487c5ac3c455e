"""The command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.cli.commands import EXIT_CONSISTENT as EXIT_CONSISTENT
    from ldpaudit.cli.commands import EXIT_INCONCLUSIVE as EXIT_INCONCLUSIVE
    from ldpaudit.cli.commands import EXIT_USAGE as EXIT_USAGE
    from ldpaudit.cli.commands import EXIT_VIOLATION as EXIT_VIOLATION
    from ldpaudit.cli.commands import app as app
    from ldpaudit.cli.commands import main as main

__all__ = ["EXIT_CONSISTENT", "EXIT_INCONCLUSIVE", "EXIT_USAGE", "EXIT_VIOLATION", "app", "main"]

__getattr__, __dir__ = face(
    __name__,
    {
        "EXIT_CONSISTENT": "commands",
        "EXIT_INCONCLUSIVE": "commands",
        "EXIT_USAGE": "commands",
        "EXIT_VIOLATION": "commands",
        "app": "commands",
        "main": "commands",
    },
)
