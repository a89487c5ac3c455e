"""The command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.cli.commands import app as app
    from ldpaudit.cli.commands import main as main
    from ldpaudit.cli.exits import EXIT_CONSISTENT as EXIT_CONSISTENT
    from ldpaudit.cli.exits import EXIT_INCONCLUSIVE as EXIT_INCONCLUSIVE
    from ldpaudit.cli.exits import EXIT_USAGE as EXIT_USAGE
    from ldpaudit.cli.exits import EXIT_VIOLATION as EXIT_VIOLATION

__all__ = ["EXIT_CONSISTENT", "EXIT_INCONCLUSIVE", "EXIT_USAGE", "EXIT_VIOLATION", "app", "main"]

__getattr__, __dir__ = face(
    __name__,
    {
        "EXIT_CONSISTENT": "exits",
        "EXIT_INCONCLUSIVE": "exits",
        "EXIT_USAGE": "exits",
        "EXIT_VIOLATION": "exits",
        "app": "commands",
        "main": "commands",
    },
)
