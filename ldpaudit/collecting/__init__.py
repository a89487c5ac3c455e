"""The server side: what is estimated from all reports, how well, and over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ldpaudit._face import face

if TYPE_CHECKING:
    from ldpaudit.collecting.accuracy import measure_error as measure_error
    from ldpaudit.collecting.rounds import Followed as Followed
    from ldpaudit.collecting.rounds import evolve as evolve
    from ldpaudit.collecting.rounds import follow as follow
    from ldpaudit.collecting.servers import Server as Server
    from ldpaudit.collecting.servers import collects as collects
    from ldpaudit.collecting.servers import squared_error as squared_error
    from ldpaudit.collecting.streams import aggregate as aggregate
    from ldpaudit.collecting.streams import aggregate_files as aggregate_files

__all__ = [
    "Followed",
    "Server",
    "aggregate",
    "aggregate_files",
    "collects",
    "evolve",
    "follow",
    "measure_error",
    "squared_error",
]

__getattr__, __dir__ = face(
    __name__,
    {
        "Followed": "rounds",
        "Server": "servers",
        "aggregate": "streams",
        "aggregate_files": "streams",
        "collects": "servers",
        "evolve": "rounds",
        "follow": "rounds",
        "measure_error": "accuracy",
        "squared_error": "servers",
    },
)
